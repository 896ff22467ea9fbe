import { literal, secret } from "./expression.ts";
import type { ActionStep, ScriptStep, Step, StepsJob, Values, Workflow } from "./model.ts";
import { COMPOSER_FLOOR, PHP_VERSION, PINS, RUNNER, SATIS_COMMIT } from "./pins.ts";
import {
  ADDRESS_BY_CONTENTS,
  BUILD,
  CHECK_COMPOSER,
  DERIVE_CONFIGURATION,
  INSTALL_SATIS,
  REPORT_REQUEST,
  VERIFY,
} from "./scripts/build.ts";
import { CONFIRM, PUBLISH } from "./scripts/publish.ts";

/** Branch that holds the published registry; it shares no history with the code. */
export const REGISTRY_BRANCH = "registry";

/** Ref of the commit that the Pages site shows. */
export const DEPLOYED_REF = "refs/satis-fleet/deployed";

/** What the registry's workflow depends on. */
export interface RegistryOptions {
  readonly hosting: "pages" | "private";
  readonly environment: string | undefined;
  readonly readTokenSecret: string;
  /** Condition that the run is on the default branch. */
  readonly guard: string;
}

/** The reusable workflow that builds, verifies, publishes and deploys the whole registry. */
export function registryWorkflow(options: RegistryOptions): Workflow {
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
        secrets: {
          [options.readTokenSecret]: {
            description: "Token that reads the package repositories",
            required: false,
          },
        },
      },
    },
    permissions: {},
    // One build at a time, and none is cut off. GitHub keeps one waiting run and drops older ones, which loses nothing, for every run
    // builds everything. A run on another ref builds nothing, so it has a group of its own and replaces no run that waits.
    concurrency: { group: "satis-fleet-registry-${{ github.ref }}", "cancel-in-progress": false },
    jobs:
      options.hosting === "pages"
        ? { build: buildJob(options), deploy: deployJob(), confirm: confirmJob() }
        : { build: buildJob(options) },
  };
}

function buildJob({ hosting, environment, readTokenSecret, guard }: RegistryOptions): StepsJob {
  const publish = [
    ...(hosting === "private"
      ? [script("Address the metadata by the contents API", ADDRESS_BY_CONTENTS, { REGISTRY_BRANCH })]
      : []),
    publishStep(hosting),
    cacheSave,
    ...(hosting === "pages" ? [uploadSite] : []),
  ];
  return {
    name: "Build",
    if: guard,
    "runs-on": RUNNER,
    // A first build reads every tag of every package.
    "timeout-minutes": 120,
    permissions: { contents: "write" },
    // Without `deployment: false`, every hourly build would count as a deployment.
    ...(environment === undefined ? {} : { environment: { name: literal(environment), deployment: false } }),
    outputs: { deploy: "${{ steps.publish.outputs.deploy }}", commit: "${{ steps.publish.outputs.commit }}" },
    steps: [...prepareSteps(), ...satisSteps(readTokenSecret), ...publish],
  };
}

function prepareSteps(): readonly Step[] {
  return [
    {
      name: "Report what asked for this build",
      if: "inputs.package != ''",
      shell: "bash",
      env: { PACKAGE: "${{ inputs.package }}" },
      run: REPORT_REQUEST,
    },
    { name: "Check out satis.json", uses: PINS.checkout, with: { "persist-credentials": false } },
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
  ];
}

function satisSteps(readTokenSecret: string): readonly Step[] {
  return [
    script("Install Satis", INSTALL_SATIS, { SATIS_COMMIT, COMPOSER_FLOOR }),
    script("Derive Satis's configuration", DERIVE_CONFIGURATION),
    script("Build with Satis", BUILD, {
      READ_TOKEN: secret(readTokenSecret),
      READ_TOKEN_NAME: readTokenSecret,
    }),
    script("Refuse an incomplete result", VERIFY),
  ];
}

// Composer keeps what it read by commit, so a later build asks only for what is new.
const CACHE_PATH = "${{ runner.temp }}/composer-cache";
// Caches cannot be overwritten: a key for each run, and the newest one is restored.
const CACHE_KEY = "composer-${{ github.run_id }}-${{ github.run_attempt }}";

const cacheSave: ActionStep = {
  name: "Save Composer's cache",
  if: "steps.publish.outputs.changed == 'true'",
  uses: PINS.cacheSave,
  with: { path: CACHE_PATH, key: CACHE_KEY },
};

const uploadSite: ActionStep = {
  name: "Upload the site",
  if: "steps.publish.outputs.deploy == 'true'",
  uses: PINS.uploadPagesArtifact,
  with: { path: "${{ runner.temp }}/published" },
};

function publishStep(hosting: "pages" | "private"): Step {
  return {
    name: "Publish",
    id: "publish",
    shell: "bash",
    env: {
      PUSH_TOKEN: "${{ github.token }}",
      REGISTRY_BRANCH,
      DEPLOYED_REF,
      HOSTING: hosting,
      ALWAYS_DEPLOY: "${{ inputs.deploy }}",
    },
    run: PUBLISH,
  };
}

function deployJob(): StepsJob {
  return {
    name: "Deploy",
    needs: "build",
    if: "needs.build.outputs.deploy == 'true'",
    "runs-on": RUNNER,
    "timeout-minutes": 20,
    permissions: { pages: "write", "id-token": "write" },
    environment: { name: "github-pages", url: "${{ steps.deployment.outputs.page_url }}" },
    steps: [{ name: "Deploy to Pages", id: "deployment", uses: PINS.deployPages }],
  };
}

function confirmJob(): StepsJob {
  return {
    name: "Confirm",
    needs: ["build", "deploy"],
    "runs-on": RUNNER,
    "timeout-minutes": 10,
    permissions: { contents: "write" },
    steps: [
      script("Note what the site shows", CONFIRM, {
        PUSH_TOKEN: "${{ github.token }}",
        COMMIT: "${{ needs.build.outputs.commit }}",
        DEPLOYED_REF,
      }),
    ],
  };
}

function script(name: string, run: string, env?: Values): ScriptStep {
  return { name, shell: "bash", ...(env ? { env } : {}), run };
}
