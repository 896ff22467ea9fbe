import { expect, test } from "vitest";
import { workflowPinsActions as rule } from "../../policy/rules/workflow-pins-actions.ts";
import { judge } from "./support/fleet.ts";
import { JOB, judgeSteps, judgeWorkflow, NOTIFY_PATH } from "./support/workflow.ts";

const COMMIT = "3d3c42e5aac5ba805825da76410c181273ba90b1";
const unpinned = (place: string, uses: string) =>
  `${NOTIFY_PATH}, ${place}: ${uses} is not pinned: write the full commit after the @, with the version as a comment`;

test("actions and workflows at a commit, and files of the same commit, are lawful", () => {
  expect(judge(rule)).toEqual([]);
  const uses = [
    `actions/checkout@${COMMIT}`,
    `actions/cache/restore@${COMMIT}`,
    "./.github/actions/setup",
    `docker://alpine@sha256:${"0".repeat(64)}`,
  ];
  expect(
    judgeSteps(
      rule,
      uses.map((one) => ({ uses: one })),
    ),
  ).toEqual([]);
  expect(judgeWorkflow(rule, { jobs: { call: { uses: "./.github/workflows/registry.yml" } } })).toEqual([]);
});

test("a tag, a branch, a short commit, and nothing at all are refused", () => {
  for (const uses of [
    "actions/checkout@v7",
    "actions/checkout@main",
    `actions/checkout@${COMMIT.slice(0, 7)}`,
    `actions/checkout@${COMMIT.toUpperCase()}`,
    "actions/checkout",
    "docker://alpine:3",
    `actions/checkout@${COMMIT}x`,
  ]) {
    expect(judgeSteps(rule, [{ run: "true" }, { uses }])).toEqual([unpinned("job build, step 2", uses)]);
  }
});

test("a called workflow of another repository needs its commit", () => {
  const uses = "acme/workflows/.github/workflows/build.yml@main";
  expect(judgeWorkflow(rule, { jobs: { call: { uses } } })).toEqual([unpinned("job call", uses)]);
});

test("the images of a container and of services need their digest", () => {
  const digest = `node@sha256:${"0".repeat(64)}`;
  const judged = (job: object) => judgeWorkflow(rule, { jobs: { build: { ...JOB, ...job } } });
  const needsDigest = (place: string, image: string) =>
    `${NOTIFY_PATH}, job build, ${place}: the image ${image} is not pinned: write its digest after the @, as in name@sha256:...`;
  expect(judged({ container: digest, services: { db: { image: digest } } })).toEqual([]);
  expect(judged({ container: "" })).toEqual([]);
  expect(judged({ container: "node:latest" })).toEqual([needsDigest("container", "node:latest")]);
  expect(judged({ container: { image: "acme/x", env: {} } })).toEqual([needsDigest("container", "acme/x")]);
  expect(judged({ services: { db: { image: "postgres:17" } } })).toEqual([
    needsDigest("service db", "postgres:17"),
  ]);
});

test("a token in the place of an action is not shown", () => {
  const uses = `ghp_${"0123456789".repeat(4)}`;
  expect(judgeSteps(rule, [{ uses }])).toEqual([
    unpinned("job build, step 1", "(not shown: it looks like a credential)"),
  ]);
});
