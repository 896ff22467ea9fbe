import type { ResourceRule } from "../rule.ts";
import { shown } from "../secrets.ts";
import { soundWorkflow, triggersOf } from "../workflow.ts";

export const workflowHasNoPullRequestTarget: ResourceRule<{ readonly forbidden: readonly string[] }> = {
  kind: "resource",
  name: "workflow-has-no-pull-request-target",
  description: "No workflow starts on an event that hands secrets to a stranger's pull request.",
  reason:
    "pull_request_target runs with the repository's secrets; one checkout later the stranger's code has them.",
  options: {
    forbidden: {
      type: "array",
      items: { type: "string" },
      description: "Events on which no workflow may start.",
      default: ["pull_request_target"],
    },
  },
  check(resource, { forbidden }) {
    const file = soundWorkflow(resource);
    if (!file) return [];
    return triggersOf(file)
      .filter((event) => forbidden.includes(event))
      .map((event) => `${shown(file.path)} starts on ${event}: write another event, such as pull_request`);
  },
};
