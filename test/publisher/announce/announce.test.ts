import { afterEach, describe, expect, it, vi } from "vitest";
import { announcementSchema } from "../../../fleet/announcement.ts";
import { KEPT_VERSIONS } from "../../../publisher/announce/changes.ts";
import { ANNOUNCED_REF } from "../../../publisher/announce/store.ts";
import type { SeedRepository } from "../../../sandbox/github/index.ts";
import { type AnnounceWorld, announceWorld, consumer, reference, subscription } from "./support.ts";

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

describe("announcing", () => {
  it("tells nobody of the first build, and records it", async () => {
    world = await announceWorld([consumer("web")]);
    await world.release({ "acme/a": ["1.0.0", "dev-main"] });
    expect(await world.announce([subscription("acme/web")])).toEqual({
      told: [],
      waiting: {},
      first: true,
      faults: [],
    });
    expect(world.told("web")).toEqual([]);
    const { seen, pending } = await world.stored();
    expect(seen.versions).toEqual({
      "acme/a": {
        "1.0.0": reference("acme/a", "1.0.0").slice(0, 12),
        "dev-main": reference("acme/a", "dev-main").slice(0, 12),
      },
    });
    expect(pending).toEqual({ schema: 1, consumers: {} });
  });

  it("tells each consumer once, on its default branch, of what came and what moved, and of nothing else", async () => {
    const all = await announced([consumer("web", { defaultBranch: "trunk" }), consumer("shop")]);
    await world.release({ "acme/a": ["1.0.0@moved", "1.1.0"], "acme/b": ["1.0.0"], "acme/c": ["1.0.0"] });
    const { told, faults } = await world.announce(all);
    expect({ told: [...told].sort(), faults }).toEqual({ told: ["acme/shop", "acme/web"], faults: [] });
    const [first, ...others] = world.github.repository("web").dispatches;
    expect(others).toEqual([]);
    expect(first).toMatchObject({ workflow: ".github/workflows/update-composer-packages.yml", ref: "trunk" });
    expect(announcementSchema.parse(JSON.parse(first?.inputs.announcement ?? ""))).toEqual({
      schema: 1,
      build: "20261101T100002Z-0000000a",
      versions: [
        { package: "acme/a", version: "1.0.0", reference: reference("acme/a", "1.0.0@moved") },
        { package: "acme/a", version: "1.1.0", reference: reference("acme/a", "1.1.0") },
        { package: "acme/c", version: "1.0.0", reference: reference("acme/c", "1.0.0") },
      ],
    });
    await world.announce(all);
    expect([world.told("web"), world.told("shop")].map((list) => list.length)).toEqual([1, 1]);
  });

  it("tells of packages that a pattern asks for, and never a package of itself", async () => {
    await announced([consumer("web"), consumer("a")]);
    const all = [
      subscription("acme/web", { packages: ["acme/b*"] }),
      subscription("acme/a", { packages: ["*"] }),
    ];
    await world.release({ "acme/a": ["1.0.0", "1.1.0"], "acme/b": ["1.0.0", "1.1.0"] });
    await world.announce(all);
    expect(world.told("web")).toEqual([["acme/b 1.1.0"]]);
    expect(world.told("a")).toEqual([["acme/b 1.1.0"]]);
    await world.release({ "acme/a": ["1.0.0", "1.1.0", "1.2.0"], "acme/b": ["1.0.0", "1.1.0"] });
    expect((await world.announce(all)).told).toEqual([]);
  });

  it("dispatches a team's own workflow, on its ref, and one workflow for each directory", async () => {
    const workflows = consumer("mono").files ?? {};
    const path = ".github/workflows/update-composer-packages-apps-shop.yml";
    const text = workflows[".github/workflows/own.yml"] ?? "";
    await announced([
      consumer("web", { branches: ["next"] }),
      consumer("mono", { files: { ...workflows, [path]: text } }),
    ]);
    await world.release({ "acme/a": ["1.1.0"], "acme/b": ["1.0.0"] });
    await world.announce([
      subscription("acme/web", { dispatch: { workflow: "own.yml", ref: "next" } }),
      subscription("acme/mono"),
      subscription("acme/mono", { id: "acme/mono/apps/shop", directory: "apps/shop" }),
    ]);
    expect(world.github.repository("web").dispatches).toMatchObject([
      { workflow: ".github/workflows/own.yml", ref: "next" },
    ]);
    const used = world.github.repository("mono").dispatches.map(({ workflow }) => workflow);
    expect(used.sort()).toEqual([path, ".github/workflows/update-composer-packages.yml"]);
  });

  it("tells of every build since the last announcement, however many runs were lost", async () => {
    const all = await announced([consumer("web")]);
    await world.release({ "acme/a": ["1.0.0", "1.1.0"], "acme/b": ["1.0.0"] });
    await world.release({ "acme/a": ["1.0.0", "1.1.0"], "acme/b": ["1.0.0", "1.1.0"] });
    await world.announce(all);
    expect(world.told("web")).toEqual([["acme/a 1.1.0", "acme/b 1.1.0"]]);
  });

  it("keeps silent about a build that the site is not known to show, until it is", async () => {
    const all = await announced([consumer("web")]);
    const commit = await world.release({ "acme/a": ["1.1.0"], "acme/b": ["1.0.0"] }, { confirmed: false });
    expect((await world.announce(all)).told).toEqual([]);
    expect((await world.announce(all, { commit })).told).toEqual(["acme/web"]);
  });

  it("makes no ref where nobody subscribes", async () => {
    world = await announceWorld([]);
    await world.release({ "acme/a": ["1.0.0"] });
    await world.announce([]);
    expect(world.github.repository("composer").refs.has(ANNOUNCED_REF)).toBe(false);
  });
});

