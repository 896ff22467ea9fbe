import { join } from "node:path";
import { createTwoFilesPatch } from "diff";
import type { Fleet } from "../../fleet/derive.ts";
import { FaultsError, safeText } from "../../fleet/findings.ts";
import { readPublisherBundle, readUpdaterBundle } from "../../fleet/publisher-bundle.ts";
import type { Context } from "../context.ts";
import { connect } from "../github.ts";
import { comparePermissions } from "./compare-permissions.ts";
import { type Changed, compareRepositories, known, questionsOf } from "./compare-repositories.ts";
import { compareSecretScope, compareSecrets, readSecrets, type SecretInput } from "./compare-secrets.ts";
import { compareSettings } from "./compare-settings.ts";
import { type Desired, desiredOf } from "./desired.ts";
import { type Drift, type Findings, together } from "./finding.ts";
import { openReader, type Reader } from "./reader.ts";
import {
  BATCH,
  type Found,
  placeKey,
  type Repositories,
  readRepositories,
  readTexts,
} from "./repositories.ts";
import { type FleetState, readState } from "./state.ts";

/** What one look at GitHub found. */
export interface Look extends Findings {
  /** Repositories that were read. */
  readonly repositories: number;
  /** Requests to GitHub. */
  readonly apiCalls: number;
  /** Those of them that cost nothing of GitHub's limit (304). */
  readonly freeCalls: number;
}

/** How closely to look. */
export interface LookOptions {
  /** Also whether the managed workflows are enabled: a call for each. @default false */
  readonly deep?: boolean;
}

/**
 * Compares GitHub with the fleet and writes nothing: files by git's object ids, 100 repositories a request; secrets by GitHub's
 * time of their last write; settings with what the last update set.
 *
 * At most N/50 + 10 requests for N packages with an organization secret, and N conditional ones more without.
 *
 * @throws Error where the stack was never deployed, and GitHubRefused where GitHub answers nobody.
 */
export async function look(context: Context, { deep = false }: LookOptions = {}): Promise<Look> {
  const { fleet, config, rawConfig, satis, settings } = context;
  const state = readState((await context.stack.exportStack()).deployment);
  if (state === undefined) {
    throw new Error(`nothing was deployed to the stack ${settings.stack} yet: fleet up`);
  }
  const cacheFile = join(settings.home, ".satis-fleet", `seen-${encodeURIComponent(settings.stack)}.json`);
  const reader = await openReader(connect(config, rawConfig, { onlyReads: true }), cacheFile);
  const { publisher, findings } = readPublisherBundle();
  const updated = fleet.consumers.filter((one) => one.updated.length > 0);
  const { updater, findings: updaterFindings } = updated.length > 0 ? readUpdaterBundle() : { findings: [] };
  if (publisher === undefined || updaterFindings.length > 0)
    throw new FaultsError([...findings, ...updaterFindings]);
  const isSet = (key: string) => (rawConfig[key]?.value ?? "") !== "";
  const desired = desiredOf({ fleet, config, satis, publisher, updater, isSet, minute: state.minute });
  const { owner, repository } = fleet.composer;
  const consumers = updated.map((one) => one.repository);
  const managed = [...new Set([repository, ...fleet.packages.map((one) => one.repository), ...consumers])];
  const made = config.manageRepository ? repository : undefined;
  const all = known({
    owner,
    desired,
    state,
    renames: config.renames,
    managed,
    made,
    sourceOf: sourceOf(fleet),
  });

  const repositories = await readRepositories(reader, owner, questionsOf(all));
  const secretInput = { owner, desired, state, repositories };
  const [secrets, composer, consumer, workflows] = await Promise.all([
    lookAtSecrets(reader, secretInput),
    lookAtComposer(reader, context, state, repositories),
    comparePermissions(reader, { fleet, state, repositories }),
    deep ? lookAtWorkflows(reader, owner, desired, repositories) : NOTHING,
  ]);
  const files = compareRepositories(all, secrets.repositories);
  const { drift, unread } = together(
    { drift: await withDiffs(reader, files.drift, files.changed), unread: files.unread },
    secrets,
    composer,
    consumer,
    workflows,
  );
  await reader.save();
  return {
    drift: drift.toSorted(byRepository),
    unread: unread.toSorted(byRepository),
    repositories: [...repositories.values()].filter(({ status }) => status !== "unread").length,
    apiCalls: reader.calls.total,
    freeCalls: reader.calls.free,
  };
}

/** The file in which a repository is listed. */
function sourceOf({ packages, consumers }: Fleet): (repository: string) => string {
  const names = (list: readonly { readonly repository: string }[]) =>
    new Set(list.map((one) => one.repository));
  const inSatis = names(packages);
  const subscribed = names(consumers);
  return (repository) =>
    !subscribed.has(repository)
      ? "satis.json"
      : inSatis.has(repository)
        ? "satis.json and subscriptions.json"
        : "subscriptions.json";
}

