import { mkdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type UpOptions, up } from "../../cli/commands/up.ts";
import { type ContextOptions, loadContext } from "../../cli/context.ts";
import type { EngineName, RunOptions, RunResult } from "../../cli/engine.ts";
import { resourcesOf } from "../../cli/up/overwritten.ts";
import { SANDBOX_TOKENS, type World, type WorldOptions } from "../../demo/world.ts";
import { UPDATE_WORKFLOW_PATH, UPDATER_PATH } from "../../fleet/announcement.ts";
import { NOTIFY_PATH } from "../../workflows/notify.ts";
import { openPackages } from "../support/cli.ts";
import { subscriptionsOf } from "../support/consumer-stories.ts";
import { expectManaged } from "../support/faults.ts";
import { killUpdate } from "../support/kill.ts";
import { leaks } from "../support/leaks.ts";
import { satisOf, Teller } from "../support/teller.ts";

const engine: EngineName = process.env.ENGINE === "pulumi" ? "pulumi" : "sandbox";

/** Looks on while the engine makes a batch. */
type Around = (run: () => Promise<RunResult>) => Promise<RunResult>;

/** Runs `fleet up` in this process, as the command line does. */
async function fleetUp(
  world: World,
  options: UpOptions = { yes: true },
  { around = (run) => run(), ...more }: Partial<ContextOptions> & { around?: Around } = {},
) {
  const said: string[] = [];
  const told: string[] = [];
  const output = { out: (text: string) => said.push(text), err: (text: string) => told.push(text) };
  const { home, env = {} } = world.settings;
  let code = 0;
  let error = "";
  try {
    const context = await loadContext({ stack: "dev", cwd: home, engine, env, ...more });
    const stack = { ...context.stack, up: (run: RunOptions) => around(() => context.stack.up(run)) };
    code = await up({ ...context, stack }, options, output);
  } catch (failure) {
    code = 1;
    error = failure instanceof Error ? failure.message : String(failure);
  }
  const text = [...said, ...told, error].join("\n");
  expect(leaks(text)).toEqual([]);
  return { code, out: said.join("\n"), text };
}

/** Puts a lock into the stack's state, as a process that is at work has it. */
async function lock(world: World, { pid, hostname: host }: { pid: number; hostname: string }): Promise<void> {
  const text = JSON.stringify({
    pid,
    username: "somebody",
    hostname: host,
    timestamp: new Date().toISOString(),
  });
  const folder =
    engine === "pulumi"
      ? join(world.home, "state", ".pulumi", "locks", "organization", "satis-fleet", "dev")
      : join(world.settings.home, ".satis-fleet");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, engine === "pulumi" ? "somebody.json" : "dev.json.lock"), text);
}

/** Fails where the state names something that is not in it. */
async function expectWhole({ stack }: World): Promise<void> {
  const resources = resourcesOf(await stack.exportStack());
  const known = new Set(resources.map(({ urn }) => urn));
  const named = resources.flatMap(({ dependencies = [], propertyDependencies = {} }) => [
    ...dependencies,
    ...Object.values(propertyDependencies).flat(),
  ]);
  expect(named.filter((urn) => !known.has(urn))).toEqual([]);
}

/** A run that must succeed: its own words where it does not. */
async function succeeds(world: World, options?: UpOptions, around?: Around) {
  const run = await fleetUp(world, options, around ? { around } : {});
  expect(run.code, run.text).toBe(0);
  return run;
}

