import fc from "fast-check";
import { expect, test } from "vitest";
import { refsDigest } from "../../../publisher/refs/index.ts";
import type { Refs } from "../../../publisher/refs/source.ts";

const sha = fc.constantFrom("1".repeat(40), "2".repeat(40), "f".repeat(40));
/** Names that trip up formats with separators, beside any others. */
const name = fc.oneof(
  fc.constantFrom("main", "a", "a\n", "a\0", 'a","b', "a/b", "__proto__", "refs/tags/a", "é"),
  fc.string(),
);
const map = fc
  .uniqueArray(fc.tuple(name, sha), { selector: ([key]) => key, maxLength: 6 })
  .map((entries): Record<string, string> => Object.fromEntries(entries));
const refs: fc.Arbitrary<Refs> = fc
  .record({ heads: map, tags: map, head: fc.option(name, { nil: undefined }) })
  .map(({ head, ...rest }) => (head === undefined ? rest : { ...rest, head }));

/** The same refs, entered in another order. */
const reversed = (one: Record<string, string>) => Object.fromEntries(Object.entries(one).reverse());
/** What a digest must stand for, with nothing left out. */
const meaning = ({ heads, tags, head }: Refs) => {
  const entries = (one: object) => Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1));
  return { heads: entries(heads), tags: entries(tags), head };
};

test("equal refs have equal digests, in whatever order they were read", () => {
  fc.assert(
    fc.property(refs, (one) => {
      expect(refsDigest({ ...one, heads: reversed(one.heads), tags: reversed(one.tags) })).toBe(
        refsDigest(one),
      );
      expect(refsDigest(one)).toMatch(/^[0-9a-f]{64}$/);
    }),
  );
});

test("two repositories have the same digest only where they have the same refs", () => {
  const seen = new Map<string, unknown>();
  fc.assert(
    fc.property(refs, (one) => {
      const digest = refsDigest(one);
      expect(seen.get(digest) ?? meaning(one)).toEqual(meaning(one));
      seen.set(digest, meaning(one));
    }),
    { numRuns: 500 },
  );
});

test.each<[string, Partial<Refs>]>([
  ["a new tag", { tags: { v1: "1".repeat(40), v2: "1".repeat(40) } }],
  ["a deleted tag", { tags: {} }],
  ["a moved tag", { tags: { v1: "2".repeat(40) } }],
  ["a renamed tag", { tags: { v2: "1".repeat(40) } }],
  ["a force-pushed branch", { heads: { main: "2".repeat(40) } }],
  ["a tag that becomes a branch", { heads: { main: "1".repeat(40), v1: "1".repeat(40) }, tags: {} }],
  ["another default branch", { head: "v1" }],
])("%s changes the digest", (_, change) => {
  const before: Refs = { heads: { main: "1".repeat(40) }, tags: { v1: "1".repeat(40) }, head: "main" };
  expect(refsDigest({ ...before, ...change })).not.toBe(refsDigest(before));
});

test("separators inside names cannot make two sets of refs alike", () => {
  const one = "1".repeat(40);
  const digests = [
    { heads: { a: one, b: one }, tags: {} },
    { heads: { [`a","${one}"],["b`]: one }, tags: {} },
    { heads: { [`a,${one},b`]: one }, tags: {} },
    { heads: { [`a ${one}\nb`]: one }, tags: {} },
    { heads: { a: one }, tags: { b: one } },
    { heads: {}, tags: { a: one, b: one } },
    { heads: { a: one, b: one }, tags: {}, head: "" },
  ].map(refsDigest);
  expect(new Set(digests).size).toBe(digests.length);
});
