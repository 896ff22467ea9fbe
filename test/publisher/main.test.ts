import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FaultWorld, openFaultWorld } from "../../demo/faults/world.ts";
import { strangersApi } from "../../demo/stranger.ts";
import { settingsText } from "../../fleet/registry-settings.ts";
import { MARKER_REF } from "../../publisher/branch.ts";
import { type Finished, run } from "../../publisher/process.ts";
import { publisherVariables } from "../support/satis/index.ts";

const MAIN = fileURLToPath(new URL("../../publisher/main.ts", import.meta.url));
const WORK = join(".satis-fleet", "registry");

let world: FaultWorld;
let checkout: string;
beforeAll(async () => {
  world = await openFaultWorld("private");
  checkout = join(world.home, "checkout");
  await mkdir(join(checkout, ".github", "satis-fleet"), { recursive: true });
  await writeFile(join(checkout, "satis.json"), JSON.stringify(world.satis));
  await writeFile(join(checkout, ".github", "satis-fleet", "settings.json"), settingsText(world.settings));
});
afterAll(() => world.close());

/** Runs the program as a person does, in a checkout. */
function publisher(...args: string[]): Promise<Finished> {
  const env = { ...publisherVariables(world.github), PATH: join(world.home, "bin") };
  return run(process.execPath, [MAIN, ...args], { cwd: checkout, env });
}

it("says what it can do, and refuses what it cannot", async () => {
  expect(await publisher("--help")).toMatchObject({ code: 0, stdout: expect.stringContaining("Exit codes") });
  for (const args of [["constructor"], ["nothing"], ["plan", "x"], ["rollback", "x", "y"], ["--nothing"]]) {
    const { code, stdout, stderr } = await publisher(...args);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^error: .*\n$/);
  }
});

it("works from step to step in its default working directory", async () => {
  // A first build by this program: it counts as another publisher than the one that opened the registry.
  expect((await publisher("run")).code).toBe(0);
  await world.packages.anvil.release("v1.1.0");
  const plan = await publisher("plan", "--json");
  expect(JSON.parse(plan.stdout)).toMatchObject({ action: "partial", stale: ["github.com/acme/anvil"] });
  // Of two commits on the branch and at the tag, the one that is published is in Composer's cache.
  expect(JSON.parse(plan.stdout).cost.calls).toBe(5);
  expect((await publisher("build")).code).toBe(0);
  expect((await publisher("publish")).code).toBe(0);
  expect(world.github.repository("composer").refs.has(MARKER_REF)).toBe(true);
  const confirmed = await publisher("confirm");
  expect(confirmed).toMatchObject({ code: 0, stderr: expect.stringContaining("The registry shows build") });
  expect(world.github.repository("composer").refs.has(MARKER_REF)).toBe(false);
  expect(await publisher("rollback")).toMatchObject({ code: 0 });
});

it("does not take a branch without a build for one that was confirmed", async () => {
  expect((await publisher("plan", "--deploy")).code).toBe(0);
  await strangersApi(world.github.url)("DELETE", "repos/acme/composer/git/refs/heads/registry");
  const { code, stdout } = await publisher("confirm", "--json");
  expect(code).toBe(1);
  expect(JSON.parse(stdout).faults).toEqual([
    expect.objectContaining({ message: expect.stringContaining("the branch has no build") }),
  ]);
});

it("leaves what went wrong for the one who reports, who needs no satis.json for that", async () => {
  await writeFile(join(checkout, "satis.json"), "{");
  const { code, stdout, stderr } = await publisher("plan", "--json");
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: preflight: satis\.json:1:2: /m);
  const { faults } = JSON.parse(stdout);
  expect(faults).toEqual([expect.objectContaining({ by: "preflight" })]);
  expect(JSON.parse(await readFile(join(checkout, WORK, "failure.json"), "utf8"))).toEqual(faults);

  const confirmed = await publisher("confirm", "--build-result", "failure", "--json");
  expect(confirmed.code).toBe(1);
  expect(JSON.parse(confirmed.stdout)).toMatchObject({ faults });
  const [issue] = world.github.repository("composer").issues;
  expect(issue?.body).toContain("satis.json:1:2");
});
