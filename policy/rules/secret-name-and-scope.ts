import {
  COMPOSER_REPOSITORY,
  CONSUMER_UPDATER,
  FLEET,
  PACKAGE_NOTIFIER,
  parentType,
  type Resource,
  text,
  texts,
} from "../resource.ts";
import { type Earlier, option, type ResourceRule } from "../rule.ts";
import { SECRET_TYPES, type SecretScope, shown } from "../secrets.ts";

/** Where each component may keep a secret. */
const SCOPES: ReadonlyMap<string, readonly SecretScope[]> = new Map([
  [PACKAGE_NOTIFIER, ["repository"]],
  [FLEET, ["organization"]],
  [COMPOSER_REPOSITORY, ["environment", "repository"]],
  [CONSUMER_UPDATER, ["repository"]],
]);

/** Components whose names an option gives alone. */
const OPTIONS: ReadonlyMap<string, "composerNames" | "consumerNames"> = new Map([
  [COMPOSER_REPOSITORY, "composerNames"],
  [CONSUMER_UPDATER, "consumerNames"],
]);

const NAME = "secret-name-and-scope";

export interface SecretNameOptions {
  readonly composerNames: readonly string[];
  readonly consumerNames: readonly string[];
  readonly packageNames: readonly string[];
  readonly [other: string]: readonly string[];
}

export const secretNameAndScope: ResourceRule<SecretNameOptions> = {
  kind: "resource",
  name: NAME,
  description: "A secret has a name and a scope that its component is allowed.",
  reason:
    "Each name and each place more is a token that somebody else can read, and that no rotation knows of.",
  options: {
    composerNames: {
      type: "array",
      items: { type: "string" },
      description: "Names of secrets of the composer repository.",
      default: ["REGISTRY_READ_TOKEN", "REGISTRY_APP_KEY", "ANNOUNCE_TOKEN"],
    },
    consumerNames: {
      type: "array",
      items: { type: "string" },
      description: "Names of secrets of the repositories of subscriptions.json.",
      default: ["COMPOSER_UPDATE_TOKEN", "COMPOSER_REGISTRY_TOKEN"],
    },
    packageNames: {
      type: "array",
      items: { type: "string" },
      description:
        "Names of the dispatch token's secret. Empty: the name that each package's component registers.",
      default: [],
    },
  },
  check(resource, config, earlier) {
    const scope = SECRET_TYPES.get(resource.type);
    if (scope === undefined) return [];
    const name = text(resource.inputs.secretName);
    const component = parentType(resource) ?? "";
    const scopes = SCOPES.get(component);
    if (scopes === undefined) {
      return ["the secret belongs to no component of the fleet: let the fleet make it, or take it out"];
    }
    if (!scopes.includes(scope)) {
      return [`a secret of scope ${scope} is not allowed here: make it one of scope ${scopes.join(" or ")}`];
    }
    const allowed = allowedNames(resource, component, config, earlier);
    if (name === undefined || allowed === undefined || allowed.includes(name.toUpperCase())) return [];
    const key = OPTIONS.get(component) ?? "packageNames";
    return [
      `the secret ${shown(name)} is not named ${allowed.map(shown).join(" or ")}: name it so, or allow the name with ${option(NAME, key, [shown(name)])}`,
    ];
  },
};

/** Names in upper case, as GitHub keeps them; `undefined` where this run does not say. */
function allowedNames(
  resource: Resource,
  component: string,
  { packageNames, ...config }: SecretNameOptions,
  earlier: Earlier,
): readonly string[] | undefined {
  const option = OPTIONS.get(component);
  if (option !== undefined) return config[option]?.map((name) => name.toUpperCase());
  if (packageNames.length > 0) return packageNames.map((name) => name.toUpperCase());
  const registering =
    component === FLEET
      ? earlier.ofType(PACKAGE_NOTIFIER)
      : [earlier.parent(resource)].filter((found) => found);
  const names = texts(registering.map((notifier) => notifier?.inputs.secretName));
  return names.length === 0 ? undefined : [...new Set(names.map((name) => name.toUpperCase()))];
}
