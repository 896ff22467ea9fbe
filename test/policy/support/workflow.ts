import { stringify } from "yaml";
import type { ResourceRule } from "../../../policy/rule.ts";
import { JOB, judge, NOTIFY_PATH } from "./fleet.ts";

/** A workflow that meets every rule. */
export const WORKFLOW = { name: "Build", on: { push: {} }, permissions: {}, jobs: { build: JOB } };

/** What a rule says of a workflow file's text. */
export function judgeText(rule: ResourceRule, content: string, options = {}): readonly string[] {
  return judge(rule, { workflow: { inputs: { content } } }, { options });
}

/** What a rule says of {@link WORKFLOW} with other keys. */
export function judgeWorkflow(rule: ResourceRule, changes: object, options = {}): readonly string[] {
  return judgeText(rule, stringify({ ...WORKFLOW, ...changes }), options);
}

/** What a rule says of {@link WORKFLOW} whose job has these steps. */
export function judgeSteps(rule: ResourceRule, steps: readonly object[], options = {}): readonly string[] {
  return judgeWorkflow(rule, { jobs: { build: { ...JOB, steps } } }, options);
}

export { JOB, NOTIFY_PATH };
