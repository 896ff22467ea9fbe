import { expect, test } from "vitest";
import { REPOSITORY_FILE } from "../../policy/resource.ts";
import { managedPaths as rule } from "../../policy/rules/managed-paths.ts";
import { CONSUMER, child, judge, stranger, UNKNOWN } from "./support/fleet.ts";

const PACKAGES = [".github/workflows/"];
const COMPOSER = [".github/workflows/", ".github/satis-fleet/", ".github/CODEOWNERS", "satis.json"];
const outside = (path: string, key: "packages" | "composer") => {
  const allowed = key === "packages" ? PACKAGES : COMPOSER;
  const remedy = JSON.stringify({ "managed-paths": { [key]: [...allowed, path] } });
  return `${path} is outside of what the fleet may write (${allowed.join(", ")}): move the file, or allow it with ${remedy} in the policy pack's configuration`;
};
const inPackage = (file: string) => judge(rule, { workflow: { inputs: { file } } });
const inComposer = (file: string) => judge(rule, { satis: { inputs: { file } } });

test("workflows everywhere, satis.json and CODEOWNERS in the composer repository are lawful", () => {
  expect(judge(rule)).toEqual([]);
  expect(inComposer(".github/CODEOWNERS")).toEqual([]);
  expect(inComposer(".github/workflows/build.yml")).toEqual([]);
});

test("a consumer has its workflows and the updater, and nothing else", () => {
  const file = (path: string) => child("consumer", REPOSITORY_FILE, { repository: "website", file: path });
  expect(judge(rule, {}, { more: Object.values(CONSUMER) })).toEqual([]);
  const [said = ""] = judge(rule, {}, { more: [file("composer.lock")] });
  expect(said).toContain(
    "composer.lock is outside of what the fleet may write (.github/workflows/, .github/satis-fleet/)",
  );
  expect(said).toContain('{"managed-paths":{"consumers":');
});

test("another file of a package repository is refused", () => {
  for (const path of ["composer.json", "satis.json", ".github/workflows"]) {
    expect(inPackage(path)).toEqual([outside(path, "packages")]);
  }
});

test("another file of the composer repository is refused", () => {
  expect(inComposer("satis.json.bak")).toEqual([outside("satis.json.bak", "composer")]);
});

test("a path that only seems to be in an allowed folder is refused", () => {
  for (const path of [
    ".github/workflows/../../src/a.php",
    ".github/workflows//a.yml",
    ".github/workflows/./a.yml",
  ]) {
    expect(inPackage(path)).toEqual([outside(path, "packages")]);
  }
});

test("a file of no component is held to what is allowed in a package repository", () => {
  const more = [stranger(REPOSITORY_FILE, { file: "satis.json" })];
  expect(judge(rule, {}, { more })).toEqual([outside("satis.json", "packages")]);
});

test("the configuration allows folders and files", () => {
  const options = { packages: ["docs/", "renovate.json"] };
  const file = (path: string) => judge(rule, { workflow: { inputs: { file: path } } }, { options });
  expect([file("docs/a/b.md"), file("renovate.json")]).toEqual([[], []]);
  expect(file("renovate.json5")).toHaveLength(1);
});

test("a path that is not known yet is passed over", () => {
  expect(judge(rule, { workflow: { inputs: { file: UNKNOWN } } })).toEqual([]);
});
