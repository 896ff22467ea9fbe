import { ANNOUNCE_TOKEN_SECRET } from "../fleet/consumers.ts";
import { BUNDLE_PATH, type ReadApp } from "../fleet/registry-settings.ts";
import { literal, secret } from "./expression.ts";
import type { ActionStep, ScriptStep, Step, StepsJob, Values, Workflow } from "./model.ts";
import { COMPOSER_FLOOR, PHP_VERSION, PINS, RUNNER, SATIS_COMMIT } from "./pins.ts";
import {
  ANNOUNCE,
  BUILD,
  CHECK_COMPOSER,
  CHECK_PUBLISHER,
  CONFIRM,
  INSTALL_SATIS,
  PACK,
  PLAN,
  PUBLISH,
  UNPACK,
} from "./scripts/registry.ts";

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

const BUILDS = "steps.plan.outputs.action == 'partial' || steps.plan.outputs.action == 'full'";

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
    },
    steps: [
      ...publisherSteps(options),
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
      { ...script("Pack the result", PACK), if: PACKS },
      {
        name: "Hand over the result",
        if: PACKS,
        uses: PINS.uploadArtifact,
        with: {
          name: ARTIFACT,
          path: "${{ runner.temp }}/registry.tar",
          "retention-days": 1,
          "if-no-files-found": "error",
        },
      },
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

/** What failed is told in the issue, so the result is handed over then too. */
const PACKS = "!cancelled() && steps.plan.outputs.action != '' && steps.plan.outputs.action != 'none'";
const ARTIFACT = "registry";

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

function publisherSteps({ publisherSha256 }: RegistryOptions): readonly Step[] {
  return [
    { name: "Check out", uses: PINS.checkout, with: { "persist-credentials": false } },
    {
      ...script("Check the publisher", CHECK_PUBLISHER, {
        PUBLISHER: BUNDLE_PATH,
        PUBLISHER_SHA256: publisherSha256,
      }),
      id: "publisher",
    },
  ];
}

function toolSteps(): readonly Step[] {
  return [
    {
      name: "Set up PHP and Composer",
      uses: PINS.setupPhp,
      with: { "php-version": PHP_VERSION, tools: "composer:v2", coverage: "none" },
    },
    script("Check Composer's version", CHECK_COMPOSER, { COMPOSER_FLOOR }),
    {
      name: "Restore Composer's cache",
      uses: PINS.cacheRestore,
      with: { path: CACHE_PATH, key: CACHE_KEY, "restore-keys": "composer-" },
    },
    script("Install Satis", INSTALL_SATIS, { SATIS_COMMIT, COMPOSER_FLOOR, COMPOSER_CACHE_DIR: CACHE_PATH }),
  ];
}

// Composer keeps what it read by commit, so a later build asks only for what is new.
const CACHE_PATH = "${{ runner.temp }}/composer-cache";
// Caches cannot be overwritten: a key for each run, and the newest one is restored.
const CACHE_KEY = "composer-${{ github.run_id }}-${{ github.run_attempt }}";

const cacheSave: ActionStep = {
  name: "Save Composer's cache",
  // Kept even when the build fails: what was read is read.
  if: `!cancelled() && (${BUILDS})`,
  uses: PINS.cacheSave,
  with: { path: CACHE_PATH, key: CACHE_KEY },
};

const takeOver: readonly Step[] = [
  {
    name: "Take over the result",
    uses: PINS.downloadArtifact,
    with: { name: ARTIFACT, path: "${{ runner.temp }}" },
  },
  script("Unpack the result", UNPACK),
];

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
      ...publisherSteps(options),
      ...takeOver,
      { ...publisher("Publish", PUBLISH, { PUSH_TOKEN: "${{ github.token }}" }), id: "publish" },
      ...(options.hosting === "pages" ? [uploadSite] : []),
    ],
  };
}

const uploadSite: ActionStep = {
  name: "Upload the site",
  if: "steps.publish.outputs.deploy == 'true'",
  uses: PINS.uploadPagesArtifact,
  with: { path: "${{ runner.temp }}/registry/site" },
};

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
      ...publisherSteps(options),
      ...takeOver.map((step) => ({
        ...step,
        if: "needs.build.outputs.action != '' && needs.build.outputs.action != 'none'",
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
      ...publisherSteps(options),
      publisher("Tell the consumers", ANNOUNCE, {
        PUSH_TOKEN: "${{ github.token }}",
        ANNOUNCE_TOKEN: secret(ANNOUNCE_TOKEN_SECRET),
      }),
    ],
  };
}

/** A step that runs the checked publisher. */
function publisher(name: string, run: string, env: Values = {}): ScriptStep {
  return script(name, run, { NODE: "${{ steps.publisher.outputs.node }}", PUBLISHER: BUNDLE_PATH, ...env });
}

function script(name: string, run: string, env?: Values): ScriptStep {
  return { name, shell: "bash", ...(env ? { env } : {}), run };
}
