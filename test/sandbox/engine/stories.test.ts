import { describe, expect, test, vi } from "vitest";
import { bench, failure, urn } from "./support.ts";

const CHAIN = [
  { name: "m1", color: "red" },
  { name: "n1", color: "red" },
  { name: "m2", color: "red", dependsOn: ["m1"] },
  { name: "n2", color: "red", dependsOn: ["n1"] },
];
const repaint = (color: string) => CHAIN.map((thing) => ({ ...thing, color }));

// Every run starts a program: half a second on an idle machine, several on a busy one.
vi.setConfig({ testTimeout: 90_000 });

describe("create, change, leave alone", () => {
  test("a first up creates everything, a second changes nothing, and a change updates what changed", async () => {
    const { up, steps, world } = bench();
    expect(await up(CHAIN)).toEqual({ create: 5 });
    expect(world.calls.toSorted()).toEqual(["create m1", "create m2", "create n1", "create n2"]);
    expect(await up(CHAIN)).toEqual({ same: 5 });
    expect(world.calls).toEqual([]);
    expect(await up(repaint("blue"))).toEqual({ update: 4, same: 1 });
    expect(steps.indexOf("update m1")).toBeLessThan(steps.indexOf("update m2"));
  });

  test("a preview plans with unknown values, calls nothing and writes nothing", async () => {
    const { preview, world, stateFile } = bench();
    const things = [...CHAIN, { name: "o", from: "m1" }];
    expect(await preview(things)).toEqual({ create: 6 });
    expect(world.calls).toEqual([]);
    await expect(import("node:fs/promises").then(({ stat }) => stat(stateFile))).rejects.toThrow("ENOENT");
  });

  test("a component that one depends on stands for all of its children", async () => {
    const { up, world } = bench();
    world.delay = 30;
    await up([
      { kind: "group", name: "top" },
      { name: "a", parent: "top" },
      { kind: "group", name: "sub", parent: "top" },
      { name: "c", parent: "sub" },
      { kind: "group", name: "after", dependsOn: ["top"] },
      { name: "d", parent: "after", dependsOn: ["top"] },
    ]);
    expect(world.calls.at(-1)).toBe("create d");
  });

  test("deletes come last, what depends on others first, components after their children", async () => {
    const { up, steps } = bench();
    await up([
      { kind: "group", name: "top" },
      { name: "a", parent: "top" },
      { name: "b", parent: "top", dependsOn: ["a"] },
    ]);
    expect(await up([{ name: "new" }])).toEqual({ create: 1, delete: 3, same: 1 });
    expect(steps).toEqual(["create new", "delete b", "delete a", "delete top"]);
  });
});

describe("replace", () => {
  const before = [
    { name: "a", called: "one" },
    { name: "b", from: "a" },
  ];
  const after = [
    { name: "a", called: "two" },
    { name: "b", from: "a" },
  ];

  test("by default the new one is made before the old one goes", async () => {
    const { up, steps, world, state } = bench();
    await up(before);
    expect(await up(after)).toEqual({ replace: 1, update: 1, same: 1 });
    expect(steps).toEqual(["create-replacement a", "replace a", "update b", "delete-replaced a"]);
    expect(world.calls).toEqual(["create two", "update b", "delete one"]);
    expect(await state("a")).not.toHaveProperty("delete");
  });

  test("deleteBeforeReplace deletes in its place", async () => {
    const { up, steps, world } = bench();
    await up(before.map((thing) => ({ ...thing, deleteBeforeReplace: true })));
    expect(await up(after.map((thing) => ({ ...thing, deleteBeforeReplace: true })))).toEqual({
      replace: 1,
      update: 1,
      same: 1,
    });
    expect(steps).toEqual(["delete-replaced a", "replace a", "create-replacement a", "update b"]);
    expect(world.calls).toEqual(["delete one", "create two", "update b"]);
  });

  test("replaceOnChanges replaces for a property that is otherwise updated", async () => {
    const { up } = bench();
    await up([{ name: "a", color: "red", replaceOnChanges: ["color"], deleteBeforeReplace: true }]);
    const changes = await up([
      { name: "a", color: "blue", replaceOnChanges: ["color"], deleteBeforeReplace: true },
    ]);
    expect(changes).toEqual({ replace: 1, same: 1 });
  });

  test("--replace replaces what has not changed; an unknown URN is an error before the program runs", async () => {
    const { up, world, told } = bench();
    const things = CHAIN.map((thing) => ({ ...thing, deleteBeforeReplace: true }));
    await up(things);
    expect(await up(things, { replace: ["**::m2"] })).toEqual({ replace: 1, same: 4 });
    expect(world.calls).toEqual(["delete m2", "create m2"]);
    const { exitCode } = await failure(up(things, { replace: [urn("zz")] }));
    expect(exitCode).toBe(1);
    expect(told).toEqual([
      `error: Target '${urn("zz")}' could not be found in the stack. Did you forget to escape $ in your shell?`,
    ]);
  });

  test("a replacement that was broken off between its two halves is completed by the next up", async () => {
    const { up, world, state } = bench();
    await up([{ name: "a", called: "one", deleteBeforeReplace: true }]);
    world.faults.set("create two", "full");
    await failure(up([{ name: "a", called: "two", deleteBeforeReplace: true }]));
    expect(await state("a")).toMatchObject({ pendingReplacement: true });
    world.faults.clear();
    expect(await up([{ name: "a", called: "two", deleteBeforeReplace: true }])).toEqual({
      replace: 1,
      same: 1,
    });
    expect(world.calls).toEqual(["create two"]);
    expect(await state("a")).not.toHaveProperty("pendingReplacement");
  });
});

