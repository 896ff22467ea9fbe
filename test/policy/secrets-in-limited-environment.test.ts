import { expect, test } from "vitest";
import { ACTIONS_SECRET, ENVIRONMENT_BRANCH } from "../../policy/resource.ts";
import { secretsInLimitedEnvironment as rule } from "../../policy/rules/secrets-in-limited-environment.ts";
import { child, judge, UNKNOWN } from "./support/fleet.ts";

const FREE = { features: { pages: false, environment: false, ruleset: false } };
const REPOSITORY_SECRET = child("composer", ACTIONS_SECRET, { secretName: "REGISTRY_READ_TOKEN" });
const IN_REPOSITORY =
  "the secret REGISTRY_READ_TOKEN is one of the repository: make it an ActionsEnvironmentSecret";
const environment = (fault: string) => `the environment of the secret REGISTRY_READ_TOKEN ${fault}`;

test("a secret in an environment limited to the default branch is lawful", () => {
  expect(judge(rule)).toEqual([]);
});

test("a secret of the composer repository is refused where there can be environments", () => {
  expect(judge(rule, {}, { more: [REPOSITORY_SECRET] })).toEqual([IN_REPOSITORY]);
  const isPublic = { composer: { inputs: { ...FREE, visibility: "public" } } };
  expect(judge(rule, isPublic, { more: [REPOSITORY_SECRET] })).toEqual([IN_REPOSITORY]);
});

test("without environments, a secret of the repository is accepted", () => {
  expect(judge(rule, { composer: { inputs: FREE } }, { more: [REPOSITORY_SECRET] })).toEqual([]);
});

test("an environment that is not the fleet's is refused", () => {
  expect(judge(rule, { readToken: { inputs: { environment: "production" } } })).toEqual([
    "the secret REGISTRY_READ_TOKEN is in an environment that the fleet does not limit: make it",
  ]);
});

test("an environment without a limit is refused", () => {
  const open = environment(
    "is open to every branch, or to every protected one: write deploymentBranchPolicy {protectedBranches: false, customBranchPolicies: true}",
  );
  for (const deploymentBranchPolicy of [
    undefined,
    { protectedBranches: true, customBranchPolicies: false },
  ]) {
    expect(judge(rule, { environment: { inputs: { deploymentBranchPolicy } } })).toEqual([open]);
  }
});

test("an environment that names no branch is refused", () => {
  expect(judge(rule, { environmentBranch: null })).toEqual([
    environment("names no branch: make a RepositoryEnvironmentDeploymentPolicy for main"),
  ]);
});

test("a pattern beside the default branch is refused, a tag's as well", () => {
  const also = (pattern: string) => [
    environment(`also lets ${pattern} in: take that pattern out, main is enough`),
  ];
  expect(judge(rule, { environmentBranch: { inputs: { branchPattern: "*" } } })).toEqual(also("*"));
  const tag = child("composer", ENVIRONMENT_BRANCH, { environment: "registry", tagPattern: "v*" });
  expect(judge(rule, {}, { more: [tag] })).toEqual(also("v*"));
});

test("what is not known yet counts as there", () => {
  expect(
    judge(rule, {
      environment: { inputs: { environment: UNKNOWN, deploymentBranchPolicy: UNKNOWN } },
      environmentBranch: { inputs: { environment: UNKNOWN, branchPattern: UNKNOWN } },
    }),
  ).toEqual([]);
});
