import { canonicalSatis } from "../fleet/canonical-satis.ts";
import type { FleetConfig } from "../fleet/config.ts";
import type { Fleet } from "../fleet/derive.ts";
import type { PublisherBundle } from "../fleet/publisher-bundle.ts";
import { BUNDLE_PATH, registrySettings, SETTINGS_PATH, settingsText } from "../fleet/registry-settings.ts";
import type { Satis } from "../fleet/satis.ts";
import { SUBSCRIPTIONS_PATH, subscriptionsText } from "../fleet/subscriptions.ts";
import {
  READ_TOKEN_SECRET,
  REGISTRY_ENVIRONMENT,
  scheduledWorkflow,
  unscheduledWorkflows,
  WORKFLOW_PATHS,
} from "./composer.ts";

/** What the composer repository's files depend on. */
export interface ComposerFilesInput {
  readonly plan: Fleet;
  readonly config: FleetConfig;
  readonly satis: Satis;
  readonly publisher: PublisherBundle;
}

/** One managed file. */
export interface ComposerFile {
  readonly path: string;
  /** Its text, or what makes it of the minute that the stack draws. */
  readonly content: string | ((minute: number) => string);
}

/**
 * Gives every file that the fleet keeps in the composer repository, in the order in which to commit them: what is used before what
 * uses it, and satis.json last, since its push starts the first build.
 */
export function filesOf({ plan, config, satis, publisher }: ComposerFilesInput): readonly ComposerFile[] {
  const { composer, features } = plan;
  const { reviewers, readAppId } = config;
  const subscriptions = plan.consumers
    .flatMap(({ updated, dispatched }) => [...updated, ...dispatched])
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const options = {
    branch: composer.branch,
    hosting: features.pages ? ("pages" as const) : ("private" as const),
    environment: features.environment ? REGISTRY_ENVIRONMENT : undefined,
    readTokenSecret: READ_TOKEN_SECRET,
    readApp: readAppId === undefined ? undefined : { id: readAppId, owner: composer.owner },
    announces: subscriptions.length > 0 && config.consumerSecrets.announceToken,
    publisherSha256: publisher.sha256,
  };
  const { registry, partialBuild } = unscheduledWorkflows(options);
  return [
    ...(reviewers.length > 0 ? [{ path: ".github/CODEOWNERS", content: `* ${reviewers.join(" ")}\n` }] : []),
    { path: BUNDLE_PATH, content: publisher.text },
    { path: SETTINGS_PATH, content: settingsText(registrySettings(composer, config, satis)) },
    ...(subscriptions.length > 0
      ? [{ path: SUBSCRIPTIONS_PATH, content: subscriptionsText(subscriptions) }]
      : []),
    { path: WORKFLOW_PATHS.registry, content: registry },
    { path: WORKFLOW_PATHS.partialBuild, content: partialBuild },
    {
      path: WORKFLOW_PATHS.build,
      content: (cronMinute: number) => scheduledWorkflow({ ...options, cronMinute }),
    },
    ...(config.commitSatis
      ? [{ path: "satis.json", content: canonicalSatis(satis, plan, config.github.host) }]
      : []),
  ];
}
