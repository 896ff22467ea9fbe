import { PublishError } from "../publisher/fault.ts";
import type { Input } from "./input.ts";
import { lockPaths } from "./plan.ts";
import { gitFault, type Repository, TRAILER } from "./repository.ts";
import type { Update } from "./work.ts";

/** A branch of the update and what a push would make of it. */
export interface Branch {
  readonly name: string;
  /** Its head; absent where there is none. */
  readonly sha: string | undefined;
}

/**
 * Commits the files of the update. Without people's commits the tree is the base's with these files, so it never conflicts with the base;
 * with them, it is the branch's. The branch's head is a parent as long as `onto` names one: no push needs force.
 */
export async function commitUpdate(
  repository: Repository,
  update: Update,
  {
    input,
    title,
    build,
    onto,
  }: {
    readonly input: Input;
    readonly title: string;
    readonly build: string;
    readonly onto: string | undefined;
  },
): Promise<string> {
  const { unit } = update;
  const start = unit.people && onto !== undefined ? onto : unit.baseSha;
  const tree = await treeWith(repository, start, update, input);
  const parents = await parentsOf(repository, { onto, base: unit.baseSha, people: unit.people });
  const { name, email } = input.settings.committer;
  const now = `${Math.floor(Date.now() / 1000)} +0000`;
  return repository.git(["commit-tree", ...parents.flatMap((parent) => ["-p", parent]), tree], {
    input: `${title}\n\n${TRAILER}: ${build}\n`,
    env: {
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: email,
      GIT_AUTHOR_DATE: now,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: email,
      GIT_COMMITTER_DATE: now,
    },
  });
}

/** Both heads, or one where it has the other in its history. */
async function parentsOf(
  repository: Repository,
  {
    onto,
    base,
    people,
  }: { readonly onto: string | undefined; readonly base: string; readonly people: boolean },
): Promise<readonly string[]> {
  if (onto === undefined) return [base];
  if (people || (await isAncestor(repository, base, onto))) return [onto];
  return (await isAncestor(repository, onto, base)) ? [base] : [onto, base];
}

async function isAncestor(repository: Repository, older: string, newer: string): Promise<boolean> {
  return (await repository.try(["merge-base", "--is-ancestor", older, newer])).code === 0;
}

async function treeWith(
  repository: Repository,
  start: string,
  update: Update,
  input: Input,
): Promise<string> {
  const index = { GIT_INDEX_FILE: `${repository.folder}/update.index` };
  await repository.git(["read-tree", start], { env: index });
  for (const [path, text] of filesOf(update, input)) {
    const blob = await repository.git(["hash-object", "-w", "--stdin"], { input: text });
    await repository.git(["update-index", "--add", "--cacheinfo", `100644,${blob},${path}`], { env: index });
  }
  return repository.git(["write-tree"], { env: index });
}

/** The only paths that the updater ever writes. */
export function filesOf({ lock, json }: Update, { settings }: Input): readonly (readonly [string, string])[] {
  const paths = lockPaths(settings.directory);
  return [[paths.lock, lock], ...(json === undefined ? [] : [[paths.json, json] as const])];
}

/** Whether a commit has the update's files already. */
export async function hasFiles(
  repository: Repository,
  sha: string,
  update: Update,
  input: Input,
): Promise<boolean> {
  for (const [path, text] of filesOf(update, input))
    if ((await repository.read(sha, path)) !== text) return false;
  return true;
}

/** Pushes without force. @throws PublishError, with exit code 75 where somebody else pushed in between */
export async function push(repository: Repository, sha: string, branch: string): Promise<void> {
  const done = await repository.remote(["push", "--quiet"], [`${sha}:refs/heads/${branch}`]);
  if (done.code === 0) return;
  if (/non-fast-forward|fetch first|stale info|cannot lock ref|already exists/i.test(done.stderr))
    throw raced(branch);
  throw gitFault("push", done);
}

/** Removes a branch that no pull request uses and that only the updater has committed on, if it is still as it was seen. */
export async function removeLeftover(repository: Repository, sha: string, branch: string): Promise<void> {
  const lease = `--force-with-lease=refs/heads/${branch}:${sha}`;
  const done = await repository.remote(["push", "--quiet", lease], [`:refs/heads/${branch}`]);
  if (done.code === 0) return;
  if (/stale info|cannot lock ref/i.test(done.stderr)) throw raced(branch);
  throw gitFault("push", done);
}

export function raced(branch: string): PublishError {
  const message = `${branch} changed while this update was made`;
  return new PublishError(
    [{ by: "publish", message, remedy: "start this run again: it takes up what is there" }],
    75,
  );
}
