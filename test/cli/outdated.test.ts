import { describe, expect, test } from "vitest";
import { compareLock } from "../../cli/outdated/compare.ts";
import { pullOfUpdater } from "../../cli/outdated/look.ts";
import type { Registry, Served } from "../../cli/outdated/registry.ts";
import { UPDATE_BRANCH } from "../../fleet/announcement.ts";
import { normalize, stabilityOf } from "../../publisher/verify/version.ts";

const served = (version: string, reference?: string): Served => ({
  version,
  normalized: normalize(version) ?? "",
  stability: stabilityOf(version),
  reference,
});

const REGISTRY: Registry = new Map([
  ["acme/money", ["v1.0.0", "1.2.0", "2.0.0", "2.1.0-RC1", "1.10.0"].map((one) => served(one))],
  ["acme/queue", [served("dev-main", "b".repeat(40)), served("1.0.0")]],
]);

const lock = (...packages: readonly object[]) => JSON.stringify({ packages, "packages-dev": [] });
const composer = (require: object) => JSON.stringify({ require });
const compare = (packages: readonly object[], require: object = {}, patterns = ["acme/*"]) =>
  compareLock(lock(...packages), composer(require), patterns, REGISTRY).behind;

describe("a lock file against the registry", () => {
  test("tells the newest version, and the newest that the constraint lets in", () => {
    expect(compare([{ name: "acme/money", version: "1.0.0" }], { "acme/money": "^1.0" })).toEqual([
      {
        package: "acme/money",
        locked: "1.0.0",
        newest: "2.0.0",
        withinConstraint: "1.10.0",
        constraint: "^1.0",
      },
    ]);
    expect(compare([{ name: "acme/money", version: "1.10.0" }], { "Acme/Money": "1.*" })).toMatchObject([
      { newest: "2.0.0", withinConstraint: "1.10.0" },
    ]);
  });

  test("says nothing of a constraint for what other packages require", () => {
    expect(compare([{ name: "acme/money", version: "1.0.0" }])).toEqual([
      { package: "acme/money", locked: "1.0.0", newest: "2.0.0" },
    ]);
  });

  test("counts release candidates for those alone who have one", () => {
    expect(compare([{ name: "acme/money", version: "2.0.0" }])).toEqual([]);
    expect(compare([{ name: "acme/money", version: "2.0.0-RC2" }])).toMatchObject([{ newest: "2.1.0-RC1" }]);
  });

  test("takes a branch for behind once it moved on", () => {
    const at = (reference: string) => [{ name: "acme/queue", version: "dev-main", source: { reference } }];
    expect(compare(at("b".repeat(40)))).toEqual([]);
    expect(compare(at("a".repeat(40)))).toEqual([
      { package: "acme/queue", locked: "dev-main aaaaaaa", newest: "dev-main bbbbbbb" },
    ]);
  });

  test("looks at packages of the subscription and of the registry only, require-dev too", () => {
    const dev = JSON.stringify({
      packages: [{ name: "symfony/console", version: "1.0.0" }],
      "packages-dev": [{ name: "Acme/Money", version: "1.0.0" }],
    });
    expect(compareLock(dev, undefined, ["acme/*"], REGISTRY)).toMatchObject({ packages: 1, behind: [{}] });
    expect(compareLock(dev, undefined, ["acme/queue"], REGISTRY)).toEqual({ packages: 0, behind: [] });
  });

  test("refuses what is no lock file, without a word of it", () => {
    expect(() => compareLock("<<secret>>", undefined, ["*"], REGISTRY)).toThrow(
      "composer.lock is no JSON object",
    );
    expect(() => compareLock("{}", "[]", ["*"], REGISTRY)).toThrow("composer.json is no JSON object");
  });
});

test("a pull request is the updater's where its branch is, and not a fork's branch of that name", () => {
  const pull = (ref: string, repository: string | null) => ({
    title: "Update acme/lib",
    html_url: "https://github.com/acme/website/pull/1",
    head: { ref, repo: repository === null ? null : { full_name: repository } },
  });
  const found = (ref: string, repository: string | null) =>
    pullOfUpdater(pull(ref, repository), "acme/website", UPDATE_BRANCH)?.branch;
  expect(found(UPDATE_BRANCH, "Acme/website")).toBe(UPDATE_BRANCH);
  expect(found(`${UPDATE_BRANCH}+acme/lib`, "acme/website")).toBe(`${UPDATE_BRANCH}+acme/lib`);
  for (const ref of [`${UPDATE_BRANCH}-apps`, `${UPDATE_BRANCH}@next`, "main"])
    expect(found(ref, "acme/website")).toBeUndefined();
  expect(found(UPDATE_BRANCH, "mallory/website")).toBeUndefined();
  expect(found(UPDATE_BRANCH, null)).toBeUndefined();
});
