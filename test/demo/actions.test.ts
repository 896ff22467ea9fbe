import { afterAll, beforeAll, expect, test } from "vitest";
import { runWorkflow } from "../../demo/actions/runner.ts";
import { checkout } from "../../demo/actions/stand-ins.ts";
import { parseValues } from "../../demo/actions/steps.ts";
import { type EmulatedGitHub, startGitHub } from "../../sandbox/github/index.ts";

const CALLED = `
on:
  workflow_call:
    inputs:
      loud: { type: boolean, default: false }
    secrets:
      TOKEN: { required: false }
permissions: {}
jobs:
  first:
    runs-on: x
    permissions: { contents: read }
    outputs: { said: "\${{ steps.say.outputs.word }}" }
    steps:
      - uses: actions/checkout@0000000000000000000000000000000000000000
      - id: say
        env: { TOKEN: "\${{ secrets.TOKEN }}", HIDDEN: "\${{ secrets.HIDDEN }}", LOUD: "\${{ inputs.loud }}" }
        run: |
          cat README.md
          printf 'word=%s-%s-%s\\n' "$TOKEN" "$HIDDEN" "$LOUD" >>"$GITHUB_OUTPUT"
          printf '# done\\n' >>"$GITHUB_STEP_SUMMARY"
      - if: steps.say.outputs.word == 'never'
        run: exit 1
      - name: Ask for what the job may not do
        env: { GH: "\${{ github.token }}" }
        run: |
          curl --silent --output /dev/null --write-out 'status %{http_code}' --request PUT --header "Authorization: Bearer $GH" \\
            --data '{"message":"x","content":"eA=="}' "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/contents/new.txt"
  second:
    needs: first
    if: needs.first.outputs.said == 'sesame--true'
    runs-on: x
    steps:
      - run: exit 3
      - run: echo never
      - if: failure()
        run: echo "after a failure"
  third:
    needs: second
    runs-on: x
    steps: [{ run: echo never }]
  fourth:
    needs: [second, third]
    if: "!cancelled() && needs.second.result == 'failure'"
    runs-on: x
    steps: [{ run: 'echo "told"' }]
`;
const CALLER = `
on: { workflow_dispatch: {} }
permissions: {}
jobs:
  call:
    uses: ./.github/workflows/called.yml
    with: { loud: "\${{ github.event_name == 'workflow_dispatch' }}" }
    secrets: { TOKEN: "\${{ secrets.TOKEN }}" }
`;

let github: EmulatedGitHub;
beforeAll(async () => {
  const files = {
    "README.md": "hello from the repository\n",
    ".github/workflows/called.yml": CALLED,
    ".github/workflows/caller.yml": CALLER,
  };
  github = await startGitHub({ repositories: [{ name: "composer", private: true, files }] });
  github.repository("composer").setSecret("TOKEN", "sesame");
  github.repository("composer").setSecret("HIDDEN", "not passed on");
});
afterAll(() => github.close());

test("a workflow runs as GitHub runs it: called workflows, conditions, outputs, secrets and rights", async () => {
  const run = await runWorkflow({
    github,
    repository: "acme/composer",
    workflow: ".github/workflows/caller.yml",
    event: "workflow_dispatch",
    standIns: { "actions/checkout": checkout },
  });
  expect(Object.entries(run.jobs).map(([name, { result }]) => [name, result])).toEqual([
    ["call", "failure"],
    ["call / first", "success"],
    ["call / second", "failure"],
    ["call / third", "skipped"],
    ["call / fourth", "success"],
  ]);
  expect(run.jobs["call / first"]?.outputs).toEqual({ said: "sesame--true" });
  expect(run.jobs["call / first"]?.steps.map(({ outcome, standIn }) => standIn ?? outcome)).toEqual([
    "actions/checkout",
    "success",
    "skipped",
    "success",
  ]);
  expect(run.output).toContain("hello from the repository");
  expect(run.output).toContain("status 403");
  expect(run.output).toContain("after a failure");
  expect(run.output).toContain("told");
  expect(run.output).not.toContain("never");
  expect(run.summary).toBe("# done\n");
  expect(run.conclusion).toBe("failure");
});

test("an action without a stand-in is an error, never skipped", async () => {
  await expect(
    runWorkflow({
      github,
      repository: "acme/composer",
      workflow: ".github/workflows/called.yml",
      event: "schedule",
      standIns: {},
    }),
  ).rejects.toThrow("nothing stands in for actions/checkout");
});

test("values of several lines keep their lines", () => {
  expect(parseValues("a=1\nb<<END\nx=1\ny\nEND\nc=2=3\n")).toEqual({ a: "1", b: "x=1\ny", c: "2=3" });
});
