import { expect, test } from "vitest";
import { deleteBeforeReplace as rule } from "../../policy/rules/delete-before-replace.ts";
import { judge, type Role } from "./support/fleet.ts";

const MESSAGE =
  "a replacement would write it and then delete it: write deleteBeforeReplace: true in its options";

test("a fleet that deletes before it replaces is lawful", () => {
  expect(judge(rule)).toEqual([]);
});

test("each resource of fixed identity has to be deleted before it is replaced", () => {
  const roles: readonly Role[] = [
    "pages",
    "environment",
    "environmentBranch",
    "readToken",
    "satis",
    "ruleset",
    "secret",
    "workflow",
  ];
  for (const role of roles) {
    expect(judge(rule, { [role]: { deleteBeforeReplace: false } }), role).toEqual([MESSAGE]);
  }
});

test("the configuration says which types these are", () => {
  const changes = { secret: { deleteBeforeReplace: false } };
  expect(judge(rule, changes, { options: { types: [] } })).toEqual([]);
});
