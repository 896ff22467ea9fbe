import { ANNOUNCE_TOKEN_SECRET } from "../fleet/consumers.ts";
import type { ReadApp } from "../fleet/registry-settings.ts";
import { literal, secret } from "./expression.ts";
import type { ActionStep, StepsJob, Values, Workflow } from "./model.ts";
import { PINS, RUNNER } from "./pins.ts";
import {
  BUILDS,
  CACHE_PATH,
  cacheSave,
  handOver,
  publisher,
  publisherSteps,
  takeOver,
  toolSteps,
  uploadSite,
} from "./registry-steps.ts";
import { ANNOUNCE, BUILD, CONFIRM, PLAN, PUBLISH } from "./scripts/registry.ts";

/** What the registry's workflow depends on. */
export interface RegistryOptions {
  readonly hosting: "pages" | "private";
  readonly environment: string | undefined;
  readonly readTokenSecret: string;
  /** App whose token reads the package repositories, instead of a token of its own. */
  readonly readApp: ReadApp | undefined;
  /** SHA-256 of the publisher's file. */
  readonly publisherSha256: string;
  /** Whether there are consumers to tell. */
  readonly announces: boolean;
  /** Condition that the run is on the default branch. */
  readonly guard: string;
}

/** The secret with the private key of {@link RegistryOptions.readApp}. */
export const READ_APP_KEY_SECRET = "REGISTRY_APP_KEY";

/**
 * The reusable workflow that runs the publisher: plan and build with the read token and no right to write, publish with the right to
 * write and no read token, then deploy and confirm. No job has more than its own duty needs.
 */
export function registryWorkflow(options: RegistryOptions): Workflow {
  const isPages = options.hosting === "pages";
  return {
    name: "Registry",
    on: {
      workflow_call: {
        inputs: {
          package: { description: "What asked for the build", required: false, type: "string", default: "" },
          deploy: {
            description: "Deploy even what the site already shows",
            required: false,
            type: "boolean",
            default: false,
          },
        },
        secrets: Object.fromEntries(
          readSecrets(options).map((name) => [
            name,
            {
              description:
                name === ANNOUNCE_TOKEN_SECRET
                  ? "Starts the consumers' workflows"
                  : "Reads the package repositories",
              required: false,
            },
          ]),
        ),
      },
    },
    permissions: {},
    // One build at a time, and none is cut off. GitHub keeps one waiting run and drops older ones, which loses nothing: every run looks for
    // everything that is stale. A run on another ref builds nothing, so it has a group of its own and replaces no run that waits.
    concurrency: { group: "satis-fleet-registry-${{ github.ref }}", "cancel-in-progress": false },
    jobs: {
      build: buildJob(options),
      publish: publishJob(options),
      ...(isPages ? { deploy: deployJob() } : {}),
      confirm: confirmJob(options),
      ...(options.announces ? { announce: announceJob(options) } : {}),
    },
  };
}

/** Secrets that the called workflow takes. */
export function readSecrets({
  readApp,
  readTokenSecret,
  announces,
}: Pick<RegistryOptions, "readApp" | "readTokenSecret" | "announces">): string[] {
  return [
    readApp === undefined ? readTokenSecret : READ_APP_KEY_SECRET,
    ...(announces ? [ANNOUNCE_TOKEN_SECRET] : []),
  ];
}

function buildJob(options: RegistryOptions): StepsJob {
  const { environment, guard } = options;
  return {
    name: "Build",
    if: guard,
    "runs-on": RUNNER,
    // A first build reads every tag of every package.
    "timeout-minutes": 120,
    permissions: { contents: "read", issues: "read" },
    // Without `deployment: false`, every hourly build would count as a deployment.
    ...(environment === undefined ? {} : { environment: { name: literal(environment), deployment: false } }),
    outputs: {
      action: "${{ steps.plan.outputs.action }}",
      issue: "${{ steps.plan.outputs.issue }}",
      announce: "${{ steps.plan.outputs.announce }}",
      handed: "${{ steps.handover.outcome }}",
    },
    steps: [
      ...publisherSteps(options.publisherSha256),
      ...(options.readApp === undefined ? [] : [mintToken(options.readApp)]),
      { ...publisher("Find out what is stale", PLAN, planValues(options)), id: "plan" },
      ...toolSteps().map((step) => ({ ...step, if: BUILDS })),
      {
        ...publisher("Build and verify", BUILD, {
          READ_TOKEN: readToken(options),
          SATIS_BIN: "${{ runner.temp }}/satis/bin/satis",
          COMPOSER_CACHE_DIR: CACHE_PATH,
        }),
        if: BUILDS,
      },
      cacheSave,
      ...handOver,
    ],
  };
}

