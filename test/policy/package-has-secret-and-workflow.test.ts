import { expect, test } from "vitest";
import { PACKAGE_NOTIFIER } from "../../policy/resource.ts";
import { packageHasSecretAndWorkflow as rule } from "../../policy/rules/package-has-secret-and-workflow.ts";
import { child, judge, NOTIFY_PATH, ORGANIZATION, UNKNOWN } from "./support/fleet.ts";

const NO_SECRET = "the repository lib has no secret COMPOSER_REPO_PAT: make an ActionsSecret for it";
const NO_WORKFLOW = `the repository lib has no workflow ${NOTIFY_PATH}: make a RepositoryFile for it`;
const NO_SHARED =
  "there is no organization secret COMPOSER_REPO_PAT: make it, or set satis-fleet:secretScope to repository";

test("a package with secret and workflow is lawful, with an organization secret too", () => {
  expect(judge(rule)).toEqual([]);
  expect(judge(rule, ORGANIZATION.changes, { more: [ORGANIZATION.secret] })).toEqual([]);
});

test("a package without its secret is named", () => {
  expect(judge(rule, { secret: null })).toEqual([NO_SECRET]);
});

test("a secret of another name, or in another repository, is not the package's", () => {
  expect(judge(rule, { secret: { inputs: { secretName: "OTHER" } } })).toEqual([NO_SECRET]);
  expect(judge(rule, { secret: { inputs: { repository: "tool" } } })).toEqual([NO_SECRET]);
});

test("a package without its workflow is named", () => {
  expect(judge(rule, { workflow: null })).toEqual([NO_WORKFLOW]);
  expect(judge(rule, { workflow: { inputs: { file: ".github/workflows/tests.yml" } } })).toEqual([
    NO_WORKFLOW,
  ]);
});

test("a workflow that does not use the secret is named", () => {
  expect(judge(rule, { workflow: { inputs: { content: "on: push\n" } } })).toEqual([
    `${NOTIFY_PATH} does not use the secret COMPOSER_REPO_PAT: write \${{ secrets.COMPOSER_REPO_PAT }} in it`,
  ]);
});

test("a package whose workflow comes by pull request needs its secret only", () => {
  const notifier = { inputs: { delivery: "pull-request" } };
  expect(judge(rule, { notifier, workflow: null })).toEqual([]);
  expect(judge(rule, { notifier, workflow: null, secret: null })).toEqual([NO_SECRET]);
});

test("packages of the organization's scope need the organization's secret", () => {
  expect(judge(rule, ORGANIZATION.changes)).toEqual([NO_SHARED]);
});

test("a listed package without a component is named, unless the fleet polls", () => {
  const packages = ["acme/lib", "acme/tool"];
  expect(judge(rule, { fleet: { inputs: { packages } } })).toEqual([
    "the package acme/tool has no notifier: make a PackageNotifier for it",
  ]);
  const tool = child("fleet", PACKAGE_NOTIFIER, { repository: "Tool" });
  expect(judge(rule, { fleet: { inputs: { packages } } }, { more: [tool] })).toEqual([]);
  const polling = {
    fleet: { inputs: { packages, notify: "poll" } },
    notifier: null,
    secret: null,
    workflow: null,
  };
  expect(judge(rule, polling)).toEqual([]);
});

test("what is not known yet counts as there", () => {
  expect(
    judge(rule, {
      secret: { inputs: { secretName: UNKNOWN, repository: UNKNOWN } },
      workflow: { inputs: { content: UNKNOWN, repository: UNKNOWN } },
    }),
  ).toEqual([]);
});

test("a run that leaves resources out is judged by the components that it has", () => {
  const changes = { fleet: { inputs: { packages: ["acme/lib", "acme/tool"] } } };
  expect(judge(rule, changes, { complete: false })).toEqual([]);
  expect(judge(rule, ORGANIZATION.changes, { complete: false })).toEqual([]);
});

test("the configuration says where the workflow is", () => {
  expect(judge(rule, {}, { options: { workflow: ".github/workflows/notify.yml" } })).toEqual([
    "the repository lib has no workflow .github/workflows/notify.yml: make a RepositoryFile for it",
  ]);
});
