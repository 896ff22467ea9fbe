import { readFile } from "node:fs/promises";
import { type Fault, PublishError } from "../publisher/fault.ts";
import { link, table, text } from "../publisher/markdown.ts";
import type { Teller } from "../publisher/runner.ts";
import { commitUpdate, hasFiles, push, raced, removeLeftover } from "./commit.ts";
import { basesOf, type Input } from "./input.ts";
import { belongsToPeople } from "./people.ts";
import { placeOf } from "./plan.ts";
import { comment, openPull, refreshPull } from "./pull-request.ts";
import { covers, listPulls, type Pull, type PullPlace } from "./pulls.ts";
import { mergesCleanly, openRepository, type Repository } from "./repository.ts";
import { bodyOf, stateOf, titleOf } from "./text.ts";
import { digestOf } from "./verify.ts";
import { parseUpdates, type Update, type Work } from "./work.ts";

/** What became of an update. */
export interface Published {
  readonly base: string;
  readonly title: string;
  readonly did: "opened" | "updated" | "unchanged" | "closed-by-people";
  readonly url?: string;
}

/**
 * Pushes each update to its branch, and opens or refreshes its one pull request. Told twice, nothing changes.
 *
 * @param digest of update.json as `verify` left it; a file that differs is refused
 * @throws PublishError at the end, where one failed
 */
export async function publishUpdates(
  input: Input,
  work: Work,
  tell: Teller,
  digest: string,
): Promise<readonly Published[]> {
  const content = await readFile(work.update);
  if (digestOf(content) !== digest) {
    const message = "update.json is not the file that was verified";
    throw new PublishError([{ by: "publish", message, remedy: "start the workflow again" }]);
  }
  const { build, updates } = parseUpdates(content.toString("utf8"));
  const repository = await openRepository(input, work.repository);
  const done: Published[] = [];
  const errors: PublishError[] = [];
  for (const update of updates) {
    try {
      if (!basesOf(input).includes(update.unit.base)) throw new Error(`nobody asked for ${update.unit.base}`);
      done.push(await publishOne(update, { input, repository, tell, build }));
    } catch (error) {
      if (!(error instanceof PublishError)) throw error;
      errors.push(error);
    }
  }
  for (const { did, title, url = "" } of done) tell.say(`${DID[did]}: ${title} ${url}`);
  await tell.summary(summary(done, input));
  if (errors.length > 0) {
    const faults: Fault[] = errors.flatMap((error) => error.faults);
    throw new PublishError(faults, Math.max(...errors.map(({ exitCode }) => exitCode)));
  }
  return done;
}

interface Context {
  readonly input: Input;
  readonly repository: Repository;
  readonly tell: Teller;
  readonly build: string;
}

async function publishOne(update: Update, context: Context): Promise<Published> {
  const { input, repository } = context;
  const { unit } = update;
  const place = placeOf(input, unit);
  const title = titleOf(update, input);
  const [open] = await listPulls(input.github, place, "open");
  if (open === undefined && (await closedByPeople(update, place, input))) {
    return { base: unit.base, title, did: "closed-by-people" };
  }
  const heads = await repository.fetch([unit.base, place.branch]);
  const current = heads.get(place.branch);
  const head = await pushed(update, { ...context, place, current, open, title });
  const pull = { ...place, title, body: bodyOf(update, input) };
  const result =
    open === undefined ? await openPull(pull, input, context.tell) : await refreshPull(open, pull, input);
  if (unit.people) await tellPeople(result.pull, { ...context, head, baseSha: unit.baseSha });
  const did = result.did === "unchanged" && head !== current ? "updated" : result.did;
  return { base: unit.base, title, did, url: result.pull.url };
}

/** A pull request that people closed stands for their answer to exactly these versions. */
async function closedByPeople(update: Update, place: PullPlace, { github }: Input): Promise<boolean> {
  const wanted = stateOf(update);
  const closed = await listPulls(github, place, "closed");
  return closed.some(({ merged, state }) => !merged && state !== undefined && covers(state, wanted));
}

interface Target extends Context {
  readonly place: PullPlace;
  /** Head of the update's branch now. */
  readonly current: string | undefined;
  readonly open: Pull | undefined;
  readonly title: string;
}

/** Brings the files onto the branch, if they are not there; gives the branch's head. */
async function pushed(update: Update, target: Target): Promise<string> {
  const { input, repository, place, current, open, title, build } = target;
  const { unit } = update;
  if (current !== undefined && (await hasFiles(repository, current, update, input))) {
    const mergeable = unit.people || (await mergesCleanly(repository, unit.baseSha, current));
    if (mergeable && (await isAhead(repository, unit.baseSha, current))) return current;
  }
  // What this run saw at its beginning is what its files were made from.
  if (current !== unit.branchSha) throw raced(place.branch);
  const { email } = input.settings.committer;
  const seen = { place, base: unit.baseSha, branch: current, email };
  const people = await belongsToPeople(repository, input.github, seen);
  if (people !== unit.people) throw raced(place.branch);
  const isLeftover = current !== undefined && open === undefined && !people;
  if (isLeftover) await removeLeftover(repository, current, place.branch);
  const onto = isLeftover ? undefined : current;
  const sha = await commitUpdate(repository, update, { input, title, build, onto });
  await push(repository, sha, place.branch);
  return sha;
}

async function isAhead(repository: Repository, base: string, branch: string): Promise<boolean> {
  return (await repository.git(["rev-list", "--count", `${base}..${branch}`])) !== "0";
}

async function tellPeople(
  pull: Pull,
  { input, repository, head, baseSha }: Context & { readonly head: string; readonly baseSha: string },
): Promise<void> {
  await comment(pull, "people", input);
  if (!(await mergesCleanly(repository, baseSha, head))) await comment(pull, "conflict", input);
}

const DID: Readonly<Record<Published["did"], string>> = {
  opened: "Opened",
  updated: "Updated",
  unchanged: "Unchanged",
  "closed-by-people": "Not opened again, since people closed it",
};

function summary(done: readonly Published[], { repository, environment }: Input): string {
  const rows = done.map(({ base, title, did, url }) => {
    const number = /\/(\d+)$/.exec(url ?? "")?.[1];
    const where =
      number === undefined
        ? ""
        : link(`#${number}`, environment.serverUrl, [...repository.split("/"), "pull", number]);
    return [text(base), text(title), DID[did], where];
  });
  return `## Composer updates\n\n${table(["Branch", "Update", "Result", "Pull request"], rows)}`;
}
