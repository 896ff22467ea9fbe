import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { githubType } from "../../policy/resource.ts";
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

test("every type that the components make is one of them, or its replacement harms nothing", () => {
  // The repository and the provider are never replaced by a change: the one keeps its id through a rename, the other is no thing.
  const others = [githubType("Repository"), githubType("Provider")];
  const sources = globSync(new URL("../../components/*.ts", import.meta.url).pathname);
  const made = sources.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/new github\.(\w+)\(/g)].map(([, name = ""]) => githubType(name)),
  );
  expect(made).not.toEqual([]);
  expect(made.filter((type) => ![...rule.options.types.default, ...others].includes(type))).toEqual([]);
});
