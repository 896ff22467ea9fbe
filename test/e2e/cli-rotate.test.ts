import { afterEach, describe, expect, test } from "vitest";
import { type RotateOptions, rotate } from "../../cli/commands/rotate.ts";
import { loadContext } from "../../cli/context.ts";
import { type EngineName, openFleetStack } from "../../cli/engine.ts";
import { SANDBOX_TOKENS, type World, type WorldOptions } from "../../demo/world.ts";
import { openPackages } from "../support/cli.ts";
import { leaks } from "../support/leaks.ts";
import { Teller } from "../support/teller.ts";

const engine: EngineName = process.env.ENGINE === "pulumi" ? "pulumi" : "sandbox";

const NEW = "sandbox-next-dispatch-token-77a0c2";
const SECRET = "COMPOSER_REPO_PAT";
const DISPATCH = "/repos/:owner/:repo/actions/workflows/:workflow/dispatches";

/** Runs `fleet rotate` in this process; fails where it shows a token. */
async function rotateIn(world: World, token = NEW, options: RotateOptions = {}) {
  const said: string[] = [];
  const output = { out: (text: string) => said.push(text), err: (text: string) => said.push(text) };
  const { home, env = {} } = world.settings;
  let code = 1;
  try {
    const context = await loadContext({ stack: "dev", cwd: home, engine, env });
    code = await rotate(context, token, { wait: async () => undefined, ...options }, output);
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
    const { code, text } = await rotateIn(world, NEW, { canary: "acme/b" });
    expect(text).toMatch(/acme\/b-token has the new token, and a dispatch with it started a run/);
    expect(text).toMatch(/done: 3 secrets hold the new token; revoke the old one/);
    expect(code).toBe(0);
    expect(held()).toEqual([NEW, NEW, NEW]);
    expect(github.repository("composer").dispatches).toMatchObject([{ inputs: { package: "acme/b" } }]);
    const writes = github.calls.log.filter(
      ({ method, path, status }) => method !== "GET" && path !== "/graphql" && Number(status) < 300,
    );
    expect(writes.map(({ path }) => path.split("/")[3])).toEqual([
      "b",
      "composer",
      expect.any(String),
      expect.any(String),
    ]);
    await new Teller({ ...world, stack: await reopened() }).quiet("up", { refresh: true });
    // The same again: nothing is left to write.
    expect(await rotateIn(world)).toMatchObject({ code: 0 });
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
    expect(await rotateIn(world, NEW, { canary: "acme/nowhere" })).toMatchObject({
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
    expect(again.text).toMatch(/holds this token already: going on/);
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
      first.code === 0 || /no other repository was given|run it again/.test(first.text),
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
  });
});