function planValues(options: RegistryOptions): Values {
  return {
    PACKAGE: "${{ inputs.package }}",
    ALWAYS_DEPLOY: "${{ inputs.deploy }}",
    READ_TOKEN: readToken(options),
    PUSH_TOKEN: "${{ github.token }}",
  };
}

function readToken({ readApp, readTokenSecret }: RegistryOptions): string {
  return readApp === undefined ? secret(readTokenSecret) : "${{ steps.token.outputs.token }}";
}

/** A token of an hour, for reading alone. */
function mintToken({ id, owner }: ReadApp): ActionStep {
  return {
    name: "Mint a token that reads the packages",
    id: "token",
    uses: PINS.createAppToken,
    with: {
      "app-id": literal(id),
      "private-key": secret(READ_APP_KEY_SECRET),
      owner: literal(owner),
      "permission-contents": "read",
    },
  };
}

function publishJob(options: RegistryOptions): StepsJob {
  return {
    name: "Publish",
    needs: "build",
    if: "needs.build.outputs.action != 'none'",
    "runs-on": RUNNER,
    "timeout-minutes": 20,
    permissions: { contents: "write" },
    outputs: { deploy: "${{ steps.publish.outputs.deploy }}" },
    steps: [
      ...publisherSteps(options.publisherSha256),
      ...takeOver,
      { ...publisher("Publish", PUBLISH, { PUSH_TOKEN: "${{ github.token }}" }), id: "publish" },
      ...(options.hosting === "pages" ? [uploadSite] : []),
    ],
  };
}

function deployJob(): StepsJob {
  return {
    name: "Deploy",
    needs: "publish",
    if: "needs.publish.outputs.deploy == 'true'",
    "runs-on": RUNNER,
    "timeout-minutes": 20,
    permissions: { pages: "write", "id-token": "write" },
    environment: { name: "github-pages", url: "${{ steps.deployment.outputs.page_url }}" },
    steps: [{ name: "Deploy to Pages", id: "deployment", uses: PINS.deployPages }],
  };
}

/** Runs where something was published, where something failed, and where an issue waits to be closed; an idle hour costs one job. */
function confirmJob(options: RegistryOptions): StepsJob {
  const { guard, hosting } = options;
  const isPages = hosting === "pages";
  return {
    name: "Confirm",
    needs: ["build", "publish", ...(isPages ? ["deploy"] : [])],
    if: `!cancelled() && ${guard} && (needs.build.result != 'success' || needs.build.outputs.action != 'none' || needs.build.outputs.issue == 'true')`,
    "runs-on": RUNNER,
    "timeout-minutes": 30,
    permissions: { contents: "write", issues: "write" },
    steps: [
      ...publisherSteps(options.publisherSha256),
      ...takeOver.map((step) => ({
        ...step,
        if: "needs.build.outputs.handed == 'success'",
      })),
      publisher("Confirm and report", CONFIRM, {
        PUSH_TOKEN: "${{ github.token }}",
        BUILD_RESULT: "${{ needs.build.result }}",
        PUBLISH_RESULT: "${{ needs.publish.result }}",
        DEPLOY_RESULT: isPages ? "${{ needs.deploy.result }}" : "none",
      }),
    ],
  };
}

/**
 * After the site is live, and also where nothing was built but somebody still waits to be told. A job of its own, with a token of its own: it
 * is the only one that reaches consumers.
 */
function announceJob(options: RegistryOptions): StepsJob {
  const { environment, guard } = options;
  return {
    name: "Announce",
    needs: ["build", "confirm"],
    if: `!cancelled() && ${guard} && needs.build.result == 'success' && needs.build.outputs.announce == 'true'`,
    "runs-on": RUNNER,
    "timeout-minutes": 30,
    permissions: { contents: "write" },
    ...(environment === undefined ? {} : { environment: { name: literal(environment), deployment: false } }),
    steps: [
      ...publisherSteps(options.publisherSha256),
      publisher("Tell the consumers", ANNOUNCE, {
        PUSH_TOKEN: "${{ github.token }}",
        ANNOUNCE_TOKEN: secret(ANNOUNCE_TOKEN_SECRET),
      }),
    ],
  };
}
