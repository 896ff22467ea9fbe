import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { RegistrySettings } from "../fleet/registry-settings.ts";
import type { Satis } from "../fleet/satis.ts";
import { makeRecord, saysTheSame } from "./build-record.ts";
import { type Candidates, candidatesOf } from "./candidates.ts";
import { lostVersions, versionChanges } from "./changes.ts";
import type { Environment } from "./environment.ts";
import { type Fault, PublishError } from "./fault.ts";
import { checkHeld } from "./held-limit.ts";
import { type HoldInput, heldEntry, hold } from "./hold.ts";
import { leftOutOf } from "./left-out.ts";
import type { Outcome } from "./outcome.ts";
import { readPackages, writeRoot } from "./packages-json.ts";
import type { Pages } from "./pages.ts";
import type { Plan } from "./plan.ts";
import { prune } from "./prune.ts";
import { type BuildRecord, RECORD_FILE, recordText } from "./record.ts";
import { sourcesOf } from "./repositories.ts";
import { servesTheSame } from "./same-tree.ts";
import { attemptAll } from "./satis/attempts.ts";
import { collect } from "./satis/collect.ts";
import { deriveConfiguration } from "./satis/configuration.ts";
import type { SatisSaid, Target } from "./satis/output.ts";
import { runSatis, type SatisProgram } from "./satis/run.ts";
import { stage, writeBelow } from "./stage.ts";
import { openTree, type Tree, treeDigest } from "./tree.ts";
import type { Candidate } from "./verify/gate.ts";
import type { Work } from "./work.ts";

/** What a build needs. */
export interface BuildInput {
  readonly work: Work;
  /** With action `partial` or `full`. */
  readonly plan: Plan;
  readonly satis: Satis;
  readonly settings: RegistrySettings;
  readonly environment: Environment;
  /** Satis's executable, Composer's home and its cache. */
  readonly program: Pick<SatisProgram, "bin" | "home" | "cache" | "timeout">;
  /** All gates. */
  readonly verify: (candidate: Candidate) => Promise<readonly Fault[]>;
  /** Texts of the pages that go into the tree, by path. */
  readonly pages?: Pages;
  readonly progress?: (line: string) => void;
}

/** Times that the gates look at a tree: each time what they name is held. */
const MAX_ROUNDS = 4;

/** A build on its way. */
interface Build extends HoldInput {
  readonly input: BuildInput;
  readonly names: Candidates["names"];
  /** Package name by repository id, of which satis.json selects nothing. */
  readonly unselected: Map<string, string>;
  /** Repository id by package name. */
  readonly rebuilt: Map<string, string | undefined>;
  /** By package name, or repository id where there is no name. */
  readonly faults: Map<string, Fault>;
  readonly heldKeys: Map<string, { readonly published: boolean }>;
  readonly leftOut: SatisSaid["leftOut"];
}

/**
 * Builds the tree that is to be published, verified, with build.json in it, in the working directory's `staged`.
 *
 * Satis builds what is stale in a place of its own, and only whole packages are taken from there: what it does to the others
 * cannot matter. A package with a fault is carried over from the published tree byte for byte, or left out where it was never
 * published; everything else goes on. The published tree is only read.
 *
 * @throws PublishError for a fault that is not of a single package; nothing is to be published then.
 */
export async function build(input: BuildInput): Promise<Outcome> {
  const { plan, work } = input;
  const { published } = await stage(work, plan);
  const candidates = candidatesFor(input);
  const made = await buildPackages(input, candidates);
  const publishedPackages = published === undefined ? new Map() : await readPackages(published);
  const state: Build = {
    input,
    staged: work.staged,
    published,
    publishedPackages,
    packages: plan.action === "partial" ? stillClaimed(publishedPackages, plan) : new Map(),
    names: candidates.names,
    unselected: new Map(candidates.unselected),
    rebuilt: new Map(),
    faults: new Map(),
    heldKeys: new Map(),
    leftOut: made.leftOut,
  };
  await takeOver(state, made);
  await holdAll(state, [...candidates.faults, ...made.faults, ...losses(state)]);
  return outcomeOf(state, await verified(state));
}

