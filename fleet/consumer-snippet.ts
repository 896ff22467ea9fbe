import type { ComposerRepositoryPlan } from "./composer.ts";
import type { FleetConfig } from "./config.ts";
import type { Fleet } from "./derive.ts";

/** What a project needs in order to install the fleet's packages, as text to paste. */
export interface ConsumerSnippet {
  /** `repositories` of composer.json. */
  readonly repositoryEntry: string;
  /** Shell line that lets Composer read packages, and with hosting `private` the registry; takes the token from $COMPOSER_TOKEN. */
  readonly authCommand: string;
  /** A GitHub Actions workflow that installs the project. */
  readonly ci: string;
}

/** The actions that the CI example uses, each at one commit. */
export type ConsumerActions = Readonly<Record<"checkout" | "setupPhp", PinnedAction>>;

interface PinnedAction {
  readonly action: string;
  readonly commit: string;
  readonly version: string;
}

/**
 * Gives the consumer's side of the registry.
 *
 * The vendors of the fleet are excluded from Packagist: whoever registered one of their names there could otherwise serve code to every
 * consumer. Downloads come from GitHub with the consumer's own token, so permissions follow the project on both hostings.
 */
export function consumerSnippet(
  { composer }: Pick<Fleet, "composer">,
  config: Pick<FleetConfig, "github" | "vendors">,
  actions: ConsumerActions,
): ConsumerSnippet {
  return {
    repositoryEntry: repositoryEntry(composer, config.vendors),
    authCommand: authCommand(config.github.host),
    ci: ciExample(config.github.host, actions),
  };
}

/** `repositories` of a consumer's composer.json. */
export function repositoryEntry(
  { registryUrl, hosting }: Pick<ComposerRepositoryPlan, "registryUrl" | "hosting">,
  vendors: readonly string[],
): string {
  const registry = {
    type: "composer",
    url: registryUrl,
    // Composer sets no Accept header, and the contents API would answer with base64 inside JSON.
    ...(hosting === "private"
      ? { options: { http: { header: ["Accept: application/vnd.github.raw"] } } }
      : {}),
  };
  const packagist = {
    type: "composer",
    url: "https://repo.packagist.org",
    exclude: vendors.map((vendor) => `${vendor}/*`),
  };
  return JSON.stringify({ repositories: [registry, packagist, { "packagist.org": false }] }, null, 2);
}

/** Shell line that lets Composer read packages; takes the token from $COMPOSER_TOKEN. */
export function authCommand(host: string): string {
  const token = `composer config --global --auth github-oauth.${host} "$COMPOSER_TOKEN"`;
  return host === "github.com" ? token : `${domainsCommand(host)} && ${token}`;
}

/** Composer treats github.com alone as a GitHub unless told. */
function domainsCommand(host: string): string {
  return `composer config --global github-domains github.com ${host}`;
}

function ciExample(host: string, { checkout, setupPhp }: ConsumerActions): string {
  const domains = host === "github.com" ? [] : [`      - run: ${domainsCommand(host)}`];
  return [
    "name: tests",
    "on: [push, pull_request]",
    "permissions:",
    "  contents: read",
    "jobs:",
    "  tests:",
    "    runs-on: ubuntu-24.04",
    "    steps:",
    `      - uses: ${uses(checkout)}`,
    "        with:",
    "          persist-credentials: false",
    `      - uses: ${uses(setupPhp)}`,
    "        with:",
    '          php-version: "8.4"',
    "          tools: composer:v2",
    ...domains,
    "      # The secret holds a token that may read the packages' repositories (Contents: read).",
    "      - run: composer install --no-interaction --prefer-dist",
    "        env:",
    `          COMPOSER_AUTH: '{"github-oauth": {"${host}": "\${{ secrets.COMPOSER_TOKEN }}"}}'`,
    "",
  ].join("\n");
}

function uses({ action, commit, version }: PinnedAction): string {
  return `${action}@${commit} # ${version}`;
}
