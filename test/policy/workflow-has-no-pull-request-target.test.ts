import { expect, test } from "vitest";
import { workflowHasNoPullRequestTarget as rule } from "../../policy/rules/workflow-has-no-pull-request-target.ts";
import { judge } from "./support/fleet.ts";
import { judgeWorkflow, NOTIFY_PATH } from "./support/workflow.ts";

const startsOn = (event: string) =>
  `${NOTIFY_PATH} starts on ${event}: write another event, such as pull_request`;

test("workflows on pushes and on pull requests are lawful", () => {
  expect(judge(rule)).toEqual([]);
  expect(judgeWorkflow(rule, { on: ["push", "pull_request"] })).toEqual([]);
});

test("pull_request_target is refused in each form that on may have", () => {
  for (const on of ["pull_request_target", ["push", "pull_request_target"], { pull_request_target: null }]) {
    expect(judgeWorkflow(rule, { on })).toEqual([startsOn("pull_request_target")]);
  }
});

test("the configuration forbids other events", () => {
  const options = { forbidden: ["workflow_run"] };
  expect(judgeWorkflow(rule, { on: { workflow_run: {} } }, options)).toEqual([startsOn("workflow_run")]);
});
