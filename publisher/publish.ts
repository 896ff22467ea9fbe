import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { RegistrySettings } from "../fleet/registry-settings.ts";
import {
  buildCount,
  commitMessage,
  fetchCommit,
  gitFault,
  MARKER_REF,
  must,
  openRegistry,
  PREVIOUS_REF,
  type Registry,
  type RemoteState,
  readRecord,
  remoteState,
} from "./branch.ts";
import type { Environment } from "./environment.ts";
import { EXIT, PublishError } from "./fault.ts";
import type { Outcome } from "./outcome.ts";
import type { Finished } from "./process.ts";
import type { BuildRecord } from "./record.ts";
import { openTree, type Tree, treeDigest } from "./tree.ts";
import type { Work } from "./work.ts";

/** Builds that are always kept; up to as many more, since history is cut only when the branch alone has so many. */
export const KEPT_BUILDS = 100;

/** What a publish has done so far; a test stops it there. */
export type PublishStep = "committed" | "marked" | "pushed";

export interface PublishInput {
  readonly work: Work;
  readonly environment: Environment;
  readonly settings: Pick<RegistrySettings, "owner" | "repository" | "registryBranch">;
  readonly outcome: Pick<Outcome, "digest" | "record">;
  /** Commit that the build started from; absent where nothing was published. */
  readonly publishedCommit?: string | undefined;
  /** @default {@link KEPT_BUILDS} */
  readonly keep?: number;
  readonly onStep?: (step: PublishStep) => Promise<void>;
}

/**
 * Publishes the staged tree: one commit on top of the tree that the build started from, one push, never over somebody else's.
 *
 * The marker is set at the last moment before the push, with everything that the push needs: from there on the branch moves by one
 * small request, and whatever ends the process leaves either the old build or the new one.
 *
 * @throws PublishError with {@link EXIT.raced} where the branch is not, or no longer, what the build started from; with
 * {@link EXIT.failed} where the staged tree is not the one that was verified
 */
export async function publish(input: PublishInput): Promise<{ readonly commit: string }> {
  const { work, outcome, publishedCommit, keep = KEPT_BUILDS, onStep = async () => {} } = input;
  const tree = await verifiedTree(work, outcome);
  const registry = await openRegistry(work, input.environment, input.settings);
  const state = await remoteState(registry);
  if (state.tip !== publishedCommit) throw raced();
  if (state.tip !== undefined) await fetchCommit(registry, state.tip);
  const root = await writeTree(registry, tree);
  const count = state.tip === undefined ? 0 : await buildCount(registry, state.tip);
  const make = (cut: boolean) =>
    commit(registry, root, outcome.record, { parent: cut ? undefined : state.tip, count: cut ? 0 : count });
  let made = await make(count >= keep);
  await onStep("committed");
  await mark(registry, made);
  await onStep("marked");
  let pushed = await (count >= keep ? pushCut(registry, made, state) : push(registry, made));
  if (pushed.code !== 0 && count >= keep && (await remoteState(registry)).tip === state.tip) {
    // Rules of the organization may forbid to cut; then history grows, which is better than no publish.
    made = await make(false);
    await mark(registry, made);
    pushed = await push(registry, made);
  }
  if (pushed.code !== 0) await judge(registry, pushed, { made, before: state.tip });
  await onStep("pushed");
  return { commit: made };
}

/** Decision of the design: the job that publishes verifies what it got, since it does not build it. */
async function verifiedTree(
  work: Work,
  { digest, record }: Pick<Outcome, "digest" | "record">,
): Promise<Tree> {
  const tree = await openTree(work.staged);
  const found = await readRecord(work.staged);
  if ((await treeDigest(tree)) === digest && found?.build === record.build) return tree;
  const message = "the staged tree is not the one that was verified";
  throw new PublishError([
    { by: "publish", message, remedy: "run again: the artifact was changed on its way from the build" },
  ]);
}

function raced(): PublishError {
  const message = "somebody else published in between";
  return new PublishError([{ by: "publish", message, remedy: "plan again" }], EXIT.raced);
}

