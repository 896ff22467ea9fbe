import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  type Packages,
  phpJson,
  readPackage,
  readPackages,
  writeRoot,
} from "../../publisher/packages-json.ts";
import { run } from "../../publisher/process.ts";
import { prune } from "../../publisher/prune.ts";
import { openTree, type Version } from "../../publisher/tree.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "packages-json-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const version = (name: string, text: string): Version => ({ name, version: text, time: "t" });
const PACKAGES: Packages = new Map([
  ["acme/mail", [version("acme/mail", "1.0.0")]],
  ["acme/core", [version("acme/core", "1.0.0"), version("acme/core", "dev-main")]],
]);
const INPUT = { build: "20260101T000000Z-00000000", metadataUrl: "/c/p2/%package%.json", document: {} };

async function put(path: string, value: unknown) {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), typeof value === "string" ? value : phpJson(value));
}

it("writes one include file under its own hash, and packages.json sorted", async () => {
  const [include = ""] = await writeRoot(root, PACKAGES, INPUT);
  const content = await readFile(join(root, include));
  const sha1 = createHash("sha1").update(content).digest("hex");
  expect(include).toBe(`include/all$${sha1}.json`);
  expect(JSON.parse(await readFile(join(root, "packages.json"), "utf8"))).toEqual({
    packages: [],
    includes: { [include]: { sha1 } },
    "metadata-url": "/c/p2/%package%.json",
    "available-packages": ["acme/core", "acme/mail"],
    "satis-fleet": INPUT.build,
  });
});

it.each([
  [101, 16],
  [1001, 256],
])(
  "divides %i packages among at most %i include files, and changes one of them for one package",
  async (count, most) => {
    const names = Array.from({ length: count }, (_, index) => `acme/package-${index}`);
    const packages: Packages = new Map(names.map((name) => [name, [version(name, "1.0.0")]]));
    const before = await writeRoot(root, packages, INPUT);
    expect(before.length).toBeGreaterThan(most / 2);
    expect(before.length).toBeLessThanOrEqual(most);
    expect(Object.fromEntries(await readPackages(await openTree(root)))).toEqual(
      Object.fromEntries(packages),
    );
    packages.set("acme/package-7", [version("acme/package-7", "1.0.1")]);
    const after = await writeRoot(root, packages, INPUT);
    expect(after.filter((path) => !before.includes(path))).toHaveLength(1);
  },
);

it("reads the packages back from the include file, or from their own files where that is not whole", async () => {
  const [include = ""] = await writeRoot(root, PACKAGES, INPUT);
  const read = async () => Object.fromEntries(await readPackages(await openTree(root)));
  expect(await read()).toEqual(Object.fromEntries(PACKAGES));
  await put("p2/acme/core.json", { packages: { "acme/core": [version("acme/core", "1.0.0")] } });
  await put("p2/acme/core~dev.json", { packages: { "acme/core": [] } });
  await put("p2/acme/half.json", '{"packages": {"');
  await put("p2/acme/half~dev.json", { packages: { "acme/half": [] } });
  await writeFile(join(root, include), phpJson({ packages: {} }));
  expect(await read()).toEqual({ "acme/core": [version("acme/core", "1.0.0")] });
});

it("takes two files with versions of the package and nothing else for a package", async () => {
  const versions = async () => (await readPackage(await openTree(root), "acme/core")).versions;
  await put("p2/acme/core.json", { packages: { "acme/core": [version("Acme/Core", "1.0.0")] } });
  expect(await versions()).toBeUndefined();
  await put("p2/acme/core~dev.json", { packages: { "acme/core": [] } });
  expect(await versions()).toEqual([version("Acme/Core", "1.0.0")]);
  for (const wrong of [
    "{",
    "[]",
    { packages: {} },
    { packages: { "acme/core": [version("acme/other", "1")] } },
    { packages: { "acme/core": [{ name: "acme/core" }] } },
  ]) {
    await put("p2/acme/core~dev.json", wrong);
    expect(await versions()).toBeUndefined();
  }
});

it("prunes everything that nothing leads to", async () => {
  const [include = ""] = await writeRoot(root, PACKAGES, INPUT);
  const kept = [
    include,
    "README.md",
    "build.json",
    "p2/acme/core.json",
    "p2/acme/core~dev.json",
    "packages.json",
  ];
  const gone = [
    "dist/a.zip",
    `include/all$${"0".repeat(40)}.json`,
    "index.html",
    "p/acme/core$1.json",
    "p2/acme/gone.json",
    "p2/acme/gone~dev.json",
  ];
  for (const path of [...kept.slice(1, 5), ...gone]) await put(path, "");
  expect(await prune(root, { names: ["acme/core"], includes: [include] })).toEqual(gone);
  expect((await openTree(root)).files).toEqual(kept.toSorted());
  expect(await readdir(root)).toContain("include");
});

const php = await run("php", ["-v"], { env: { PATH: process.env.PATH } });
it.runIf(php.code === 0)("writes JSON as PHP does", async () => {
  const value = {
    "a/b": ['é\u2028\u2029 \u0001\b\f\n\r\t"\\ /', {}, [], 1, 1.5, true, null],
    "\u{1f600}": "\u007f<>&'",
  };
  const flags = "JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRETTY_PRINT";
  const code = `echo json_encode(json_decode(stream_get_contents(STDIN)), ${flags}) . "\\n";`;
  const encoded = await run("php", ["-r", code], {
    env: { PATH: process.env.PATH },
    input: JSON.stringify(value),
  });
  expect(phpJson(value)).toBe(encoded.stdout);
});
