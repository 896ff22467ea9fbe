import {
  ACTIONS_SECRET,
  COMPOSER_REPOSITORY,
  CONSUMER_UPDATER,
  ENVIRONMENT,
  ENVIRONMENT_BRANCH,
  ENVIRONMENT_SECRET,
  FLEET,
  GITHUB_PROVIDER,
  ORGANIZATION_SECRET,
  PACKAGE_NOTIFIER,
  type Properties,
  REPOSITORY,
  REPOSITORY_FILE,
  REPOSITORY_PAGES,
  REPOSITORY_RULESET,
  type Resource,
  UNKNOWN,
} from "../../../policy/resource.ts";
import { defaults, lookup, type Options, type Rule } from "../../../policy/rule.ts";
import { NOTIFY_PATH, notifyWorkflow } from "../../../workflows/notify.ts";

export { NOTIFY_PATH, UNKNOWN };

export const DISPATCH_TOKEN = "dispatch-token-3f81";
export const READ_TOKEN = "read-token-77ad";

const WORKFLOW = notifyWorkflow({
  repository: "acme/lib",
  dispatchName: "acme/lib",
  composer: { owner: "acme", repository: "composer", branch: "main" },
  secretName: "COMPOSER_REPO_PAT",
});

/** A step that every job of a test may have. */
export const JOB = {
  "runs-on": "ubuntu-24.04",
  "timeout-minutes": 5,
  steps: [{ run: "echo done\n" }],
};

const CHAINS: Readonly<Record<string, string>> = {
  composer: `${FLEET}$${COMPOSER_REPOSITORY}`,
  notifier: `${FLEET}$${PACKAGE_NOTIFIER}`,
  consumer: `${FLEET}$${CONSUMER_UPDATER}`,
  fleet: FLEET,
};

function resource(name: string, type: string, inputs: Properties, component?: string): Resource {
  const chain = component === undefined ? "" : `${CHAINS[component]}$`;
  return {
    urn: `urn:pulumi:dev::satis-fleet::${chain}${type}::${name}`,
    type,
    inputs,
    protect: [REPOSITORY, REPOSITORY_PAGES].includes(type),
    deleteBeforeReplace: component !== undefined && type !== REPOSITORY,
    ...(component === undefined
      ? {}
      : { parent: `urn:pulumi:dev::satis-fleet::${CHAINS[component]}::${component}` }),
  };
}

/** A fleet of one package that meets every rule, in the order in which it is registered. */
const COMPLIANT = {
  provider: resource("provider", GITHUB_PROVIDER, { owner: "acme", token: "provider-token-90c2" }),
  fleet: resource("fleet", FLEET, {
    owner: "acme",
    composerRepository: "composer",
    notify: "dispatch",
    packages: ["acme/lib"],
  }),
  composer: resource(
    "composer",
    COMPOSER_REPOSITORY,
    {
      repository: "composer",
      branch: "main",
      manageRepository: true,
      visibility: "private",
      hosting: "pages",
      features: { pages: true, environment: true, ruleset: true },
      registryUrl: "https://acme.github.io/composer/",
    },
    "fleet",
  ),
  repository: resource("repository", REPOSITORY, { name: "composer", visibility: "private" }, "composer"),
  pages: resource("pages", REPOSITORY_PAGES, { repository: "composer", buildType: "workflow" }, "composer"),
  environment: resource(
    "environment",
    ENVIRONMENT,
    {
      repository: "composer",
      environment: "registry",
      deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true },
    },
    "composer",
  ),
  environmentBranch: resource(
    "environmentBranch",
    ENVIRONMENT_BRANCH,
    { repository: "composer", environment: "registry", branchPattern: "main" },
    "composer",
  ),
  readToken: resource(
    "readToken",
    ENVIRONMENT_SECRET,
    { repository: "composer", environment: "registry", secretName: "REGISTRY_READ_TOKEN", value: READ_TOKEN },
    "composer",
  ),
  satis: resource(
    "satis",
    REPOSITORY_FILE,
    {
      repository: "composer",
      branch: "main",
      file: "satis.json",
      content: "{}\n",
      commitMessage: "chore: update",
    },
    "composer",
  ),
  ruleset: resource(
    "ruleset",
    REPOSITORY_RULESET,
    {
      repository: "composer",
      target: "branch",
      enforcement: "active",
      conditions: { refName: { includes: ["~DEFAULT_BRANCH"], excludes: [] } },
      rules: { deletion: true, nonFastForward: true, pullRequest: { requiredApprovingReviewCount: 1 } },
    },
    "composer",
  ),
  notifier: resource(
    "notifier",
    PACKAGE_NOTIFIER,
    {
      repository: "lib",
      delivery: "commit",
      secretScope: "repository",
      secretName: "COMPOSER_REPO_PAT",
    },
    "fleet",
  ),
  secret: resource(
    "secret",
    ACTIONS_SECRET,
    { repository: "lib", secretName: "COMPOSER_REPO_PAT", value: DISPATCH_TOKEN },
    "notifier",
  ),
  workflow: resource(
    "workflow",
    REPOSITORY_FILE,
    { repository: "lib", file: NOTIFY_PATH, content: WORKFLOW, commitMessage: "chore: update" },
    "notifier",
  ),
} satisfies Record<string, Resource>;

