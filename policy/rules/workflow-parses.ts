import type { ResourceRule } from "../rule.ts";
import { shown } from "../secrets.ts";
import { workflowOf } from "../workflow.ts";

export const workflowParses: ResourceRule<Record<string, never>> = {
  kind: "resource",
  name: "workflow-parses",
  description: "Every workflow file is YAML with a trigger and jobs.",
  reason:
    "GitHub shows a workflow that it cannot read in the Actions tab only; nothing runs, and nobody is told.",
  options: {},
  check(resource) {
    const file = workflowOf(resource);
    return file?.fault === undefined ? [] : [`${shown(file.path)} ${file.fault}: correct the file`];
  },
};
