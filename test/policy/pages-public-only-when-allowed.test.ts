import { expect, test } from "vitest";
import { pagesPublicOnlyWhenAllowed as rule } from "../../policy/rules/pages-public-only-when-allowed.ts";
import { judge, UNKNOWN } from "./support/fleet.ts";

const options = { allowed: false };

test("a public site is lawful where nobody forbids it", () => {
  expect(judge(rule)).toEqual([]);
});

test("a public site is refused where the configuration forbids it", () => {
  const said = judge(rule, {}, { options });
  expect(said).toEqual([
    'the Pages site is public: pulumi config set satis-fleet:hosting private, or allow it with {"pages-public-only-when-allowed":{"allowed":true}} in the policy pack\'s configuration',
  ]);
  expect(judge(rule, { pages: { outputs: { public: true } } }, { options })).toEqual(said);
});

test("no site, a private one, and one that is not known yet are lawful everywhere", () => {
  expect(judge(rule, { pages: null }, { options })).toEqual([]);
  expect(judge(rule, { pages: { inputs: { public: false } } }, { options })).toEqual([]);
  expect(judge(rule, { pages: { outputs: { public: false } } }, { options })).toEqual([]);
  expect(judge(rule, { pages: { outputs: { public: UNKNOWN } } }, { options })).toEqual([]);
});
