import { readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Fault, faultText, PublishError } from "../publisher/fault.ts";
import type { Teller } from "../publisher/runner.ts";
import { type Composer, composerFault, composerIn } from "./composer.ts";
import type { Input } from "./input.ts";
import { changesBetween, parseComposerJson, parseLock } from "./lock.ts";
import { lockPaths } from "./plan.ts";
import { type Raise, raisesFor } from "./raise.ts";
import { openRepository, type Repository } from "./repository.ts";
import { readPlan, type Unit, type Update, type Updates, type Work, writeJson } from "./work.ts";

/**
 * Lets Composer update what the plan names, each update in a tree of its own, and writes what changed.
 *
 * One update that fails stops no other.
 *
 * @throws PublishError at the end, where one failed
 */
export async function makeUpdates(input: Input, work: Work, tell: Teller): Promise<Updates> {
  const plan = await readPlan(work);
  const repository = await openRepository(input, work.repository);
  const updates: Update[] = [];
  const faults: Fault[] = [...plan.faults];
  await rm(join(work.root, "trees"), { recursive: true, force: true });
  for (const [index, unit] of plan.units.entries()) {
    try {
      const update = await makeUpdate(unit, { input, work, tell, repository, tree: work.tree(index) });
      if (update.changes.some(({ wanted }) => wanted)) updates.push(update);
      else tell.say(`${unit.base}: nothing changes${constraintNote(input)}.`);
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      faults.push(...error.faults.map((one) => ({ ...one, message: `${unit.base}: ${one.message}` })));
    }
  }
  const result: Updates = { schema: 1, build: plan.build, updates, faults };
  await writeJson(work.update, result);
  await tell.output("action", updates.length === 0 ? "none" : "publish");
  if (updates.length === 0 && faults.length > 0) throw new PublishError(faults);
  for (const fault of faults) tell.warn(faultText(fault));
  return result;
}

function constraintNote({ settings }: Input): string {
  return settings.strategy === "raise"
    ? ""
    : ": what was announced may be outside the constraints of composer.json";
}

interface Context {
  readonly input: Input;
  readonly work: Work;
  readonly tell: Teller;
  readonly repository: Repository;
  readonly tree: string;
}

async function makeUpdate(unit: Unit, context: Context): Promise<Update> {
  const { input, work, tell, repository, tree } = context;
  const start = unit.people && unit.branchSha !== undefined ? unit.branchSha : unit.baseSha;
  await checkOut(repository, { start, base: unit.base, tree });
  const folder = join(tree, input.settings.directory);
  const files = { json: join(folder, "composer.json"), lock: join(folder, "composer.lock") };
  const before = await readBoth(files);
  const composer = await composerIn(folder, input, work, tell);
  const locked = parseLock(before.lock, "composer.lock");
  const names = [...new Set([...Object.keys(unit.wanted), ...Object.keys(unit.pending)])]
    .filter((name) => locked.has(name))
    .sort();
  const raises =
    input.settings.strategy === "raise"
      ? raisesFor(parseComposerJson(before.json, "composer.json"), unit, locked)
      : [];
  const raised = await runUpdate(composer, { names, raises, files, before, tell });
  const after = await readBoth(files);
  const base = await baseLock(repository, unit, input);
  const changes = changesBetween(
    parseLock(base, "composer.lock"),
    parseLock(after.lock, "composer.lock"),
    new Set(names),
  );
  return {
    unit,
    changes,
    raised: raised.map(({ name, from, to }) => ({ name, from, to })),
    lock: after.lock,
    ...(raised.length > 0 && after.json !== before.json ? { json: after.json } : {}),
  };
}

interface Files {
  readonly json: string;
  readonly lock: string;
}

/** @throws PublishError where one is not there, as after somebody took it out of the update's branch */
async function readBoth(files: Files): Promise<Files> {
  try {
    return { json: await readFile(files.json, "utf8"), lock: await readFile(files.lock, "utf8") };
  } catch (error) {
    const file = basename(error instanceof Error && "path" in error ? String(error.path) : files.json);
    const remedy = "put it back where this update starts from: the base, or a branch with commits of people";
    throw new PublishError([{ by: "update", message: `${file} cannot be read`, remedy }]);
  }
}

interface Job {
  readonly names: readonly string[];
  readonly raises: readonly Raise[];
  readonly files: Files;
  /** Texts of the files before. */
  readonly before: Files;
  readonly tell: Teller;
}

/** Updates the names, with constraints raised where that can be solved; gives those that were raised. */
async function runUpdate(composer: Composer, job: Job): Promise<readonly Raise[]> {
  const { names, raises, files, before, tell } = job;
  for (const { name, to, dev } of raises) {
    const done = await composer("require", "--no-update", ...(dev ? ["--dev"] : []), `${name}:${to}`);
    if (done.code !== 0) throw composerFault(`require ${name}:${to}`, done, "look at composer.json");
  }
  const done = await composer("update", ...names, "--with-dependencies", "--no-install", "--no-progress");
  if (done.code === 0) return raises;
  if (raises.length === 0)
    throw composerFault(
      "update",
      done,
      "look at the constraints, and at config.platform where an extension is missing",
    );
  tell.warn(
    `The constraints of ${raises.map(({ name }) => name).join(", ")} cannot be raised: they stay as they are.`,
  );
  await writeFile(files.json, before.json);
  await writeFile(files.lock, before.lock);
  return runUpdate(composer, { ...job, raises: [] });
}

/** The files of a commit, on a branch of the base's name as people have it: Composer takes the version of the consumer itself from it. */
async function checkOut(
  repository: Repository,
  { start, base, tree }: { readonly start: string; readonly base: string; readonly tree: string },
): Promise<void> {
  await repository.git(["init", "--quiet", tree]);
  // Objects are read where they were fetched to.
  await writeFile(join(tree, ".git/objects/info/alternates"), `${join(repository.folder, "objects")}\n`);
  await repository.git(["-C", tree, "checkout", "--quiet", "-B", base, start]);
}

/** The lock file that the update is compared with, as GitHub compares a pull request: where its branch left the base. */
async function baseLock(
  repository: Repository,
  { baseSha, branchSha, people }: Unit,
  { settings }: Input,
): Promise<string> {
  const path = lockPaths(settings.directory).lock;
  const fork =
    people && branchSha !== undefined ? await repository.try(["merge-base", baseSha, branchSha]) : undefined;
  const left = fork?.code === 0 ? await repository.read(fork.stdout.trim(), path) : undefined;
  const text = left ?? (await repository.read(baseSha, path));
  if (text === undefined) throw new Error(`${baseSha} has lost its composer.lock`);
  return text;
}
