import { expect, test } from "vitest";
import { repositoryVisibility as rule } from "../../policy/rules/repository-visibility.ts";
import { judge, UNKNOWN } from "./support/fleet.ts";

const isPublic =
  'visibility public is not allowed (private, internal): pulumi config set satis-fleet:visibility private, or allow it with {"repository-visibility":{"allowed":["private","internal","public"]}} in the policy pack\'s configuration';

test("private and internal repositories are lawful", () => {
  expect(judge(rule)).toEqual([]);
  expect(judge(rule, { repository: { inputs: { visibility: "internal" } } })).toEqual([]);
  expect(judge(rule, { repository: { inputs: { visibility: undefined, private: true } } })).toEqual([]);
});

test("a public repository is refused unless it is allowed", () => {
  const changes = { repository: { inputs: { visibility: "public" } } };
  expect(judge(rule, changes)).toEqual([isPublic]);
  expect(judge(rule, changes, { options: { allowed: ["public"] } })).toEqual([]);
});

test("a repository that says nothing is public, as GitHub makes it", () => {
  expect(judge(rule, { repository: { inputs: { visibility: undefined } } })).toEqual([isPublic]);
});

test("of a repository that is not managed, the component's word counts", () => {
  const composer = { inputs: { manageRepository: false, visibility: "public" } };
  expect(judge(rule, { repository: null, composer })).toEqual([isPublic]);
});

test("a visibility that is not known yet is passed over", () => {
  expect(judge(rule, { repository: { inputs: { visibility: UNKNOWN } } })).toEqual([]);
  expect(judge(rule, { repository: { inputs: { visibility: undefined, private: UNKNOWN } } })).toEqual([]);
});
