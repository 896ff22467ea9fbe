import { expect, test } from "vitest";
import { workflowSetsPermissions as rule } from "../../policy/rules/workflow-sets-permissions.ts";
import { JOB, judge } from "./support/fleet.ts";
import { judgeWorkflow, NOTIFY_PATH } from "./support/workflow.ts";

const none = `${NOTIFY_PATH} does not set permissions at its top: write "permissions: {}" and give each job what it needs`;
const writing = (rights: string) =>
  `${NOTIFY_PATH} gives every job rights to write (${rights}): write them at the jobs that need them`;

test("no rights, or rights to read, at the top are lawful", () => {
  expect(judge(rule)).toEqual([]);
  for (const permissions of [{}, { contents: "read" }, "read-all"]) {
    expect(judgeWorkflow(rule, { permissions })).toEqual([]);
  }
});

test("a workflow that says nothing is refused, although its jobs may say something", () => {
  const jobs = { build: { ...JOB, permissions: { contents: "read" } } };
  expect(judgeWorkflow(rule, { permissions: undefined, jobs })).toEqual([none]);
  expect(judgeWorkflow(rule, { permissions: null })).toEqual([none]);
});

test("rights to write at the top are refused", () => {
  expect(judgeWorkflow(rule, { permissions: { contents: "write", issues: "read", pages: "write" } })).toEqual(
    [writing("contents, pages")],
  );
  expect(judgeWorkflow(rule, { permissions: "write-all" })).toEqual([writing("write-all")]);
});

test("a job with every right is refused", () => {
  const jobs = { build: { ...JOB, permissions: "write-all" } };
  expect(judgeWorkflow(rule, { jobs })).toEqual([
    `${NOTIFY_PATH}, job build: write-all gives the token every right: name the ones it needs`,
  ]);
});