describe("aliases", () => {
  test("a rename covered by aliases changes nothing, and the children of a renamed component follow", async () => {
    const { up, world, state } = bench();
    await up([{ kind: "group", name: "grp" }, { name: "grp-child", parent: "grp" }, { name: "lone" }]);
    const renamed = [
      { kind: "group" as const, name: "grp2", aliases: [{ name: "grp" }] },
      { name: "grp2-child", called: "grp-child", parent: "grp2" },
      { name: "solo", called: "lone", aliases: [urn("lone")] },
    ];
    expect(await up(renamed)).toEqual({ same: 4 });
    expect(world.calls).toEqual([]);
    expect(await state("grp2-child")).not.toHaveProperty("aliases");
    expect(await up(renamed.map(({ aliases: _, ...thing }) => thing))).toEqual({ same: 4 });
  });

  test("without aliases the new is created before the old is deleted", async () => {
    const { up, steps } = bench();
    await up([{ name: "a" }]);
    await up([{ name: "a2" }]);
    expect(steps).toEqual(["create a2", "delete a"]);
  });
});

describe("protect, retain, deletedWith", () => {
  test("a preview refuses to delete what is protected", async () => {
    const { up, preview, told } = bench();
    await up([{ name: "p", protect: true }]);
    const { exitCode } = await failure(preview([]));
    expect(exitCode).toBe(1);
    expect(told[0]).toBe(
      `error: Preview failed: resource "${urn("p")}" cannot be deleted\nbecause it is protected. To unprotect the resource, ` +
        "either remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n" +
        `\`pulumi state unprotect '${urn("p")}'\``,
    );
    expect(told[1]).toBe("error: preview failed");
  });

  test("up checks nothing beforehand: what sorts before the protected one is gone", async () => {
    const { up, world } = bench();
    await up([
      { name: "p", protect: true },
      { name: "q", dependsOn: ["p"] },
    ]);
    await failure(up([]));
    expect(world.calls).toEqual(["delete q"]);
    expect([...world.things.keys()]).toEqual(["p"]);
  });

  test("a protected resource is not replaced, and nothing is called", async () => {
    const { up, world, told } = bench();
    await up([{ name: "p", called: "one", protect: true }]);
    await failure(up([{ name: "p", called: "two", protect: true }]));
    expect(world.calls).toEqual([]);
    expect(told).toEqual([
      `error: unable to replace resource "${urn("p")}"\nas it is currently marked for protection. To unprotect the resource, ` +
        "remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`",
    ]);
  });

  test("lifting protection is an up of its own that changes nothing", async () => {
    const { up, state } = bench();
    await up([{ name: "p", protect: true }]);
    expect(await up([{ name: "p" }])).toEqual({ same: 2 });
    expect(await state("p")).not.toHaveProperty("protect");
    expect(await up([])).toEqual({ delete: 1, same: 1 });
  });

  test("retainOnDelete counts as deleted and calls nothing", async () => {
    const { up, world } = bench();
    await up([{ name: "kept", retainOnDelete: true }]);
    expect(await up([])).toEqual({ delete: 1, same: 1 });
    expect(world.calls).toEqual([]);
  });

  test("what is deleted with its owner needs no call of its own", async () => {
    const { up, world } = bench();
    await up([{ name: "owner" }, { name: "owned", deletedWith: "owner" }]);
    expect(await up([])).toEqual({ delete: 2, same: 1 });
    expect(world.calls).toEqual(["delete owner"]);
  });

  test("ignoreChanges keeps what was", async () => {
    const { up, world } = bench();
    await up([{ name: "a", color: "red", ignoreChanges: ["color"] }]);
    expect(await up([{ name: "a", color: "blue", ignoreChanges: ["color"] }])).toEqual({ same: 2 });
    expect(world.things.get("a")).toMatchObject({ color: "red" });
  });
});

