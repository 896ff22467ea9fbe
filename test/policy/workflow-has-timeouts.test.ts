import { expect, test } from "vitest";
import { workflowHasTimeouts as rule } from "../../policy/rules/workflow-has-timeouts.ts";
import { JOB, judge } from "./support/fleet.ts";
import { judgeWorkflow, NOTIFY_PATH } from "./support/workflow.ts";

const after = (minutes: unknown, options = {}) =>
  judgeWorkflow(rule, { jobs: { build: { ...JOB, "timeout-minutes": minutes } } }, options);

test("jobs that end in time are lawful, and so are those that call a workflow", () => {
  expect(judge(rule)).toEqual([]);
  expect(judgeWorkflow(rule, { jobs: { call: { uses: "./.github/workflows/registry.yml" } } })).toEqual([]);
});

test("a job without a timeout that is a number is refused", () => {
  for (const minutes of [undefined, "${{ inputs.minutes }}", 0]) {
    expect(after(minutes)).toEqual([
      `${NOTIFY_PATH}, job build has no timeout-minutes that is a number: write how many minutes it may take`,
    ]);
  }
});

test("a timeout above the configured one is refused", () => {
  expect(after(30, { maximumMinutes: 30 })).toEqual([]);
  expect(after(31, { maximumMinutes: 30 })).toEqual([
    `${NOTIFY_PATH}, job build may take 31 minutes, more than 30: write fewer, or allow them with {"workflow-has-timeouts":{"maximumMinutes":31}} in the policy pack's configuration`,
  ]);
});
