import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { safeText } from "../fleet/findings.ts";
import { isBranch, isOwner, isRepository } from "../fleet/grammar.ts";
import type { RegistrySettings } from "../fleet/registry-settings.ts";
import type { Environment } from "./environment.ts";
import { PublishError } from "./fault.ts";
import { git, gitEnvironment } from "./git.ts";
import type { Finished } from "./process.ts";
import { type BuildRecord, parseRecord, RECORD_FILE } from "./record.ts";
import type { Work } from "./work.ts";

/** Ref that names the commit whose publication is under way: set before the push, deleted when the site shows that build. */
export const MARKER_REF = "refs/satis-fleet/publishing";
/** Ref that keeps the builds before the last cut of the branch's history. */
export const PREVIOUS_REF = "refs/satis-fleet/previous";

/** The registry's branch on GitHub, and the folder that git works in. */
export interface Registry {
  readonly url: string;
  /** Full name of the branch's ref. */
  readonly ref: string;
  readonly folder: string;
  /** Runs git in the folder, however it ends. */
  git(args: readonly string[], options?: GitOptions): Promise<Finished>;
}

interface GitOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Folder of another repository. */
  readonly folder?: string;
}

/** Failures that pass by themselves. */
const PASSING =
  /HTTP 5\d\d|error: 5\d\d|timed? ?out|Could not resolve|Failed to connect|Connection (?:reset|refused)|unexpected disconnect|early EOF|Empty reply|hung up/i;

/**
 * Opens the registry's branch with a bare repository in `work.repository`.
 *
 * The token for pushing is used where there is one, else the one for reading; neither reaches a URL, a file or a command line.
 *
 * @throws PublishError where the settings name no repository or branch
 */
export async function openRegistry(
  work: Work,
  environment: Environment,
  settings: Pick<RegistrySettings, "owner" | "repository" | "registryBranch">,
): Promise<Registry> {
  const { owner, repository, registryBranch } = settings;
  if (!isOwner(owner) || !isRepository(repository) || !isBranch(registryBranch)) {
    const message = "owner, repository or registryBranch is no name that GitHub takes";
    throw new PublishError([{ by: "settings", message, remedy: "run: pulumi up" }]);
  }
  const { serverUrl, pushToken, readToken } = environment;
  const env = gitEnvironment(environment, { token: pushToken ?? readToken, serverUrl });
  const folder = work.repository;
  const registry: Registry = {
    url: `${serverUrl}/${owner}/${repository}.git`,
    ref: `refs/heads/${registryBranch}`,
    folder,
    git: (args, options = {}) =>
      git([`--git-dir=${options.folder ?? folder}`, "-c", "gc.auto=0", ...args], {
        env: { ...env, ...options.env },
        ...(options.input === undefined ? {} : { input: options.input }),
      }),
  };
  await initialise(registry, folder);
  return registry;
}

async function initialise(registry: Registry, folder: string): Promise<void> {
  if (existsSync(join(folder, "HEAD"))) return;
  await mkdir(folder, { recursive: true });
  // Without a template there are no hooks.
  await must(registry, ["init", "--bare", "--quiet", "--template=", folder], { folder });
}

/** Runs git and gives its output. @throws PublishError with what git said */
export async function must(
  registry: Registry,
  args: readonly string[],
  options?: GitOptions,
): Promise<string> {
  const finished = await registry.git(args, options);
  if (finished.code !== 0) throw gitFault(args, finished);
  return finished.stdout;
}

/** {@link must} for what only reads from GitHub: tried again where the fault is one that passes. */
export async function mustRead(
  registry: Registry,
  args: readonly string[],
  options?: GitOptions,
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const finished = await registry.git(args, options);
    if (finished.code === 0) return finished.stdout;
    if (attempt === 3 || !PASSING.test(finished.stderr)) throw gitFault(args, finished);
    await pause(1000 * attempt);
  }
}

export function gitFault([command = ""]: readonly string[], { stderr, error }: Finished): PublishError {
  const said = safeText(stderr.trim().split("\n").slice(-3).join("; ")) || error || "no reason given";
  const message = `git ${command} failed: ${said}`;
  const remedy = /40[13]|Authentication|could not read Username|not found/i.test(said)
    ? "check that PUSH_TOKEN may write the composer repository's contents (READ_TOKEN: read)"
    : "the next run tries again";
  return new PublishError([{ by: "git", message, remedy }]);
}

/** What GitHub has now. */
export interface RemoteState {
  /** Commit of the branch; absent before the first publish. */
  readonly tip?: string;
  readonly marker?: string;
  readonly previous?: string;
}

/** Asks GitHub for branch, marker and the builds before the cut, in one request. */
export async function remoteState(registry: Registry): Promise<RemoteState> {
  const names = { tip: registry.ref, marker: MARKER_REF, previous: PREVIOUS_REF };
  const listed = await mustRead(registry, ["ls-remote", registry.url, ...Object.values(names)]);
  const refs = new Map(listed.split("\n").map((line) => [line.slice(41), line.slice(0, 40)]));
  return Object.fromEntries(
    Object.entries(names).flatMap(([key, name]) => (refs.has(name) ? [[key, refs.get(name)]] : [])),
  );
}

