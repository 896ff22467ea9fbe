import { afterEach, describe, expect, test } from "vitest";
import type { EngineName } from "../../cli/engine.ts";
import { openWorld, SANDBOX_TOKENS, type World } from "../../demo/world.ts";
import { expectManaged } from "../support/faults.ts";
import { type KillPoint, killUpdate, seededRandom } from "../support/kill.ts";
import { IMPORTS, importExisting } from "../support/kill-import.ts";
import { leaks } from "../support/leaks.ts";
import { satisOf, Teller } from "../support/teller.ts";

const engine: EngineName = process.env.ENGINE === "pulumi" ? "pulumi" : "sandbox";

const PACKAGES = ["one", "two", "three", "four", "five", "six"] as const;
/** Calls of an undisturbed first update of these packages, rounded down. */
const CALLS = 90;

/** `KILL_SEED=N` repeats the kills of a run that failed. */
const SEED = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000);
const random = seededRandom(SEED);
const randomPoints = Array.from({ length: engine === "pulumi" ? 1 : 2 }, () => 2 + random(CALLS - 2));

const openFleet = () =>
  openWorld({
    engine,
    owner: "acme",
    satis: satisOf(...PACKAGES),
    repositories: PACKAGES.map((name) => ({ name, files: { "src/a.php": `<?php // ${name}\n` } })),
  });

/** Kills an update there, and goes on as its owner would; gives the names of what had to be imported. */
async function surviveKill(teller: Teller, point: KillPoint): Promise<string[]> {
  const { world } = teller;
  const { said, inTime } = await killUpdate(world, engine, point);
  expect(inTime, "the update was to be killed before its end").toBe(true);
  expect(leaks(said)).toEqual([]);
  await teller.fails("up").then((message) => expect(message).toMatch(/currently locked by 1 lock/));
  await world.stack.cancel();
  const imported: string[] = [];
  // At most one import for each thing whose creation cannot be repeated.
  for (const _ of IMPORTS) {
    const message = await attempt(teller);
    if (message === undefined) break;
    const needed = IMPORTS.find(({ refusal }) => refusal.test(message));
    if (needed === undefined) throw new Error(message);
    await importExisting(world, engine, needed);
    imported.push(needed.name);
  }
  if (imported.length > 0) await teller.run("up", { refresh: true });
  return imported;
}

/** Names of the creations of which the state does not know how they ended. */
async function pending({ world }: Teller): Promise<(string | undefined)[]> {
  const { deployment } = await world.stack.exportStack();
  const { pending_operations: operations = [] } = deployment as {
    pending_operations?: { resource: { urn: string } }[];
  };
  return operations.map(({ resource }) => resource.urn.split("::").at(-1));
}

async function attempt(teller: Teller): Promise<string | undefined> {
  try {
    await teller.run("up", { refresh: true });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Fails unless the whole fleet is there, and everything of the package repositories' own still is. */
async function expectWhole(teller: Teller): Promise<void> {
  const { github, stack } = teller.world;
  expectManaged(teller, ...PACKAGES);
  for (const name of PACKAGES) {
    expect(github.repository(name).files()["src/a.php"]).toBe(`<?php // ${name}\n`);
    expect(github.repository(name).secretValue("THEIR_OWN")).toBe("theirs");
  }
  const composer = github.repository("composer");
  expect(composer.pages).toMatchObject({ build_type: "workflow" });
  expect(composer.files()).toHaveProperty(["satis.json"]);
  expect(composer.secretValue("REGISTRY_READ_TOKEN", "registry")).toBe(SANDBOX_TOKENS.read);
  // A creation that was killed and is repeated may leave two of these: both say the same.
  const policies = [...(composer.environments.get("registry")?.policies.values() ?? [])];
  expect(new Set(policies.map(({ name }) => name))).toEqual(new Set(["main"]));
  expect(new Set(composer.rulesets.map(({ enforcement }) => enforcement))).toEqual(new Set(["active"]));
  const { deployment } = await stack.exportStack();
  const { resources = [] } = deployment as { resources?: { urn: string; protect?: boolean }[] };
  const kept = resources.filter(({ protect }) => protect).map(({ urn }) => urn.split("::").at(-1));
  expect(kept.sort()).toEqual(["composer-pages", "composer-repository"]);
  await teller.quiet("up", { refresh: true });
  await teller.nothingLeaked();
}

describe(`on ${engine}, an update that is killed (KILL_SEED=${SEED})`, () => {
  let world: World;

  afterEach(() => world.close());

  const start = async () => {
    world = await openFleet();
    for (const name of PACKAGES) world.github.repository(name).setSecret("THEIR_OWN", "theirs");
    return new Teller(world);
  };

  test("while it creates repository and site loses neither: an import of each continues it", async () => {
    const teller = await start();
    const repository = { method: "POST", route: "/orgs/:org/repos" };
    const { said } = await killUpdate(world, engine, repository);
    expect(leaks(said)).toEqual([]);
    await world.stack.cancel();
    expect(await pending(teller)).toContain("composer-repository");
    expect(await attempt(teller)).toMatch(IMPORTS[0]?.refusal ?? "");
    const [first] = IMPORTS;
    if (first) await importExisting(world, engine, first);
    const pages = { method: "POST", route: "/repos/:owner/:repo/pages" };
    expect(await surviveKill(teller, pages)).toEqual(["composer-pages"]);
    await expectWhole(teller);
    // They stay in the state, and are warned of, until somebody says that all is well.
    await teller.run("refresh", { clearPendingCreates: true });
    expect(await pending(teller)).toEqual([]);
  });

  for (const point of randomPoints) {
    test(`at call ${point} is completed by the next one`, async () => {
      const teller = await start();
      await surviveKill(teller, point);
      await expectWhole(teller);
    });
  }
});
