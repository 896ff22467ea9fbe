import { expect, it } from "vitest";
import { type ClaimInput, judgeClaims } from "../../publisher/claim.ts";
import type { PlannedRepository } from "../../publisher/plan.ts";
import type { BuildRecord } from "../../publisher/record.ts";

const at = (id: string, packageName: string): PlannedRepository => ({
  id,
  url: `https://${id}`,
  kind: "git",
  stale: true,
  packageName,
});

/** A record that says who has published what. */
function published(claims: Record<string, string>): BuildRecord {
  const entries = Object.entries(claims);
  return {
    schema: 1,
    build: "20260101T000000Z-00000000",
    builtAt: "2026-01-01T00:00:00.000Z",
    fullBuiltAt: "2026-01-01T00:00:00.000Z",
    kind: "full",
    inputs: { satis: "", settings: "", publisher: "" },
    repositories: Object.fromEntries(
      entries.map(([id, name]) => [id, { url: "", refs: "", packages: [name] }]),
    ),
    packages: Object.fromEntries(entries.map(([id, name]) => [name, { repository: id, files: {} }])),
    held: {},
  };
}

function judge(repositories: PlannedRepository[], more: Partial<ClaimInput> = {}) {
  const input = {
    repositories,
    previous: undefined,
    vendors: ["acme"],
    declared: new Map(),
    required: new Set<string>(),
  };
  const { names, refused } = judgeClaims({ ...input, ...more });
  const reasons = [...refused].map(([id, fault]) => [id, fault.package, fault.message]);
  return { names: Object.fromEntries(names), refused: reasons };
}

it("gives a name to the repository that has it", () => {
  expect(judge([at("h/a", "acme/a"), at("h/b", "acme/b")])).toEqual({
    names: { "h/a": "acme/a", "h/b": "acme/b" },
    refused: [],
  });
});

it("keeps a name with the repository that published it, wherever that stands in satis.json", () => {
  const previous = published({ "h/b": "acme/a" });
  expect(judge([at("h/a", "acme/a"), at("h/b", "acme/a")], { previous })).toEqual({
    names: { "h/b": "acme/a" },
    refused: [["h/a", "h/a", 'h/a has the name "acme/a", which belongs to h/b']],
  });
});

it("gives a name that nobody published to the first that has it", () => {
  const { names, refused } = judge([at("h/a", "acme/a"), at("h/b", "acme/a")]);
  expect(names).toEqual({ "h/a": "acme/a" });
  expect(refused).toHaveLength(1);
});

it("frees a name with the entry of its repository", () => {
  const previous = published({ "h/old": "acme/a" });
  expect(judge([at("h/new", "acme/a")], { previous }).names).toEqual({ "h/new": "acme/a" });
});

it("refuses a changed name, and two that swap theirs, under the names that are published", () => {
  const previous = published({ "h/a": "acme/a", "h/b": "acme/b" });
  expect(judge([at("h/a", "acme/new"), at("h/b", "acme/b")], { previous })).toEqual({
    names: { "h/b": "acme/b" },
    refused: [["h/a", "acme/a", 'h/a published "acme/a" and now has the name "acme/new"']],
  });
  const swapped = judge([at("h/a", "acme/b"), at("h/b", "acme/a")], { previous });
  expect(swapped.names).toEqual({});
  expect(swapped.refused.map(([, name]) => name)).toEqual(["acme/a", "acme/b"]);
});

it("does what satis.json says of names", () => {
  const previous = published({ "h/a": "acme/a", "h/b": "acme/b" });
  const declared = new Map([["h/a", "acme/new"]]);
  expect(judge([at("h/a", "acme/new"), at("h/b", "acme/b")], { previous, declared }).refused).toEqual([]);
  const wrong = judge([at("h/a", "acme/other"), at("h/b", "acme/b")], { previous, declared });
  expect(wrong.refused).toEqual([
    ["h/a", "acme/a", 'satis.json names it "acme/new", its composer.json "acme/other"'],
  ]);
});

it("transfers a name that satis.json gives to another repository, once the first has let go", () => {
  const previous = published({ "h/a": "acme/a" });
  const repositories = [at("h/a", "acme/a"), at("h/b", "acme/a")];
  const taken = judge(repositories, { previous, declared: new Map([["h/b", "acme/a"]]) });
  expect(taken.names).toEqual({ "h/b": "acme/a" });
  const both = new Map([
    ["h/b", "acme/a"],
    ["h/a", "acme/a"],
  ]);
  expect(judge(repositories, { previous, declared: both }).names).toEqual({ "h/a": "acme/a" });
});

it("refuses the names of strangers, unless an entry or `require` gives them", () => {
  const repositories = [at("h/a", "symfony/http-kernel")];
  const { refused } = judge(repositories);
  expect(refused).toEqual([["h/a", "h/a", expect.stringContaining("whose vendor is none of this fleet's")]]);
  expect(judge(repositories, { declared: new Map([["h/a", "symfony/http-kernel"]]) }).refused).toEqual([]);
  expect(judge(repositories, { required: new Set(["symfony/http-kernel"]) }).refused).toEqual([]);
});

it("lets nobody block a name by claiming it without a right to it", () => {
  const stranger = at("h/a", "acme/b");
  const declared = new Map([["h/a", "acme/other"]]);
  const { names } = judge([stranger, at("h/b", "acme/b")], { declared });
  expect(names).toEqual({ "h/b": "acme/b" });
});
