import { setTimeout as pause } from "node:timers/promises";
import { PublishError } from "../publisher/fault.ts";
import { inParallel } from "../publisher/parallel.ts";
import type { Teller } from "../publisher/runner.ts";
import type { Input } from "./input.ts";
import { isBranchVersion, parseComposerJson } from "./lock.ts";
import { lockPaths } from "./plan.ts";
import { type Metadata, openRegistry, type Registry, type Root } from "./registry.ts";
import { openRepository } from "./repository.ts";
import { type Plan, readPlan, type Unit, type WantedVersion, type Work, writeJson } from "./work.ts";

/** Longest time until a published version must be seen: caches keep a file for 10 minutes. */
const PATIENCE_MS = 15 * 60_000;
const LONGEST_PAUSE_MS = 15_000;

/** What tests put in the place of the clock. */
export interface WaitOptions {
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
  readonly now?: () => number;
  readonly patience?: number;
}

/** What became of an announced version. */
type Sight =
  | "visible"
  /** A later build has changed or removed it: there is nothing to wait for. */
  | "overtaken"
  /** A later build no longer has the package. */
  | "gone"
  /** It moves with a branch, and asks for the consumer itself: the two would follow each other for ever. */
  | "circular"
  | "missing";

/**
 * Waits until the registry shows every announced version that the plan waits for, in packages.json and in the file of its package, as
 * Composer would get them. What will not come any more is taken out of the plan.
 *
 * @throws PublishError when 15 minutes are over; nothing has been changed then
 */
export async function waitForVersions(
  input: Input,
  work: Work,
  tell: Teller,
  { sleep = pause, now = Date.now, patience = PATIENCE_MS }: WaitOptions = {},
): Promise<Plan> {
  const plan = await readPlan(work);
  const registry = openRegistry(input);
  const consumer = await consumerNames(input, plan, work);
  const wanted = new Map<string, { name: string; version: WantedVersion }>();
  for (const { wanted: packages } of plan.units) {
    for (const [name, versions] of Object.entries(packages))
      for (const version of versions) wanted.set(keyOf(name, version), { name, version });
  }
  const seen = new Map<string, Sight>();
  const end = now() + patience;
  for (let wait = 1000; ; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
    const missing = [...wanted].filter(([key]) => (seen.get(key) ?? "missing") === "missing");
    const sights = await look(
      registry,
      missing.map(([, one]) => one),
      { plan, consumer },
    );
    missing.forEach(([key], index) => void seen.set(key, sights[index] ?? "missing"));
    const left = missing.filter(([key]) => seen.get(key) === "missing").map(([, one]) => one);
    if (left.length === 0) break;
    if (now() + wait > end) throw tooLate(left);
    tell.say(`Waiting for ${left.length} of ${wanted.size} versions, such as ${left[0]?.name}.`);
    await sleep(wait);
  }
  const units = plan.units.map((unit) => withoutLost(unit, seen, tell)).filter(isWanted);
  const next = { ...plan, units };
  await writeJson(work.plan, next);
  await tell.output("action", units.length === 0 ? "none" : "update");
  if (units.length === 0 && plan.faults.length > 0) throw new PublishError(plan.faults);
  return next;
}

const keyOf = (name: string, { version, reference = "" }: WantedVersion) => `${name} ${version} ${reference}`;
const isWanted = ({ wanted }: Unit) => Object.keys(wanted).length > 0;

interface Sought {
  readonly plan: Plan;
  /** Names of the consumer itself, in lower case. */
  readonly consumer: ReadonlySet<string>;
}

async function look(
  registry: Registry,
  sought: readonly { readonly name: string; readonly version: WantedVersion }[],
  context: Sought,
): Promise<readonly Sight[]> {
  const root = await registry.root();
  // One build at a time is deployed, so a root of the announced build or a later one says what the registry has.
  if (root === undefined || (root.build !== undefined && root.build < context.plan.build)) {
    return sought.map(() => "missing");
  }
  const files = new Map<string, Promise<Metadata | undefined>>();
  return inParallel(sought, 8, async ({ name, version }) => {
    const key = `${name} ${isBranchVersion(version.version)}`;
    const file = files.get(key) ?? registry.metadata(root, name, version.version);
    files.set(key, file);
    return sightOf(version, { root, file: await file, name, ...context });
  });
}

interface Found extends Sought {
  readonly root: Root;
  readonly file: Metadata | undefined;
  readonly name: string;
}

function sightOf({ version, reference }: WantedVersion, { root, file, name, plan, consumer }: Found): Sight {
  const later = root.build !== undefined && root.build > plan.build;
  if (!root.has(name)) return later ? "gone" : "missing";
  const shown = file?.versions.find((one) => one.version === version);
  if (shown !== undefined && (reference === undefined || shown.reference === reference)) {
    const circular = isBranchVersion(version) && shown.requires.some((one) => consumer.has(one));
    return circular ? "circular" : "visible";
  }
  // The version has another commit than announced, or is not there: either an old file from a cache, or what a later build made of it.
  const fresh = file?.modified !== undefined && file.modified >= timeOf(plan.build);
  return later && fresh ? "overtaken" : "missing";
}

/** When a build began: `20261101T100000Z-…`. */
function timeOf(build: string): number {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(build) ?? [];
  const [year = 0, month = 1, ...rest] = parts.map(Number);
  return Date.UTC(year, month - 1, ...rest);
}

function withoutLost(unit: Unit, seen: ReadonlyMap<string, Sight>, tell: Teller): Unit {
  const reasons: Partial<Record<Sight, string>> = {
    gone: "is in the registry no more",
    circular: "is a branch that asks for this repository itself: it is not followed",
  };
  const kept = Object.entries(unit.wanted).filter(([name, versions]) => {
    const sights = versions.map((version) => seen.get(keyOf(name, version)) ?? "missing");
    const lost = sights.find((sight) => reasons[sight] !== undefined);
    const useful = sights.some((sight) => sight === "visible" || sight === "overtaken");
    if (!useful && lost !== undefined) tell.warn(`${name} ${reasons[lost]}`);
    return useful;
  });
  return { ...unit, wanted: Object.fromEntries(kept) };
}

/** Names of the packages that the consumer itself is, on its base branches. */
async function consumerNames(input: Input, plan: Plan, work: Work): Promise<ReadonlySet<string>> {
  const repository = await openRepository(input, work.repository);
  const path = lockPaths(input.settings.directory).json;
  const names = new Set<string>();
  for (const sha of new Set(plan.units.map(({ baseSha }) => baseSha))) {
    const { name } = parseComposerJson((await repository.read(sha, path)) ?? "{}", path);
    if (name !== undefined) names.add(name.toLowerCase());
  }
  return names;
}

function tooLate(left: readonly { readonly name: string; readonly version: WantedVersion }[]): PublishError {
  const remedy = "see whether the registry's deployment went well, then start this run again";
  return new PublishError(
    left.slice(0, 20).map(({ name, version }) => ({
      by: "wait",
      package: name,
      message: `${version.version} is not to be seen in the registry after 15 minutes`,
      remedy,
    })),
  );
}
