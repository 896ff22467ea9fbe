import { join } from "node:path";
import { updateBranch } from "../../fleet/announcement.ts";
import { safeText } from "../../fleet/findings.ts";
import type { Subscription } from "../../fleet/subscriptions.ts";
import type { Context } from "../context.ts";
import { openReader, type Reader, reasonOf } from "../drift/reader.ts";
import {
  type Found,
  inBatches,
  type Place,
  placeKey,
  readRepositories,
  readTexts,
  type TextAnswer,
} from "../drift/repositories.ts";
import { dataOf, textOf } from "../drift/state.ts";
import { connect, type GitHub } from "../github.ts";
import { type Behind, compareLock } from "./compare.ts";
import { type Registry, readRaw, readRegistry } from "./registry.ts";

/** An open pull request of the updater. */
export interface OpenPull {
  readonly title: string;
  readonly url: string;
  /** Set where each package has a pull request of its own. */
  readonly branch: string;
}

/** One branch of a subscription, read. */
export interface Outdated {
  /** Id of the subscription. */
  readonly id: string;
  readonly branch: string;
  readonly paused: boolean;
  /** Packages of the subscription that the lock file has. */
  readonly packages: number;
  readonly behind: readonly Behind[];
  readonly pulls: readonly OpenPull[];
}

/** Something that could not be read, and so is neither behind nor up to date. */
export interface NotRead {
  readonly id: string;
  readonly branch?: string;
  readonly reason: string;
}

/** How far consumers are behind the registry. */
export interface OutdatedReport {
  readonly consumers: readonly Outdated[];
  readonly unread: readonly NotRead[];
}

/** Lock files have some hundred kilobytes each: fewer in one answer than repositories. */
const TEXTS = 20;

/**
 * Compares every subscription's lock file with what the registry serves, and finds the updater's open pull requests; writes nothing.
 *
 * Repositories are asked for in batches; one call more for each that is behind.
 *
 * @throws Error where the registry cannot be read, and GitHubRefused where GitHub answers nobody
 */
export async function lookAtConsumers({
  config,
  rawConfig,
  fleet,
  settings,
}: Context): Promise<OutdatedReport> {
  const github = connect(config, rawConfig, { onlyReads: true });
  const registry = await readRegistry(github, fleet.composer);
  const reader = await openReader(github, join(settings.home, ".satis-fleet", "outdated-cache.json"));
  const subscriptions = fleet.consumers.flatMap(({ updated, dispatched }) => [...updated, ...dispatched]);
  const { files, unread } = await findFiles(reader, fleet.composer.owner, subscriptions);
  const texts = new Map<string, TextAnswer>();
  for (const batch of inBatches(files.flatMap(bothFiles), TEXTS)) {
    // What a batch does not answer is asked for one by one.
    const found = await readTexts(reader, batch).catch(() => new Map<number, TextAnswer>());
    for (const [index, file] of batch.entries()) {
      const answer = found.get(index);
      texts.set(textKey(file), answer?.text === undefined ? await readOne(github, file) : answer);
    }
  }
  const consumers: Outdated[] = [];
  for (const file of files) {
    try {
      consumers.push(await compared(github, file, texts, registry));
    } catch (error) {
      unread.push({ id: file.subscription.id, branch: file.branch, reason: reasonIn(error) });
    }
  }
  return { consumers, unread };
}

/** The lock file of one branch. */
interface LockFile {
  readonly subscription: Subscription;
  readonly found: Found;
  readonly branch: string;
  readonly hasComposer: boolean;
}

async function findFiles(
  reader: Reader,
  owner: string,
  subscriptions: readonly Subscription[],
): Promise<{ files: LockFile[]; unread: NotRead[] }> {
  const questions = subscriptions.map((one) => ({
    repository: one.repository.slice(one.repository.indexOf("/") + 1),
    files: placesOf(one).flatMap(({ lock, composer }) => [lock, composer]),
  }));
  const merged = [...Map.groupBy(questions, ({ repository }) => repository)].map(([repository, all]) => ({
    repository,
    files: all.flatMap(({ files }) => files),
  }));
  const answers = await readRepositories(reader, owner, merged);
  const files: LockFile[] = [];
  const unread: NotRead[] = [];
  for (const subscription of subscriptions) {
    const { id, repository } = subscription;
    const found = answers.get(repository.slice(repository.indexOf("/") + 1));
    if (found?.status !== "there") {
      const reason = found?.status === "unread" ? found.reason : "is not there, or the token does not see it";
      unread.push({ id, reason });
      continue;
    }
    for (const { lock, composer } of placesOf(subscription)) {
      const branch = lock.branch ?? found.defaultBranch ?? "HEAD";
      const hasComposer = found.objects.has(placeKey(composer));
      if (found.objects.has(placeKey(lock))) files.push({ subscription, found, branch, hasComposer });
      else unread.push({ id, branch, reason: `has no ${lock.path} there` });
    }
  }
  return { files, unread };
}

