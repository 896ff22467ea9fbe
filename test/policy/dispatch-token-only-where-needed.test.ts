import { expect, test } from "vitest";
import { type Properties, type Resource, UNKNOWN } from "../../policy/resource.ts";
import { dispatchTokenOnlyWhereNeeded as rule } from "../../policy/rules/dispatch-token-only-where-needed.ts";
import { type Changes, DISPATCH_TOKEN, judge, ORGANIZATION } from "./support/fleet.ts";

const organizationSecret = (inputs: Properties): { more: readonly Resource[] } => ({
  more: [{ ...ORGANIZATION.secret, inputs: { ...ORGANIZATION.secret.inputs, ...inputs } }],
});

test("a token in each package's repository, or in one secret of the organization, is lawful", () => {
  expect(judge(rule)).toEqual([]);
  expect(judge(rule, ORGANIZATION.changes, organizationSecret({}))).toEqual([]);
});

test("a fleet that polls needs no token in a package repository", () => {
  expect(judge(rule, { fleet: { inputs: { notify: "poll" } } })).toEqual([
    "the fleet polls, so nothing needs the dispatch token: take this secret out",
  ]);
});

test("a token in another repository than its package's is refused", () => {
  expect(judge(rule, { secret: { inputs: { repository: "payroll" } } })).toEqual([
    "the dispatch token goes to payroll, which is not the package's repository: write lib",
  ]);
  expect(judge(rule, { secret: { inputs: { repository: "LIB" } } })).toEqual([]);
});

test("a copy beside the organization's secret is refused", () => {
  expect(judge(rule, { notifier: { inputs: { secretScope: "organization" } } })).toEqual([
    "the organization's secret serves this package: take the repository's own copy out",
  ]);
});

test("the dispatch token under another duty's name is refused, and is in no message", () => {
  const said = judge(rule, { readToken: { inputs: { value: DISPATCH_TOKEN } } });
  expect(said).toEqual([
    "the secret REGISTRY_READ_TOKEN holds the dispatch token, which everybody who may write a package repository can read: give it a token of its own",
  ]);
  expect(said.join()).not.toContain(DISPATCH_TOKEN);
});

test("the provider's own token for the dispatches is refused", () => {
  expect(judge(rule, { provider: { inputs: { token: DISPATCH_TOKEN } } })).toEqual([
    "the provider itself, which administers every repository, holds the dispatch token, which everybody who may write a package repository can read: give it a token of its own",
  ]);
});

test("an organization secret for all repositories is refused", () => {
  expect(judge(rule, ORGANIZATION.changes, organizationSecret({ visibility: "private" }))).toEqual([
    `the organization's secret is visible to private repositories: write visibility "selected"`,
  ]);
});

test("an organization secret selected for a repository that notifies nobody is refused", () => {
  const secret = organizationSecret({ selectedRepositoryIds: [7, 8, 9] });
  expect(judge(rule, ORGANIZATION.changes, secret)).toEqual([
    "the organization's secret is selected for repositories that notify nobody (8, 9): select those of the packages only",
  ]);
});

test("a secret whose value is not known yet is passed over", () => {
  expect(judge(rule, { readToken: { inputs: { value: UNKNOWN } } })).toEqual([]);
});

test("ids that are not known yet, and a run that leaves packages out, say nothing of the selection", () => {
  const secret = organizationSecret({ selectedRepositoryIds: [8] });
  const unknownIds: Changes = { ...ORGANIZATION.changes, workflow: { outputs: { repositoryId: UNKNOWN } } };
  expect(judge(rule, unknownIds, secret)).toEqual([]);
  expect(judge(rule, ORGANIZATION.changes, { ...secret, complete: false })).toEqual([]);
  expect(judge(rule, ORGANIZATION.changes, organizationSecret({ selectedRepositoryIds: UNKNOWN }))).toEqual(
    [],
  );
});
