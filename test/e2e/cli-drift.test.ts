import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { type DriftOptions, drift } from "../../cli/commands/drift.ts";
import { type Context, loadContext } from "../../cli/context.ts";
import type { Drift } from "../../cli/drift/finding.ts";
import { look } from "../../cli/drift/look.ts";
import { repair } from "../../cli/drift/repair.ts";
import type { EngineName } from "../../cli/engine.ts";
import { tamperings } from "../../demo/drift.ts";
import { type Api, strangersApi } from "../../demo/stranger.ts";
import { openWorld, SANDBOX_TOKENS, type World } from "../../demo/world.ts";
import { primaryLimit } from "../../sandbox/github/index.ts";
import { NOTIFY_PATH } from "../../workflows/notify.ts";
import { openPackages } from "../support/cli.ts";
import { leaks } from "../support/leaks.ts";
import { type StoryWorld, satisOf, Teller } from "../support/teller.ts";

const engine: EngineName = process.env.ENGINE === "pulumi" ? "pulumi" : "sandbox";
const SECRET = "COMPOSER_REPO_PAT";

/** What drift found, as a person would name it. */
function named(all: readonly Pick<Drift, "repository" | "kind">[]): string[] {
  return all.map(({ repository, kind }) => `${repository}: ${kind}`).sort();
}

/** GitHub's times have whole seconds: what a test writes must not share the fleet's. */
const nextSecond = () => sleep(1100);