const NOTHING: Findings = { drift: [], unread: [] };

/** A secret is missing, too, where its repository went between two requests: those are asked for again. */
async function lookAtSecrets(
  reader: Reader,
  input: SecretInput,
): Promise<Findings & { readonly repositories: Repositories }> {
  const answers = await readSecrets(reader, input);
  const doubtful = answers.flatMap(({ place, read }) =>
    read.status === "absent" && place.scope !== "organization" ? [place.repository] : [],
  );
  const again = await readRepositories(
    reader,
    input.owner,
    [...new Set(doubtful)].map((repository) => ({ repository, files: [] })),
  );
  const lost = new Map([...again].filter(([, { status }]) => status !== "there"));
  const repositories = new Map([...input.repositories, ...lost]);
  const sure = answers.filter(
    ({ place }) => place.scope === "organization" || !lost.has(place.repository.toLowerCase()),
  );
  const scope = await compareSecretScope(reader, { ...input, repositories }, sure);
  return { ...together(compareSecrets(input.owner, sure), scope), repositories };
}

async function lookAtComposer(
  reader: Reader,
  { fleet }: Context,
  state: FleetState,
  repositories: Repositories,
): Promise<Findings> {
  const found = repositories.get(fleet.composer.repository.toLowerCase());
  return found?.status === "there" ? compareSettings(reader, { fleet, state, found }) : NOTHING;
}

/** A workflow that somebody disabled stays in its file: only Actions tells. */
async function lookAtWorkflows(
  reader: Reader,
  owner: string,
  { files }: Desired,
  repositories: Repositories,
): Promise<Findings> {
  const places = files.filter(({ path }) => path.startsWith(".github/workflows/"));
  const all = places.map(async (file): Promise<Findings> => {
    const found = repositories.get(file.repository.toLowerCase());
    if (found?.status !== "there" || !found.objects.has(placeKey(file))) return NOTHING;
    const repository = `${owner}/${file.repository}`;
    const workflow = file.path.slice(file.path.lastIndexOf("/") + 1);
    const read = await reader.read(
      "GET /repos/{owner}/{repo}/actions/workflows/{workflow}",
      { owner: found.owner, repo: found.name, workflow },
      (body) => ({ state: body.state }),
    );
    if (read.status === "unread")
      return { drift: [], unread: [{ repository, what: `workflow ${workflow}`, reason: read.reason }] };
    // Actions lists a workflow once its file is on the default branch: a file elsewhere is nothing to enable.
    if (read.status === "absent" || read.value.state === "active") return NOTHING;
    return { drift: [disabled(repository, file.path, String(read.value.state), found)], unread: [] };
  });
  return together(...(await Promise.all(all)));
}

function disabled(repository: string, path: string, state: string, found: Found): Drift {
  const workflow = path.slice(path.lastIndexOf("/") + 1);
  const remedy = `gh workflow enable ${workflow} --repo ${found.owner}/${found.name}`;
  return { repository, kind: "workflow disabled", name: path, detail: safeText(state), remedy };
}

/** Adds diffs to the findings on changed files: of as many as one request shows. */
async function withDiffs(
  reader: Reader,
  drift: readonly Drift[],
  changed: readonly Changed[],
): Promise<readonly Drift[]> {
  const shown = changed.slice(0, BATCH);
  // What differs is known: where its text cannot be had, only the diff is lacking.
  const texts = await readTexts(reader, shown).catch(() => new Map<number, string>());
  const diffs = new Map(
    shown.flatMap((file, index): [number, string][] => {
      const text = texts.get(index);
      return text === undefined ? [] : [[file.finding, diffOf(file.path, file.content, text)]];
    }),
  );
  return drift.map((one, index) => {
    const diff = diffs.get(index);
    return diff === undefined ? one : { ...one, diff };
  });
}

/** A unified diff, safe to print: the text on GitHub is whoever's. */
function diffOf(path: string, declared: string, actual: string): string {
  const patch = createTwoFilesPatch(path, path, declared, actual, "fleet", "GitHub");
  const lines = patch.split("\n").filter((line) => !/^(=+$|Index: )/.test(line));
  return lines.map(safeLine).join("\n").trimEnd();
}

/** A tab separates a diff's header and indents files; everything else that is no character is escaped. */
function safeLine(line: string): string {
  return line.split("\t").map(safeText).join("\t");
}

function byRepository(one: { repository: string }, other: { repository: string }): number {
  return one.repository < other.repository ? -1 : one.repository > other.repository ? 1 : 0;
}