describe(`on ${engine}, fleet up`, () => {
  let world: World;

  const open = async (names: readonly string[], more: Partial<WorldOptions> = {}) => {
    world = await openPackages(names, more);
    return world.github;
  };

  const writes = () => world.github.calls.log.filter(({ method }) => method !== "GET");

  afterEach(() => world.close());

  test("says what it will do and how long it takes, asks, does it, and then has nothing to do", async () => {
    await open(["lib", "tool"]);
    const refused = await fleetUp(world, { confirm: async () => false });
    expect(refused).toMatchObject({ code: 1, out: "nothing was changed" });
    expect(writes()).toEqual([]);
    expect(refused.text).toMatch(/planned: \d+ to create/);
    expect(refused.text).toMatch(/ {2}\+ acme\/lib-token/);
    expect(refused.text).toMatch(/about \d+ calls, \d+ of them writes, \d+ s$/m);
    const done = await fleetUp(world);
    expect(done).toMatchObject({ code: 0, out: expect.stringMatching(/^done: \d+ created$/) });
    expectManaged(new Teller(world), "lib", "tool");
    world.github.resetCalls();
    const again = await fleetUp(world, { json: true, yes: true });
    expect(again).toMatchObject({ code: 0 });
    expect(writes()).toEqual([]);
    // What looking costs is said before it begins, and is what it comes to: each of the engine's runs asks for the organization besides.
    const [, announced] = /^refreshing first: about (\d+) calls, \d+ s$/m.exec(again.text) ?? [];
    expect(JSON.parse(again.out).estimate.refreshCalls).toBe(Number(announced));
    expect(Math.abs(world.github.calls.total - Number(announced))).toBeLessThanOrEqual(3);
  });

  test("judges by the policies with the configuration beside satis.json, and by another that is named", async () => {
    const github = await open(["lib"], { config: { "satis-fleet:visibility": { value: "public" } } });
    const write = (name: string, text: string) => writeFile(join(world.home, name), text);
    expect(await fleetUp(world)).toMatchObject({
      code: 1,
      text: expect.stringMatching(/policy repository-visibility: .*[\s\S]*visibility public is not allowed/),
    });
    await write("policy-config.json", '{\n  "repository-visibility": "advisary"\n}');
    expect(await fleetUp(world)).toMatchObject({
      code: 1,
      text: expect.stringMatching(
        /policy-config\.json:2:28: fault: repository-visibility is the text "advisary"/,
      ),
    });
    await write("policy-config.json", '{"repository-visibility": "mandatory"}');
    expect((await fleetUp(world)).code).toBe(1);
    expect(github.repositories).toEqual(["acme/lib"]);
    await write("other.json", '{"repository-visibility": "advisory"}');
    const named = await fleetUp(
      world,
      { previewOnly: true },
      { policyConfig: join(world.home, "other.json") },
    );
    expect(named).toMatchObject({ code: 0, text: expect.stringMatching(/visibility public is not allowed/) });
    await write("policy-config.json", '{"repository-visibility": {"allowed": ["public"]}}');
    const { text } = await succeeds(world);
    expect(text).not.toMatch(/visibility/);
    expectManaged(new Teller(world), "lib");
  });

  test("replaces secrets that somebody overwrote, which no preview shows", async () => {
    const github = await open(["lib", "tool"]);
    await fleetUp(world);
    github.repository("tool").setSecret("COMPOSER_REPO_PAT", "somebody else's");
    const preview = await fleetUp(world, { previewOnly: true });
    expect(preview.text).toContain("acme/tool-token was overwritten by somebody: it is written again");
    expect(github.repository("tool").secretValue("COMPOSER_REPO_PAT")).toBe("somebody else's");
    const { out } = await succeeds(world, { yes: true, json: true });
    expect(JSON.parse(out)).toMatchObject({ overwritten: ["acme/tool-token"], changes: { replace: 1 } });
    expect(github.repository("tool").secretValue("COMPOSER_REPO_PAT")).toBe(SANDBOX_TOKENS.dispatch);
    expect(await succeeds(world)).toMatchObject({ out: "nothing to do" });
  });

  test("makes a large change in batches, the composer repository first and deletes last", async () => {
    const github = await open(["a", "b", "c"]);
    const { text } = await succeeds(world, { yes: true, batchSize: 3 });
    expect(text).toMatch(/in \d batches/);
    expectManaged(new Teller(world), "a", "b", "c");
    await world.writeSatis(satisOf("b", "c", "e", "f", "g"));
    github.seed([{ name: "e" }, { name: "f" }, { name: "g" }]);
    github.resetCalls();
    await succeeds(world, { yes: true, batchSize: 3 });
    const changes = writes().map(({ method, path }) => `${method} ${path.split("/")[3]}`);
    expect(changes.findIndex((one) => one.startsWith("DELETE"))).toBeGreaterThan(
      changes.lastIndexOf("PUT g"),
    );
    expectManaged(new Teller(world), "b", "c", "e", "f", "g");
    expect(github.repository("a").secretNames).toEqual([]);
    expect(await succeeds(world)).toMatchObject({ out: "nothing to do" });
  });

  test.each(["repository", "organization"])(
    "deletes in batches where it is much, a secret a %s: nothing else is lost, and the state names nothing that is gone",
    async (scope) => {
      const github = await open(["a", "b", "c", "d"], {
        config: {
          "satis-fleet:secretScope": { value: scope },
          "satis-fleet:announceToken": { value: SANDBOX_TOKENS.announce, secret: true },
        },
        subscriptions: subscriptionsOf({ repository: "acme/a" }),
      });
      await world.stack.up({ parallel: 16 });
      await world.writeSatis(satisOf("d"));
      // Another token of the provider, on which everything depends.
      await world.configure({ "github:token": { value: "sandbox-next-token", secret: true } });
      const deletes = () =>
        writes().filter(({ method, path }) => method === "DELETE" && path.includes("/contents/")).length;
      const ofRuns: number[] = [];
      await succeeds(world, { yes: true, batchSize: 2 }, async (run) => {
        const before = deletes();
        const result = await run();
        ofRuns.push(deletes() - before);
        return result;
      });
      // The composer repository's own commit and a repository; two repositories; what is in the state alone.
      expect(ofRuns).toEqual([0, 1, 2, 0]);
      expect(Object.keys(github.repository("a").files())).toEqual(
        expect.arrayContaining([UPDATER_PATH, UPDATE_WORKFLOW_PATH]),
      );
      for (const name of ["a", "b", "c"]) {
        expect(Object.keys(github.repository(name).files())).not.toContain(NOTIFY_PATH);
        expect(github.repository(name).secretNames).toEqual([]);
      }
      await expectWhole(world);
      expect(await succeeds(world)).toMatchObject({ out: "nothing to do" });
    },
  );

  test("writes a secret again beside a file that goes, in batches", async () => {
    const github = await open(["a", "b"]);
    await world.writeSatis(satisOf("a"));
    await world.stack.up({ parallel: 16 });
    github.repository("a").setSecret("COMPOSER_REPO_PAT", "somebody else's");
    await world.configure({ "satis-fleet:delivery": { value: '{"acme/a": "pull-request"}' } });
    await world.writeSatis(satisOf("a", "b"));
    const { text } = await succeeds(world, { yes: true, batchSize: 2 });
    expect(text).toMatch(/in \d batches/);
    expectManaged(new Teller(world), "b");
    expect(github.repository("a").secretValue("COMPOSER_REPO_PAT")).toBe(SANDBOX_TOKENS.dispatch);
    expect(Object.keys(github.repository("a").files())).not.toContain(NOTIFY_PATH);
    await expectWhole(world);
    expect(await succeeds(world)).toMatchObject({ out: "nothing to do" });
  });

  test("makes an organization's secret after the packages that it lists, batches or not", async () => {
    const github = await open(["a", "b", "c"], {
      config: { "satis-fleet:secretScope": { value: "organization" } },
    });
    await succeeds(world, { yes: true, batchSize: 3 });
    expect(github.organizationSecret("COMPOSER_REPO_PAT")).toBe(SANDBOX_TOKENS.dispatch);
    expect(await succeeds(world)).toMatchObject({ out: "nothing to do" });
  });

  test("completes although every third request is dropped, by itself or run again", async () => {
    const github = await open(["lib", "tool"]);
    for (let skip = 2; skip < 400; skip += 3) github.inject({ drop: true, skip });
    // The provider may give up in the middle of making the repository (measured: it crashes), and says so.
    const first = await fleetUp(world);
    if (first.code !== 0) expect(first.text).toMatch(/what was done is recorded: run it again/);
    expect(first.text).not.toMatch(/goroutine|node_modules/);
    github.clearFaults();
    await succeeds(world);
    expectManaged(new Teller(world), "lib", "tool");
    expect(await succeeds(world)).toMatchObject({ out: "nothing to do" });
  });

  test.each([
    { made: "composer-repository", method: "POST", path: "/orgs/:org/repos" },
    { made: "composer-pages", method: "POST", path: "/repos/:owner/:repo/pages" },
  ])("takes over $made when GitHub made it and its answer was lost", async ({ made, ...point }) => {
    const github = await open(["lib"]);
    github.inject({ ...point, status: 500, after: true, body: { message: "Lost" } });
    const first = await fleetUp(world);
    expect(first.code).toBe(1);
    const second = await succeeds(world);
    expect(second.text).toContain(`took over ${made}, which is there although no state knows it`);
    expectManaged(new Teller(world), "lib");
    expect(await succeeds(world)).toMatchObject({ out: "nothing to do" });
  });

  test("leaves the lock of somebody at work alone, and a state that it may not read", async () => {
    const github = await open(["lib"]);
    await succeeds(world);
    await lock(world, { pid: process.pid, hostname: hostname() });
    github.resetCalls();
    const refused = await fleetUp(world);
    expect(refused.code).toBe(1);
    expect(refused.text).toMatch(/locked by .* which may be at work: .*fleet up --unlock where you know/);
    await lock(world, { pid: 4_194_305, hostname: "elsewhere" });
    expect(await fleetUp(world)).toMatchObject({ code: 1, text: expect.stringMatching(/@elsewhere/) });
    expect(writes()).toEqual([]);
    expect((await succeeds(world, { yes: true, unlock: true })).text).toMatch(/removed the lock/);
    // Somebody who begins later on is at work, whatever was known of the lock before.
    await world.writeSatis(satisOf());
    const confirm = async () => {
      await lock(world, { pid: process.pid, hostname: hostname() });
      return true;
    };
    expect(await fleetUp(world, { unlock: true, confirm })).toMatchObject({
      code: 1,
      text: expect.stringMatching(/which may be at work/),
    });
    expectManaged(new Teller(world), "lib");
  });

  test("says what is missing: a token, the right one, a permission, a repository", async () => {
    const github = await open(["lib", "tool"]);
    github.setToken(SANDBOX_TOKENS.provider, { revoked: true });
    expect(await fleetUp(world)).toMatchObject({
      code: 1,
      text: expect.stringMatching(/401 Bad credentials/),
    });
    const permissions = {
      metadata: "read",
      contents: "write",
      workflows: "write",
      administration: "write",
    } as const;
    github.setToken(SANDBOX_TOKENS.provider, { permissions });
    expect(await fleetUp(world)).toMatchObject({
      code: 1,
      text: expect.stringMatching(/403 Resource not accessible/),
    });
    github.setToken(SANDBOX_TOKENS.provider, {});
    await succeeds(world);
    await fetch(`${github.url}repos/acme/tool`, {
      method: "DELETE",
      headers: { authorization: "Bearer somebody" },
    });
    const gone = await fleetUp(world);
    expect(gone.code).toBe(1);
    expect(gone.text).toMatch(
      /repos\/acme\/tool.*404 Not Found[\s\S]*what was done is recorded: run it again/,
    );
    github.seed([{ name: "tool" }]);
    await succeeds(world);
    expectManaged(new Teller(world), "lib", "tool");
  });

  test.each([
    { method: "POST", route: "/orgs/:org/repos" },
    { method: "POST", route: "/repos/:owner/:repo/pages" },
    { method: "PUT", route: "/repos/:owner/:repo/contents/:path" },
  ])("goes on after a run that was killed during $method $route, and says what it cleared", async (point) => {
    await open(["lib", "tool"]);
    const { inTime } = await killUpdate(world, engine, point);
    expect(inTime).toBe(true);
    const { text } = await succeeds(world);
    expect(text).toMatch(/removed the lock that .+ left behind/);
    expect(text).toMatch(/took over|cleared what a killed update left pending/);
    expectManaged(new Teller(world), "lib", "tool");
    expect(await succeeds(world)).toMatchObject({ out: "nothing to do" });
  });

  test("goes on after a run that was killed between two batches, where it was", async () => {
    const github = await open(["lib", "tool"]);
    // Every run of the engine asks for the organization: the preview, the first batch, the preview before the second one.
    const asked = { method: "GET", route: "/orgs/:org", nth: 3 };
    const { inTime } = await killUpdate(world, engine, asked, 1);
    expect(inTime).toBe(true);
    expect(github.repositories).toContain("acme/composer");
    expect(github.repository("lib").secretNames).toEqual([]);
    github.resetCalls();
    const { text } = await succeeds(world, { yes: true, batchSize: 1 });
    expect(text).not.toMatch(/took over|cleared/);
    expectManaged(new Teller(world), "lib", "tool");
    // What the first batch had made is not made again.
    expect(writes().filter(({ path }) => path.endsWith("/orgs/acme/repos"))).toEqual([]);
    expect(await succeeds(world)).toMatchObject({ out: "nothing to do" });
  });
});
