import { rm } from "node:fs/promises";
import { afterEach, describe, expect, test } from "vitest";
import { type RotateOptions, rotate } from "../../cli/commands/rotate.ts";
import { loadContext } from "../../cli/context.ts";
import { type EngineName, type FleetStack, openFleetStack } from "../../cli/engine.ts";
import { SANDBOX_TOKENS, type World, type WorldOptions } from "../../demo/world.ts";
import { holdLock, openPackages } from "../support/cli.ts";
import { leaks } from "../support/leaks.ts";
import { satisOf, Teller } from "../support/teller.ts";

const engine: EngineName = process.env.ENGINE === "pulumi" ? "pulumi" : "sandbox";

const NEW = "sandbox-next-dispatch-token-77a0c2";
const SECRET = "COMPOSER_REPO_PAT";
const DISPATCH = "/repos/:owner/:repo/actions/workflows/:workflow/dispatches";

/** What GitHub's runners do while the command waits: whatever was started ends. */
const runners =
  ({ github }: World, conclusion: string) =>
  async () => {
    for (const name of github.repositories) {
      for (const run of github.repository(name).runs) Object.assign(run, { status: "completed", conclusion });
    }
  };

interface Rotation extends RotateOptions {
  readonly token?: string;
  /** How runs end. @default success */
  readonly runs?: string;
  /** What is different about the stack. */
  readonly stack?: Partial<FleetStack>;
}

/** Runs `fleet rotate` in this process; fails where it shows a token. */
async function rotateIn(world: World, { token = NEW, runs = "success", stack, ...options }: Rotation = {}) {
  const said: string[] = [];
  const output = { out: (text: string) => said.push(text), err: (text: string) => said.push(text) };
  const { home, env = {} } = world.settings;
  let code = 1;
  try {
    const loaded = await loadContext({ stack: "dev", cwd: home, engine, env });
    const context = { ...loaded, stack: { ...loaded.stack, ...stack } };
    code = await rotate(context, token, { wait: runners(world, runs), ...options }, output);
  } catch (error) {
    said.push(error instanceof Error ? error.message : String(error));
  }
  const text = said.join("\n");
  expect(leaks(text, { ...SANDBOX_TOKENS, NEW })).toEqual([]);
  return { code, text };
}