describe(`on ${engine}, fleet drift`, () => {
  let world: World;

  afterEach(() => world.close());

  async function deployed(names: readonly string[], more: StoryWorld = {}): Promise<Context> {
    world = await openPackages(names, more);
    await world.stack.up({ parallel: 16 });
    world.github.resetCalls();
    return context();
  }

  function context(): Promise<Context> {
    const { settings } = world;
    return loadContext({ stack: "dev", cwd: settings.home, engine, env: settings.env ?? {} });
  }

  /** Runs the command; gives its exit code and the document that it prints. */
  async function run(of: Context, options: DriftOptions = {}) {
    let said = "";
    let told = "";
    const output = { out: (text: string) => (said += text), err: (text: string) => (told += text) };
    const code = await drift(of, { json: true, ...options }, output);
    expect(leaks(said + told)).toEqual([]);
    return { code, said, ...(options.json === false ? {} : JSON.parse(said)) };
  }

  function writes(): string[] {
    const { log } = world.github.calls;
    return log.map(({ route }) => route).filter((route) => !/^GET |^POST \/graphql$/.test(route));
  }

  test("finds nothing in a fleet as it was left, writes nothing, and asks at no cost the second time", async () => {
    const fleet = await deployed(["lib", "tool"]);
    const before = JSON.stringify(world.github.snapshot());
    const first = await run(fleet);
    expect(first).toMatchObject({ code: 0, clean: true, complete: true, drift: [], repositories: 3 });
    expect(first.apiCalls).toBe(world.github.calls.total);
    world.github.resetCalls();
    const second = await run(fleet);
    expect(second).toMatchObject({ code: 0, clean: true });
    const { log } = world.github.calls;
    expect(log.filter(({ status }) => status !== 304).map(({ route }) => route)).toEqual(["POST /graphql"]);
    expect(writes()).toEqual([]);
    expect(JSON.stringify(world.github.snapshot())).toBe(before);
  });

  test("costs N/50 + 10 requests with an organization secret, N conditional ones more without", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `p${index}`);
    const scope = (value: string) => ({ config: { "satis-fleet:secretScope": { value } } });
    const organization = await look(await deployed(names, scope("organization")));
    expect(organization).toMatchObject({ drift: [], unread: [] });
    expect(organization.apiCalls).toBeLessThanOrEqual(30 / 50 + 10);
    await world.close();
    const repository = await look(await deployed(names, scope("repository")));
    expect(repository).toMatchObject({ drift: [], unread: [] });
    expect(repository.apiCalls).toBeLessThanOrEqual(30 + 30 / 50 + 10);
  });

  test.each([100, 101])("keeps to N/50 + 10 requests where %i packages have drifted", async (count) => {
    const names = Array.from({ length: count }, (_, index) => `p${index}`);
    const fleet = await deployed(names, { config: { "satis-fleet:secretScope": { value: "organization" } } });
    const api = strangersApi(world.github.url);
    const [edit] = tamperings("acme", ["p0"], "composer");
    await edit?.act(api);
    await api("DELETE", "repos/acme/composer/environments/registry/secrets/REGISTRY_READ_TOKEN");
    const { drift: found, apiCalls } = await look(fleet);
    expect(named(found)).toEqual(["acme/composer: secret missing", "acme/p0: file changed"]);
    expect(found.find(({ kind }) => kind === "file changed")?.diff).toContain("+# edited by hand");
    expect(apiCalls).toBeLessThanOrEqual(count / 50 + 10);
    const pages = world.github.calls.log.filter(({ path }) => path.includes(`/${SECRET}/repositories`));
    expect(pages).toHaveLength(Math.ceil(count / 100));
  });

  test("finds the deleted secrets, changed and deleted files that the provider's own refresh finds", async () => {
    const names = ["a", "b", "c", "d", "e", "f"];
    const fleet = await deployed(names);
    const api = strangersApi(world.github.url);
    const seen = ["file changed", "file missing", "secret missing"];
    const some = tamperings("acme", [...names, "f"], "composer").filter(({ kind }) => seen.includes(kind));
    for (const { act } of some) await act(api);
    const refreshed: string[] = [];
    await world.stack.preview({
      refresh: true,
      onEvent: ({ resourcePreEvent }) => {
        const { op = "same", urn = "" } = resourcePreEvent?.metadata ?? {};
        if (op === "create" || op === "update") refreshed.push(urn);
      },
    });
    const found = await look(fleet);
    expect(found.drift.map(({ urn }) => urn).sort()).toEqual(refreshed.sort());
    expect(named(found.drift)).toEqual(named(some));
  });

  test("says what differs, repairs it with --repair, overwritten secrets included, and proves it", async () => {
    const names = ["a", "b", "c", "d", "e", "f", "g"];
    const fleet = await deployed(names);
    await nextSecond();
    const api = strangersApi(world.github.url);
    const all = tamperings("acme", names, "composer");
    for (const { act } of all) await act(api);
    world.github.resetCalls();
    const found = await run(fleet);
    expect(found).toMatchObject({ code: 2, clean: false, complete: true });
    expect(named(found.drift)).toEqual(named(all));
    expect(writes()).toEqual([]);
    const changed = found.drift.find(({ name }: Drift) => name === NOTIFY_PATH);
    expect(changed.diff).toContain("+# edited by hand");
    const repaired = await run(fleet, { repair: true });
    expect(repaired).toMatchObject({ code: 0, clean: true, drift: [], unread: [] });
    expect(named(repaired.found)).toEqual(named(all));
    for (const name of names) {
      expect(world.github.repository(name).secretValue(SECRET)).toBe(SANDBOX_TOKENS.dispatch);
    }
    const composer = world.github.repository("composer");
    expect(composer.secretValue("REGISTRY_READ_TOKEN", "registry")).toBe(SANDBOX_TOKENS.read);
    expect(composer.private).toBe(true);
    expect(await run(fleet)).toMatchObject({ code: 0 });
    await new Teller(world).quiet("up", { refresh: true });
  });

  test("tells renamed, archived, transferred, deleted and replaced repositories apart, and repairs the others", async () => {
    const names = ["renamed", "archived", "moved", "deleted", "replaced", "edited", "emptied"];
    const fleet = await deployed(names);
    await nextSecond();
    const { github } = world;
    const api = strangersApi(github.url);
    github.seed([{ owner: "others", name: "theirs" }]);
    github.move("acme/renamed", "acme/called-otherwise");
    github.repository("archived").archive();
    github.move("acme/moved", "others/moved");
    await api("DELETE", "repos/acme/deleted");
    await api("DELETE", "repos/acme/replaced");
    github.seed([{ name: "replaced" }]);
    const [edit] = tamperings("acme", ["edited"], "composer");
    await edit?.act(api);
    github.repository("emptied").setSecret(SECRET, "somebody else's");
    const rest = [
      "acme/archived: repository archived",
      "acme/deleted: repository deleted",
      "acme/moved: repository transferred",
      "acme/renamed: repository renamed",
    ];
    const found = await run(fleet);
    expect(named(found.drift)).toEqual(
      [
        ...rest,
        "acme/edited: file changed",
        "acme/emptied: secret overwritten",
        "acme/replaced: file missing",
        "acme/replaced: repository replaced",
        "acme/replaced: secret missing",
      ].sort(),
    );
    const remedy = found.drift.find(({ kind }: Drift) => kind === "repository renamed").remedy;
    expect(remedy).toContain(`satis-fleet:renames["acme/renamed"]' acme/called-otherwise`);
    const repaired = await run(fleet, { repair: true });
    expect(repaired).toMatchObject({ code: 2, clean: false });
    expect(repaired.repair).not.toHaveProperty("error");
    expect(named(repaired.drift)).toEqual(rest);
    expect(github.repository("emptied").secretValue(SECRET)).toBe(SANDBOX_TOKENS.dispatch);
    expect(github.repository("others/moved").secretValue(SECRET)).toBe(SANDBOX_TOKENS.dispatch);
  });

  test("finds what a package that left satis.json still holds, and what one that joined still lacks", async () => {
    await deployed(["lib", "tool"]);
    world.github.seed([{ name: "fresh" }]);
    await world.writeSatis(satisOf("lib", "fresh"));
    const fleet = await context();
    const found = await run(fleet);
    expect(named(found.drift)).toEqual([
      "acme/composer: file changed",
      "acme/fresh: file missing",
      "acme/fresh: secret missing",
      "acme/tool: file left behind",
      "acme/tool: secret left behind",
    ]);
    expect(await run(fleet, { repair: true })).toMatchObject({ code: 0, clean: true });
    expect(world.github.repository("tool").secretNames).toEqual([]);
  });

  test("tells a repository that left satis.json and then GitHub, until an update forgets it", async () => {
    await deployed(["lib", "tool"]);
    await world.writeSatis(satisOf("lib"));
    await strangersApi(world.github.url)("DELETE", "repos/acme/tool");
    const found = await run(await context());
    expect(found.code).toBe(2);
    expect(named(found.drift)).toEqual(["acme/composer: file changed", "acme/tool: repository deleted"]);
    expect(await run(await context(), { repair: true })).toMatchObject({ code: 0, clean: true });
  });

  test("names a rename that satis.json follows and nobody declared, and repairs it once it is", async () => {
    await deployed(["lib", "tool"]);
    world.github.move("acme/tool", "acme/hammer");
    await world.writeSatis(satisOf("lib", "hammer"));
    const found = await run(await context(), { repair: true });
    expect(found.repair).not.toHaveProperty("error");
    expect(named(found.drift)).toContain("acme/tool: repository renamed");
    expect(named(found.drift).filter((one) => one.includes("left behind"))).toEqual([]);
    await world.configure({
      "satis-fleet:renames": { value: JSON.stringify({ "acme/tool": "acme/hammer" }) },
    });
    expect(await run(await context(), { repair: true })).toMatchObject({ code: 0, clean: true });
    expect(world.github.repository("hammer").secretValue(SECRET)).toBe(SANDBOX_TOKENS.dispatch);
  });

  test("waits for nobody where another update holds the stack, and says who does", async () => {
    const fleet = await deployed(["lib", "tool"]);
    world.github.repository("lib").deleteSecret(SECRET);
    const found = await look(fleet);
    world.github.resetCalls();
    const path = `/repos/acme/tool/actions/secrets/${SECRET}`;
    world.github.inject({ path, latencyMs: engine === "pulumi" ? 20_000 : 10_000 });
    const other = world.stack.refresh();
    while (!world.github.calls.log.some((call) => call.path === path)) await sleep(20);
    const { error } = await repair(fleet, found);
    await other;
    expect(error).toMatch(/the stack is locked by .* which may be at work: wait for it/);
    expect(writes()).toEqual([]);
  });

  test("names an unknown stack, and a satis.json that is missing or broken, before it calls GitHub", async () => {
    const { settings } = await deployed(["lib"]);
    const open = (stack: string) =>
      loadContext({ stack, cwd: settings.home, engine, env: world.settings.env ?? {} });
    await expect(open("nowhere")).rejects.toThrow(/nowhere/);
    await world.writeSatis("{,}");
    await expect(open("dev")).rejects.toThrow(/satis\.json:1:2: fault: .*/);
    await rm(join(world.home, "satis.json"));
    await expect(open("dev")).rejects.toThrow(/satis\.json: fault: does not exist/);
    expect(world.github.calls.total).toBe(0);
  });

  test("says so where there is no token", async () => {
    const fleet = await deployed(["lib"]);
    const { "github:token": _token, ...rawConfig } = fleet.rawConfig;
    await expect(run({ ...fleet, rawConfig })).rejects.toThrow(
      /^there is no token: pulumi config set --secret github:token, or set GITHUB_TOKEN/,
    );
  });

  test("sees an organization secret that is gone, overwritten or given to others", async () => {
    const fleet = await deployed(["lib", "tool"], {
      config: { "satis-fleet:secretScope": { value: "organization" } },
    });
    await nextSecond();
    const api = strangersApi(world.github.url);
    const path = `orgs/acme/actions/secrets/${SECRET}`;
    const other = world.github.repository("composer").id;
    await api("PUT", `${path}/repositories`, {
      selected_repository_ids: [world.github.repository("lib").id, other],
    });
    const found = await run(fleet);
    expect(named(found.drift)).toEqual(["acme: secret scope changed"]);
    expect(found.drift[0].detail).toBe("is withheld from tool, is given to acme/composer");
    expect(await run(fleet, { repair: true })).toMatchObject({ code: 0 });
    await api("DELETE", path);
    expect(named((await run(fleet)).drift)).toEqual(["acme: secret missing"]);
    expect(await run(fleet, { repair: true })).toMatchObject({ code: 0 });
  });

  test.each([
    ["deleted", "repository deleted", (api: Api) => api("DELETE", "repos/acme/composer")],
    [
      "archived",
      "repository archived",
      (api: Api) => api("PATCH", "repos/acme/composer", { archived: true }),
    ],
  ])("brings back a composer repository that was %s", async (_, kind, act) => {
    const fleet = await deployed(["lib"]);
    await act(strangersApi(world.github.url));
    const found = await run(fleet);
    expect(named(found.drift)).toEqual([`acme/composer: ${kind}`]);
    const repaired = await run(fleet, { repair: true });
    expect(repaired.repair).not.toHaveProperty("error");
    expect(repaired).toMatchObject({ code: 0, clean: true });
  });

  test("says how to rename the composer repository back, which no update does", async () => {
    const fleet = await deployed(["lib"]);
    await strangersApi(world.github.url)("PATCH", "repos/acme/composer", { name: "satis" });
    const { code, drift: found } = await run(fleet, { repair: true });
    expect({ code, found: named(found) }).toEqual({ code: 2, found: ["acme/composer: repository renamed"] });
    expect(found[0].remedy).toBe("gh repo rename composer --repo acme/satis");
  });

  test("leaves the file of a protected repository to its pull request", async () => {
    const fleet = await deployed(["lib", "tool"], {
      repositories: [{ name: "lib" }, { name: "tool", protectedByPullRequest: true }],
      config: { "satis-fleet:delivery": { value: JSON.stringify({ "acme/tool": "pull-request" }) } },
    });
    const { code, drift: found } = await run(fleet, { repair: true });
    expect(code).toBe(2);
    expect(found).toMatchObject([{ repository: "acme/tool", kind: "file missing" }]);
    expect(found[0].remedy).toContain("fleet propose");
  });

  test("sees with --deep a workflow that somebody disabled, and enables it again", async () => {
    const fleet = await deployed(["lib", "tool"]);
    const workflow = NOTIFY_PATH.slice(NOTIFY_PATH.lastIndexOf("/") + 1);
    await strangersApi(world.github.url)("PUT", `repos/acme/lib/actions/workflows/${workflow}/disable`);
    expect(await run(fleet)).toMatchObject({ code: 0 });
    const { code, drift: found } = await run(fleet, { deep: true });
    expect({ code, found: named(found) }).toEqual({ code: 2, found: ["acme/lib: workflow disabled"] });
    expect(await run(fleet, { deep: true, repair: true })).toMatchObject({ code: 0, clean: true });
  });

  test("enables nothing in a repository that a stranger has now, and by today's name in one that was renamed", async () => {
    const fleet = await deployed(["lib", "tool"]);
    const workflow = NOTIFY_PATH.slice(NOTIFY_PATH.lastIndexOf("/") + 1);
    const api = strangersApi(world.github.url);
    for (const name of ["lib", "tool"])
      await api("PUT", `repos/acme/${name}/actions/workflows/${workflow}/disable`);
    world.github.seed([{ owner: "others", name: "theirs" }]);
    world.github.move("acme/tool", "others/tool");
    world.github.move("acme/lib", "acme/bib");
    world.github.resetCalls();
    const { drift: found, repair: done } = await run(fleet, { deep: true, repair: true });
    expect(named(found)).toEqual(["acme/lib: repository renamed", "acme/tool: repository transferred"]);
    expect(done).toMatchObject({ enabled: [`acme/lib ${NOTIFY_PATH}`] });
    const puts = world.github.calls.log.filter(({ method }) => method === "PUT");
    expect(puts.map(({ path }) => path)).toEqual([`/repos/acme/bib/actions/workflows/${workflow}/enable`]);
  });

  test("brings back what it can where GitHub refuses to enable a workflow, and says so", async () => {
    const fleet = await deployed(["lib", "tool", "old"]);
    const workflow = NOTIFY_PATH.slice(NOTIFY_PATH.lastIndexOf("/") + 1);
    const api = strangersApi(world.github.url);
    for (const name of ["lib", "tool", "old"])
      await api("PUT", `repos/acme/${name}/actions/workflows/${workflow}/disable`);
    world.github.repository("old").archive();
    world.github.repository("tool").deleteSecret(SECRET);
    const path = `/repos/acme/lib/actions/workflows/${workflow}/enable`;
    const forbidden = { status: 403, body: { message: "Resource not accessible by personal access token" } };
    world.github.inject({ path, ...forbidden, times: 9 });
    world.github.resetCalls();
    const { code, repair: done, drift: found } = await run(fleet, { deep: true, repair: true });
    expect(code).toBe(1);
    expect(done.error).toBe(`acme/lib ${NOTIFY_PATH} is not enabled: 403 ${forbidden.body.message}`);
    expect(done.enabled).toEqual([`acme/tool ${NOTIFY_PATH}`]);
    expect(named(found)).toEqual([
      "acme/lib: workflow disabled",
      "acme/old: repository archived",
      "acme/old: workflow disabled",
    ]);
    const puts = world.github.calls.log.filter(({ method }) => method === "PUT");
    expect(puts.filter((call) => call.path.includes("/acme/old/"))).toEqual([]);
  });

  test("repairs the others where one repository cannot be read, and writes nothing to that", async () => {
    const fleet = await deployed(["lib", "tool", "ok"]);
    world.github.repository("lib").deleteSecret(SECRET);
    const blocked = { status: 403, body: { message: "Repository access blocked" } };
    world.github.inject({ path: /\/repos\/acme\/tool(\/|$)/, ...blocked, times: 999 });
    world.github.resetCalls();
    const repaired = await run(fleet, { repair: true });
    expect(repaired).toMatchObject({ code: 1, clean: false, complete: false, drift: [] });
    expect(repaired.repair).not.toHaveProperty("error");
    expect(repaired.unread).toMatchObject([{ repository: "acme/tool" }]);
    expect(world.github.repository("lib").secretValue(SECRET)).toBe(SANDBOX_TOKENS.dispatch);
    expect(world.github.calls.log.filter(({ path }) => path.includes("/acme/tool/contents"))).toEqual([]);
  });

  test("repairs the others where a file's last commit is gone from the history, and names that file", async () => {
    const fleet = await deployed(["lib", "tool"]);
    world.github.repository("lib").deleteSecret(SECRET);
    const gone = { status: 422, body: { message: "No commit found for SHA: 0123456" } };
    world.github.inject({ path: /\/repos\/acme\/tool\/commits\//, ...gone, times: 999 });
    const repaired = await run(fleet, { repair: true });
    expect(repaired).toMatchObject({ code: 1, clean: false, complete: true, drift: [] });
    expect(repaired.repair.error).toMatch(
      /refresh failed:[\s\S]*acme\/tool-workflow.*[\s\S]*422 No commit found/,
    );
    expect(world.github.repository("lib").secretValue(SECRET)).toBe(SANDBOX_TOKENS.dispatch);
  });

  test("repairs what it can in batches where it is much, and says how long that takes", async () => {
    const fleet = await deployed(["a", "b", "old"]);
    await nextSecond();
    for (const name of ["a", "b"]) {
      const [edit] = tamperings("acme", [name], "composer");
      await edit?.act(strangersApi(world.github.url));
      world.github.repository(name).setSecret(SECRET, "somebody else's");
    }
    world.github.repository("old").archive();
    const told: string[] = [];
    const output = { out: () => undefined, err: (text: string) => told.push(text) };
    const done = await repair(fleet, await look(fleet), output, { batchSize: 1 });
    expect(done).not.toHaveProperty("error");
    expect(told.join("\n")).toMatch(/about \d+ calls, \d+ of them writes, \d+ s in [2-9] batches/);
    expect(named((await look(fleet)).drift)).toEqual(["acme/old: repository archived"]);
    for (const name of ["a", "b"])
      expect(world.github.repository(name).secretValue(SECRET)).toBe(SANDBOX_TOKENS.dispatch);
  });

  test("tells what the repair did where GitHub cannot be looked at afterwards", async () => {
    const fleet = await deployed(["lib"]);
    world.github.repository("lib").deleteSecret(SECRET);
    // The first look asks once, and once more for the repository whose secret is missing.
    world.github.inject({ ...primaryLimit(3000), path: "/graphql", skip: 2, times: 9 });
    const { code, clean, complete, repair: done, secondError } = await run(fleet, { repair: true });
    expect({ code, clean, complete }).toEqual({ code: 1, clean: false, complete: false });
    expect(done.operations).toMatchObject({ create: 1 });
    expect(secondError).toMatch(/limit of requests is used up until .*: try again then/);
  });

  test("keeps what it read before GitHub's limit ended the look", async () => {
    const fleet = await deployed(["lib", "tool"]);
    const path = `/repos/acme/tool/actions/secrets/${SECRET}`;
    world.github.inject({ ...primaryLimit(3000), path });
    await expect(look(fleet)).rejects.toThrow(/limit of requests is used up/);
    const { apiCalls, freeCalls, drift: found } = await look(fleet);
    expect(found).toEqual([]);
    expect(freeCalls).toBeGreaterThan(0);
    expect(freeCalls).toBeLessThan(apiCalls - 1);
  });

  test("says what it could not read, and calls that neither clean nor drift", async () => {
    const fleet = await deployed(["lib", "tool"]);
    const path = `/repos/acme/tool/actions/secrets/${SECRET}`;
    const forbidden = { status: 403, body: { message: "Resource not accessible by personal access token" } };
    world.github.inject({ path, ...forbidden, headers: { "x-accepted-github-permissions": "secrets=read" } });
    const { code, clean, complete, drift: found, unread } = await run(fleet);
    expect({ code, clean, complete, found }).toEqual({ code: 1, clean: false, complete: false, found: [] });
    expect(unread).toMatchObject([{ repository: "acme/tool", what: `secret ${SECRET}` }]);
    expect(unread[0].reason).toMatch(/^403 Resource not accessible .*\(the token needs secrets=read\)$/);
    world.github.inject({ path, ...forbidden });
    world.github.repository("lib").deleteSecret(SECRET);
    const both = await run(fleet, { json: false });
    expect(both.code).toBe(2);
    expect(both.said).toContain(`not read: secret ${SECRET}: 403`);
    expect(both.said).toContain("1 difference in 1 repository, 1 thing not read");
  });

  test("ends whole on a network that drops every third request", async () => {
    const fleet = await deployed(["lib", "tool"]);
    world.github.repository("tool").deleteSecret(SECRET);
    for (let third = 0; third < 6; third++) world.github.inject({ skip: third * 3 + 2, drop: true });
    const { code, complete, drift: found } = await run(fleet);
    expect(world.github.calls.log.filter(({ status }) => status === "dropped").length).toBeGreaterThan(2);
    expect({ code, complete, found: named(found) }).toEqual({
      code: 2,
      complete: true,
      found: ["acme/tool: secret missing"],
    });
  });

  test("repairs on such a network, or says that the repair failed", async () => {
    const fleet = await deployed(["lib"]);
    world.github.repository("lib").deleteSecret(SECRET);
    // From behind the first look on, which a test of its own looks at.
    for (let third = 4; third < 12; third++) world.github.inject({ skip: third * 3 + 2, drop: true });
    const { code, repair: done } = await run(fleet, { repair: true });
    expect(world.github.calls.log.filter(({ status }) => status === "dropped").length).toBeGreaterThan(4);
    if (code !== 0) expect(done.error).toMatch(/failed/);
    world.github.clearFaults();
    if (code !== 0) expect(await run(fleet, { repair: true })).toMatchObject({ code: 0 });
    expect(world.github.repository("lib").secretValue(SECRET)).toBe(SANDBOX_TOKENS.dispatch);
  });

  test("calls a repository that goes between two requests deleted, not its secret missing", async () => {
    const fleet = await deployed(["lib", "tool"]);
    const path = `/repos/acme/tool/actions/secrets/${SECRET}`;
    world.github.inject({ path, latencyMs: 500 });
    const running = run(fleet);
    while (!world.github.calls.log.some((call) => call.path === path)) await sleep(5);
    await strangersApi(world.github.url)("DELETE", "repos/acme/tool");
    expect(named((await running).drift)).toEqual(["acme/tool: repository deleted"]);
  });

  test("ends with GitHub's refusal when the token is no longer accepted", async () => {
    const fleet = await deployed(["lib"]);
    world.github.setToken(SANDBOX_TOKENS.provider, { revoked: true });
    await expect(run(fleet)).rejects.toThrow(/does not accept the token \(401\): pulumi config set --secret/);
  });

  test("names a repository that the repair was refused in, and ends with an error", async () => {
    const fleet = await deployed(["lib", "tool"]);
    world.github.repository("lib").deleteSecret(SECRET);
    world.github.setToken(SANDBOX_TOKENS.provider, {
      permissions: {
        metadata: "read",
        contents: "read",
        secrets: "read",
        environments: "read",
        actions: "read",
        pages: "read",
        administration: "read",
      },
    });
    const { code, repair: done, drift: found } = await run(fleet, { repair: true });
    expect(code).toBe(1);
    expect(done.error).toMatch(/acme\/lib\/actions\/secrets.*403/);
    expect(named(found)).toEqual(["acme/lib: secret missing"]);
  });

  test("tells a stack that was never deployed so", async () => {
    world = await openWorld({
      engine,
      owner: "acme",
      satis: satisOf("lib"),
      repositories: [{ name: "lib" }],
    });
    await expect(run(await context())).rejects.toThrow("nothing was deployed to the stack dev yet: fleet up");
    expect(world.github.calls.total).toBe(0);
  });
});
