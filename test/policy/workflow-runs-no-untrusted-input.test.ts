import { expect, test } from "vitest";
import { workflowRunsNoUntrustedInput as rule } from "../../policy/rules/workflow-runs-no-untrusted-input.ts";
import { judge } from "./support/fleet.ts";
import { judgeSteps, NOTIFY_PATH } from "./support/workflow.ts";

const holds = (expression: string) =>
  `${NOTIFY_PATH}, job build, step 1: the script holds \${{ ${expression} }}: pass it by env and use the variable, or call it harmless with ${JSON.stringify({ [rule.name]: { trusted: [expression] } })} in the policy pack's configuration`;

test("values by environment, and those that GitHub makes itself, are lawful", () => {
  expect(judge(rule)).toEqual([]);
  const steps = [
    {
      run: 'echo "$TITLE" "${{ github.run_id }}" "${{GitHub.SHA}}"',
      env: { TITLE: "${{ github.event.issue.title }}" },
    },
    { uses: "actions/cache@x", with: { key: "${{ github.ref_name }}" } },
  ];
  expect(judgeSteps(rule, steps)).toEqual([]);
});

test("whatever somebody else may choose is refused in a script", () => {
  for (const expression of [
    "github.event.pull_request.title",
    "github.head_ref",
    "github.ref_name",
    "inputs.package",
    "env.TITLE",
    "steps.read.outputs.name",
    "github['event'].issue.body",
    "format('{0}', github.sha)",
    "github.sha || inputs.package",
    "secrets.TOKEN",
  ]) {
    expect(judgeSteps(rule, [{ run: `echo \${{ ${expression} }}` }])).toEqual([holds(expression)]);
  }
});

test("every expression of a script is looked at, one that is not closed as well", () => {
  expect(
    judgeSteps(rule, [{ run: "a ${{ github.sha }} ${{ inputs.a }}\n${{ inputs.b }} ${{ inputs.c" }]),
  ).toEqual(["inputs.a", "inputs.b", "inputs.c"].map(holds));
});

test("a script of actions/github-script is a script", () => {
  const step = { uses: "actions/github-script@x", with: { script: "f('${{ inputs.a }}')" } };
  expect(judgeSteps(rule, [step])).toEqual([holds("inputs.a")]);
});

test("the configuration names expressions that are harmless", () => {
  expect(judgeSteps(rule, [{ run: "cd ${{ runner.temp }}" }], { trusted: ["runner.temp"] })).toEqual([]);
});
