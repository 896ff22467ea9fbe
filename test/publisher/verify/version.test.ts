import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { normalize, normalizeBranch, stabilityOf, tagVersion } from "../../../publisher/verify/version.ts";

const SEMVER = "/usr/share/php/Composer/Semver/autoload.php";

/** Tags of public repositories, and branches, with what Composer makes of them. */
const NORMALIZED: Readonly<Record<string, string | undefined>> = {
  "1.0.0": "1.0.0.0",
  "v1.2": "1.2.0.0",
  V3: "3.0.0.0",
  "1.2.3.4": "1.2.3.4",
  "1.2.3.4.5": undefined,
  "2.0.0-beta.1": "2.0.0.0-beta1",
  "2.0.0b2": "2.0.0.0-beta2",
  "2.0.0-RC1": "2.0.0.0-RC1",
  "2.0.0-rc.2.1": "2.0.0.0-RC2.1",
  "1.0-p1": "1.0.0.0-patch1",
  "1.0-stable": "1.0.0.0",
  "1.0-STABLE": "1.0.0.0-stable",
  "8.x-1.0": undefined,
  "8.x-1.x-dev": undefined,
  "7.x-dev": "7.9999999.9999999.9999999-dev",
  "2019.04.01": "2019.04.01.0",
  "20190401": "20190401",
  "20190401-1230": "20190401.1230",
  "1.0.0+build.5": "1.0.0.0",
  "1.0.0-dev": "1.0.0.0-dev",
  nightly: undefined,
  latest: undefined,
  "": undefined,
  master: "dev-master",
  "dev-feature/x": "dev-feature/x",
  "1.0@beta": "1.0.0.0",
};

test("real tags normalise as Composer normalises them", () => {
  const found = Object.fromEntries(Object.keys(NORMALIZED).map((text) => [text, normalize(text)]));
  expect(found).toEqual(NORMALIZED);
});

test("a branch is numeric, or named dev-", () => {
  expect(["main", "1.x", "v2.0", "2.3.x", "1.*", "feature/a"].map(normalizeBranch)).toEqual([
    "dev-main",
    "1.9999999.9999999.9999999-dev",
    "2.0.9999999.9999999-dev",
    "2.3.9999999.9999999-dev",
    "1.9999999.9999999.9999999-dev",
    "dev-feature/a",
  ]);
});

test("the stability is that of the version's last word", () => {
  const texts = [
    "1.0.0",
    "1.0.0-beta1",
    "1.0a1",
    "1.0-RC2",
    "dev-main",
    "1.x-dev",
    "1.0-patch1",
    "1.0.0+dev",
  ];
  expect(texts.map(stabilityOf)).toEqual(["stable", "beta", "alpha", "RC", "dev", "dev", "stable", "stable"]);
});

test("a tag may begin with release-, and is no version with dev in it", () => {
  expect(tagVersion("release-1.2.0")).toEqual({ normalized: "1.2.0.0" });
  expect(tagVersion("v1.0-dev").reason).toContain("must not begin with dev-");
  expect(tagVersion("1.x-dev").reason).toContain("must not begin with dev-");
  expect(tagVersion("deploy-2024")).toEqual({ reason: "no valid version" });
});

test("a tag that was made to be slow is read at once", () => {
  const start = performance.now();
  for (const tag of [`1.0beta${"1".repeat(5000)}x`, `1.0-a${".1".repeat(3000)}x`, "2".repeat(5000)])
    normalize(tag);
  expect(performance.now() - start).toBeLessThan(1000);
});

test.skipIf(!existsSync(SEMVER))("composer/semver itself says the same of ten thousand made-up texts", () => {
  const words = [
    "1",
    "2",
    "10",
    "0",
    "20200101",
    "99999",
    "123456",
    "v",
    ".",
    ".",
    "-",
    "_",
    "+",
    "beta",
    "b",
    "RC",
  ];
  words.push(
    "alpha",
    "patch",
    "pl",
    "stable",
    "dev",
    "-dev",
    "x",
    "*",
    "@dev",
    "main",
    "/",
    "#3",
    " as ",
    "é",
  );
  let state = 7;
  const next = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  const texts = Array.from({ length: 10_000 }, () =>
    Array.from({ length: 1 + next(6) }, () => words[next(words.length)]).join(""),
  );
  const program = `require '${SEMVER}'; $p = new Composer\\Semver\\VersionParser;
    echo json_encode(array_map(function ($v) use ($p) {
      try { $n = $p->normalize($v); } catch (\\Exception $e) { $n = null; }
      return [$n, $p->normalizeBranch($v), $p->parseStability($v)];
    }, json_decode(stream_get_contents(STDIN))));`;
  const output = execFileSync("php", ["-r", program], { input: JSON.stringify(texts), encoding: "utf8" });
  const theirs = JSON.parse(output) as unknown[];
  const ours = texts.map((text) => [normalize(text) ?? null, normalizeBranch(text), stabilityOf(text)]);
  expect(ours.filter(([normalized]) => normalized !== null).length).toBeGreaterThan(100);
  expect(ours).toEqual(theirs);
});