describe("failures", () => {
  test("what runs is finished, nothing new starts, nothing is deleted, and the next up goes on", async () => {
    const { up, world, told } = bench();
    await up([{ name: "old" }]);
    world.delay = 20;
    world.faults.set("create m2", "422 color invalid");
    const { exitCode } = await failure(up(CHAIN));
    expect(exitCode).toBe(1);
    expect(told.toSorted()).toEqual(["error: 422 color invalid", "error: update failed"]);
    expect(world.calls).not.toContain("delete old");
    world.faults.clear();
    const changes = await up(CHAIN);
    expect(changes.delete).toBe(1);
    expect([...world.things.keys()].toSorted()).toEqual(["m1", "m2", "n1", "n2"]);
  });

  test("a failed update keeps the new outputs and the old inputs, and the next up updates whatever the program says", async () => {
    const { up, world, state } = bench();
    await up([{ name: "a", color: "red" }]);
    world.faults.set("update a", "partial:422 half done");
    await failure(up([{ name: "a", color: "blue" }]));
    expect(await state("a")).toMatchObject({
      inputs: { color: "red" },
      outputs: { color: "blue" },
      initErrors: [`updating ${urn("a")}: 1 error occurred:\n\t* 422 half done\n\n`],
    });
    world.faults.clear();
    expect(await up([{ name: "a", color: "red" }])).toEqual({ update: 1, same: 1 });
    expect(await state("a")).not.toHaveProperty("initErrors");
    expect(await up([{ name: "a", color: "red" }])).toEqual({ same: 2 });
  });

  test("a failed delete stays in the state with what it depends on, and is tried again", async () => {
    const { up, world } = bench();
    await up(CHAIN);
    world.faults.set("delete m2", "422 no");
    await failure(up([]));
    expect([...world.things.keys()].toSorted()).toEqual(["m1", "m2", "n1"]);
    world.faults.clear();
    await up([]);
    expect(world.things.size).toBe(0);
  });

  test("with continueOnError independent work goes on", async () => {
    const { up, world } = bench();
    world.faults.set("create m1", "no");
    await failure(up(CHAIN, { continueOnError: true }));
    expect([...world.things.keys()]).toEqual(["n1", "n2"]);
  });

  test("a failed input check names the resource and the property", async () => {
    const { up, told } = bench();
    await failure(up([{ name: "a", color: "bad" }]));
    expect(told).toEqual([
      "error: fake:index:Thing resource 'a': property color value has a problem: no such color",
    ]);
  });

  test("a program that breaks off deletes nothing", async () => {
    const { up, world, told } = bench();
    await up(CHAIN);
    await failure(up([{ name: "m1", color: "red" }], {}, { throw: "yes" }));
    expect(told.join("\n")).toContain("the program is broken");
    expect(told.join("\n")).not.toContain("update failed");
    expect(world.calls).toEqual([]);
  });

  test("two resources of one name are refused", async () => {
    const { up, told } = bench();
    await failure(up([{ name: "a" }, { name: "a" }]));
    expect(told).toEqual([`error: Duplicate resource URN '${urn("a")}'; try giving it a unique name`]);
  });
});

describe("destroy and hooks", () => {
  const hooked = [{ name: "a", hooked: true }, { name: "b" }];

  test("destroy deletes everything without the program", async () => {
    const { up, destroy, world } = bench();
    await up(CHAIN);
    expect(await destroy()).toEqual({ delete: 5 });
    expect(world.things.size).toBe(0);
  });

  test("hooks around deletes are kept in the state, and destroy refuses to leave them out", async () => {
    const { up, destroy, world, told, state } = bench();
    await up(hooked);
    expect(await state("a")).toMatchObject({ resourceHooks: { BeforeDelete: ["before-delete"] } });
    await failure(destroy());
    expect(told).toEqual([
      "error: Resource has delete hooks registered, but the program is not running. Hooks: before-delete",
      "error: You must run with the `--run-program` flag to use delete hooks during destroy.",
    ]);
    expect(world.calls).toEqual([]);
  });

  test("destroy with the program runs the hooks and creates nothing", async () => {
    const { up, destroy, world, events } = bench();
    await up(hooked);
    await destroy({ runProgram: true }, [...hooked, { name: "never" }]);
    expect(world.calls.toSorted()).toEqual(["delete a", "delete b"]);
    expect(events.some((event) => event.diagnosticEvent?.message === "hook of a\n")).toBe(true);
  });

  test("a hook that fails keeps its resource", async () => {
    const { up, told, world } = bench();
    await up(hooked);
    await failure(up([{ name: "b" }], {}, { hook: "fail" }));
    expect(told).toEqual(['error: before hook "before-delete" failed: no: a', "error: update failed"]);
    expect(world.things.has("a")).toBe(true);
  });
});
