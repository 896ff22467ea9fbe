import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { compareVersions, meets } from "../../../publisher/verify/constraint.ts";

const SEMVER = "/usr/share/php/Composer/Semver/autoload.php";

/** Versions that meet the constraint, and versions that do not. */
const CASES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["*", ["1.0.0.0", "dev-main"], []],
  ["^1.2", ["1.2.0.0", "1.9.0.0", "1.2.0.0-dev"], ["2.0.0.0", "1.1.9.0", "dev-main"]],
  ["^0.3", ["0.3.5.0"], ["0.4.0.0"]],
  ["~1.2.3", ["1.2.9.0"], ["1.3.0.0"]],
  ["1.*", ["1.0.0.0", "1.9.9.0"], ["2.0.0.0"]],
  ["1.0 - 2.0", ["1.0.0.0", "2.0.9.0"], ["2.1.0.0"]],
  [">=1.0 <2.0 || dev-main", ["1.5.0.0", "dev-main"], ["2.0.0.0", "dev-other"]],
  ["<1.0", ["0.9.0.0"], ["1.0.0.0", "1.0.0.0-beta1"]],
  ["!=1.5", ["1.4.0.0"], ["1.5.0.0"]],
];

test("a constraint takes what Composer takes", () => {
  for (const [constraint, met, unmet] of CASES) {
    expect([constraint, met.filter((version) => !meets(version, constraint))]).toEqual([constraint, []]);
    expect([constraint, unmet.filter((version) => meets(version, constraint))]).toEqual([constraint, []]);
  }
});

test("a constraint that Composer refuses is neither met nor unmet", () => {
  expect(meets("1.0.0.0", "no constraint !!")).toBeUndefined();
  expect(meets("1.0.0.0", "^1.0 || ~~2")).toBeUndefined();
});

test("versions are ordered as PHP orders them", () => {
  const ordered = [
    "1.0.0.0-dev",
    "1.0.0.0-alpha2",
    "1.0.0.0-beta1",
    "1.0.0.0-RC3",
    "1.0.0.0",
    "1.0.0.0-patch1",
    "1.10.0.0",
  ];
  expect([...ordered].reverse().sort(compareVersions)).toEqual(ordered);
});

test.skipIf(!existsSync(SEMVER))(
  "composer/semver itself says the same of thousands of made-up constraints",
  () => {
    const words = [
      "1",
      "2",
      "0",
      "1.2",
      "0.3",
      "1.2.3",
      "1.0.0-beta1",
      "2.*",
      "1.x",
      "v1",
      ".",
      "~",
      "^",
      "~",
      "^",
      ">=",
    ];
    words.push(
      "<",
      "<=",
      ">",
      "!=",
      "==",
      ",",
      " ",
      "||",
      " - ",
      "@dev",
      "@beta",
      "*",
      "dev-main",
      "1.x-dev",
      "-dev",
    );
    let state = 11;
    const next = (below: number) => {
      state = (state * 48_271) % 2_147_483_647;
      return state % below;
    };
    const constraints = Array.from({ length: 4000 }, () =>
      Array.from({ length: 1 + next(4) }, () => words[next(words.length)]).join(""),
    );
    const versions = [
      "1.0.0.0",
      "1.2.3.0",
      "2.0.0.0-dev",
      "0.3.0.0",
      "1.0.0.0-beta1",
      "1.0.0.0-patch1",
      "dev-main",
      "3.1.4.5",
    ];
    const program = `require '${SEMVER}'; $p = new Composer\\Semver\\VersionParser;
    [$cs, $vs] = json_decode(stream_get_contents(STDIN));
    echo json_encode(array_map(function ($c) use ($p, $vs) {
      try { $k = $p->parseConstraints($c); } catch (\\Throwable $e) { return null; }
      return array_map(fn ($v) => $k->matches(new Composer\\Semver\\Constraint\\Constraint('==', $v)), $vs);
    }, $cs));`;
    const output = execFileSync("php", ["-r", program], {
      input: JSON.stringify([constraints, versions]),
      encoding: "utf8",
    });
    const ours = constraints.map((constraint) => {
      const met = versions.map((version) => meets(version, constraint));
      return met.includes(undefined) ? null : met;
    });
    expect(ours).toEqual(JSON.parse(output));
  },
);
