import { afterEach, describe, expect, test } from "vitest";
import type { EngineName } from "../../cli/engine.ts";
import { openWorld, SANDBOX_TOKENS, type World } from "../../demo/world.ts";
import { secondaryLimit } from "../../sandbox/github/index.ts";
import { STACK_TRACE } from "../support/bad-input.ts";
import { expectManaged, expectRecorded, fleetCommits } from "../support/faults.ts";
import { satisOf, Teller } from "../support/teller.ts";

const engine: EngineName = process.env.ENGINE === "pulumi" ? "pulumi" : "sandbox";

const contents = (name: string) => new RegExp(`^/repos/acme/${name}/contents/.*notify`);
const secrets = (name: string) => new RegExp(`^/repos/acme/${name}/actions/secrets/COMPOSER`);

describe(`on ${engine}, an update`, () => {
  let world: World;

  afterEach(() => world.close());

  test("goes on after delays, limits, errors of the server and lost connections, and writes nothing twice", async () => {
    const names = ["slow", "limited", "failing", "dropped", "unheard"] as const;
    world = await openWorld({
      engine,
      owner: "acme",
      satis: satisOf(...names),
      repositories: names.map((name) => ({ name })),
    });
    const { github } = world;
    const teller = new Teller(world);
    github.inject({ path: /^\/repos\/acme\/slow\b/, latencyMs: 300, times: 20 });
    github.inject({ method: "PUT", path: secrets("limited"), ...secondaryLimit(1) });
    github.inject({ method: "PUT", path: contents("limited"), ...secondaryLimit(1) });
    github.inject({ method: "PUT", path: contents("failing"), status: 502, times: 2 });
    github.inject({ method: "PUT", path: secrets("failing"), status: 503, times: 2 });
    github.inject({ method: "PUT", path: contents("dropped"), drop: true });
    github.inject({ method: "GET", path: /^\/repos\/acme\/dropped\/actions/, drop: true });
    github.inject({ method: "PUT", path: secrets("unheard"), drop: true, after: true });
    await teller.run("up");
    const spoilt = github.calls.log.filter(({ status }) => [403, 502, 503, "dropped"].includes(status));
    expect(spoilt).toHaveLength(9);
    expectManaged(teller, ...names);
    expect(names.map((name) => fleetCommits(teller, name))).toEqual(names.map(() => 1));
    await teller.quiet("up", { refresh: true });
    await teller.nothingLeaked();
  });

  test("whose answer to a commit was lost says so, and the next one takes the file over", async () => {
    world = await openWorld({
      engine,
      owner: "acme",
      satis: satisOf("lib", "tool"),
      repositories: [{ name: "lib" }, { name: "tool" }],
    });
    const teller = new Teller(world);
    world.github.inject({ method: "PUT", path: contents("lib"), drop: true, after: true });
    const message = await teller.fails("up");
    expect(message).toMatch(/\(acme\/lib-workflow\):/);
    expect(message).not.toMatch(STACK_TRACE);
    await teller.run("up");
    expectManaged(teller, "lib", "tool");
    await expectRecorded(teller, "lib", "tool");
    await teller.quiet("up", { refresh: true });
    await teller.nothingLeaked();
  });

  test("with a token that was revoked or has too few rights changes nothing, and the right token completes it", async () => {
    world = await openWorld({
      engine,
      owner: "acme",
      satis: satisOf("lib", "tool"),
      repositories: [{ name: "lib" }, { name: "tool" }],
    });
    const { github } = world;
    const teller = new Teller(world);
    const before = JSON.stringify(github.snapshot());
    github.setToken(SANDBOX_TOKENS.provider, { revoked: true });
    expect(await teller.fails("up")).toMatch(/401 Bad credentials/);
    expect(github.calls.log.filter(({ method }) => method !== "GET")).toEqual([]);
    const permissions = { metadata: "read", contents: "read", secrets: "read" } as const;
    github.setToken(SANDBOX_TOKENS.provider, { permissions });
    const refused = await teller.fails("up");
    expect(refused).toMatch(
      /\/(orgs\/acme\/repos|repos\/acme\/(lib|tool)\/).*403 Resource not accessible by personal access token/,
    );
    expect(JSON.stringify(github.snapshot())).toBe(before);
    github.setToken(SANDBOX_TOKENS.provider, {});
    await teller.run("up");
    expectManaged(teller, "lib", "tool");
    await teller.quiet();
    await teller.nothingLeaked();
  });

  test("names every repository that refuses with GitHub's words, records the rest, and completes once each is put right", async () => {
    const names = ["fine", "gone", "frozen", "closed", "guarded", "branchless"] as const;
    world = await openWorld({
      engine,
      owner: "acme",
      satis: satisOf(...names),
      repositories: [
        { name: "fine" },
        { name: "frozen" },
        { name: "closed", readOnly: true },
        { name: "guarded", protectedByPullRequest: true },
        { name: "branchless" },
      ],
      config: { "satis-fleet:branches": { value: JSON.stringify({ "acme/branchless": "develop" }) } },
    });
    const { github } = world;
    const teller = new Teller(world);
    github.repository("frozen").archive();
    // An engine begins nothing new after the first failure: all have to be on their way by then.
    for (const path of [/^\/repos\/acme\/gone\b/, secrets("frozen"), /^\/repos\/acme\/closed\/actions/]) {
      github.inject({ path, latencyMs: 4000 });
    }
    github.inject({ method: "PUT", path: contents("guarded"), latencyMs: 1500 });
    github.inject({ path: /^\/repos\/acme\/branchless\/branches\/develop/, latencyMs: 1500 });
    const message = await teller.fails("up");
    expect(message).toMatch(/repos\/acme\/gone.*404 Not Found/);
    expect(message).toMatch(/repos\/acme\/frozen.*403 Repository was archived so is read-only/);
    expect(message).toMatch(/repos\/acme\/closed.*403 Resource not accessible by personal access token/);
    expect(message).toMatch(/repos\/acme\/guarded.*409 .*[\s\S]*must be made through a pull request/);
    // The provider names neither call nor branch here: the resource has to do.
    expect(message).toMatch(/\(acme\/branchless-workflow\):\s+error: .*404 Not Found/);
    expect(message).not.toMatch(STACK_TRACE);
    expectManaged(teller, "fine");
    await expectRecorded(teller, ...names);
    await teller.nothingLeaked();

    github.clearFaults();
    github.seed([{ name: "gone" }]);
    github.repository("frozen").archive(false);
    await world.writeSatis(satisOf(...names.filter((name) => name !== "closed")));
    await world.configure({
      "satis-fleet:branches": { value: "{}" },
      "satis-fleet:delivery": { value: JSON.stringify({ "acme/guarded": "pull-request" }) },
    });
    await teller.run("up");
    expectManaged(teller, "fine", "gone", "frozen", "branchless");
    expect(github.repository("guarded").secretValue("COMPOSER_REPO_PAT")).toBe(SANDBOX_TOKENS.dispatch);
    expect(github.repository("closed").commits()).toHaveLength(1);
    expect(github.repository("closed").secretNames).toEqual([]);
    await expectRecorded(teller, ...names);
    await teller.quiet();

    // The same on the way out: what cannot be deleted is not forgotten.
    const refusal = { message: "Resource not accessible by personal access token" };
    github.inject({ method: "DELETE", path: contents("frozen"), status: 403, body: refusal });
    await world.writeSatis(satisOf("fine", "gone", "guarded", "branchless"));
    expect(await teller.fails("up")).toMatch(/repos\/acme\/frozen.*403 Resource not accessible/);
    expectManaged(teller, "frozen");
    await expectRecorded(teller, ...names);
    await teller.run("up");
    expect(github.repository("frozen").secretNames).toEqual([]);
    await expectRecorded(teller, ...names);
    await teller.quiet();
    await teller.nothingLeaked();
  });
});
