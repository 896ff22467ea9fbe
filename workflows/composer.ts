import { branchPattern, onBranch, secret } from "./expression.ts";
import type { CallJob, Workflow } from "./model.ts";
import { PARTIAL_BUILD_FILE } from "./notify.ts";
import { type RegistryOptions, readSecrets, registryWorkflow } from "./registry.ts";
import { renderWorkflow } from "./render.ts";

const FOLDER = ".github/workflows/";
const REGISTRY_FILE = "registry.yml";

/** Where the composer repository's workflows go, in the order in which to commit them: what is called before what calls it. */
export const WORKFLOW_PATHS = {
  registry: `${FOLDER}${REGISTRY_FILE}`,
  partialBuild: `${FOLDER}${PARTIAL_BUILD_FILE}`,
  build: `${FOLDER}build.yml`,
} as const;

/** The environment that holds the composer repository's secrets, and the branch-limited place where its builds run. */
export const REGISTRY_ENVIRONMENT = "registry";

/** The secret with which builds read the package repositories. */
export const READ_TOKEN_SECRET = "REGISTRY_READ_TOKEN";

/** Where consumers read the registry: a Pages site, or the branch itself through the contents API. */
export type Hosting = "pages" | "private";

/** What the composer repository's workflows depend on. */
export interface ComposerOptions {
  readonly hosting: Hosting;
  /** Minute of the hourly build, 0 to 59, drawn once a stack: at full hours GitHub is busiest and drops runs. */
  readonly cronMinute: number;
  /** Default branch of the composer repository, the only one that builds. */
  readonly branch: string;
  /** Environment that holds the read token; without one, it is a secret of the repository. */
  readonly environment: string | undefined;
  /** Secret with the token that reads the package repositories. */
  readonly readTokenSecret: string;
  /** App whose token reads them instead. */
  readonly readApp?: RegistryOptions["readApp"];
  /** Whether there are consumers to tell. @default false */
  readonly announces?: boolean;
  /** SHA-256 of the publisher's file, which the workflow checks before it runs it. */
  readonly publisherSha256: string;
}

/** Rendered workflows by their key in {@link WORKFLOW_PATHS}. */
export type ComposerWorkflows = Readonly<Record<keyof typeof WORKFLOW_PATHS, string>>;

/**
 * The composer repository's workflows.
 *
 * @throws RangeError for a minute, branch or secret's name that GitHub would not take.
 */
export function composerWorkflows(options: ComposerOptions): ComposerWorkflows {
  return { ...unscheduledWorkflows(options), build: scheduledWorkflow(options) };
}

/** Those that do not depend on the drawn minute: a first preview can show them whole. */
export function unscheduledWorkflows(
  options: Omit<ComposerOptions, "cronMinute">,
): Pick<ComposerWorkflows, "registry" | "partialBuild"> {
  return {
    registry: renderWorkflow(
      registryWorkflow({ readApp: undefined, announces: false, ...options, guard: guard(options.branch) }),
    ),
    partialBuild: renderWorkflow(partialBuildWorkflow(options)),
  };
}

/** The one that runs at the drawn minute. */
export function scheduledWorkflow(options: ComposerOptions): string {
  return renderWorkflow(buildWorkflow(options));
}

/** Whoever may start workflows may start them on any ref; only the default branch's code was reviewed. */
function guard(branch: string): string {
  return `${onBranch(branch)} && !github.event.repository.fork`;
}

function buildWorkflow(options: ComposerOptions): Workflow {
  const { branch, cronMinute } = options;
  if (!Number.isInteger(cronMinute) || cronMinute < 0 || cronMinute > 59) {
    throw new RangeError(
      `the minute of the hourly build is ${cronMinute}, and has to be an integer from 0 to 59`,
    );
  }
  return {
    name: "Build",
    on: {
      // Hourly: one that finds nothing stale ends after its plan, within a minute.
      schedule: [{ cron: `${cronMinute} * * * *` }],
      push: { branches: [branchPattern(branch)], paths: ["satis.json"] },
      workflow_dispatch: {},
    },
    permissions: {},
    jobs: {
      // Started by hand, it deploys whatever it finds: the way to repair a site that somebody changed.
      registry: callRegistry(options, { deploy: "${{ github.event_name == 'workflow_dispatch' }}" }),
    },
  };
}

function partialBuildWorkflow(options: Omit<ComposerOptions, "cronMinute">): Workflow {
  return {
    name: "Partial build",
    on: {
      workflow_dispatch: {
        inputs: {
          package: {
            description: "Package that changed: its name, or owner/repository",
            required: true,
            type: "string",
          },
        },
      },
    },
    permissions: {},
    jobs: { registry: callRegistry(options, { package: "${{ inputs.package }}" }) },
  };
}

/** The caller has no concurrency group: one equal to the called workflow's would wait for itself. */
function callRegistry(options: Omit<ComposerOptions, "cronMinute">, inputs: Record<string, string>): CallJob {
  const { hosting, environment, readTokenSecret, readApp, announces = false } = options;
  const names = readSecrets({ readTokenSecret, readApp, announces });
  return {
    name: "Registry",
    uses: `./${FOLDER}${REGISTRY_FILE}`,
    // Upper bound of what the called jobs ask for, each for itself.
    permissions: {
      contents: "write",
      issues: "write",
      ...(hosting === "pages" ? { pages: "write", "id-token": "write" } : {}),
    },
    with: inputs,
    // A called workflow gets an environment's secrets only with `inherit` (actions/runner#1490).
    secrets:
      environment !== undefined ? "inherit" : Object.fromEntries(names.map((name) => [name, secret(name)])),
  };
}
