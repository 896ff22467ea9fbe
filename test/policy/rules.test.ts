import { existsSync, globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { renderPolicies } from "../../docs/policies.ts";
import { REPOSITORY_FILE } from "../../policy/resource.ts";
import { workflowComposerFloor } from "../../policy/rules/workflow-composer-floor.ts";
import { RULES } from "../../policy/rules.ts";
import { COMPOSER_FLOOR } from "../../workflows/pins.ts";
import { everyFile } from "../workflows/support.ts";
import { child, judge, ORGANIZATION } from "./support/fleet.ts";

const FOLDER = fileURLToPath(new URL("../../policy", import.meta.url));
const names = RULES.map(({ name }) => name);

test("every rule is in the pack once, has a file of its name, and a test beside it", () => {
  const files = globSync("rules/*.ts", { cwd: FOLDER }).map((file) => basename(file, ".ts"));
  expect([...names].sort()).toEqual(files.sort());
  for (const name of names) {
    expect(existsSync(fileURLToPath(new URL(`${name}.test.ts`, import.meta.url))), name).toBe(true);
  }
});

test("a compliant fleet meets every rule, in both scopes of its secret", () => {
  for (const rule of RULES) {
    expect(judge(rule), rule.name).toEqual([]);
    expect(judge(rule, ORGANIZATION.changes, { more: [ORGANIZATION.secret] }), rule.name).toEqual([]);
  }
});

test("every workflow that the program renders meets every rule", () => {
  for (const { path, content } of everyFile()) {
    const more = [child("composer", REPOSITORY_FILE, { repository: "composer", file: path, content })];
    for (const rule of RULES) expect(judge(rule, {}, { more }), `${rule.name}: ${path}`).toEqual([]);
  }
});

test("the default floor of Composer is the one that the program renders", () => {
  expect(workflowComposerFloor.options.floor.default).toBe(COMPOSER_FLOOR);
});

test("docs/policies.md is what the rules say (npm run docs renders it)", () => {
  const text = readFileSync(new URL("../../docs/policies.md", import.meta.url), "utf8");
  expect(text).toBe(renderPolicies());
});
