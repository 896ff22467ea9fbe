import { expect, test } from "vitest";
import { tagsLeftOut, UNEXPLAINED } from "../../../publisher/verify/tags.ts";
import { tagsAreVersions } from "../../../publisher/verify/tags-are-versions.ts";
import { candidateOf, type Fixture, goodFixture, planned, sha, version } from "../support/tree.ts";

function tagged(tags: readonly string[], satis: Record<string, unknown> = {}): Fixture {
  const fixture = goodFixture();
  fixture.repositories[0] = planned("acme/one", tags);
  fixture.satis = satis;
  return fixture;
}

async function leftOut(
  tags: readonly string[],
  satis: Record<string, unknown> = {},
): Promise<Record<string, string>> {
  const found = await tagsLeftOut(await candidateOf(tagged(["1.0.0", "1.1.0", ...tags], satis)));
  return Object.fromEntries(found.map(({ tag, reason }) => [tag, reason]));
}

test("every tag without a version is listed with the reason", async () => {
  expect(await leftOut(["nightly", "v1.1", "2.0-dev", "3.0.0"])).toEqual({
    nightly: "no valid version",
    "v1.1": "normalises like the tag 1.1.0",
    "2.0-dev": "no valid version: tags must not begin with dev- or end with -dev",
    "3.0.0": UNEXPLAINED,
  });
});

test("of tags that are the same version, the one that was published is the version, whatever the order", async () => {
  const fixture = tagged(["v1.0.0", "1.0.0", "1.1.0"]);
  expect(await tagsLeftOut(await candidateOf(fixture))).toMatchObject([
    { tag: "v1.0.0", reason: "normalises like the tag 1.0.0" },
  ]);
});

test("what satis.json leaves out is told by the key that does it", async () => {
  const reason = async (satis: Record<string, unknown>, tag = "3.0.0-beta1") =>
    (await leftOut([tag], satis))[tag];
  expect(await reason({ require: { "acme/one": "^1.0" } })).toBe("require asks for ^1.0");
  expect(await reason({ require: { "acme/two": "*" } })).toBe("require does not name the package");
  expect(await reason({ "minimum-stability": "RC" })).toBe("minimum-stability is RC");
  expect(await reason({ "minimum-stability": "beta" })).toBe(UNEXPLAINED);
  expect(await reason({ blacklist: { "acme/one": ">3" } })).toBe(UNEXPLAINED);
  expect(await reason({ blacklist: { "acme/one": ">=3.0-dev" } })).toBe("blacklist names >=3.0-dev");
  expect(await reason({ "exclude-types": ["project"] })).toContain("exclude-types");
});

test("only and exclude of the entry are told too", async () => {
  const fixture = tagged(["1.0.0", "1.1.0", "2.0.0"]);
  fixture.entries[0] = { type: "vcs", url: "git@github.com:Acme/One.git", only: ["acme/other"] };
  expect(await tagsLeftOut(await candidateOf(fixture))).toMatchObject([
    { tag: "2.0.0", reason: expect.stringContaining("only") },
  ]);
});

test("a tag that was a version falls out at the same commit only by a fault", async () => {
  const dropped = () => {
    const fixture = goodFixture();
    fixture.now["acme/one"] = (fixture.now["acme/one"] ?? []).filter((one) => one.version !== "1.0.0");
    return fixture;
  };
  expect(await tagsAreVersions.check(await candidateOf(dropped()), {})).toMatchObject([
    { package: "acme/one", message: expect.stringContaining('the tag "1.0.0"') },
  ]);

  const moved = dropped();
  const [one] = moved.repositories;
  if (one?.refs === undefined) throw new Error("the fixture has no refs");
  moved.repositories[0] = { ...one, refs: { ...one.refs, tags: { "1.0.0": sha("elsewhere") } } };
  expect(await tagsAreVersions.check(await candidateOf(moved), {})).toEqual([]);

  const held = dropped();
  held.held.add("acme/one");
  expect(await tagsAreVersions.check(await candidateOf(held), {})).toEqual([]);
});

test("a new tag that Composer left out is nobody's fault", async () => {
  const fixture = tagged(["1.0.0", "1.1.0", "9.0.0"]);
  fixture.now["acme/one"]?.push(version("acme/one", "1.2.0"));
  expect(await tagsAreVersions.check(await candidateOf(fixture), {})).toEqual([]);
});
