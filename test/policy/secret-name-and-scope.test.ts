import { expect, test } from "vitest";
import { ACTIONS_SECRET, ENVIRONMENT_SECRET, githubType } from "../../policy/resource.ts";
import { secretNameAndScope as rule } from "../../policy/rules/secret-name-and-scope.ts";
import { CONSUMER, child, judge, ORGANIZATION, stranger, UNKNOWN } from "./support/fleet.ts";

const named = (name: string, allowed: string, key: string) =>
  `the secret ${name} is not named ${allowed}: name it so, or allow the name with {"secret-name-and-scope":{"${key}":["${name}"]}} in the policy pack's configuration`;

test("secrets of the fleet have the names that their components register", () => {
  expect(judge(rule)).toEqual([]);
  expect(judge(rule, ORGANIZATION.changes, { more: [ORGANIZATION.secret] })).toEqual([]);
});

test("another name of the dispatch token's secret is refused unless its component registers it", () => {
  const secret = { inputs: { secretName: "OTHER" } };
  expect(judge(rule, { secret })).toEqual([named("OTHER", "COMPOSER_REPO_PAT", "packageNames")]);
  expect(judge(rule, { secret, notifier: { inputs: { secretName: "OTHER" } } })).toEqual([]);
});

test("letter case is no difference, since GitHub knows none", () => {
  expect(judge(rule, { secret: { inputs: { secretName: "composer_repo_pat" } } })).toEqual([]);
});

test("a list of names in the configuration goes before what components register", () => {
  const options = { packageNames: ["FLEET_TOKEN"] };
  expect(judge(rule, {}, { options })).toEqual([named("COMPOSER_REPO_PAT", "FLEET_TOKEN", "packageNames")]);
  expect(judge(rule, { secret: { inputs: { secretName: "FLEET_TOKEN" } } }, { options })).toEqual([]);
});

test("the organization's secret has a name that a package registers", () => {
  const secret = { ...ORGANIZATION.secret, inputs: { ...ORGANIZATION.secret.inputs, secretName: "OTHER" } };
  expect(judge(rule, ORGANIZATION.changes, { more: [secret] })).toEqual([
    named("OTHER", "COMPOSER_REPO_PAT", "packageNames"),
  ]);
});

test("another secret of the composer repository is refused unless it is allowed", () => {
  const more = [child("composer", ENVIRONMENT_SECRET, { secretName: "DEPLOY_KEY" })];
  expect(judge(rule, {}, { more })).toEqual([
    named("DEPLOY_KEY", "REGISTRY_READ_TOKEN or REGISTRY_APP_KEY or ANNOUNCE_TOKEN", "composerNames"),
  ]);
  expect(
    judge(rule, {}, { more, options: { composerNames: ["REGISTRY_READ_TOKEN", "DEPLOY_KEY"] } }),
  ).toEqual([]);
});

test("a consumer has secrets of two names, each in its repository", () => {
  expect(judge(rule, {}, { more: Object.values(CONSUMER) })).toEqual([]);
  const more = [CONSUMER.component, child("consumer", ACTIONS_SECRET, { secretName: "REGISTRY_READ_TOKEN" })];
  expect(judge(rule, {}, { more })).toEqual([
    named("REGISTRY_READ_TOKEN", "COMPOSER_UPDATE_TOKEN or COMPOSER_REGISTRY_TOKEN", "consumerNames"),
  ]);
  const organization = [child("consumer", ORGANIZATION.secret.type, { secretName: "COMPOSER_UPDATE_TOKEN" })];
  expect(judge(rule, {}, { more: organization })[0]).toContain("make it one of scope repository");
});

test("a secret of another scope than its component's is refused", () => {
  const of = (scope: string, allowed: string) =>
    `a secret of scope ${scope} is not allowed here: make it one of scope ${allowed}`;
  const secretName = "COMPOSER_REPO_PAT";
  const said = [
    child("notifier", githubType("DependabotSecret"), { secretName }),
    child("notifier", githubType("CodespacesSecret"), { secretName }),
    child("fleet", ACTIONS_SECRET, { secretName }),
    child("composer", githubType("ActionsOrganizationSecret"), { secretName }),
  ].map((secret) => judge(rule, {}, { more: [secret] }));
  expect(said).toEqual([
    [of("dependabot", "repository")],
    [of("codespaces", "repository")],
    [of("repository", "organization")],
    [of("organization", "environment or repository")],
  ]);
});

test("a secret of no component is refused", () => {
  expect(judge(rule, {}, { more: [stranger(ACTIONS_SECRET, { secretName: "COMPOSER_REPO_PAT" })] })).toEqual([
    "the secret belongs to no component of the fleet: let the fleet make it, or take it out",
  ]);
});

test("an unknown name, and a component that this run leaves out, are passed over", () => {
  expect(judge(rule, { secret: { inputs: { secretName: UNKNOWN } } })).toEqual([]);
  expect(judge(rule, { notifier: null, secret: { inputs: { secretName: "OTHER" } } })).toEqual([]);
});
