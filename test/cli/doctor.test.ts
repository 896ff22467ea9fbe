import { describe, expect, test } from "vitest";
import { formatCheck, isHealthy, note, ok, unread, wrong } from "../../cli/doctor/check.ts";
import { checkExpiry, checkPermissions, checkScopes } from "../../cli/doctor/permissions.ts";
import type { Answer, Prober } from "../../cli/doctor/probe.ts";
import { lookAt } from "../../cli/doctor/repositories.ts";
import { refusedActions } from "../../cli/doctor/settings.ts";
import { locksInMessage } from "../../cli/locks.ts";

const answer = (status: number, body: unknown = {}, headers: Record<string, string> = {}): Answer => ({
  status,
  body,
  headers: new Headers(headers),
});

const CONTENTS = { permission: "Contents: write", where: "acme/lib", method: "POST", path: "/x" } as const;

const probed = async (given: Answer | Error) => {
  const probe: Prober = async () => {
    if (given instanceof Error) throw given;
    return given;
  };
  const [check] = await checkPermissions("token", probe, [CONTENTS]);
  return check;
};

describe("a permission", () => {
  test.each([409, 422])(
    "is there where GitHub refuses the request for what it lacks (%i)",
    async (status) => {
      expect(await probed(answer(status))).toEqual(ok("token", "Contents: write on acme/lib"));
    },
  );

  test("is missing where GitHub says which one it wanted", async () => {
    const headers = { "x-accepted-github-permissions": "contents=write" };
    expect(await probed(answer(403, {}, headers))).toMatchObject({
      state: "wrong",
      message: "lacks Contents: write on acme/lib (GitHub wants contents=write)",
    });
  });

  test("is not missing where it is the plan that withholds the feature", async () => {
    const body = { message: "Upgrade to GitHub Pro or make this repository public to enable this feature." };
    expect(await probed(answer(403, body))).toMatchObject({ state: "ok" });
  });

  test("is not known where GitHub does not answer, or hides what was asked", async () => {
    expect(await probed(new Error("GitHub does not answer"))).toMatchObject({ state: "unread" });
    expect(await probed(answer(404))).toMatchObject({ state: "unread" });
  });

  test("of a classic token is one of its scopes", () => {
    expect(checkScopes("token", ["repo", "workflow"], ["repo", "workflow"]).state).toBe("note");
    expect(checkScopes("token", ["repo"], ["repo", "workflow"])).toMatchObject({
      message: expect.stringContaining("workflow"),
    });
  });
});

describe("a token's end", () => {
  const now = Date.parse("2026-11-22T00:00:00Z");
  const expiry = (text: string) =>
    checkExpiry("token", answer(200, {}, { "github-authentication-token-expiration": text }), now);

  test("is wrong in less than two weeks, in every form that GitHub writes", () => {
    expect(expiry("2026-12-05 23:00:00 UTC")).toMatchObject({
      state: "wrong",
      message: "ends on 2026-12-05, in 13 days",
    });
    expect(expiry("2026-12-06 01:00:00 +0100")).toMatchObject({ state: "ok" });
    expect(expiry("next week")).toMatchObject({ state: "unread" });
  });

  test("is nobody's business where there is none", () => {
    expect(checkExpiry("token", answer(200), now)).toBeUndefined();
  });
});

describe("what is seen of repositories", () => {
  test("tells those that are not there from those that GitHub failed to answer for", async () => {
    const repository = { isArchived: false, isPrivate: true, viewerPermission: "WRITE" };
    const probe: Prober = async () =>
      answer(200, {
        data: { r0: repository, r1: null, r2: null },
        errors: [
          { type: "NOT_FOUND", path: ["r1"] },
          { type: "SERVICE_UNAVAILABLE", path: ["r2"] },
        ],
      });
    expect(await lookAt(probe, ["acme/a", "acme/b", "acme/c"])).toEqual({
      seen: [{ ...repository, id: "acme/a" }],
      missing: ["acme/b"],
      unknown: ["acme/c"],
    });
  });

  test("leaves the other hundreds where one request fails", async () => {
    const ids = Array.from({ length: 150 }, (_, index) => `acme/p${index}`);
    let calls = 0;
    const probe: Prober = async () => {
      calls += 1;
      if (calls === 1) throw new Error("dropped");
      return answer(200, {
        data: Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`r${index}`, null])),
      });
    };
    const { missing, unknown } = await lookAt(probe, ids);
    expect([missing.length, unknown.length]).toEqual([50, 100]);
  });
});

test("selected actions are those of GitHub, where allowed, and what a pattern names", () => {
  const used = ["actions/checkout", "shivammathur/setup-php"];
  expect(refusedActions(used, { github_owned_allowed: true, patterns_allowed: [] })).toEqual([
    "shivammathur/setup-php",
  ]);
  expect(
    refusedActions(used, { github_owned_allowed: true, patterns_allowed: ["shivammathur/setup-php@*"] }),
  ).toEqual([]);
  expect(
    refusedActions(used, { github_owned_allowed: false, patterns_allowed: ["actions/*", "shivammathur/*"] }),
  ).toEqual([]);
  expect(refusedActions(used, { github_owned_allowed: false, patterns_allowed: ["other/*"] })).toEqual(used);
});

test("a report is whole only where everything was seen and right", () => {
  expect(isHealthy([ok("a", ""), note("b", "")])).toBe(true);
  expect(isHealthy([ok("a", ""), wrong("b", "", "")])).toBe(false);
  expect(isHealthy([ok("a", ""), unread("b", "")])).toBe(false);
});

test("text of GitHub's is printed on one line and without what looks like a credential", () => {
  const line = formatCheck(note("x", "a\nb\u001b[31m ghp_0123456789abcdefghijklmnopqrstuvwxyz"));
  for (const raw of ["\n", "\u001b[31m", "ghp_0"]) expect(line).not.toContain(raw);
});

describe("a lock in an error", () => {
  const message = (holder: string) =>
    `error: the stack is currently locked by 1 lock(s). Either wait ...\n  file:///s/L.json: created by ${holder} at 2026-11-22T01:00:00Z`;

  test("is stale where its process was one of this machine and is gone, and nowhere else", async () => {
    const { hostname } = await import("node:os");
    const dead = 2 ** 22 + 1;
    expect(locksInMessage(message(`me@${hostname()} (pid ${dead})`))).toMatchObject([{ stale: true }]);
    expect(locksInMessage(message(`me@${hostname()} (pid ${process.pid})`))).toMatchObject([
      { stale: false },
    ]);
    expect(locksInMessage(message(`me@elsewhere (pid ${dead})`))).toMatchObject([
      { stale: false, holder: `me@elsewhere (process ${dead}) since 2026-11-22T01:00:00Z` },
    ]);
  });

  test("is not seen in other errors, and not overlooked where nobody is named", () => {
    expect(locksInMessage("error: update failed")).toEqual([]);
    expect(locksInMessage("the stack is currently locked by 1 lock(s)")).toMatchObject([{ stale: false }]);
  });
});