export type Role = keyof typeof COMPLIANT;

/** What becomes of resources; `null` takes one out. */
export type Changes = Readonly<Partial<Record<Role, Partial<Resource> | null>>>;

/** The compliant fleet with changes; inputs are laid over those it has, `undefined` takes one out. */
export function fleetWith(changes: Changes, more: readonly Resource[] = []): readonly Resource[] {
  const changed = Object.entries<Resource>(COMPLIANT).flatMap(([role, one]) => {
    const change = changes[role as Role];
    if (change === null) return [];
    return [{ ...one, ...change, inputs: { ...one.inputs, ...change?.inputs } }];
  });
  return [...changed, ...more];
}

/** The organization's secret in place of the repository's own. */
export const ORGANIZATION = {
  changes: {
    notifier: { inputs: { secretScope: "organization" } },
    secret: null,
    workflow: { outputs: { repositoryId: 7 } },
  },
  secret: resource(
    "organizationSecret",
    ORGANIZATION_SECRET,
    {
      secretName: "COMPOSER_REPO_PAT",
      visibility: "selected",
      selectedRepositoryIds: [7],
      value: DISPATCH_TOKEN,
    },
    "fleet",
  ),
} satisfies { readonly changes: Changes; readonly secret: Resource };

/** A consumer with a token of its own. */
export const CONSUMER = {
  component: resource(
    "consumer",
    CONSUMER_UPDATER,
    { repository: "website", delivery: "commit", secretNames: ["COMPOSER_UPDATE_TOKEN"] },
    "fleet",
  ),
  token: resource(
    "updateToken",
    ACTIONS_SECRET,
    { repository: "website", secretName: "COMPOSER_UPDATE_TOKEN", value: "consumer-token-51be" },
    "consumer",
  ),
  file: resource(
    "updater",
    REPOSITORY_FILE,
    {
      repository: "website",
      file: ".github/satis-fleet/updater.mjs",
      content: "export {};\n",
      commitMessage: "chore: update",
    },
    "consumer",
  ),
} satisfies Record<string, Resource>;

/** A resource of no component. */
export function stranger(type: string, inputs: Properties): Resource {
  return resource("stranger", type, inputs);
}

/** A resource of a component. */
export function child(
  component: "fleet" | "composer" | "notifier" | "consumer",
  type: string,
  inputs: Properties,
): Resource {
  return resource("child", type, inputs, component);
}

interface Judging {
  readonly options?: Options;
  readonly more?: readonly Resource[];
  /** @default true */
  readonly complete?: boolean;
}

/** What a rule says of the compliant fleet with changes, over all of its resources. */
export function judge(rule: Rule, changes: Changes = {}, judging: Judging = {}): readonly string[] {
  const { options = {}, more = [], complete = true } = judging;
  const resources = fleetWith(changes, more);
  const config: Options = { ...defaults(rule), ...options };
  if (rule.kind === "stack") return rule.check({ resources, complete }, config).map(({ message }) => message);
  return resources.flatMap((one, index) => rule.check(one, config, lookup(resources.slice(0, index))));
}