function placesOf({ branches, directory }: Subscription): { lock: Place; composer: Place }[] {
  const at = (name: string) => (directory === "" ? name : `${directory}/${name}`);
  const heads = branches.length === 0 ? [undefined] : branches;
  return heads.map((branch) => ({
    lock: { branch, path: at("composer.lock") },
    composer: { branch, path: at("composer.json") },
  }));
}

interface TextFile {
  readonly owner: string;
  readonly name: string;
  readonly branch: string;
  readonly path: string;
}

function bothFiles(file: LockFile): TextFile[] {
  return file.hasComposer
    ? [textFile(file, "composer.lock"), textFile(file, "composer.json")]
    : [textFile(file, "composer.lock")];
}

function textFile({ subscription: { directory }, found, branch }: LockFile, file: string): TextFile {
  const path = directory === "" ? file : `${directory}/${file}`;
  return { owner: found.owner, name: found.name, branch, path };
}

function textKey({ owner, name, branch, path }: TextFile): string {
  return [owner, name, branch, path].join("\n");
}

async function readOne(github: GitHub, { owner, name, branch, path }: TextFile): Promise<TextAnswer> {
  try {
    return { text: await readRaw(github, { owner, repo: name, path, ref: branch }) };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

async function compared(
  github: GitHub,
  file: LockFile,
  texts: ReadonlyMap<string, TextAnswer>,
  registry: Registry,
): Promise<Outdated> {
  const { subscription, branch } = file;
  const read = (name: string) => {
    const { text, reason = "GitHub gave no answer" } = texts.get(textKey(textFile(file, name))) ?? {};
    if (text === undefined) throw new Error(`its ${name} could not be read: ${reason}`);
    return text;
  };
  const lock = read("composer.lock");
  const composer = file.hasComposer ? read("composer.json") : undefined;
  const { behind, packages } = compareLock(lock, composer, subscription.packages, registry);
  const { id, paused } = subscription;
  const pulls = behind.length === 0 ? [] : await openPulls(github, file);
  return { id, branch, paused, packages, behind, pulls };
}

async function openPulls(
  github: GitHub,
  { subscription, found, branch }: LockFile,
): Promise<readonly OpenPull[]> {
  const place = { owner: found.owner, repo: found.name, state: "open" as const, base: branch, per_page: 100 };
  const { data } = await github.request("GET /repos/{owner}/{repo}/pulls", place);
  const target = {
    base: branch,
    defaultBranch: found.defaultBranch ?? branch,
    directory: subscription.directory,
  };
  const head = updateBranch(target);
  return data.flatMap((pull) => pullOfUpdater(pull, `${found.owner}/${found.name}`, head) ?? []);
}

/**
 * Reads a pull request of GitHub's answer; `undefined` where it is not from the updater's branch.
 *
 * A fork may have a branch of the same name: its pull request is somebody else's.
 */
export function pullOfUpdater(answer: unknown, repository: string, head: string): OpenPull | undefined {
  const pull = dataOf(answer);
  const { ref: given, repo } = dataOf(pull.head);
  const ref = textOf(given) ?? "";
  const from = textOf(dataOf(repo).full_name)?.toLowerCase();
  if (from !== repository.toLowerCase() || (ref !== head && !ref.startsWith(`${head}+`))) return undefined;
  return { title: safeText(String(pull.title)), url: safeText(String(pull.html_url)), branch: safeText(ref) };
}

function reasonIn(error: unknown): string {
  const { status } = dataOf(error);
  return status === undefined && error instanceof Error ? safeText(error.message) : reasonOf(error);
}
