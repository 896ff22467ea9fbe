import { UPDATER_PATH, updateWorkflowPath } from "../fleet/announcement.ts";
import type { ComposerRepositoryPlan } from "../fleet/composer.ts";
import type { Consumer } from "../fleet/consumers.ts";
import type { Bundle } from "../fleet/publisher-bundle.ts";
import { updateWorkflow } from "./update.ts";

/** One managed file of a consumer. */
export interface ConsumerFile {
  readonly path: string;
  readonly content: string;
}

/** What a consumer's files depend on. */
export interface ConsumerFilesInput {
  readonly consumer: Consumer;
  readonly composer: ComposerRepositoryPlan;
  readonly updater: Bundle;
}

/**
 * Gives every file that the fleet keeps in a consumer, in the order in which to commit them: the program before the workflows that
 * run it. A consumer with a workflow of its own gets none.
 */
export function consumerFilesOf({
  consumer,
  composer,
  updater,
}: ConsumerFilesInput): readonly ConsumerFile[] {
  if (consumer.updated.length === 0) return [];
  const workflows = consumer.updated.map((subscription) => ({
    path: updateWorkflowPath(subscription.directory),
    content: updateWorkflow({ subscription, composer, updaterSha256: updater.sha256 }),
  }));
  return [{ path: UPDATER_PATH, content: updater.text }, ...workflows];
}
