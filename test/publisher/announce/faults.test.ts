import { afterEach, describe, expect, it, vi } from "vitest";
import { MAX_ANNOUNCEMENT_BYTES } from "../../../fleet/announcement.ts";
import { readEnvironment } from "../../../publisher/environment.ts";
import { EXIT } from "../../../publisher/fault.ts";
import { type SeedRepository, secondaryLimit } from "../../../sandbox/github/index.ts";
import type { AnnounceOrder } from "./announce-child.ts";
import {
  ANNOUNCE_TOKEN,
  type AnnounceWorld,
  announceWorld,
  consumer,
  killWhenStopped,
  subscription,
} from "./support.ts";

// Each test runs git some hundred times.
vi.setConfig({ testTimeout: 60_000 });

let world: AnnounceWorld;
afterEach(() => world.close());

/** A world whose consumers know of one build. */
async function announced(
  consumers: readonly SeedRepository[],
  subscriptions = consumers.map(({ name }) => subscription(`acme/${name}`)),
) {
  world = await announceWorld(consumers);
  await world.release({ "acme/a": ["1.0.0"], "acme/b": ["1.0.0"] });
  await world.announce(subscriptions);
  return subscriptions;
}

const DISPATCHES = /\/dispatches$/;

describe("a consumer that cannot be told", () => {
  it("is named with a remedy, keeps no other from being told, and is told when it can be", async () => {
    const all = await announced([consumer("web"), consumer("none", { files: { "README.md": "" } })]);
    const gone = [...all, subscription("acme/gone")];
    await world.release({ "acme/a": ["1.1.0"], "acme/b": ["1.0.0"] });
    const { told, waiting, faults } = await world.announce(gone);
    expect(told).toEqual(["acme/web"]);
    expect(waiting).toEqual({ "acme/none": "failed", "acme/gone": "failed" });
    const remedies = Object.fromEntries(faults.map(({ message, remedy }) => [message.split(":")[0], remedy]));
    expect(remedies["acme/none"]).toMatch(/pulumi up writes the workflow/);
    expect(remedies["acme/gone"]).toMatch(/take it out of subscriptions\.json/);
    world.github.seed([consumer("gone")]);
    expect((await world.announce(gone)).told).toEqual(["acme/gone"]);
    expect(world.told("gone")).toEqual([["acme/a 1.1.0"]]);
    expect(world.told("web")).toHaveLength(1);
  });

  it("says which permission the token lacks, and prints no token", async () => {
    const all = await announced([consumer("web")]);
    await world.release({ "acme/a": ["1.1.0"], "acme/b": ["1.0.0"] });
    world.github.setToken(ANNOUNCE_TOKEN, { permissions: { actions: "read", metadata: "read" } });
    const { faults } = await world.announce(all);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.message).toMatch(/^acme\/web: GitHub answered 403/);
    expect(faults[0]?.remedy).toMatch(/give ANNOUNCE_TOKEN the permission Actions: write/);
    expect(JSON.stringify(faults)).not.toContain(ANNOUNCE_TOKEN);
    world.github.setToken(ANNOUNCE_TOKEN, { permissions: { actions: "write", metadata: "read" } });
    expect((await world.announce(all)).told).toEqual(["acme/web"]);
  });

  it("waits until there is a token at all", async () => {
    const all = await announced([consumer("web"), consumer("shop")]);
    await world.release({ "acme/a": ["1.1.0"], "acme/b": ["1.0.0"] });
    const environment = readEnvironment({ ...world.variables, ANNOUNCE_TOKEN: undefined });
    const { faults, waiting } = await world.announce(all, { environment });
    expect(faults.map(({ message }) => message)).toEqual([
      "there is no ANNOUNCE_TOKEN, so 2 consumers are not told",
    ]);
    expect(Object.values(waiting)).toEqual(["failed", "failed"]);
    expect([...(await world.announce(all)).told].sort()).toEqual(["acme/shop", "acme/web"]);
  });

  it("is told again where GitHub failed, lost the answer or asked for a pause", async () => {
    const all = await announced([consumer("web"), consumer("shop"), consumer("site")]);
    await world.release({ "acme/a": ["1.1.0"], "acme/b": ["1.0.0"] });
    world.github.inject({ method: "POST", path: DISPATCHES, status: 502 });
    world.github.inject({ method: "POST", path: DISPATCHES, ...secondaryLimit(30) });
    world.github.inject({ method: "POST", path: DISPATCHES, drop: true, after: true });
    const before = world.clock.now();
    expect((await world.announce(all)).told).toHaveLength(3);
    expect(world.clock.now() - before).toBeGreaterThanOrEqual(30_000);
    for (const { fullName } of ["web", "shop", "site"].map((name) => world.github.repository(name)))
      expect(world.told(fullName).length, fullName).toBeGreaterThanOrEqual(1);
  });
});

