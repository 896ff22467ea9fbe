import type { ResourceRule } from "../rule.ts";
import { shown } from "../secrets.ts";
import { jobsOf, mapping, soundWorkflow } from "../workflow.ts";

export const workflowSetsPermissions: ResourceRule<Record<string, never>> = {
  kind: "resource",
  name: "workflow-sets-permissions",
  description:
    "Every workflow says at its top what its token may do, and leaves rights to write to its jobs.",
  reason: "Without it the token has whatever the organization's default gives, in many of them everything.",
  options: {},
  check(resource) {
    const file = soundWorkflow(resource);
    if (!file) return [];
    const path = shown(file.path);
    const { permissions } = file.workflow;
    const writeAll = jobsOf(file)
      .filter(([, job]) => job.permissions === "write-all")
      .map(
        ([name]) =>
          `${path}, job ${shown(name)}: write-all gives the token every right: name the ones it needs`,
      );
    if (permissions === undefined || permissions === null) {
      return [
        `${path} does not set permissions at its top: write "permissions: {}" and give each job what it needs`,
        ...writeAll,
      ];
    }
    const writing =
      permissions === "write-all"
        ? ["write-all"]
        : Object.entries(mapping(permissions)).flatMap(([name, right]) => (right === "write" ? [name] : []));
    if (writing.length === 0) return writeAll;
    return [
      `${path} gives every job rights to write (${shown(writing.join(", "))}): write them at the jobs that need them`,
      ...writeAll,
    ];
  },
};
