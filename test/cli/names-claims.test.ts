import { describe, expect, test } from "vitest";
import { confirmable } from "../../cli/names/claims.ts";
import { parseConfig } from "../../fleet/config.ts";
import { deriveFleet } from "../../fleet/derive.ts";
import { registrySettings } from "../../fleet/registry-settings.ts";
import { parseSatis, type Satis } from "../../fleet/satis.ts";
import type { BuildRecord } from "../../publisher/record.ts";
import { satisOf } from "../support/teller.ts";

const named = (repository: string, name: string) => ({
  type: "vcs",
  url: `https://github.com/acme/${repository}`,
  name,
});

/** A satis.json with the vendors that its fleet may publish. */
function satisWith(
  config: Readonly<Record<string, string>>,
  ...entries: readonly (string | object)[]
): { satis: Satis; vendors: readonly string[] } {
  const values = new Map(Object.entries({ "github:owner": "acme", "satis-fleet:notify": "poll", ...config }));
  const { config: parsed } = parseConfig(values, new Set(["github:token"]));
  const { satis } = parseSatis(satisOf(...entries), { file: "satis.json" });
  const fleet = parsed && satis && deriveFleet(satis, parsed).fleet;
  if (!(fleet && parsed && satis)) throw new Error("the test's fleet is wrong");
  return { satis, vendors: registrySettings(fleet.composer, parsed, satis).vendors };
}

/** A record that says who has published what. */
function published(claims: Readonly<Record<string, string>>): BuildRecord {
  const repositories = Object.entries(claims).map(([id, name]) => [
    id,
    { url: "", refs: "" as const, packages: [name] },
  ]);
  const time = "2026-01-01T00:00:00.000Z";
  return {
    schema: 1,
    build: "20260101T000000Z-00000000",
    builtAt: time,
    fullBuiltAt: time,
    kind: "full",
    inputs: { satis: "", settings: "", publisher: "" },
    repositories: Object.fromEntries(repositories),
    packages: {},
    held: {},
  };
}

function confirm(
  names: Readonly<Record<string, string>>,
  { satis, vendors }: ReturnType<typeof satisWith>,
  previous?: BuildRecord,
) {
  const read = { names: new Map(Object.entries(names)), unnamed: [{ id: "acme/bare", reason: "none" }] };
  const judged = confirmable(read, satis, { vendors, previous, githubHost: "github.com" });
  return { written: Object.fromEntries(judged.names), unnamed: judged.unnamed };
}

describe("fleet names writes no name that somebody has to confirm", () => {
  test("of a vendor that is neither configured nor in satis.json, and says how to allow it", () => {
    const { written, unnamed } = confirm(
      { "acme/lib": "symfony/http-kernel", "acme/tool": "acme/tool" },
      satisWith({}, "lib", "tool"),
    );
    expect(written).toEqual({ "acme/tool": "acme/tool" });
    expect(unnamed).toEqual([
      { id: "acme/bare", reason: "none" },
      {
        id: "acme/lib",
        reason: expect.stringMatching(
          /"symfony\/http-kernel", whose vendor is none of this fleet's: add "symfony" to satis-fleet:vendors/,
        ),
      },
    ]);
  });

  test.each([
    ["configured", satisWith({ "satis-fleet:vendors": '["acme", "other"]' }, "lib", "tool")],
    ["in satis.json", satisWith({}, "lib", named("tool", "other/tool"))],
  ])("but one of a vendor that is %s", (_, declared) => {
    expect(confirm({ "acme/lib": "other/lib" }, declared).written).toEqual({ "acme/lib": "other/lib" });
  });

  test("that is another one than the repository has published", () => {
    const { written, unnamed } = confirm(
      { "acme/lib": "acme/renamed", "acme/tool": "acme/tool" },
      satisWith({}, "lib", "tool"),
      published({ "github.com/acme/lib": "acme/lib", "github.com/acme/tool": "acme/tool" }),
    );
    expect(written).toEqual({ "acme/tool": "acme/tool" });
    expect(unnamed[1]?.reason).toMatch(/published "acme\/lib" and now has the name "acme\/renamed"/);
  });

  test("that another repository has published, one that the fleet does not manage among them", () => {
    const foreign = { type: "vcs", url: "https://gitlab.com/acme/elsewhere" };
    const { written, unnamed } = confirm(
      { "acme/lib": "acme/tool", "acme/other": "acme/elsewhere" },
      satisWith({}, "lib", "tool", "other", foreign),
      published({ "github.com/acme/tool": "acme/tool", "gitlab.com/acme/elsewhere": "acme/elsewhere" }),
    );
    expect(written).toEqual({});
    expect(unnamed[1]?.reason).toMatch(/belongs to github\.com\/acme\/tool/);
    expect(unnamed[2]?.reason).toMatch(/belongs to gitlab\.com\/acme\/elsewhere/);
  });
});
