import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openWorld, SANDBOX_TOKENS, type World } from "../../demo/world.ts";
import { ENGINE as engine } from "../support/cli.ts";
import { bad, diagnose } from "../support/diagnosis.ts";
import { killUpdate } from "../support/kill.ts";
import { satisOf, Teller } from "../support/teller.ts";

const open = () =>
  openWorld({
    engine,
    owner: "acme",
    satis: satisOf("lib", "tool"),
    repositories: [{ name: "lib" }, { name: "tool" }],
  });

describe(`on ${engine}, fleet doctor`, () => {
  let world: World;

  beforeAll(async () => {
    world = await open();
  });

  afterEach(() => {
    world.github.clearFaults();
    for (const token of Object.values(SANDBOX_TOKENS)) world.github.setToken(token, {});
  });

  afterAll(() => world.close());

  test("finds nothing wrong before the first update, and says what it costs", async () => {
    const diagnosis = await diagnose(world);
    expect(bad(diagnosis)).toEqual([]);
    expect(diagnosis.code).toBe(0);
    expect(diagnosis.budget.writes).toBeGreaterThan(10);
    expect(diagnosis.checks).toContainEqual(expect.objectContaining({ name: "state", state: "note" }));
  });

  test("finds nothing wrong after it, and names each permission that it has seen", async () => {
    await new Teller(world).run("up");
    world.github.resetCalls();
    const diagnosis = await diagnose(world);
    expect(bad(diagnosis)).toEqual([]);
    expect(diagnosis.code).toBe(0);
    const seen = diagnosis.checks.filter(({ state }) => state === "ok").map(({ message }) => message);
    for (const permission of [
      "Contents",
      "Workflows",
      "Secrets",
      "Administration",
      "Pages",
      "Environments",
      "Actions",
    ]) {
      expect(seen.join("\n")).toMatch(new RegExp(`${permission}: (read|write) on acme/`));
    }
    // Nothing that GitHub was asked to write was accepted.
    const accepted = world.github.calls.log.filter(
      ({ method, path, status }) => method !== "GET" && path !== "/graphql" && Number(status) < 300,
    );
    expect(accepted).toEqual([]);
  });

  // Each of the others is looked at in cli-doctor-permissions.test.ts.
  test("names a missing permission of the provider's token", async () => {
    const granted = ["contents", "workflows", "administration", "pages", "environments", "actions"];
    world.github.setToken(SANDBOX_TOKENS.provider, {
      permissions: Object.fromEntries(granted.map((name) => [name, "write"] as const)),
    });
    const diagnosis = await diagnose(world);
    expect(diagnosis.code).toBe(2);
    expect(bad(diagnosis).join("\n")).toMatch(/^github:token: lacks Secrets: write on acme\/lib/m);
  });

  test("tells of tokens that are revoked, that may not dispatch and that do not see a repository", async () => {
    world.github.setToken(SANDBOX_TOKENS.dispatch, { permissions: { metadata: "read", actions: "read" } });
    world.github.setToken(SANDBOX_TOKENS.read, { revoked: true });
    const first = await diagnose(world);
    expect(first.code).toBe(2);
    expect(bad(first).join("\n")).toMatch(
      /satis-fleet:dispatchToken: lacks Actions: write on acme\/composer/,
    );
    expect(bad(first).join("\n")).toMatch(/satis-fleet:readToken: GitHub does not know the token/);
    world.github.setToken(SANDBOX_TOKENS.provider, { revoked: true });
    const second = await diagnose(world);
    expect(second.code).toBe(2);
    expect(bad(second).join("\n")).toMatch(
      /github:token: GitHub does not know the token.*pulumi config set --secret/,
    );
    expect(bad(second).join("\n")).toMatch(/change: not known/);
  });

  test("tells of a token's end, and of calls that are nearly used up", async () => {
    const soon = new Date(Date.now() + 3 * 86_400_000).toISOString();
    const headers = {
      "github-authentication-token-expiration": `${soon.slice(0, 10)} ${soon.slice(11, 19)} UTC`,
      "x-ratelimit-limit": "5000",
      "x-ratelimit-remaining": "2",
      "x-ratelimit-reset": String(Math.floor(Date.now() / 1000) + 600),
    };
    const answer = { status: 200, headers, body: { login: "acme", plan: { name: "free" } } };
    world.github.inject({ method: "GET", path: "/orgs/acme", ...answer });
    const diagnosis = await diagnose(world);
    expect(diagnosis.code).toBe(2);
    expect(bad(diagnosis).join("\n")).toMatch(/github:token: ends on .*, in [23] days: make a new one/);
    expect(bad(diagnosis).join("\n")).toMatch(/rate limit: 2 of 5000 calls are left/);
    expect(bad(diagnosis).join("\n")).toMatch(
      /plan: acme has free, configured is team: .*satis-fleet:plan free/,
    );
  });

  test("tells of Actions and Pages settings with which nothing would be built or served", async () => {
    const put = (path: string, body: object) =>
      fetch(`${world.github.url}repos/acme/composer/${path}`, {
        method: "PUT",
        headers: { authorization: "Bearer somebody" },
        body: JSON.stringify(body),
      });
    await put("actions/permissions", { enabled: true, allowed_actions: "selected" });
    await put("actions/permissions/selected-actions", { github_owned_allowed: true, patterns_allowed: [] });
    await put("pages", { build_type: "legacy", source: { branch: "main", path: "/" } });
    const diagnosis = await diagnose(world);
    expect(bad(diagnosis).join("\n")).toMatch(
      /Actions: shivammathur\/setup-php .* not among .*: allow shivammathur\/setup-php@\*/,
    );
    expect(bad(diagnosis).join("\n")).toMatch(/Pages: are built from a branch/);
    await put("actions/permissions", { enabled: false });
    expect(bad(await diagnose(world)).join("\n")).toMatch(/Actions: are disabled/);
    await put("actions/permissions", { enabled: true, allowed_actions: "all" });
    await put("pages", { build_type: "workflow" });
  });

  test("completes although every third request is dropped, and names repositories that are gone or archived", async () => {
    for (let skip = 2; skip < 300; skip += 3) world.github.inject({ drop: true, skip });
    world.github.repository("tool").archive();
    const diagnosis = await diagnose(world);
    world.github.repository("tool").archive(false);
    expect(diagnosis.code).toBe(2);
    expect(bad(diagnosis).join("\n")).toMatch(/cannot write to what is archived: acme\/tool/);
    world.github.clearFaults();
    await fetch(`${world.github.url}repos/acme/tool`, {
      method: "DELETE",
      headers: { authorization: "Bearer somebody" },
    });
    expect(bad(await diagnose(world)).join("\n")).toMatch(/github:token: does not see acme\/tool/);
    world.github.seed([{ name: "tool" }]);
  });

  test("ends with a clear error where there is no such stack, and where satis.json is missing or broken", async () => {
    expect(await diagnose(world, "nowhere")).toMatchObject({
      code: 1,
      error: expect.stringMatching(/no stack nowhere/),
    });
    await world.writeSatis("{");
    expect(await diagnose(world)).toMatchObject({
      code: 1,
      error: expect.stringMatching(/satis\.json:1:2: fault: /),
    });
    await rm(join(world.home, "satis.json"));
    expect(await diagnose(world)).toMatchObject({
      code: 1,
      error: expect.stringMatching(/satis\.json: fault: does not exist/),
    });
    await world.writeSatis(satisOf("lib", "tool"));
  });
});

describe(`on ${engine}, fleet doctor after a kill`, () => {
  test("sees the lock and what was being made", async () => {
    const world = await open();
    try {
      await killUpdate(world, engine, { method: "POST", route: "/orgs/:org/repos" });
      const diagnosis = await diagnose(world);
      expect(diagnosis.code).toBe(2);
      expect(bad(diagnosis).join("\n")).toMatch(/lock: left behind by .* which is dead: fleet up removes it/);
      expect(bad(diagnosis).join("\n")).toMatch(/state: a killed update was making .*composer-repository/);
    } finally {
      await world.close();
    }
  });
});
