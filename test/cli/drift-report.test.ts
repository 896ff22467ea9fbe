import { describe, expect, test } from "vitest";
import type { Drift } from "../../cli/drift/finding.ts";
import type { Look } from "../../cli/drift/look.ts";
import { asJson, asMarkdown, asText, isClean } from "../../cli/drift/report.ts";

const CLEAN: Look = { drift: [], unread: [], repositories: 3, apiCalls: 12, freeCalls: 9 };
const CHANGED: Drift = {
  repository: "acme/lib",
  kind: "file changed",
  name: "satis.json",
  detail: "on main | @everyone",
  diff: "-a\n+```\n+@everyone",
};
const DRIFTED: Look = { ...CLEAN, drift: [CHANGED] };

describe("the report", () => {
  test("is clean only where everything was read and nothing found", () => {
    expect(isClean({ stack: "dev", first: CLEAN })).toBe(true);
    expect(isClean({ stack: "dev", first: DRIFTED })).toBe(false);
    expect(isClean({ stack: "dev", first: DRIFTED, second: CLEAN })).toBe(true);
    const unread = [{ repository: "acme/lib", what: "repository", reason: "502" }];
    expect(isClean({ stack: "dev", first: { ...CLEAN, unread } })).toBe(false);
  });

  test("says how much was read and what it cost", () => {
    expect(asText({ stack: "dev", first: CLEAN })).toBe(
      "dev: as declared; 3 repositories read, 12 requests to GitHub, 9 of them free",
    );
  });

  test("groups what could not be read by its reason: a token lacks a permission everywhere alike", () => {
    const unread = Array.from({ length: 7 }, (_, index) => ({
      repository: `acme/p${index}`,
      what: "secret TOKEN",
      reason: "403",
    }));
    const text = asText({ stack: "dev", first: { ...CLEAN, unread } });
    expect(text).toContain("secret TOKEN: 403: acme/p0, acme/p1, acme/p2, acme/p3, acme/p4 and 2 more");
    expect(text).toContain("dev: no difference in what was read, 7 things not read;");
    expect(JSON.parse(asJson({ stack: "dev", first: { ...CLEAN, unread } }))).toMatchObject({
      clean: false,
      complete: false,
    });
  });

  test("keeps strangers' text inside its place in Markdown", () => {
    const markdown = asMarkdown({ stack: "dev", first: DRIFTED });
    expect(markdown).toContain("| acme/lib | file changed | satis.json | on main \\| @\u200beveryone |");
    expect(markdown).toContain("````diff\n-a\n+```\n+@everyone\n````");
  });

  test("tells a repair's first findings beside what is left", () => {
    const report = {
      stack: "dev",
      first: DRIFTED,
      second: CLEAN,
      repair: { operations: { update: 1 }, enabled: [] },
    };
    expect(JSON.parse(asJson(report))).toMatchObject({
      clean: true,
      drift: [],
      found: [{ kind: "file changed" }],
    });
    expect(asText(report)).toContain("repair: 1 update");
  });
});
