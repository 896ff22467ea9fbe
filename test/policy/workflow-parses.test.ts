import { expect, test } from "vitest";
import { workflowParses as rule } from "../../policy/rules/workflow-parses.ts";
import { judge, UNKNOWN } from "./support/fleet.ts";
import { judgeText, judgeWorkflow, NOTIFY_PATH } from "./support/workflow.ts";

const fault = (what: string) => [`${NOTIFY_PATH} ${what}: correct the file`];

test("a workflow with a trigger and jobs is lawful", () => {
  expect(judge(rule)).toEqual([]);
  expect(judgeWorkflow(rule, {})).toEqual([]);
});

test("a text that is no YAML is refused with its place, and nothing of it is quoted", () => {
  const said = judgeText(rule, `on: push\njobs: [secret-${"x".repeat(20)}\n`);
  expect(said).toEqual(fault("is no YAML at line 3, column 1 (bad indent)"));
});

test("a key that is written twice is refused", () => {
  expect(judgeText(rule, "on: push\non: pull_request\n")).toEqual(
    fault("is no YAML at line 2, column 1 (duplicate key)"),
  );
});

test("a file without a trigger, without jobs, or with an empty job is refused", () => {
  expect(judgeText(rule, "- a\n")).toEqual(fault("is no mapping"));
  expect(judgeText(rule, "")).toEqual(fault("is no mapping"));
  expect(judgeWorkflow(rule, { on: undefined })).toEqual(fault("has no trigger (on)"));
  expect(judgeWorkflow(rule, { jobs: {} })).toEqual(fault("has no jobs"));
  const broken = fault("has a job without steps and without a workflow to call");
  for (const job of [{}, { steps: [] }, { steps: ["run"] }, null]) {
    expect(judgeWorkflow(rule, { jobs: { build: job } })).toEqual(broken);
  }
});

test("aliases that would fill the memory are refused", () => {
  const bomb = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
  for (const [before, name] of ["ab", "bc", "cd", "de"]) {
    bomb.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(", ")}]`);
  }
  expect(judgeText(rule, bomb.join("\n"))).toEqual(fault("has an alias that cannot be resolved"));
});

test("files of other places, and content that is not known yet, are passed over", () => {
  expect(judge(rule, { satis: { inputs: { file: "docs/a.yml", content: "a: b: c" } } })).toEqual([]);
  expect(judge(rule, { workflow: { inputs: { content: UNKNOWN } } })).toEqual([]);
});
