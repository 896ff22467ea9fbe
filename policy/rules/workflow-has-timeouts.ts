import { option, type ResourceRule } from "../rule.ts";
import { shown } from "../secrets.ts";
import { jobsOf, soundWorkflow } from "../workflow.ts";

const NAME = "workflow-has-timeouts";

export const workflowHasTimeouts: ResourceRule<{ readonly maximumMinutes: number }> = {
  kind: "resource",
  name: NAME,
  description: "Every job ends in time.",
  reason:
    "GitHub ends a job that hangs after six hours only; those behind it in its concurrency group wait as long.",
  options: {
    maximumMinutes: { type: "integer", minimum: 1, description: "Longest timeout of a job.", default: 180 },
  },
  check(resource, { maximumMinutes }) {
    const file = soundWorkflow(resource);
    if (!file) return [];
    return jobsOf(file).flatMap(([name, job]) => {
      // A job that calls a workflow takes the called jobs' timeouts.
      if (job.uses !== undefined) return [];
      const minutes = job["timeout-minutes"];
      const place = `${shown(file.path)}, job ${shown(name)}`;
      if (typeof minutes !== "number" || minutes <= 0) {
        return [`${place} has no timeout-minutes that is a number: write how many minutes it may take`];
      }
      return minutes <= maximumMinutes
        ? []
        : [
            `${place} may take ${minutes} minutes, more than ${maximumMinutes}: write fewer, or allow them with ${option(NAME, "maximumMinutes", minutes)}`,
          ];
    });
  },
};