describe("a consumer that waits", () => {
  it("gets what it missed when it is resumed, newest states only, and nothing twice", async () => {
    await announced([consumer("web")]);
    const paused = [subscription("acme/web", { paused: true })];
    await world.release({ "acme/a": ["1.0.0", "1.1.0"], "acme/b": ["1.0.0"] });
    expect((await world.announce(paused)).waiting).toEqual({ "acme/web": "paused" });
    await world.release({ "acme/a": ["1.0.0", "1.1.0@moved"], "acme/b": ["1.0.0"], "acme/c": ["1.0.0"] });
    await world.announce(paused);
    await world.release({ "acme/a": ["1.0.0", "1.1.0@moved"], "acme/b": ["1.0.0"] });
    await world.announce(paused);
    expect((await world.announce([subscription("acme/web")])).told).toEqual(["acme/web"]);
    expect(world.told("web")).toEqual([["acme/a 1.1.0"]]);
    expect(world.github.repository("web").dispatches[0]?.inputs.announcement).toContain(
      reference("acme/a", "1.1.0@moved"),
    );
    expect((await world.stored()).pending).toEqual({ schema: 1, consumers: {} });
  });

  it("costs little, however long it waits", async () => {
    await announced([consumer("web")]);
    const paused = [subscription("acme/web", { paused: true })];
    const versions = Array.from({ length: 60 }, (_, index) => `1.${index}.0`);
    await world.release({ "acme/a": versions, "acme/b": ["1.0.0"] });
    await world.announce(paused);
    await world.announce([subscription("acme/web")]);
    const [told = []] = world.told("web");
    expect(told).toHaveLength(KEPT_VERSIONS);
    expect(told).toContain("acme/a 1.59.0");
  });

  it("is told by the first run after its delay, of all that came meanwhile", async () => {
    await announced([consumer("web")]);
    const delayed = [subscription("acme/web", { delayMinutes: 60 })];
    await world.release({ "acme/a": ["1.0.0", "1.1.0"], "acme/b": ["1.0.0"] });
    expect((await world.announce(delayed)).waiting).toEqual({ "acme/web": "delayed" });
    world.clock.pass(50);
    await world.release({ "acme/a": ["1.0.0", "1.1.0"], "acme/b": ["1.0.0", "1.1.0"] });
    await world.announce(delayed);
    expect(world.told("web")).toEqual([]);
    world.clock.pass(10);
    await world.announce(delayed);
    expect(world.told("web")).toEqual([["acme/a 1.1.0", "acme/b 1.1.0"]]);
  });

  it("is forgotten with its subscription, and packages with their patterns", async () => {
    await announced([consumer("web"), consumer("shop")]);
    await world.release({ "acme/a": ["1.1.0"], "acme/b": ["1.1.0"] });
    await world.announce([
      subscription("acme/web", { paused: true }),
      subscription("acme/shop", { paused: true }),
    ]);
    await world.announce([subscription("acme/web", { packages: ["acme/b"] })]);
    expect(world.told("web")).toEqual([["acme/b 1.1.0"]]);
    expect((await world.stored()).pending).toEqual({ schema: 1, consumers: {} });
  });
});