function candidatesFor({ plan, satis, settings }: BuildInput): Candidates {
  if (plan.action !== "partial" && plan.action !== "full") {
    const message = `the plan is to do ${plan.action === "none" ? "nothing" : "a deployment only"}`;
    throw new PublishError([{ by: "build", message, remedy: "plan again, or publish what is there" }]);
  }
  const required = new Set(Object.keys(satis.document.require ?? {}).map((name) => name.toLowerCase()));
  const { vendors } = settings;
  return candidatesOf(plan, sourcesOf(satis, settings), { vendors, required, requireAll: satis.requireAll });
}

/** Runs Satis for all targets. Only a build of everything of a fleet with other entries cannot be divided. */
async function buildPackages(input: BuildInput, { targets, names }: Candidates) {
  const { plan, satis, settings, work, environment, program, progress } = input;
  const folder = join(work.root, "satis");
  await rm(folder, { recursive: true, force: true });
  const whole = plan.action === "full" && sourcesOf(satis, settings).wholeOnly.length > 0;
  const { githubHost } = settings;
  const attempt = (some: readonly Target[], count: number) => {
    const own = new Map(some.map(({ id, packageName }) => [id, packageName]));
    const configuration = deriveConfiguration({
      satis,
      settings,
      names: own,
      whole,
      clones: plan.cost.clones,
    });
    const isAll = plan.action === "full" && count === 0;
    const packages = whole || isAll ? [] : some.map(({ packageName }) => packageName);
    const job = { folder: join(folder, String(count)), configuration, packages };
    return runSatis(
      { ...program, environment, settings, ...(progress === undefined ? {} : { progress }) },
      job,
    );
  };
  const { built, faults } = await attemptAll({ targets, githubHost, divisible: !whole, attempt });
  const repositories = new Set(plan.repositories.map(({ id }) => id));
  const claimed = new Set([...names.values(), ...Object.keys(claimsOf(plan))]);
  const collected = await collect(built, { githubHost, repositories, whole, claimed });
  return {
    packages: collected.packages,
    unselected: collected.unselected,
    faults: [...faults, ...collected.faults],
    leftOut: built.flatMap(({ said }) => said.leftOut),
  };
}

/** Packages of the published tree whose repository is still there. */
function claimsOf({ previous, repositories }: Plan): BuildRecord["packages"] {
  const present = new Set(repositories.map(({ id }) => id));
  const claims = Object.entries(previous?.packages ?? {}).filter(
    ([, { repository }]) => repository !== undefined && present.has(repository),
  );
  return Object.fromEntries(claims);
}

/** A package that no repository of satis.json stands for any more goes; one that never had a repository stays. */
function stillClaimed(packages: ReadonlyMap<string, HoldVersions>, plan: Plan): Map<string, HoldVersions> {
  const claims = claimsOf(plan);
  const stays = (name: string) =>
    plan.previous?.packages[name]?.repository === undefined || Object.hasOwn(claims, name);
  return new Map([...packages].filter(([name]) => stays(name)));
}

type HoldVersions = Build["packages"] extends Map<string, infer V> ? V : never;

/** Puts what Satis built into the staged tree. */
async function takeOver(state: Build, made: Awaited<ReturnType<typeof buildPackages>>): Promise<void> {
  const owners = new Map([...state.names].map(([id, name]) => [name, id]));
  const sorted = [...made.packages].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, { files, versions }] of sorted) {
    for (const [path, content] of files) await writeBelow(state.staged, path, content);
    state.packages.set(name, versions);
    state.rebuilt.set(name, owners.get(name));
  }
  for (const name of made.unselected) state.unselected.set(owners.get(name) ?? name, name);
  for (const name of state.unselected.values()) state.packages.delete(name);
}

/** Versions that Satis lost. What satis.json selects is asked only where it is the same as before: the gates know selections. */
function losses({ input, rebuilt, packages, publishedPackages }: Build): Fault[] {
  const { plan } = input;
  if (plan.inputs.satis !== plan.previous?.inputs.satis) return [];
  const byId = new Map(plan.repositories.map((one) => [one.id, one]));
  return [...rebuilt].flatMap(([name, id]): Fault[] => {
    const refs = byId.get(id ?? "")?.refs;
    if (refs === undefined) return [];
    const lost = lostVersions(publishedPackages.get(name) ?? [], packages.get(name) ?? [], refs);
    if (lost.length === 0) return [];
    const message = `it would lose ${lost.length === 1 ? "the version" : "the versions"} ${lost.slice(0, 5).join(", ")}${lost.length > 5 ? ` and ${lost.length - 5} more` : ""}, whose refs are there`;
    const remedy = "give the ref a composer.json that Composer takes, or delete the ref";
    return [{ by: "satis", package: name, message, remedy }];
  });
}