/** Fetches one commit with its tree and nothing before it. */
export async function fetchCommit(registry: Registry, commit: string): Promise<void> {
  const known = await registry.git(["cat-file", "-e", `${commit}^{tree}`]);
  if (known.code !== 0)
    await mustRead(registry, ["fetch", "--quiet", "--depth=1", "--no-tags", registry.url, commit]);
}

/** The published tree, as it is on disk after {@link fetchPublished}. */
export interface Published {
  readonly commit: string;
  /** Absent where build.json is missing or none of ours: nothing of the tree is known then. */
  readonly record?: BuildRecord;
}

/**
 * Writes the branch's tree into `into`, which holds nothing else afterwards.
 *
 * `undefined` where there is no branch yet; then there is no such directory either.
 */
export async function fetchPublished(
  registry: Registry,
  into: string,
  tip?: string,
): Promise<Published | undefined> {
  const commit = tip ?? (await remoteState(registry)).tip;
  await rm(into, { recursive: true, force: true });
  if (commit === undefined) return undefined;
  await fetchCommit(registry, commit);
  await exportTree(registry, commit, into);
  const record = await readRecord(into);
  return record === undefined ? { commit } : { commit, record };
}

/** Reads build.json of a tree on disk. */
export async function readRecord(root: string): Promise<BuildRecord | undefined> {
  try {
    return parseRecord(await readFile(join(root, RECORD_FILE), "utf8"));
  } catch {
    return undefined;
  }
}

/** Paths that a tree may have; others, and whatever is no file, stay out, so that the gates find the tree incomplete. */
function isPlain(mode: string, path: string): boolean {
  const file = mode === "100644" || mode === "100755";
  return file && path.split("/").every((part) => part !== ".." && !/^\.git/i.test(part));
}

/**
 * Writes a commit's files byte for byte: no attribute of the tree and no configuration of the machine converts them, nothing is
 * executable, and no link is made.
 */
export async function exportTree(registry: Registry, commit: string, into: string): Promise<void> {
  const listed = await must(registry, ["ls-tree", "-r", "-z", "--full-tree", commit]);
  const entries = listed.split("\0").flatMap((line) => {
    const [, mode = "", sha = "", path = ""] = /^(\d+) \w+ ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
    return isPlain(mode, path) ? [`100644 ${sha}\t${path}\0`] : [];
  });
  await mkdir(into, { recursive: true });
  const index = join(registry.folder, "export-index");
  await rm(index, { force: true });
  const options = { env: { GIT_INDEX_FILE: index } };
  await must(registry, ["update-index", "-z", "--index-info"], { ...options, input: entries.join("") });
  await must(
    registry,
    [
      ...["-c", "core.bare=false", "-c", "core.autocrlf=false", "-c", "core.attributesFile=/dev/null"],
      ...[`--work-tree=${into}`, "checkout-index", "--all", "--force"],
    ],
    options,
  );
  await rm(index, { force: true });
}

/** One build of the registry's history. */
export interface Build {
  readonly build: string;
  readonly commit: string;
  readonly kind: string;
  /** When it was published. */
  readonly time: string;
}

/** Trailers of a commit that publishes. */
const KIND = "Satis-Fleet-Kind";
const COUNT = "Satis-Fleet-Builds";

/**
 * The message of a commit that publishes.
 *
 * `count` is the number of builds from the root of the branch to this one, so that nobody has to fetch the history to know.
 */
export function commitMessage(record: Pick<BuildRecord, "build" | "kind">, count: number): string {
  return `Publish ${record.build}\n\n${KIND}: ${record.kind}\n${COUNT}: ${count}\n`;
}

/** Builds from the root of the branch to a commit that {@link fetchCommit} fetched; 0 where the message does not say. */
export async function buildCount(registry: Registry, commit: string): Promise<number> {
  const message = await must(registry, ["show", "--no-patch", "--format=%B", commit]);
  return Number(new RegExp(`^${COUNT}: (\\d{1,9})$`, "m").exec(message)?.[1] ?? 0);
}

/** Every build that is kept, newest first; costs commits only, neither trees nor files. */
export async function listBuilds(registry: Registry, state: RemoteState): Promise<readonly Build[]> {
  const tips = [state.tip, state.previous].filter((tip) => tip !== undefined);
  if (tips.length === 0) return [];
  // A folder of its own: one that lacks trees would fetch them one by one when something else needs them.
  const folder = join(registry.folder, "history");
  await initialise(registry, folder);
  await must(registry, ["config", "remote.origin.url", registry.url], { folder });
  await mustRead(registry, ["fetch", "--quiet", "--no-tags", "--filter=tree:0", "origin", ...tips], {
    folder,
  });
  const listed = await Promise.all(
    tips.map((tip) =>
      must(registry, ["log", "--first-parent", "--format=%H%x00%cI%x00%B%x01", tip], { folder }),
    ),
  );
  const builds = listed.flatMap((log) => log.split("\x01\n").flatMap(buildOf));
  return [...new Map(builds.map((one) => [one.commit, one])).values()];
}

function buildOf(entry: string): Build[] {
  const [commit = "", time = "", message = ""] = entry.split("\0");
  const build = /^Publish (\d{8}T\d{6}Z-[0-9a-f]{8})$/m.exec(message)?.[1];
  const kind = new RegExp(`^${KIND}: (\\w+)$`, "m").exec(message)?.[1] ?? "unknown";
  return build === undefined ? [] : [{ build, commit, kind, time }];
}
