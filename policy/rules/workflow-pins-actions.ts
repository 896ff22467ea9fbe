import type { ResourceRule } from "../rule.ts";
import { shown } from "../secrets.ts";
import { jobsOf, soundWorkflow, stepsOf } from "../workflow.ts";

/** A file of the same commit; an action or a workflow at a commit; an image at a digest. */
const PINNED = /^(?:\.\/|[\w.-]+\/[\w./-]+@[0-9a-f]{40}$|docker:\/\/[^\s@]+@sha256:[0-9a-f]{64}$)/;

export const workflowPinsActions: ResourceRule<Record<string, never>> = {
  kind: "resource",
  name: "workflow-pins-actions",
  description: "Every action and every called workflow is pinned to a commit, every image to a digest.",
  reason: "A tag can be moved to other code, which then runs with the workflow's secrets; a commit cannot.",
  options: {},
  check(resource) {
    const file = soundWorkflow(resource);
    if (!file) return [];
    const used = jobsOf(file).flatMap(([name, job]) => [
      { place: `job ${name}`, uses: job.uses },
      ...stepsOf(name, job).map(({ place, step }) => ({ place, uses: step.uses })),
    ]);
    return used.flatMap(({ place, uses }) =>
      uses === undefined || (typeof uses === "string" && PINNED.test(uses))
        ? []
        : [
            `${shown(file.path)}, ${shown(place)}: ${shown(String(uses))} is not pinned: write the full commit after the @, with the version as a comment`,
          ],
    );
  },
};
