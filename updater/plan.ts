import { posix } from "node:path";
import { UPDATE_BRANCH, updateBranch } from "../fleet/announcement.ts";
import { type Fault, faultText, PublishError } from "../publisher/fault.ts";
import type { Teller } from "../publisher/runner.ts";
import { basesOf, type Input } from "./input.ts";
import { isNews, isPath, type Lock, parseLock } from "./lock.ts";
import { belongsToPeople } from "./people.ts";
import { listPulls } from "./pulls.ts";
import { openRepository, type Repository } from "./repository.ts";
import { type Plan, type Unit, type WantedVersion, type Work, writeJson } from "./work.ts";

/** Where composer.json and composer.lock are in the consumer. */
export function lockPaths(directory: string): { readonly json: string; readonly lock: string } {
  return { json: posix.join(directory, "composer.json"), lock: posix.join(directory, "composer.lock") };
}

/**
 * Finds out what the announcement means to this consumer: for each base branch, the announced packages that its composer.lock has and
 * that are news to it, together with what the open pull request updates already. Nothing is changed.
 *
 * @throws PublishError where a base branch has no sound composer.lock; what the others need is planned all the same
 */
export async function makePlan(input: Input, work: Work, tell: Teller): Promise<Plan> {
  const repository = await openRepository(input, work.repository);
  const announced = announcedVersions(input);
  const faults: Fault[] = [];
  const units: Unit[] = [];
  for (const base of basesOf(input)) {
    try {
      units.push(...(await unitsOf(base, { input, repository, announced, tell })));
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      faults.push(...error.faults);
    }
  }
  const plan: Plan = { schema: 1, build: input.announcement.build, units, faults };
  await writeJson(work.plan, plan);
  for (const unit of units) tell.say(`${unit.base}: ${Object.keys(unit.wanted).join(", ")}`);
  if (units.length === 0 && faults.length === 0)
    tell.say("Nothing that was announced is news to this repository.");
  await tell.output("action", units.length === 0 ? "none" : "update");
  if (units.length === 0 && faults.length > 0) throw new PublishError(faults);
  for (const fault of faults) tell.warn(faultText(fault));
  return plan;
}

type Announced = ReadonlyMap<string, readonly WantedVersion[]>;

/** The announced versions by package, without those that come from branches of updaters: they would lead round in a circle. */
function announcedVersions({ announcement }: Input): Announced {
  const versions = new Map<string, WantedVersion[]>();
  for (const { package: name, version, reference } of announcement.versions) {
    if (version.startsWith(`dev-${UPDATE_BRANCH}`)) continue;
    const list = versions.get(name.toLowerCase()) ?? [];
    list.push({ version, ...(reference === undefined ? {} : { reference }) });
    versions.set(name.toLowerCase(), list);
  }
  return versions;
}

interface Context {
  readonly input: Input;
  readonly repository: Repository;
  readonly announced: Announced;
  readonly tell: Teller;
}

async function unitsOf(base: string, context: Context): Promise<Unit[]> {
  const { input, repository, announced, tell } = context;
  const heads = await repository.fetch([base]);
  const baseSha = heads.get(base);
  if (baseSha === undefined) {
    const message = `there is no branch ${base} in ${input.repository}`;
    throw new PublishError([{ by: "check", message, remedy: "correct branches in subscriptions.json" }]);
  }
  const lock = await lockAt(context, baseSha, base);
  if (lock === undefined) {
    tell.warn(
      `${base} has no composer.lock in ${input.settings.directory || "its root"}: there is nothing to update`,
    );
    return [];
  }
  const names = [...announced.keys()].filter((name) => lock.has(name)).sort();
  const groups = input.settings.batching === "all" ? [names] : names.map((name) => [name]);
  const units: Unit[] = [];
  for (const group of groups) {
    const packageName = input.settings.batching === "all" ? undefined : group[0];
    const unit = await unitOf({ base, baseSha, packageName, names: group, lock }, context);
    if (Object.keys(unit.wanted).length > 0) units.push(unit);
  }
  return units;
}

interface Group {
  readonly base: string;
  readonly baseSha: string;
  readonly packageName: string | undefined;
  readonly names: readonly string[];
  readonly lock: Lock;
}

async function unitOf({ base, baseSha, packageName, names, lock }: Group, context: Context): Promise<Unit> {
  const { input, repository, announced } = context;
  const place = placeOf(input, { base, package: packageName });
  const branchSha = (await repository.fetch([place.branch])).get(place.branch);
  const { email } = input.settings.committer;
  const seen = { place, base: baseSha, branch: branchSha, email };
  const people = await belongsToPeople(repository, input.github, seen);
  const wanted = names.flatMap((name): [string, WantedVersion[]][] => {
    const locked = lock.get(name);
    if (locked === undefined || isPath(locked)) return [];
    const news = (announced.get(name) ?? []).filter((one) => isNews(locked, one));
    return news.length === 0 ? [] : [[name, news]];
  });
  const [pull] = wanted.length === 0 ? [] : await listPulls(input.github, place, "open");
  const pending = Object.entries(pull?.state?.packages ?? {})
    .map(([name, { version }]) => [name.toLowerCase(), version] as const)
    .filter(([name]) => lock.has(name) && (packageName === undefined || name === packageName));
  return {
    base,
    baseSha,
    ...(packageName === undefined ? {} : { package: packageName }),
    ...(branchSha === undefined ? {} : { branchSha }),
    people,
    wanted: Object.fromEntries(wanted),
    pending: Object.fromEntries(pending),
  };
}

/** Where the pull request of an update belongs; the branch is derived here and nowhere read. */
export function placeOf(
  input: Input,
  unit: { readonly base: string; readonly package?: string | undefined },
) {
  const { owner, repository, defaultBranch, settings } = input;
  const { base, package: packageName } = unit;
  const branch = updateBranch({ base, defaultBranch, directory: settings.directory, packageName });
  return { owner, repository: repository.slice(owner.length + 1), branch, base };
}

async function lockAt({ input, repository }: Context, sha: string, base: string): Promise<Lock | undefined> {
  const path = lockPaths(input.settings.directory).lock;
  const text = await repository.read(sha, path);
  return text === undefined ? undefined : parseLock(text, `${path} of ${base}`);
}
