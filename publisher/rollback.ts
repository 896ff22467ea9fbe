import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RegistrySettings } from "../fleet/registry-settings.ts";
import {
  type Build,
  exportTree,
  fetchCommit,
  listBuilds,
  openRegistry,
  readRecord,
  remoteState,
} from "./branch.ts";
import type { Environment } from "./environment.ts";
import { PublishError } from "./fault.ts";
import type { Outcome } from "./outcome.ts";
import type { Pages } from "./pages.ts";
import { BUILD_KEY, type BuildRecord, RECORD_FILE, recordText } from "./record.ts";
import { openTree, treeDigest } from "./tree.ts";
import type { Work } from "./work.ts";

export interface RollbackInput {
  readonly work: Work;
  readonly environment: Environment;
  readonly settings: Pick<RegistrySettings, "owner" | "repository" | "registryBranch">;
  /** Build to go back to. @default the one before the branch's tip */
  readonly build?: string | undefined;
  /** Id of the new build. */
  readonly newBuild: string;
  readonly now: Date;
  /** The pages of the staged tree, which name its build. */
  readonly pages: Pages;
}

/** What {@link stageRollback} prepared for a publish. */
export interface Rollback {
  readonly from: string;
  readonly to: string;
  readonly outcome: Outcome;
  /** Commit that the publish replaces. */
  readonly publishedCommit: string;
}

/**
 * Stages an earlier build's tree as a new build of kind `rollback`; {@link ./publish.ts | publish} does the rest.
 *
 * The record takes over the refs and inputs of the build that is undone: the next scheduled run finds nothing stale and leaves the
 * rollback alone. A package is built again when its own refs change, everything when satis.json, the settings or the publisher
 * change, or a week has passed.
 *
 * @throws PublishError that lists the builds where there is no such one
 */
export async function stageRollback(input: RollbackInput): Promise<Rollback> {
  const { work, newBuild, now } = input;
  const registry = await openRegistry(work, input.environment, input.settings);
  const state = await remoteState(registry);
  const builds = await listBuilds(registry, state);
  const [tip] = builds;
  if (state.tip === undefined || tip === undefined) throw unknownBuild("nothing was published yet", builds);
  if (tip.commit !== state.tip) throw unknownBuild("the branch's tip is no build of the publisher", builds);
  const target = chosen(builds, input.build);
  const undone = join(work.root, "undone");
  await fetchCommit(registry, state.tip);
  await fetchCommit(registry, target.commit);
  await exportTree(registry, state.tip, undone);
  const current = await readRecord(undone);
  await rm(undone, { recursive: true, force: true });
  await rm(work.staged, { recursive: true, force: true });
  await exportTree(registry, target.commit, work.staged);
  const earlier = await readRecord(work.staged);
  if (current === undefined) throw broken(tip);
  if (earlier === undefined) throw broken(target);
  const record = rolledBack(earlier, current, { build: newBuild, at: now.toISOString() });
  await writeStaged(work.staged, record, input.pages);
  const digest = await treeDigest(await openTree(work.staged));
  return {
    from: tip.build,
    to: target.build,
    outcome: {
      build: newBuild,
      rebuilt: [],
      changes: [],
      leftOut: [],
      faults: [],
      record,
      unchanged: false,
      digest,
    },
    publishedCommit: state.tip,
  };
}

function chosen(builds: readonly Build[], wanted: string | undefined): Build {
  const [tip, before] = builds;
  const found = wanted === undefined ? before : builds.find(({ build }) => build === wanted);
  if (found === undefined) {
    throw unknownBuild(wanted === undefined ? "there is no earlier build" : "there is no such build", builds);
  }
  if (found === tip) throw unknownBuild("this build is the published one", builds);
  return found;
}

/** Lists builds only by what the publisher itself wrote, in the grammar of {@link listBuilds}. */
function unknownBuild(message: string, builds: readonly Build[]): PublishError {
  const listed = builds.map(({ build, kind }) => `${build} (${kind})`).join(", ");
  const remedy = listed === "" ? "publish first" : `name one of: ${listed}`;
  return new PublishError([{ by: "rollback", message, remedy }]);
}

function broken({ build }: Build): PublishError {
  const message = `build ${build} has no readable build.json`;
  return new PublishError([{ by: "rollback", message, remedy: "name another build, or build everything" }]);
}

/**
 * The record of a rollback: what is published is the earlier build's, what it is compared with is the undone one's.
 *
 * A repository that has come since keeps its refs and publishes nothing until they change. A week is counted from now, for the
 * weekly build of everything would undo the rollback.
 */
export function rolledBack(
  earlier: BuildRecord,
  undone: BuildRecord,
  { build, at }: { readonly build: string; readonly at: string },
): BuildRecord {
  const ids = new Set([...Object.keys(earlier.repositories), ...Object.keys(undone.repositories)]);
  const repositories = [...ids].flatMap((id): [string, BuildRecord["repositories"][string]][] => {
    const before = earlier.repositories[id];
    const after = undone.repositories[id];
    if (after === undefined) return before === undefined ? [] : [[id, before]];
    return [[id, { ...(before ?? { ...after, packages: [] }), url: after.url, refs: after.refs }]];
  });
  return {
    ...earlier,
    build,
    builtAt: at,
    fullBuiltAt: at,
    kind: "rollback",
    inputs: undone.inputs,
    repositories: Object.fromEntries(repositories),
  };
}

async function writeStaged(staged: string, record: BuildRecord, pages: Pages): Promise<void> {
  const index = join(staged, "packages.json");
  const parsed: unknown = await readFile(index, "utf8").then(JSON.parse, () => undefined);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    const message = "packages.json of this build is missing or broken";
    throw new PublishError([{ by: "rollback", message, remedy: "name another build" }]);
  }
  await writeFile(index, `${JSON.stringify({ ...parsed, [BUILD_KEY]: record.build })}\n`);
  await writeFile(join(staged, RECORD_FILE), recordText(record));
  for (const [path, text] of Object.entries(await pages(await openTree(staged), record))) {
    await writeFile(join(staged, path), text);
  }
}
