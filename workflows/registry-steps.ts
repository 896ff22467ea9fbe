import { BUNDLE_PATH } from "../fleet/registry-settings.ts";
import type { ActionStep, ScriptStep, Step, Values } from "./model.ts";
import { COMPOSER_FLOOR, PHP_VERSION, PINS, SATIS_COMMIT } from "./pins.ts";
import { CHECK_COMPOSER, CHECK_PUBLISHER, INSTALL_SATIS, PACK, UNPACK } from "./scripts/registry.ts";

/** Whether the plan has something to build. */
export const BUILDS = "steps.plan.outputs.action == 'partial' || steps.plan.outputs.action == 'full'";

/** Checks out the composer repository, and the publisher in it. */
export function publisherSteps(publisherSha256: string): readonly Step[] {
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

/** What a build needs and a plan does not. */
export function toolSteps(): readonly Step[] {
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
export const CACHE_PATH = "${{ runner.temp }}/composer-cache";
// Caches cannot be overwritten: a key for each run, and the newest one is restored.
const CACHE_KEY = "composer-${{ github.run_id }}-${{ github.run_attempt }}";

/** Saves what this run read, for the next one. */
export const cacheSave: ActionStep = {
  name: "Save Composer's cache",
  // Kept even when the build fails: what was read is read.
  if: `!cancelled() && (${BUILDS})`,
  uses: PINS.cacheSave,
  with: { path: CACHE_PATH, key: CACHE_KEY },
};

/** Not where there is nothing to do. What failed, the plan included, is told in the issue, so it is handed over then too. */
const HANDS_OVER = "!cancelled() && steps.plan.outcome != 'skipped' && steps.plan.outputs.action != 'none'";
const ARTIFACT = "registry";

/** Leaves the result for the jobs that follow. */
export const handOver: readonly Step[] = [
  { ...script("Pack the result", PACK), if: HANDS_OVER },
  {
    name: "Hand over the result",
    id: "handover",
    if: HANDS_OVER,
    uses: PINS.uploadArtifact,
    with: {
      name: ARTIFACT,
      path: "${{ runner.temp }}/registry.tar",
      "retention-days": 1,
      "if-no-files-found": "error",
      // A job that is run again would find the name taken.
      overwrite: true,
    },
  },
];

/** Takes over the result of the build, in a folder of its own: the artifact could hold anything. */
export const takeOver: readonly Step[] = [
  {
    name: "Take over the result",
    uses: PINS.downloadArtifact,
    with: { name: ARTIFACT, path: "${{ runner.temp }}/received" },
  },
  script("Unpack the result", UNPACK),
];

/** What Pages deploys, where something is to be deployed. */
export const uploadSite: ActionStep = {
  name: "Upload the site",
  if: "steps.publish.outputs.deploy == 'true'",
  uses: PINS.uploadPagesArtifact,
  with: { path: "${{ runner.temp }}/registry/site" },
};

/** A step that runs the checked publisher. */
export function publisher(name: string, run: string, env: Values = {}): ScriptStep {
  return script(name, run, { NODE: "${{ steps.publisher.outputs.node }}", PUBLISHER: BUNDLE_PATH, ...env });
}

function script(name: string, run: string, env?: Values): ScriptStep {
  return { name, shell: "bash", ...(env ? { env } : {}), run };
}
