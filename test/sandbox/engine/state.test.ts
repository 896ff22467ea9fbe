import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { bench, failure, SECRET, urn } from "./support.ts";

// Every run starts a program: half a second on an idle machine, several on a busy one.
vi.setConfig({ testTimeout: 90_000 });

const THINGS = [
  { name: "m1", color: "red" },
  { name: "m2", color: "red", dependsOn: ["m1"] },
  { name: "m3", color: "red", dependsOn: ["m2"] },
];
const repainted = (...names: string[]) =>
  THINGS.map((thing) => (names.includes(thing.name) ? { ...thing, color: "blue" } : thing));

describe("refresh", () => {
  test("what was changed by hand is seen by a refresh, and put right by an up with refresh", async () => {
    const { up, preview, refresh, world } = bench();
    await up(THINGS);
    world.things.set("m2", { name: "m2", color: "green" });
    expect(await preview(THINGS)).toEqual({ same: 4 });
    expect(world.calls).toEqual([]);
    expect(await preview(THINGS, { refresh: true })).toEqual({ update: 1, same: 3 });
    expect(await up(THINGS, { refresh: true })).toEqual({ update: 1, same: 3 });
    expect(world.things.get("m2")).toMatchObject({ color: "red" });
    world.things.set("m2", { name: "m2", color: "green" });
    expect(await refresh()).toEqual({ update: 1, same: 3 });
    expect(await up(THINGS)).toEqual({ update: 1, same: 3 });
  });

  test("what was deleted by hand is created again by an up with refresh", async () => {
    const { up, refresh, world } = bench();
    await up(THINGS);
    world.things.delete("m2");
    expect(await up(THINGS, { refresh: true })).toEqual({ create: 1, same: 3 });
    world.things.delete("m2");
    expect(await refresh()).toEqual({ delete: 1, same: 3 });
    expect(await up(THINGS)).toEqual({ create: 1, same: 3 });
  });

  test("a preview writes no state, a refresh with previewOnly neither", async () => {
    const { up, preview, refresh, world, stateFile } = bench();
    await up(THINGS);
    const before = readFileSync(stateFile, "utf8");
    world.things.delete("m3");
    await preview(THINGS, { refresh: true });
    await refresh({ previewOnly: true });
    expect(readFileSync(stateFile, "utf8")).toBe(before);
  });

  test("a read that fails ends the run, and the program does not start", async () => {
    const { up, world, told } = bench();
    await up(THINGS);
    world.faults.set("read m2", "502 bad gateway");
    await failure(up(repainted("m1"), { refresh: true }));
    expect(told).toEqual(["error: 502 bad gateway", "error: update failed"]);
    expect(world.calls.filter((call) => !call.startsWith("read"))).toEqual([]);
  });
});

describe("exit codes", () => {
  test("expectNoChanges fails with 7 where something changes, and an up has made the change", async () => {
    const { up, preview, refresh, world } = bench();
    await up(THINGS);
    expect(await preview(THINGS, { expectNoChanges: true })).toEqual({ same: 4 });
    const proposed = await failure(preview(repainted("m3"), { expectNoChanges: true }));
    expect(proposed.exitCode).toBe(7);
    expect(proposed.stderr).toBe("error: no changes were expected for preview but changes were proposed");
    expect((await failure(up(repainted("m3"), { expectNoChanges: true }))).exitCode).toBe(7);
    expect(world.things.get("m3")).toMatchObject({ color: "blue" });
    world.things.delete("m3");
    expect((await failure(refresh({ expectNoChanges: true }))).exitCode).toBe(7);
  });
});

