import { expect, test } from "vitest";
import { packageOwner as rule } from "../../policy/rules/package-owner.ts";
import { judge, UNKNOWN } from "./support/fleet.ts";

test("packages of the fleet's own owner are lawful, in whatever letter case", () => {
  expect(judge(rule)).toEqual([]);
  expect(judge(rule, { fleet: { inputs: { owner: "ACME" } } })).toEqual([]);
});

test("a package of another owner is refused", () => {
  const changes = { fleet: { inputs: { packages: ["acme/lib", "evil/lib"] } } };
  expect(judge(rule, changes)).toEqual([
    'the owner of the package evil/lib is not allowed (acme): take it out of satis.json, or allow it with {"package-owner":{"owners":["evil"]}} in the policy pack\'s configuration',
  ]);
  expect(judge(rule, changes, { options: { owners: ["acme", "Evil"] } })).toEqual([]);
});

test("a fleet and a provider of an owner that is not listed are refused", () => {
  const message =
    'the owner acme is not allowed (other): correct github:owner, or allow it with {"package-owner":{"owners":["other","acme"]}} in the policy pack\'s configuration';
  expect(judge(rule, {}, { options: { owners: ["other"] } })).toEqual([message, message]);
});

test("an owner that is not known yet is passed over", () => {
  expect(
    judge(rule, { fleet: { inputs: { packages: [] } }, provider: { inputs: { owner: UNKNOWN } } }),
  ).toEqual([]);
});
