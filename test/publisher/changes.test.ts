import { expect, it } from "vitest";
import { lostVersions, versionChanges } from "../../publisher/changes.ts";
import type { Version } from "../../publisher/tree.ts";

const version = (text: string, reference = "a"): Version => ({
  name: "acme/core",
  version: text,
  source: { type: "git", url: "u", reference },
});

it("tells versions that came, went and moved", () => {
  const before = [version("1.0.0"), version("1.1.0"), version("dev-main", "a")];
  const after = [version("1.0.0"), version("dev-main", "b"), version("1.2.0", "c")];
  expect(versionChanges("acme/core", before, after)).toEqual([
    { package: "acme/core", version: "1.1.0", kind: "removed", reference: "a" },
    { package: "acme/core", version: "1.2.0", kind: "added", reference: "c" },
    { package: "acme/core", version: "dev-main", kind: "moved", reference: "b" },
  ]);
});

it("tells versions that went although their ref is there", () => {
  const before = ["v1.0.0", "1.1.0", "2.0.0", "dev-main", "dev-gone", "1.x-dev", "v3.x-dev"].map((text) =>
    version(text),
  );
  const refs = {
    heads: { main: "a", "1.x": "a", "v3.x": "a" },
    tags: { "v1.0.0": "a", "release-2.0.0": "a" },
  };
  expect(lostVersions(before, [], refs)).toEqual(["v1.0.0", "2.0.0", "dev-main", "1.x-dev", "v3.x-dev"]);
});

it("takes two texts of one version for the same", () => {
  expect(lostVersions([version("v1.0")], [version("1.0.0")], { heads: {}, tags: { "1.0.0": "a" } })).toEqual(
    [],
  );
});