describe("target", () => {
  test("only the target changes; its dependents too where asked for", async () => {
    const { up, world } = bench();
    await up(THINGS);
    const all = repainted("m1", "m2", "m3");
    expect(await up(all, { target: [urn("m2")] })).toEqual({ update: 1, same: 3 });
    expect(world.calls).toEqual(["update m2"]);
    await up(THINGS, { target: ["**m2"] });
    expect(world.calls).toEqual(["update m2"]);
    expect(await up(all, { target: [urn("m2")], targetDependents: true })).toEqual({ update: 2, same: 2 });
    expect(world.calls).toEqual(["update m2", "update m3"]);
  });

  test("a new resource may be the target, and what left the program is not deleted", async () => {
    const { up, world } = bench();
    await up(THINGS);
    expect(await up([{ name: "new1" }], { target: [urn("new1")] })).toEqual({ create: 1, same: 4 });
    expect(world.calls).toEqual(["create new1"]);
  });

  test("a target that is nowhere is an error", async () => {
    const { up, told } = bench();
    await up(THINGS);
    await failure(up(THINGS, { target: [urn("zz")] }));
    expect(told).toEqual([
      `error: Target '${urn("zz")}' could not be found in the stack. Did you forget to escape $ in your shell?`,
    ]);
  });

  test("a destroy of one that others need is refused, and done with its dependents", async () => {
    const { up, destroy, world, told } = bench();
    await up(THINGS);
    await failure(destroy({ target: [urn("m1")] }));
    expect(told.filter((text) => text.includes("will be destroyed but was not specified"))).toHaveLength(2);
    expect(world.calls).toEqual([]);
    expect(await destroy({ target: [urn("m1")], targetDependents: true })).toEqual({ delete: 3, same: 1 });
    expect(world.calls).toEqual(["delete m3", "delete m2", "delete m1"]);
  });
});

describe("import", () => {
  test("what exists is taken over, and brought to what the program wants", async () => {
    const { up, preview, world, state } = bench();
    world.things.set("a", { name: "a", color: "red" });
    const same = [{ name: "a", color: "red", import: "a" }];
    expect(await preview(same)).toEqual({ create: 1, import: 1 });
    expect(await up(same)).toEqual({ create: 1, import: 1 });
    expect(world.calls).toEqual(["read a"]);
    expect(await state("a")).toMatchObject({ id: "a", importID: "a" });
    expect(await up(same)).toEqual({ same: 2 });
    expect(await up([{ name: "a", color: "red" }])).toEqual({ same: 2 });
  });

  test("a difference is updated in the same run", async () => {
    const { up, world } = bench();
    world.things.set("a", { name: "a", color: "red" });
    expect(await up([{ name: "a", color: "blue", import: "a" }])).toEqual({
      create: 1,
      import: 1,
      update: 1,
    });
    expect(world.things.get("a")).toMatchObject({ color: "blue" });
  });

  test("what is not there cannot be imported", async () => {
    const { up, told } = bench();
    await failure(up([{ name: "a", import: "a" }]));
    expect(told).toEqual(["error: resource 'a' does not exist", "error: update failed"]);
  });
});

describe("secrets", () => {
  test("a secret is in the state marked, and in no event, output or text", async () => {
    const { open, stateFile, up, preview, events } = bench();
    const things = [
      { name: "a", secretColor: true },
      { name: "b", color: "x", additionalSecretOutputs: ["serial"] },
    ];
    const stack = await open(things);
    const seen: string[] = [];
    await stack.up({
      onEvent: (event) => seen.push(JSON.stringify(event)),
      onOutput: (text) => seen.push(text),
    });
    expect(seen.join("")).not.toContain(SECRET);
    expect(seen.join("")).not.toContain("s3cr3t-token");
    await preview(things.map((thing) => ({ ...thing, color: "other" })));
    await up([]);
    expect(JSON.stringify(events)).not.toContain(SECRET);
    expect(await stack.outputs()).toMatchObject({ hidden: { value: SECRET, secret: true } });
    expect(readFileSync(stateFile, "utf8")).toContain(JSON.stringify(JSON.stringify(SECRET)));
  });

  test("a secret of the configuration is masked in what the program says", async () => {
    const { up, told } = bench();
    const { message } = await failure(up([], {}, { throw: SECRET }));
    expect(message).not.toContain(SECRET);
    expect(told.join()).toContain("the program is broken: [secret]");
  });

  test("a secret input makes the output of that name a secret", async () => {
    const { up, state } = bench();
    await up([
      { name: "a", secretColor: true },
      { name: "b", additionalSecretOutputs: ["serial"] },
    ]);
    const secret = (text: string) => ({ plaintext: JSON.stringify(text) });
    expect(await state("a")).toMatchObject({
      inputs: { color: secret(SECRET) },
      outputs: { color: secret(SECRET), token: secret("s3cr3t-token"), serial: "no-a" },
    });
    expect(await state("b")).toMatchObject({ outputs: { serial: secret("no-b") } });
  });
});