describe("an announcement that ends halfway", () => {
  const CHILD = new URL("announce-child.ts", import.meta.url);
  const kill = async (order: Pick<AnnounceOrder, "stopAt" | "count" | "subscriptions">) => {
    const { work, settings } = await world.input([]);
    await killWhenStopped(CHILD, { ...order, work, settings, variables: world.variables });
  };

  it("before anybody was told loses nothing, whatever is published afterwards", async () => {
    const all = await announced([consumer("web")]);
    await world.release({ "acme/a": ["1.0.0", "1.1.0"], "acme/b": ["1.0.0"] });
    await kill({ stopAt: "recorded", count: 1, subscriptions: all });
    expect(world.told("web")).toEqual([]);
    await world.release({ "acme/a": ["1.0.0", "1.1.0"], "acme/b": ["1.0.0", "1.1.0"] });
    await world.announce(all);
    expect(world.told("web")).toEqual([["acme/a 1.1.0", "acme/b 1.1.0"]]);
  });

  it("between dispatch and record tells the same again, and everybody in the end", async () => {
    const all = await announced([consumer("web"), consumer("shop"), consumer("site")]);
    await world.release({ "acme/a": ["1.1.0"], "acme/b": ["1.0.0"] });
    await kill({ stopAt: "dispatched", count: 1, subscriptions: all });
    await world.announce(all);
    const counts = ["web", "shop", "site"].map((name) => world.told(name));
    expect(counts.map((list) => new Set(list.map(String)))).toEqual(
      Array.from({ length: 3 }, () => new Set(["acme/a 1.1.0"])),
    );
    expect(Math.max(...counts.map((list) => list.length))).toBe(2);
    await world.announce(all);
    expect(["web", "shop", "site"].map((name) => world.told(name))).toEqual(counts);
  });

  it("records as it goes: of many consumers few are told twice", async () => {
    const names = Array.from({ length: 120 }, (_, index) => `web-${index}`);
    const all = await announced(names.map((name) => consumer(name)));
    await world.release({ "acme/a": ["1.1.0"], "acme/b": ["1.0.0"] });
    let dispatched = 0;
    const failing = world.announce(all, {
      onStep: async (step) => {
        if (step === "dispatched" && ++dispatched === 110) throw new Error("killed");
      },
    });
    await expect(failing).rejects.toThrow("killed");
    await world.announce(all);
    const counts = names.map((name) => world.told(name).length);
    expect(Math.min(...counts)).toBe(1);
    expect(counts.filter((count) => count > 1).length).toBeLessThanOrEqual(15);
  });

  it("stops where another run announces at the same time, and overwrites nothing", async () => {
    const all = await announced([consumer("web")]);
    await world.release({ "acme/a": ["1.1.0"], "acme/b": ["1.0.0"] });
    let others = 0;
    const first = world.announce(all, {
      onStep: async (step) => {
        if (step !== "recorded" || others++ > 0) return;
        await world.release({ "acme/a": ["1.1.0"], "acme/b": ["1.0.0", "1.1.0"] });
        await world.announce(all);
      },
    });
    await expect(first).rejects.toMatchObject({ exitCode: EXIT.raced });
    expect((await world.stored()).seen.build).toBe("20261101T100003Z-0000000a");
    expect(world.told("web")).toContainEqual(["acme/a 1.1.0", "acme/b 1.1.0"]);
  });

  it("takes a record whose answer was lost for what it is", async () => {
    const all = await announced([consumer("web")]);
    await world.release({ "acme/a": ["1.1.0"], "acme/b": ["1.0.0"] });
    world.github.inject({ method: "POST", path: /git-receive-pack$/, after: true, status: 500 });
    expect((await world.announce(all)).told).toEqual(["acme/web"]);
  });

  it("begins anew, and says so, where the record is not readable", async () => {
    const all = await announced([consumer("web")]);
    await world.tamper("{}");
    await world.release({ "acme/a": ["1.1.0"], "acme/b": ["1.0.0"] });
    const { told, faults } = await world.announce(all);
    expect(told).toEqual([]);
    expect(faults[0]?.message).toMatch(/cannot be read/);
    await world.release({ "acme/a": ["1.1.0", "1.2.0"], "acme/b": ["1.0.0"] });
    expect((await world.announce(all)).told).toEqual(["acme/web"]);
    expect(world.told("web")).toEqual([["acme/a 1.2.0"]]);
  });
});

describe("GitHub's limits", () => {
  it("are kept: requests begin at least a third of a second apart, one a consumer and one query for all", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `web-${index}`);
    const all = await announced(names.map((name) => consumer(name)));
    await world.release({ "acme/a": ["1.1.0"], "acme/b": ["1.0.0"] });
    world.github.resetCalls();
    const begin = world.clock.now();
    expect((await world.announce(all)).told).toHaveLength(30);
    expect(world.clock.now() - begin).toBeGreaterThanOrEqual(29 * 334);
    const api = world.github.calls.log.filter(({ path }) => !/git-(?:upload|receive)-pack/.test(path));
    expect(api).toHaveLength(31);
  });

  it("split an announcement that is too long, and lose none of it", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 900 }, (_, index) => [`acme/package-${index}`, ["1.0.0"]]),
    );
    const all = await announced([consumer("web")]);
    await world.release(many);
    await world.announce(all);
    const texts = world.github.repository("web").dispatches.map(({ inputs }) => inputs.announcement ?? "");
    expect(texts.length).toBe(2);
    for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_ANNOUNCEMENT_BYTES);
    expect(new Set(world.told("web").flat()).size).toBe(900);
  });

  it("keep what was not told of a split announcement, and only that", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 900 }, (_, index) => [`acme/package-${index}`, ["1.0.0"]]),
    );
    const all = await announced([consumer("web")]);
    await world.release(many);
    world.github.inject({ method: "POST", path: DISPATCHES, skip: 1, status: 422, body: { message: "no" } });
    expect((await world.announce(all)).waiting).toEqual({ "acme/web": "failed" });
    await world.announce(all);
    expect(world.told("web").flat()).toHaveLength(900);
  });
});
