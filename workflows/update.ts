import { UPDATER_PATH } from "../fleet/announcement.ts";
import { type UpdateRegistry, type UpdateSubscription, updateSettings } from "../fleet/update-settings.ts";
import { literal, secret } from "./expression.ts";
import type { ScriptStep, Step, StepsJob, Values, Workflow } from "./model.ts";
import { COMPOSER_FLOOR, PINS, RUNNER } from "./pins.ts";
import { renderWorkflow } from "./render.ts";
import { CHECK_COMPOSER } from "./scripts/registry.ts";
import { CHECK, CHECK_UPDATER, PUBLISH_UPDATE, UPDATE, VERIFY, WAIT } from "./scripts/update.ts";

/** Secrets that a consumer may have. */
export const UPDATE_SECRETS = {
  /** Reads the registry; with hosting `private` only. */
  registry: "COMPOSER_REGISTRY_TOKEN",
  /** Opens the pull requests, so that their checks start unasked; for subscriptions with `token`. */
  pullRequests: "COMPOSER_UPDATE_TOKEN",
} as const;

/** What a consumer's workflow depends on. */
export interface UpdateOptions {
  readonly subscription: UpdateSubscription & {
    readonly php: string;
    readonly token: boolean;
  };
  readonly composer: UpdateRegistry & {
    /** Host of the fleet's GitHub. @default "github.com" */
    readonly githubHost?: string;
  };
  /** SHA-256 of the updater's file. */
  readonly updaterSha256: string;
}

/** GitHub in the cloud has `concurrency.queue` since 2026-05; a server that does not know it refuses the whole file. */
function knowsQueues(host = "github.com"): boolean {
  return host === "github.com" || host.endsWith(".ghe.com");
}

/**
 * Renders the workflow that brings announced versions into a consumer: Composer runs in a job that can only read, and the job that can
 * write runs nothing but the updater on one file whose digest it was told.
 */
export function updateWorkflow(options: UpdateOptions): string {
  const { directory } = options.subscription;
  const suffix = directory === "" ? "" : `-${directory.replaceAll("/", "-")}`;
  const workflow: Workflow = {
    name: directory === "" ? "Update Composer packages" : literal(`Update Composer packages (${directory})`),
    on: {
      workflow_dispatch: {
        inputs: {
          announcement: {
            description: "Published versions as JSON, from the registry",
            required: true,
            type: "string",
          },
        },
      },
    },
    permissions: {},
    // Each run brings versions of its own: none may be cut off, and none dropped while it waits.
    concurrency: {
      group: literal(`satis-fleet-composer-updates${suffix}`),
      "cancel-in-progress": false,
      ...(knowsQueues(options.composer.githubHost) ? { queue: "max" as const } : {}),
    },
    jobs: { update: updateJob(options), publish: publishJob(options) },
  };
  return renderWorkflow(workflow);
}

/** The secrets of a consumer are there for the workflow of its default branch, not for one that a branch brings along. */
const GUARD = "github.ref_name == github.event.repository.default_branch";
const ARTIFACT = "composer-update";
const HAS_UPDATE = "steps.check.outputs.action == 'update'";
const IS_THERE = "steps.wait.outputs.action == 'update'";

function updateJob(options: UpdateOptions): StepsJob {
  const registry = { COMPOSER_REGISTRY_TOKEN: secret(UPDATE_SECRETS.registry) };
  const token = options.composer.hosting === "private" ? registry : {};
  const { php } = options.subscription;
  return {
    name: "Update",
    if: GUARD,
    "runs-on": RUNNER,
    // Of these, the wait for the registry may take 15 minutes.
    "timeout-minutes": 60,
    permissions: { contents: "read", "pull-requests": "read" },
    outputs: { action: "${{ steps.verify.outputs.action }}", digest: "${{ steps.verify.outputs.digest }}" },
    steps: [
      ...updaterSteps(options),
      {
        ...updater("Check the announcement", CHECK, options, { JOB_TOKEN: "${{ github.token }}" }),
        id: "check",
      },
      { ...updater("Wait for the registry", WAIT, options, token), id: "wait", if: HAS_UPDATE },
      {
        name: "Set up PHP and Composer",
        if: IS_THERE,
        uses: PINS.setupPhp,
        with: { "php-version": literal(php), tools: "composer:v2", coverage: "none" },
      },
      { ...script("Check Composer's version", CHECK_COMPOSER, { COMPOSER_FLOOR }), if: IS_THERE },
      { ...updater("Update composer.lock", UPDATE, options, token), id: "update", if: IS_THERE },
      {
        ...updater("Verify the update", VERIFY, options, token),
        id: "verify",
        if: "steps.update.outputs.action == 'publish'",
      },
      {
        name: "Hand over the update",
        // One update that is refused keeps no other back.
        if: "!cancelled() && steps.verify.outputs.action == 'publish'",
        uses: PINS.uploadArtifact,
        with: {
          name: ARTIFACT,
          path: "${{ runner.temp }}/updates/update.json",
          "retention-days": 1,
          "if-no-files-found": "error",
        },
      },
    ],
  };
}

function publishJob(options: UpdateOptions): StepsJob {
  const token = options.subscription.token ? secret(UPDATE_SECRETS.pullRequests) : "${{ github.token }}";
  return {
    name: "Publish",
    needs: "update",
    if: "!cancelled() && needs.update.outputs.action == 'publish'",
    "runs-on": RUNNER,
    "timeout-minutes": 20,
    permissions: { contents: "write", "pull-requests": "write" },
    steps: [
      ...updaterSteps(options),
      {
        name: "Take over the update",
        uses: PINS.downloadArtifact,
        with: { name: ARTIFACT, path: "${{ runner.temp }}/updates" },
      },
      updater("Open or refresh the pull request", PUBLISH_UPDATE, options, {
        JOB_TOKEN: token,
        DIGEST: "${{ needs.update.outputs.digest }}",
      }),
    ],
  };
}

function updaterSteps({ updaterSha256 }: UpdateOptions): readonly Step[] {
  return [
    { name: "Check out", uses: PINS.checkout, with: { "persist-credentials": false } },
    {
      ...script("Check the updater", CHECK_UPDATER, { UPDATER: UPDATER_PATH, UPDATER_SHA256: updaterSha256 }),
      id: "updater",
    },
  ];
}

/** A step that runs the checked updater. */
function updater(
  name: string,
  run: string,
  { subscription, composer }: UpdateOptions,
  env: Values,
): ScriptStep {
  return script(name, run, {
    NODE: "${{ steps.updater.outputs.node }}",
    UPDATER: UPDATER_PATH,
    ANNOUNCEMENT: "${{ inputs.announcement }}",
    SETTINGS: literal(JSON.stringify(updateSettings(subscription, composer))),
    DEFAULT_BRANCH: "${{ github.event.repository.default_branch }}",
    ...env,
  });
}

function script(name: string, run: string, env: Values): ScriptStep {
  return { name, shell: "bash", env, run };
}