describe("what a run may ask for", () => {
  test("functions are called with plain arguments", async () => {
    const { open, world } = bench();
    const stack = await open([], {
      config: { things: { value: "[]" }, invoke: { value: "world" } },
    });
    const { outputs } = await stack.up();
    expect(outputs).toMatchObject({ greeting: { value: "hello world" } });
    expect(world.calls).toEqual(["invoke fake:index:greet"]);
  });

  test("a provider that is not there is named", async () => {
    const { open } = bench();
    const stack = await open(THINGS, { providers: {} });
    expect((await failure(stack.up())).stdout).toContain(
      'the sandbox engine has no provider for package "fake"',
    );
  });

  test("a state that needs more than this engine has is refused by name", async () => {
    const { open, up } = bench();
    await up(THINGS);
    const stack = await open(THINGS);
    const exported = await stack.exportStack();
    exported.deployment.resources[2].taint = true;
    await expect(stack.importStack(exported)).rejects.toThrow('does not support "taint"');
  });
});

describe("interrupted", () => {
  test("a signal lets the running call end, starts nothing new, and leaves neither lock nor pending operation", async () => {
    const { up, world, told, stateFile, state } = bench();
    world.delay = 100;
    const canceler = new AbortController();
    world.onCall = () => canceler.abort();
    await failure(up(THINGS, { signal: canceler.signal }));
    expect(world.calls).toEqual(["create m1"]);
    expect(told).toEqual(["error: update canceled"]);
    expect(await state("m1")).toMatchObject({ id: "m1" });
    expect(existsSync(`${stateFile}.lock`)).toBe(false);
    expect(JSON.parse(readFileSync(stateFile, "utf8")).deployment).not.toHaveProperty("pending_operations");
  });

  test("a kill loses nothing that was done, leaves the lock and what was pending, which every later up warns of", async () => {
    const { up, preview, refresh, open, world, told, stateFile, state } = bench();
    await killedUp(stateFile, "m2");
    expect(await state("m1")).toMatchObject({ id: "m1" });
    expect(await state("m2")).toBeUndefined();
    expect((await failure(up(THINGS))).stderr).toMatch(
      /the stack is currently locked by 1 lock\(s\).*\n {2}file:.*\(pid \d+\) at /,
    );
    expect(await preview(THINGS)).toEqual({ create: 2, same: 2 });
    const stack = await open(THINGS);
    await stack.cancel();
    const { deployment } = await stack.exportStack();
    expect(deployment.pending_operations).toMatchObject([{ type: "creating", resource: { urn: urn("m2") } }]);
    world.things.set("m1", { name: "m1", color: "red" });
    await up(THINGS);
    expect(told).toHaveLength(1);
    expect(told[0]).toContain(
      "with 1 pending operations from previous deployment.\n  * " +
        `${urn("m2")}, interrupted while creating`,
    );
    await up(THINGS);
    expect(told).toHaveLength(1);
    await refresh({ clearPendingCreates: true });
    await up(THINGS);
    expect(told).toEqual([]);
  });

  test("a kill leaves no program behind", async () => {
    const { stateFile } = bench();
    await killedUp(stateFile, "m2");
    const pids = readFileSync(`${stateFile}.pids`, "utf8").trim().split("\n").map(Number);
    expect(pids).toHaveLength(1);
    await expect.poll(() => pids.filter(isAlive), { timeout: 20_000 }).toEqual([]);
  });

  test("a journal whose last line was cut short is read to the line before", async () => {
    const { up, stateFile, state } = bench();
    await up([{ name: "a" }]);
    writeFileSync(`${stateFile}.journal`, '["done",2]\n["put",9,{"ur');
    expect(await state("a")).toBeUndefined();
  });
});

/** Runs an up in a process of its own, and kills it without warning in the middle of a create. */
async function killedUp(stateFile: string, during: string): Promise<void> {
  const script = fileURLToPath(new URL("./killed.ts", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [script, stateFile, JSON.stringify(THINGS), during], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, THINGS_PIDS: `${stateFile}.pids` },
  });
  await new Promise((resolve) => child.once("exit", resolve));
  expect(child.signalCode).toBe("SIGKILL");
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
