import { expect, test } from "vitest";
import type { Properties } from "../../policy/resource.ts";
import { defaultBranchProtected as rule } from "../../policy/rules/default-branch-protected.ts";
import { judge, UNKNOWN } from "./support/fleet.ts";

const FREE = { features: { pages: false, environment: false, ruleset: false } };
const NO_RULESET = "composer: the default branch has no ruleset: make a RepositoryRuleset for it";
const lacking = (inputs: Properties) => judge(rule, { ruleset: { inputs } });
const lacks = (what: string) => [`composer: the default branch's ruleset lacks ${what}: write it`];

test("a default branch behind an active ruleset is lawful", () => {
  expect(judge(rule)).toEqual([]);
  const conditions = { refName: { includes: ["refs/heads/main", "refs/heads/next"], excludes: [] } };
  expect(lacking({ conditions })).toEqual([]);
});

test("a composer repository without a ruleset is refused", () => {
  expect(judge(rule, { ruleset: null })).toEqual([NO_RULESET]);
});

test("a ruleset is named with what it lacks", () => {
  expect(lacking({ enforcement: "evaluate" })).toEqual(lacks('enforcement "active"'));
  expect(lacking({ target: "tag" })).toEqual(lacks('target "branch"'));
  expect(lacking({ conditions: { refName: { includes: ["refs/heads/x"], excludes: [] } } })).toEqual(
    lacks("the default branch among its includes"),
  );
  expect(lacking({ conditions: { refName: { includes: ["~ALL"], excludes: ["refs/heads/main"] } } })).toEqual(
    lacks("an empty list of excludes"),
  );
  expect(lacking({ rules: { deletion: false } })).toEqual(
    lacks("deletion: true, nonFastForward: true, pullRequest"),
  );
});

test("what the plan rules out, and a repository that is not managed, are accepted", () => {
  expect(judge(rule, { ruleset: null, composer: { inputs: FREE } })).toEqual([]);
  expect(judge(rule, { ruleset: null, composer: { inputs: { manageRepository: false } } })).toEqual([]);
});

test("a public repository can be protected on every plan", () => {
  expect(judge(rule, { ruleset: null, composer: { inputs: { ...FREE, visibility: "public" } } })).toEqual([
    NO_RULESET,
  ]);
});

test("what is not known yet counts as there", () => {
  expect(lacking({ enforcement: UNKNOWN, conditions: UNKNOWN, rules: UNKNOWN, target: UNKNOWN })).toEqual([]);
  expect(lacking({ conditions: { refName: UNKNOWN } })).toEqual([]);
});