/** Git's index is made from the files as they are: no filter, no ignore file, no attribute has a say. */
async function writeTree(registry: Registry, { root, files }: Tree): Promise<string> {
  const odd = files.find((path) => /[\p{Cc}"]/u.test(path));
  if (odd !== undefined) {
    const message = `${JSON.stringify(odd)} is no name of a registry's file`;
    throw new PublishError([{ by: "publish", message, remedy: "remove it" }]);
  }
  const paths = files.map((path) => `${join(root, path)}\n`).join("");
  const hashed = await must(registry, ["hash-object", "-w", "--no-filters", "--stdin-paths"], {
    input: paths,
  });
  const shas = hashed.trim().split("\n");
  const index = join(registry.folder, "publish-index");
  await rm(index, { force: true });
  const options = { env: { GIT_INDEX_FILE: index } };
  const entries = files.map((path, at) => `100644 ${shas[at]}\t${path}\0`).join("");
  await must(registry, ["update-index", "-z", "--index-info"], { ...options, input: entries });
  const tree = (await must(registry, ["write-tree"], options)).trim();
  await rm(index, { force: true });
  return tree;
}

/** The author that GitHub shows as its own bot. */
const AUTHOR = {
  name: "github-actions[bot]",
  email: "41898282+github-actions[bot]@users.noreply.github.com",
};

async function commit(
  registry: Registry,
  tree: string,
  record: BuildRecord,
  { parent, count }: { readonly parent: string | undefined; readonly count: number },
): Promise<string> {
  const at = record.builtAt;
  const env = {
    GIT_AUTHOR_NAME: AUTHOR.name,
    GIT_AUTHOR_EMAIL: AUTHOR.email,
    GIT_AUTHOR_DATE: at,
    GIT_COMMITTER_NAME: AUTHOR.name,
    GIT_COMMITTER_EMAIL: AUTHOR.email,
    GIT_COMMITTER_DATE: at,
  };
  const parents = parent === undefined ? [] : ["-p", parent];
  const input = commitMessage(record, count + 1);
  return (await must(registry, ["commit-tree", tree, ...parents, "-F", "-"], { env, input })).trim();
}

/** A marker that is there belongs to a publisher that was killed, or is about to lose the race: it gives way. */
async function mark(registry: Registry, commit: string): Promise<void> {
  const args = ["push", "--quiet", "--no-verify", registry.url, `+${commit}:${MARKER_REF}`];
  const first = await registry.git(args);
  if (first.code !== 0) await must(registry, args);
}

/** With the branch, all or nothing: a confirmation that ended the marker meanwhile takes no effect. */
function pushArguments(registry: Registry, commit: string, more: readonly string[] = []): string[] {
  const quiet = ["push", "--quiet", "--no-verify", "--atomic"];
  return [...quiet, ...more, registry.url, `${commit}:${registry.ref}`, `+${commit}:${MARKER_REF}`];
}

/** Not forced, so refused by git itself where the branch is not the commit's parent. */
function push(registry: Registry, commit: string): Promise<Finished> {
  return registry.git(pushArguments(registry, commit));
}

/**
 * Publishes a commit without parents and keeps the builds before it under a ref of their own: no commit is rewritten, no object of the
 * old builds is fetched or sent, and all refs move together or not at all.
 */
function pushCut(registry: Registry, commit: string, { tip }: RemoteState): Promise<Finished> {
  const lease = `--force-with-lease=${registry.ref}:${tip}`;
  return registry.git([...pushArguments(registry, commit, [lease]), `+${tip}:${PREVIOUS_REF}`]);
}

/** A push that reported a failure may have arrived, have lost the race, or have failed. */
async function judge(
  registry: Registry,
  finished: Finished,
  { made, before }: { readonly made: string; readonly before: string | undefined },
): Promise<void> {
  const { tip } = await remoteState(registry);
  if (tip === made) return;
  if (tip !== before) throw raced();
  const again = await push(registry, made);
  if (again.code === 0) return;
  const now = (await remoteState(registry)).tip;
  if (now === made) return;
  throw now === before ? gitFault(["push"], finished) : raced();
}

/** What the marker says at the start of a run. */
export type MarkerState =
  /** The last build that was pushed is known to be what the site shows. */
  | { readonly state: "absent" }
  /** The build is on the branch, and the site is not known to show it: deploy it again. */
  | { readonly state: "deploy"; readonly commit: string }
  /**
   * Its build is not the branch's tip: a publisher ended before its push, or lost the race. Its marker may have replaced one of the
   * build that is on the branch, so that is to be deployed again too; the next publish, or confirmation, ends it.
   */
  | { readonly state: "superseded"; readonly commit: string };

export function markerState({ tip, marker }: RemoteState): MarkerState {
  if (marker === undefined) return { state: "absent" };
  return { state: marker === tip ? "deploy" : "superseded", commit: marker };
}

/** Ends the marker of a build that the site shows, unless it names a build that somebody else has published meanwhile. */
export async function clearMarker(
  registry: Registry,
  commit: string,
): Promise<"cleared" | "absent" | "other"> {
  const { marker, tip } = await remoteState(registry);
  if (marker === undefined) return "absent";
  if (marker !== commit && tip !== commit) return "other";
  const lease = `--force-with-lease=${MARKER_REF}:${marker}`;
  const args = ["push", "--quiet", "--no-verify", lease, registry.url, `:${MARKER_REF}`];
  const finished = await registry.git(args);
  if (finished.code === 0) return "cleared";
  const now = (await remoteState(registry)).marker;
  if (now === marker) throw gitFault(args, finished);
  return now === undefined ? "cleared" : "other";
}