/** Holds what the faults name; the first fault of each is its reason. */
async function holdAll(state: Build, faults: readonly Fault[]): Promise<void> {
  for (const fault of faults) {
    const key = fault.package;
    if (key === undefined || state.faults.has(key)) continue;
    state.faults.set(key, fault);
    state.rebuilt.delete(key);
    const isPackage = state.packages.has(key) || state.publishedPackages.has(key);
    state.heldKeys.set(key, { published: isPackage && (await hold(key, state)) });
  }
}

/** Writes the tree's own files and asks the gates, until they have nothing more to hold. */
async function verified(state: Build): Promise<Sealed> {
  const { verify, settings } = state.input;
  for (let round = 1; ; round++) {
    state.input.progress?.(`verifying ${state.packages.size} packages`);
    checkHeld({ ...state, maxHeldPercent: settings.maxHeldPercent });
    const sound = await candidateOf(state);
    const faults = await verify(sound);
    const general = faults.filter((fault) => fault.package === undefined);
    if (general.length > 0) throw new PublishError(general);
    if (faults.length === 0) return sound;
    const fresh = faults.filter((fault) => !state.faults.has(fault.package ?? ""));
    // What is held already, and still at fault, is a fault of what is published.
    if (fresh.length === 0 || round === MAX_ROUNDS) throw new PublishError(faults);
    await holdAll(state, fresh);
  }
}

/** A candidate with its build.json. */
type Sealed = Candidate & { readonly record: BuildRecord };

async function sealed(state: Build): Promise<{ tree: Tree; record: BuildRecord }> {
  const { input, staged, packages, rebuilt, unselected } = state;
  const { plan, satis, settings, pages } = input;
  const root = { build: plan.build, metadataUrl: settings.metadataUrl, document: satis.document };
  const includes = await writeRoot(staged, packages, root);
  await prune(staged, { names: packages.keys(), includes });
  const before = await openTree(staged);
  const record = await makeRecord({
    plan,
    packages,
    rebuilt,
    unselected,
    held: heldRecord(state),
    staged: before,
  });
  await writeBelow(staged, RECORD_FILE, recordText(record));
  for (const [path, text] of Object.entries((await pages?.(before, record)) ?? {})) {
    await writeBelow(staged, path, text);
  }
  return { tree: await openTree(staged), record };
}

function heldRecord({ heldKeys, faults, input, names }: Build): BuildRecord["held"] {
  const { previous, now, repositories } = input.plan;
  const ids = new Set(repositories.map(({ id }) => id));
  const owners = new Map([...names].map(([id, name]) => [name, id]));
  const entries = [...heldKeys].flatMap(([key, { published }]) => {
    const fault = faults.get(key);
    const repository = ids.has(key) ? key : (owners.get(key) ?? previous?.packages[key]?.repository);
    return fault === undefined
      ? []
      : [[key, heldEntry(key, fault, { repository, published, previous, now })]];
  });
  return Object.fromEntries(entries);
}

async function candidateOf(state: Build): Promise<Sealed> {
  const { tree, record } = await sealed(state);
  const { input, published, rebuilt, heldKeys } = state;
  const { plan, satis, settings, environment } = input;
  return {
    tree,
    record,
    plan,
    satis,
    settings,
    ...(published === undefined ? {} : { published }),
    rebuilt: new Set(rebuilt.keys()),
    held: new Set(heldKeys.keys()),
    secrets: environment.secrets,
  };
}

async function outcomeOf(state: Build, sound: Sealed): Promise<Outcome> {
  const { input, rebuilt, packages, publishedPackages, faults, leftOut } = state;
  const { record, tree } = sound;
  const names = [...new Set([...rebuilt.keys(), ...publishedPackages.keys()])].sort();
  const changes = names
    .filter((name) => rebuilt.has(name) || !packages.has(name))
    .flatMap((name) => versionChanges(name, publishedPackages.get(name) ?? [], packages.get(name) ?? []));
  return {
    build: input.plan.build,
    rebuilt: [...rebuilt.keys()].sort(),
    changes,
    leftOut: await leftOutOf(sound, leftOut),
    faults: [...faults.values()],
    record,
    unchanged: saysTheSame(record, input.plan.previous) && (await servesTheSame(tree, state.published)),
    digest: await treeDigest(tree),
  };
}