describe(`on ${engine}, fleet rotate`, () => {
  let world: World;
  const names = ["a", "b", "c"] as const;
  const held = () => names.map((name) => world.github.repository(name).secretValue(SECRET));
  // Opened anew: a stack that is open may not see what another process has configured.
  const reopened = () => openFleetStack(engine, world.settings);
  const configured = async () => (await (await reopened()).config())["satis-fleet:dispatchToken"]?.value;

  const open = async (more: Partial<WorldOptions> = {}) => {
    world = await openPackages(names, more);
    await new Teller(world).run("up");
    world.github.resetCalls();
    return world.github;
  };

  afterEach(() => world.close());

  test("writes one repository, sees a dispatch with the new token start a run, then writes the rest", async () => {
    const github = await open();
    const { code, text } = await rotateIn(world, { canary: "acme/b" });
    expect(text).toMatch(/acme\/b-token has the new token, and a dispatch with it started a run/);
    expect(text).toMatch(
      /the notify workflow of acme\/b succeeded with it: http.*\/acme\/b\/actions\/runs\/\d+/,
    );
    expect(text).toMatch(/done: 3 secrets hold the new token; commit Pulumi\.dev\.yaml.*; then revoke/);
    expect(code).toBe(0);
    expect(held()).toEqual([NEW, NEW, NEW]);
    expect(github.repository("composer").dispatches).toMatchObject([{ inputs: { package: "acme/b" } }]);
    const writes = github.calls.log.filter(
      ({ method, path, status }) => method !== "GET" && path !== "/graphql" && Number(status) < 300,
    );
    expect(writes.map(({ path }) => path.split("/")[3])).toEqual([
      "b",
      "composer",
      "b",
      expect.any(String),
      expect.any(String),
    ]);
    expect(github.repository("b").dispatches).toMatchObject([
      { workflow: ".github/workflows/notify-composer-update.yml", ref: "main" },
    ]);
    await new Teller({ ...world, stack: await reopened() }).quiet("up", { refresh: true });
    // The same again: nothing is left to write, and the one token there is stays in use.
    const again = await rotateIn(world);
    expect(again.text).toMatch(/^nothing to write: all 3 secrets hold it already$/m);
    expect(again.text).not.toContain("revoke");
    expect(again.code).toBe(0);
    github.inject({ method: "POST", path: DISPATCH, skip: 1, status: 403, body: { message: "No" } });
    const refused = await rotateIn(world);
    expect(refused.text).toMatch(/403 No\nthe configuration keeps this token; all 3 secrets hold it/);
    expect(refused.text).not.toContain("no other repository");
    expect(refused.code).toBe(1);
  });

  test("leaves the secret of a package that left to fleet up, and begins with one that stays", async () => {
    const github = await open();
    await world.writeSatis(satisOf("b", "c"));
    const named = await rotateIn(world, { canary: "acme/a" });
    expect(named.text).toMatch(
      /--canary names no package repository with a secret of its own: such as acme\/b/,
    );
    expect(named.text).toMatch(/has the old token again; no repository was given the new one/);
    expect(named.code).toBe(1);
    expect(await configured()).toBe(SANDBOX_TOKENS.dispatch);
    const { code, text } = await rotateIn(world);
    expect(text).toMatch(/other changes are planned; they are left to fleet up/);
    expect(text).toMatch(/acme\/b-token has the new token/);
    expect(text).toMatch(/done: 2 secrets hold the new token/);
    expect(code).toBe(0);
    expect(held()).toEqual([SANDBOX_TOKENS.dispatch, NEW, NEW]);
    expect(github.calls.log.filter(({ method }) => method === "DELETE")).toEqual([]);
  });

  test("puts everything back when the canary's own workflow fails with it, and says which run", async () => {
    await open();
    const { code, text } = await rotateIn(world, { runs: "failure" });
    expect(text).toMatch(
      /the notify workflow of acme\/a failed with the new token: http.*\/acme\/a\/actions\/runs\/\d+\n/,
    );
    expect(text).toMatch(/the configuration and acme\/a-token have the old token again; no other repository/);
    expect(code).toBe(1);
    expect(held()).toEqual(names.map(() => SANDBOX_TOKENS.dispatch));
  });

  test("goes on, and says so, where the canary's own workflow cannot be started, or does not end", async () => {
    const github = await open();
    const path = "/repos/acme/a/actions/workflows/notify-composer-update.yml/dispatches";
    const body = { message: "Resource not accessible by personal access token" };
    github.inject({ method: "POST", path, status: 403, body });
    const refused = await rotateIn(world);
    expect(refused.text).toMatch(
      /^not tried from acme\/a itself: GitHub refuses the dispatch: 403 Resource/m,
    );
    expect(refused.code).toBe(0);
    const idle = await rotateIn(world, { token: `${NEW}-2`, wait: async () => undefined });
    expect(idle.text).toMatch(/^not tried from acme\/a itself: its run did not end in 5 minutes: http/m);
    expect(idle.code).toBe(0);
    expect(held()).toEqual(names.map(() => `${NEW}-2`));
  });

  test("removes a lock with --unlock where the backend does not tell of it beforehand", async () => {
    const github = await open();
    const stack = { locks: async () => undefined };
    const file = await holdLock(world, engine);
    const { code, text } = await rotateIn(world, { stack });
    expect(text).toMatch(/the stack is locked by somebody@/);
    expect(text).toMatch(/the configuration has the old token again; no repository was given the new one/);
    expect(code).toBe(1);
    expect(held()).toEqual(names.map(() => SANDBOX_TOKENS.dispatch));
    expect(github.repository("composer").dispatches).toEqual([]);
    const forced = await rotateIn(world, { stack, unlock: true });
    expect(forced.text).toMatch(/removed the lock that somebody@.* left behind/);
    expect(forced.code).toBe(0);
    expect(held()).toEqual([NEW, NEW, NEW]);
    await rm(file, { force: true });
  });

  test("puts configuration and repository back when the canary's dispatch fails", async () => {
    const github = await open();
    // The first dispatch is the probe, which GitHub refuses anyway.
    github.inject({
      method: "POST",
      path: DISPATCH,
      skip: 1,
      status: 403,
      body: { message: "Forbidden by a rule" },
    });
    const { code, text } = await rotateIn(world);
    expect(code).toBe(1);
    expect(text).toMatch(/GitHub refuses the dispatch: 403 Forbidden by a rule/);
    expect(text).toMatch(/the configuration and acme\/a-token have the old token again; no other repository/);
    expect(held()).toEqual(names.map(() => SANDBOX_TOKENS.dispatch));
    expect(await configured()).toBe(SANDBOX_TOKENS.dispatch);
  });

  test("changes nothing for a token that GitHub does not know, or that may not dispatch", async () => {
    const github = await open();
    const before = JSON.stringify(github.snapshot());
    github.setToken(NEW, { revoked: true });
    expect(await rotateIn(world)).toMatchObject({
      code: 1,
      text: expect.stringMatching(/does not know the token[\s\S]*nothing was changed/),
    });
    github.setToken(NEW, { permissions: { metadata: "read", actions: "read" } });
    expect(await rotateIn(world)).toMatchObject({
      code: 1,
      text: expect.stringMatching(/lacks Actions: write on acme\/composer/),
    });
    expect(await rotateIn(world, { canary: "acme/nowhere" })).toMatchObject({
      code: 1,
      text: expect.stringMatching(/--canary names no package/),
    });
    expect(JSON.stringify(github.snapshot())).toBe(before);
    expect(await configured()).toBe(SANDBOX_TOKENS.dispatch);
  });

  test("writes the others where one repository refuses, says which, and goes on with it when run again", async () => {
    const github = await open();
    github.repository("b").archive();
    const { code, text } = await rotateIn(world);
    expect(code).toBe(1);
    expect(text).toMatch(/acme\/b\b.*archived/);
    expect(held()).toEqual([NEW, SANDBOX_TOKENS.dispatch, NEW]);
    github.repository("b").archive(false);
    const again = await rotateIn(world);
    expect(again.text).toMatch(/holds this token already: 2 of 3 secrets hold it, 1 does not yet/);
    expect(again.code).toBe(0);
    expect(held()).toEqual([NEW, NEW, NEW]);
  });

  test("completes although every third request is dropped, by itself or run again", async () => {
    const github = await open();
    for (let skip = 2; skip < 400; skip += 3) github.inject({ drop: true, skip });
    const first = await rotateIn(world);
    github.clearFaults();
    // Half-way it is never called whole: an error, and every secret holds the old or the new token.
    expect(
      first.code === 0 || /no (other )?repository was given|run it again/.test(first.text),
      first.text,
    ).toBe(true);
    for (const token of held()) expect([NEW, SANDBOX_TOKENS.dispatch]).toContain(token);
    if (first.code !== 0) expect(await rotateIn(world)).toMatchObject({ code: 0 });
    expect(held()).toEqual([NEW, NEW, NEW]);
    expect(await configured()).toBe(NEW);
  });

  test("replaces the organization's secret, which is one for all", async () => {
    const github = await open({ config: { "satis-fleet:secretScope": { value: "organization" } } });
    expect(await rotateIn(world)).toMatchObject({
      code: 0,
      text: expect.stringMatching(/1 secret holds the new token/),
    });
    expect(github.organizationSecret(SECRET)).toBe(NEW);
    // Nobody has a secret of its own: the first package's workflow stands for all.
    expect(github.repository("a").dispatches).toHaveLength(1);
  });
});
