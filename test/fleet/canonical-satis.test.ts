import * as fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalSatis } from "../../fleet/canonical-satis.ts";
import { parseConfig } from "../../fleet/config.ts";
import { deriveFleet } from "../../fleet/derive.ts";
import { parseSatis } from "../../fleet/satis.ts";

const UPSTREAM = { type: "composer", url: "https://packages.example.com" };

function canonical(document: object, indent?: number): string {
  const { config } = parseConfig(
    new Map([["github:owner", "acme"]]),
    new Set(["github:token", "satis-fleet:dispatchToken"]),
  );
  const { satis } = parseSatis(JSON.stringify(document, null, indent), { file: "satis.json" });
  if (!config || !satis) throw new Error("the fixture has a fault");
  const { fleet } = deriveFleet(satis, config);
  if (!fleet) throw new Error("the fixture derives no fleet");
  return canonicalSatis(satis, fleet, "github.com");
}

const fixture = (repositories: unknown) => ({
  name: "n",
  homepage: "https://acme.github.io/composer/",
  repositories,
});

const forms = (name: string) => [
  `https://github.com/acme/${name}`,
  `https://github.com/ACME/${name.toUpperCase()}.git`,
  `git@github.com:acme/${name}.git`,
  `http://github.com/acme/${name}/`,
];

test("order, format, URL form, letter case and repetition of managed entries change nothing", () => {
  const entry = (name: string) => fc.constantFrom(...forms(name)).map((url) => ({ type: "vcs", url }));
  const names = ["a", "b", "c"];
  const wanted = canonical(fixture(names.map((name) => ({ type: "vcs", url: forms(name)[0] }))));
  fc.assert(
    fc.property(
      fc
        .tuple(...names.map(entry))
        .chain((list) => fc.shuffledSubarray([...list, list[0]], { minLength: 4 })),
      fc.constantFrom(0, 2, 4),
      (list, indent) => {
        expect(canonical(fixture(list), indent)).toBe(wanted);
      },
    ),
  );
});

test("entries that are not managed follow as written, in their order", () => {
  const foreign = { type: "vcs", url: "git@GitLab.example:Team/Lib.git", "no-api": true };
  const text = canonical(
    fixture([UPSTREAM, { type: "vcs", url: forms("a")[1] }, foreign, { packagist: false }]),
  );
  expect(JSON.parse(text).repositories).toEqual([
    { type: "vcs", url: "https://github.com/acme/a.git" },
    UPSTREAM,
    foreign,
    { packagist: false },
  ]);
});

test("an entry keeps its name, type and options", () => {
  const text = canonical(fixture([{ url: forms("a")[2], "no-api": true, type: "git", name: "Acme/A" }]));
  expect(JSON.parse(text).repositories).toEqual([
    { name: "acme/a", type: "git", url: "https://github.com/acme/a.git", "no-api": true },
  ]);
});

test("repositories as an object keep their names", () => {
  const text = canonical(fixture({ upstream: UPSTREAM, ours: { type: "vcs", url: forms("a")[0] } }));
  expect(JSON.parse(text).repositories).toEqual({
    ours: { type: "vcs", url: "https://github.com/acme/a.git" },
    upstream: UPSTREAM,
  });
});

test("archive and keys unknown to Satis are left out, other settings stay", () => {
  const text = canonical({
    ...fixture([]),
    archive: { directory: "dist" },
    "require-all": true,
    licence: "MIT",
  });
  expect(JSON.parse(text)).toEqual({ ...fixture([]), "require-all": true });
});
