import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../../../publisher/process.ts";
import type { EmulatedGitHub } from "../../../sandbox/github/index.ts";

export type { StandInFaults } from "./faults.ts";

/** Path of the Satis that tests run: SATIS_BIN, else the stand-in. */
export function satisBin(): string {
  return process.env.SATIS_BIN ?? fileURLToPath(new URL("satis.ts", import.meta.url));
}

/** Whether {@link satisBin} can be told to commit faults. */
export const isStandIn = process.env.SATIS_BIN === undefined;

/** Token of the emulated GitHub that reads everything. */
export const READ_TOKEN = "sandbox";

/**
 * Environment for a publisher whose github.com is an emulated one: git is led there, plain http is allowed for it, dists are
 * downloaded from its API, and Satis is {@link satisBin}.
 */
export function publisherVariables(github: EmulatedGitHub): Record<string, string> {
  return {
    PATH: process.env.PATH ?? "",
    HOME: tmpdir(),
    SATIS_BIN: satisBin(),
    READ_TOKEN,
    PUSH_TOKEN: READ_TOKEN,
    GITHUB_SERVER_URL: github.url.replace(/\/$/, ""),
    GITHUB_API_URL: `${github.url}api/v3`,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `url.${github.url}.insteadOf`,
    GIT_CONFIG_VALUE_0: "https://github.com/",
  };
}

/** What a commit of a package holds beside composer.json's usual keys. */
export interface Commit {
  /** Keys of composer.json that are not as usual; `undefined` leaves a key out. */
  readonly composer?: Readonly<Record<string, unknown>>;
  /** More files, by path; `undefined` removes one, "composer.json" too. */
  readonly files?: Readonly<Record<string, string | undefined>>;
  /** @default the default branch */
  readonly branch?: string;
  /** Begins without history: what was there is force-pushed away. */
  readonly orphan?: boolean;
  /** @default "Change" */
  readonly message?: string;
}

/** A package repository on an emulated GitHub, changed by pushes of real git only. */
export interface PackageRepository {
  /** Package name, as composer.json has it. */
  readonly name: string;
  readonly owner: string;
  readonly repository: string;
  /** As satis.json would have it. */
  readonly url: string;
  /** Commits and pushes; gives the commit. */
  commit(commit?: Commit): Promise<string>;
  /** Commits, tags and pushes both at once; gives the commit. */
  release(tag: string, commit?: Commit): Promise<string>;
  /** Sets a tag, wherever it was before, to a commit or to the default branch. */
  tag(tag: string, options?: { readonly at?: string; readonly annotated?: boolean }): Promise<void>;
  deleteTag(tag: string): Promise<void>;
  deleteBranch(branch: string): Promise<void>;
  /** Runs git in the local copy, which is bare. */
  git(...args: string[]): Promise<string>;
}

const folders = new Map<EmulatedGitHub, Promise<string>>();

/** Where the local copies are; removed by {@link removeCopies}. */
function folderOf(github: EmulatedGitHub): Promise<string> {
  const folder = folders.get(github) ?? mkdtemp(join(tmpdir(), "packages-"));
  folders.set(github, folder);
  return folder;
}

/** Removes the local copies of what was made on this GitHub. */
export async function removeCopies(github: EmulatedGitHub): Promise<void> {
  const folder = folders.get(github);
  folders.delete(github);
  if (folder !== undefined) await rm(await folder, { recursive: true, force: true });
}

