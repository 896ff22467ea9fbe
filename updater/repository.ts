import { mkdir } from "node:fs/promises";
import { safeText } from "../fleet/findings.ts";
import { PublishError } from "../publisher/fault.ts";
import { git, gitEnvironment } from "../publisher/git.ts";
import type { Finished } from "../publisher/process.ts";
import type { Input } from "./input.ts";

/** Trailer of the updater's own commits; together with the committer's address it tells them from those of people. */
export const TRAILER = "Satis-Fleet-Build";

/** The consumer's repository, bare, as far as it was fetched. */
export interface Repository {
  readonly folder: string;
  /** Heads of those of the named branches that are there. Fetches their history besides. */
  fetch(branches: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Text of a file of a commit; `undefined` where it is not there. */
  read(commit: string, path: string): Promise<string | undefined>;
  /** Standard output of git, trimmed. @throws PublishError where git fails */
  git(
    args: readonly string[],
    options?: { readonly env?: Record<string, string>; readonly input?: string },
  ): Promise<string>;
  /** Runs git, and gives how it ended. */
  try(args: readonly string[]): Promise<Finished>;
  /** As {@link try}, with the address of the consumer after `before`. */
  remote(before: readonly string[], after: readonly string[]): Promise<Finished>;
}

/** Opens the consumer's repository in `folder` with the job's token, which reaches git by its environment alone. */
export async function openRepository(input: Input, folder: string): Promise<Repository> {
  const { environment, jobToken, repository } = input;
  const { serverUrl } = environment;
  const url = `${serverUrl}/${repository}.git`;
  const env = gitEnvironment(environment, { token: jobToken, serverUrl });
  const attempt = (args: readonly string[], options: { env?: Record<string, string>; input?: string } = {}) =>
    git(["-C", folder, ...args], {
      env: { ...env, ...options.env },
      ...(options.input === undefined ? {} : { input: options.input }),
    });
  const demand = async (args: readonly string[], options = {}) => {
    const done = await attempt(args, options);
    if (done.code !== 0) throw gitFault(args[0] ?? "git", done);
    return done.stdout.trim();
  };
  await mkdir(folder, { recursive: true });
  await demand(["init", "--quiet", "--bare", "."]);
  const remote = (before: readonly string[], after: readonly string[]) =>
    attempt([...before, "--", url, ...after]);
  return {
    folder,
    git: demand,
    try: attempt,
    remote,
    fetch: async (branches) => {
      const listed = await remote(
        ["ls-remote", "--heads"],
        branches.map((branch) => `refs/heads/${branch}`),
      );
      if (listed.code !== 0) throw gitFault("ls-remote", listed);
      const found = new Map<string, string>();
      for (const line of listed.stdout.split("\n")) {
        const [sha = "", ref = ""] = line.split("\t");
        const branch = branches.find((one) => ref === `refs/heads/${one}`);
        if (branch !== undefined) found.set(branch, sha);
      }
      if (found.size === 0) return found;
      const specs = [...found.keys()].map((branch) => `+refs/heads/${branch}:refs/remotes/origin/${branch}`);
      const fetched = await remote(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"], specs);
      if (fetched.code !== 0) throw gitFault("fetch", fetched);
      for (const branch of found.keys())
        found.set(branch, await demand(["rev-parse", "--verify", `refs/remotes/origin/${branch}^{commit}`]));
      return found;
    },
    read: async (commit, path) => {
      const done = await attempt(["cat-file", "blob", `${commit}:${path}`]);
      return done.code === 0 ? done.stdout : undefined;
    },
  };
}

/** What git said, fit to print. */
export function gitFault(what: string, { stderr, error }: Finished): PublishError {
  const lines = stderr.split("\n").filter((line) => /fatal|error|remote:|rejected|denied/i.test(line));
  const said = safeText((lines.length > 0 ? lines.slice(0, 4).join(" ") : (error ?? stderr)).trim()).slice(
    0,
    500,
  );
  const denied = /\b40[13]\b|denied|not granted|Authentication failed|archived/i.test(said);
  const gone = /\b404\b|not found/i.test(said);
  const remedy = denied
    ? "give the job's token Contents: write in this repository, and see whether it is archived"
    : gone
      ? "see whether the repository is still there, and whether the token may read it"
      : "start the workflow again";
  return new PublishError([{ by: "git", message: `git ${what} failed: ${said}`, remedy }]);
}

/** Whether people have committed on the update's branch since it left its base. */
export async function hasPeople(
  repository: Repository,
  { base, branch }: { readonly base: string; readonly branch: string },
  email: string,
): Promise<boolean> {
  const format = `--format=%ce%x00%(trailers:key=${TRAILER},valueonly,separator=%x2C)`;
  const listed = await repository.git(["log", format, `${base}..${branch}`]);
  return listed
    .split("\n")
    .filter((line) => line !== "")
    .some((line) => {
      const [committer = "", trailer = ""] = line.split("\0");
      return committer !== email || trailer === "";
    });
}

/** Whether two commits can be merged without a person. */
export async function mergesCleanly(repository: Repository, ours: string, theirs: string): Promise<boolean> {
  const done = await repository.try(["merge-tree", "--write-tree", "--no-messages", ours, theirs]);
  return done.code === 0;
}
