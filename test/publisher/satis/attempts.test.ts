import { expect, it } from "vitest";
import { attemptAll } from "../../../publisher/satis/attempts.ts";
import type { Target } from "../../../publisher/satis/output.ts";
import type { SatisRun } from "../../../publisher/satis/run.ts";

const TARGETS: Target[] = Array.from({ length: 1000 }, (_, at) => ({
  id: `github.com/acme/p${at}`,
  packageName: `acme/p${at}`,
}));

/** Runs a Satis that fails for these packages; `named` says whether it tells their URL. */
async function attempts(
  broken: readonly string[],
  { targets = TARGETS, named = false, divisible = true, error = "" } = {},
) {
  let runs = 0;
  const attempt = async (some: readonly Target[]): Promise<SatisRun> => {
    runs++;
    const culprit = some.find(({ packageName }) => broken.includes(packageName));
    if (error !== "") return { ok: false, out: "", output: "", error };
    if (culprit === undefined) return { ok: true, out: "", output: "" };
    const output = named ? `Failed to clone https://${culprit.id}.git` : "  Something failed  ";
    return { ok: false, out: "", output };
  };
  const { built, faults } = await attemptAll({ targets, githubHost: "github.com", divisible, attempt });
  const names = built.flatMap((one) => one.targets.map(({ packageName }) => packageName));
  return { runs, built: new Set(names), faults };
}

it("runs once where all is well, and not at all where nothing is to be built", async () => {
  expect(await attempts([])).toMatchObject({ runs: 1, faults: [] });
  expect((await attempts([], { targets: [] })).runs).toBe(0);
  expect((await attempts([], { targets: [], divisible: false })).runs).toBe(1);
});

it("leaves out whom Satis names, and builds the others again", async () => {
  const { runs, built, faults } = await attempts(["acme/p1", "acme/p500"], { named: true });
  expect(runs).toBe(3);
  expect(built.size).toBe(998);
  expect(faults.map((fault) => fault.package)).toEqual(["acme/p1", "acme/p500"]);
});

it("finds the broken packages of a thousand that nothing names", async () => {
  const one = await attempts(["acme/p777"]);
  expect(one.runs).toBeLessThanOrEqual(21);
  expect(one.built.size).toBe(999);
  expect(one.faults).toEqual([
    expect.objectContaining({ package: "acme/p777", message: "Satis failed: Something failed" }),
  ]);
  const two = await attempts(["acme/p3", "acme/p777"]);
  expect(two.built.size).toBe(998);
});

it("gives up after a bounded number of runs, and says what is not built", async () => {
  const broken = TARGETS.filter((_, at) => at % 200 === 0).map(({ packageName }) => packageName);
  const { runs, built, faults } = await attempts(broken);
  expect(runs).toBe(40);
  expect(built.size + faults.length).toBe(1000);
});

it("takes a Satis that fails for everything for broken, and no package", async () => {
  const all = TARGETS.map(({ packageName }) => packageName);
  await expect(attempts(all)).rejects.toThrow("it builds no package at all: Satis failed: Something failed");
  await expect(attempts(["acme/p0", "acme/p1"], { targets: TARGETS.slice(0, 2) })).rejects.toThrow(
    "no package at all",
  );
});

it("holds a single package rather than stopping", async () => {
  const { faults } = await attempts(["acme/p0"], { targets: TARGETS.slice(0, 1) });
  expect(faults).toHaveLength(1);
});

it("ends where Satis cannot be run, or fails for a fleet that cannot be divided", async () => {
  await expect(attempts([], { error: "spawn /no/satis ENOENT" })).rejects.toThrow("could not be run");
  await expect(attempts(["acme/p3"], { divisible: false })).rejects.toThrow("no package at all");
  const named = await attempts(["acme/p3"], { divisible: false, named: true });
  expect(named.built.size).toBe(999);
});
