import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesMatchList } from "../../../publisher/verify/files-match-list.ts";
import { parses } from "../../../publisher/verify/parses.ts";
import { candidateOf, goodFixture } from "../support/tree.ts";

async function faultsAfter(edit: (root: string) => void) {
  return parses.check(await candidateOf({ ...goodFixture(), edit }), {});
}

/** Changes packages.json. */
function rooted(change: (document: Record<string, unknown>) => unknown) {
  return (root: string) => {
    const path = join(root, "packages.json");
    writeFileSync(
      path,
      JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>)),
    );
  };
}

test("a fault of packages.json or of its include is the whole registry's", async () => {
  const cases: [(root: string) => void, string][] = [
    [(root) => rmSync(join(root, "packages.json")), "there is no packages.json"],
    [(root) => writeFileSync(join(root, "packages.json"), "<html>"), "packages.json is no JSON"],
    [rooted(({ "metadata-url": _, ...rest }) => rest), "no metadata-url"],
    [
      rooted((all) => ({ ...all, "metadata-url": "p2/%package%.json" })),
      'metadata-url is "p2/%package%.json"',
    ],
    [rooted(({ "available-packages": _, ...rest }) => rest), "no available-packages"],
    [rooted((all) => ({ ...all, "available-packages": ["../x"] })), 'has "../x"'],
    [rooted((all) => ({ ...all, "available-packages": ["acme/one", "acme/one"] })), "names a package twice"],
    [rooted((all) => ({ ...all, packages: { "acme/one": {} } })), 'has "packages" of its own'],
    [rooted((all) => ({ ...all, includes: { "include/gone.json": { sha1: "0" } } })), "is not there"],
    [
      (root) =>
        globSync("include/*", { cwd: root }).forEach((path) => void writeFileSync(join(root, path), "{}")),
      "another sha1",
    ],
  ];
  for (const [edit, message] of cases) {
    const faults = await faultsAfter(edit);
    expect(faults).toMatchObject([{ by: "parses", message: expect.stringContaining(message) }]);
    expect(faults[0]?.package).toBeUndefined();
  }
});

test("a fault of a package's own file is that package's", async () => {
  const good = {
    name: "acme/one",
    version: "1.0.0",
    source: { type: "git", url: "https://x", reference: "y" },
  };
  const file = (versions: unknown[], rest = {}) =>
    JSON.stringify({ packages: { "acme/one": versions }, ...rest });
  const cases: [string, string][] = [
    ["{", "is no JSON"],
    ["[]", 'has no "packages"'],
    [JSON.stringify({ packages: { "acme/one": {} } }), "has no list of versions"],
    [file([good], { minified: "composer/9" }), "minified in a way"],
    [file([{ ...good, version: "nightly" }]), "no version that Composer can read"],
    [file([{ ...good, version: undefined }]), "a version has no version"],
    [file([{ ...good, require: ["php"] }]), "require is no table"],
    [file([{ ...good, dist: { type: "zip" } }]), "dist has no url"],
    [file([{ ...good, source: undefined }]), "neither source nor dist"],
  ];
  for (const [text, message] of cases) {
    expect(await faultsAfter((root) => writeFileSync(join(root, "p2/acme/one.json"), text))).toMatchObject([
      { by: "parses", package: "acme/one", message: expect.stringContaining(message) },
    ]);
  }
});

test("a minified file is read as Composer expands it, keys that are taken away too", async () => {
  const fixture = { ...goodFixture(), minified: true };
  const [first, second, ...others] = fixture.now["acme/one"] ?? [];
  if (first === undefined || second === undefined) throw new Error("the fixture has no versions");
  const { description: _, ...bare } = second;
  fixture.now["acme/one"] = [first, bare, ...others];
  const candidate = await candidateOf(fixture);
  expect(await parses.check(candidate, {})).toEqual([]);
  // The include file is not minified, and its versions are compared with the expanded ones.
  expect(await filesMatchList.check(candidate, {})).toEqual([]);
});
