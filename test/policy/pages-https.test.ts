import { expect, test } from "vitest";
import { pagesHttps as rule } from "../../policy/rules/pages-https.ts";
import { judge, UNKNOWN } from "./support/fleet.ts";

const open = (domain: string) =>
  `${domain} also answers without HTTPS: turn "Enforce HTTPS" on in the repository's Pages settings, or write httpsEnforced: true`;

test("a registry by https is lawful, and so is one on one's own machine", () => {
  expect(judge(rule)).toEqual([]);
  expect(
    judge(rule, { composer: { inputs: { registryUrl: "http://127.0.0.1:8923/repos/acme/composer" } } }),
  ).toEqual([]);
});

test("a registry's address without https is refused", () => {
  expect(judge(rule, { composer: { inputs: { registryUrl: "http://packages.acme.com/" } } })).toEqual([
    `the registry's address http://packages.acme.com/ is not https: write "homepage": "https://..." in satis.json`,
  ]);
});

test("a custom domain asks for enforced HTTPS", () => {
  const inputs = { cname: "packages.acme.com" };
  expect(judge(rule, { pages: { inputs } })).toEqual([open("packages.acme.com")]);
  expect(judge(rule, { pages: { inputs: { ...inputs, httpsEnforced: false } } })).toEqual([
    open("packages.acme.com"),
  ]);
  expect(judge(rule, { pages: { inputs: { ...inputs, httpsEnforced: true } } })).toEqual([]);
});

test("a domain set by hand is seen in the state", () => {
  const cname = "packages.acme.com";
  expect(judge(rule, { pages: { outputs: { cname, httpsEnforced: false } } })).toEqual([open(cname)]);
  expect(judge(rule, { pages: { outputs: { cname, httpsEnforced: true } } })).toEqual([]);
});

test("what is not known yet is passed over", () => {
  expect(judge(rule, { pages: { outputs: { cname: UNKNOWN, httpsEnforced: UNKNOWN } } })).toEqual([]);
  expect(
    judge(rule, { pages: { inputs: { cname: "a.acme.com" }, outputs: { httpsEnforced: UNKNOWN } } }),
  ).toEqual([]);
});