/** Opens the repository of a package, `vendor/name` in a repository of the same name unless told otherwise; makes an empty one where there is none. */
export async function packageRepository(
  github: EmulatedGitHub,
  name: string,
  options: { readonly owner?: string; readonly repository?: string; readonly defaultBranch?: string } = {},
): Promise<PackageRepository> {
  const { owner = github.owner, repository = name.split("/")[1] ?? name, defaultBranch = "main" } = options;
  const isKnown = github.repositories.includes(`${owner}/${repository}`);
  if (!isKnown) github.seed([{ owner, name: repository, defaultBranch, files: {} }]);
  const folder = join(await folderOf(github), owner, `${repository}.git`);
  const remote = `${github.url.replace("://", `://x-access-token:${READ_TOKEN}@`)}${owner}/${repository}.git`;
  const git = gitIn(folder);
  await git("init", "-q", "--bare", `--initial-branch=${defaultBranch}`, ".");
  if (isKnown) await git("fetch", "-q", "--prune", remote, "+refs/*:refs/*");
  const push = (...specs: string[]) => git("push", "-q", "--force", remote, ...specs);
  const commit = async (one: Commit, tag?: string) => {
    const branch = one.branch ?? defaultBranch;
    await git.input(stream(name, branch, one, await tip(git, branch)), "fast-import", "--quiet", "--force");
    if (tag !== undefined) await git("tag", "-f", tag, branch);
    await push(`refs/heads/${branch}`, ...(tag === undefined ? [] : [`refs/tags/${tag}`]));
    return git("rev-parse", branch);
  };
  return {
    name,
    owner,
    repository,
    url: `https://github.com/${owner}/${repository}.git`,
    commit: (one = {}) => commit(one),
    release: (tag, one = {}) => commit({ message: `Release ${tag}`, ...one }, tag),
    async tag(tag, { at = defaultBranch, annotated = false } = {}) {
      await git("tag", "-f", ...(annotated ? ["-a", "-m", tag] : []), tag, at);
      await push(`refs/tags/${tag}`);
    },
    async deleteTag(tag) {
      await git("update-ref", "-d", `refs/tags/${tag}`);
      await push(`:refs/tags/${tag}`);
    },
    async deleteBranch(branch) {
      await git("update-ref", "-d", `refs/heads/${branch}`);
      await push(`:refs/heads/${branch}`);
    },
    git,
  };
}

/** Makes a repository where there is none, and releases these versions one after the other. */
export async function releasePackage(
  github: EmulatedGitHub,
  name: string,
  versions: readonly string[],
  commit: Commit = {},
): Promise<PackageRepository> {
  const repository = await packageRepository(github, name);
  for (const version of versions) await repository.release(version, commit);
  return repository;
}

async function tip(git: Git, branch: string): Promise<string | undefined> {
  const sha = await git("for-each-ref", "--format=%(objectname)", `refs/heads/${branch}`);
  return sha === "" ? undefined : sha;
}

/** A commit in the language of git fast-import. */
function stream(name: string, branch: string, one: Commit, parent: string | undefined): string {
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const composer = {
    name,
    description: `The package ${name}`,
    type: "library",
    license: "MIT",
    require: { php: ">=8.1" },
    autoload: { "psr-4": { "Acme\\": "src/" } },
    ...one.composer,
  };
  const files = {
    "composer.json": `${JSON.stringify(composer, null, 4)}\n`,
    "src/A.php": "<?php\n",
    ...one.files,
  };
  const changes = Object.entries(files).map(([path, text]) =>
    text === undefined
      ? parent === undefined
        ? ""
        : `D ${path}\n`
      : `M 100644 inline ${path}\n${data(text)}`,
  );
  const from = parent === undefined || one.orphan ? "" : `from ${parent}\n`;
  const start = one.orphan && parent !== undefined ? "deleteall\n" : "";
  const who = `Ann <ann@acme.example> ${Math.floor(Date.now() / 1000)} +0000`;
  const head = `${one.orphan ? `reset refs/heads/${branch}\n` : ""}commit refs/heads/${branch}\ncommitter ${who}\n`;
  return `${head}${data(one.message ?? "Change")}${from}${start}${changes.join("")}\n`;
}

interface Git {
  (...args: string[]): Promise<string>;
  input(input: string, ...args: string[]): Promise<string>;
}

function gitIn(folder: string): Git {
  const env = {
    PATH: process.env.PATH,
    HOME: tmpdir(),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_AUTHOR_NAME: "Ann",
    GIT_AUTHOR_EMAIL: "ann@acme.example",
    GIT_COMMITTER_NAME: "Ann",
    GIT_COMMITTER_EMAIL: "ann@acme.example",
  };
  const call = async (input: string | undefined, args: string[]) => {
    await mkdir(folder, { recursive: true });
    const done = await run("git", args, { cwd: folder, env, ...(input === undefined ? {} : { input }) });
    if (done.code !== 0) throw new Error(`git ${args.join(" ")}: ${done.stderr}`);
    return done.stdout.trim();
  };
  return Object.assign((...args: string[]) => call(undefined, args), {
    input: (input: string, ...args: string[]) => call(input, args),
  });
}
