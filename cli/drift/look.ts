import { join } from "node:path";
import type { Fleet } from "../../fleet/derive.ts";
import { FaultsError, safeText } from "../../fleet/findings.ts";
import { readPublisherBundle, readUpdaterBundle } from "../../fleet/publisher-bundle.ts";
import type { Context } from "../context.ts";
import { connect } from "../github.ts";
import { comparePermissions } from "./compare-permissions.ts";
import { type Changed, compareRepositories, questionsOf } from "./compare-repositories.ts";
import { compareSecretScope, compareSecrets, readSecrets, type SecretAnswer } from "./compare-secrets.ts";
import { compareSettings } from "./compare-settings.ts";
import { type Desired, desiredOf } from "./desired.ts";
import { textQuestions, withDiffs } from "./diffs.ts";
import { type Drift, type Findings, together } from "./finding.ts";
import { type Known, known } from "./known.ts";
import { openReader, type Reader } from "./reader.ts";
import {
  type Found,
  isForeign,
  placeKey,
  type Question,
  type Repositories,
  readRepositories,
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
  const { config, rawConfig, settings } = context;
  const state = readState((await context.stack.exportStack()).deployment);
  if (state === undefined) {
    throw new Error(`nothing was deployed to the stack ${settings.stack} yet: fleet up`);
  }
  const cacheFile = join(settings.home, ".satis-fleet", `seen-${encodeURIComponent(settings.stack)}.json`);
  const reader = await openReader(connect(config, rawConfig, { onlyReads: true }), cacheFile);
  try {
    return await compare(reader, context, state, deep);
  } finally {
    // Of a look that GitHub ended, too: what it has read costs nothing in the next hour.
    await reader.save();
  }
}

async function compare(reader: Reader, context: Context, state: FleetState, deep: boolean): Promise<Look> {
  const { fleet } = context;
  const all = expected(context, state);
  const { owner, desired } = all.input;
  const repositories = await readRepositories(reader, owner, questionsOf(all));
  const secretInput = { owner, desired, state, repositories };
  const [answers, composer, consumer, workflows] = await Promise.all([
    readSecrets(reader, secretInput),
    lookAtComposer(reader, context, state, repositories),
    comparePermissions(reader, { fleet, state, repositories }),
    deep ? lookAtWorkflows(reader, owner, desired, repositories) : NOTHING,
  ]);
  const first = compareRepositories(all, repositories);
  const { texts, lost } = await lookAgain(reader, owner, answers, first.changed);
  const now: Repositories = new Map([...repositories, ...lost]);
  const sure = answers.filter(
    ({ place }) => place.scope === "organization" || !lost.has(place.repository.toLowerCase()),
  );
  const files = lost.size === 0 ? first : compareRepositories(all, now);
  const { drift, unread } = together(
    { drift: withDiffs(files.drift, files.changed, texts), unread: files.unread },
    compareSecrets(owner, sure),
    await compareSecretScope(reader, { ...secretInput, repositories: now }, sure),
    composer,
    consumer,
    workflows,
  );
  return {
    drift: drift.toSorted(byRepository),
    unread: unread.toSorted(byRepository),
    repositories: [...repositories.values()].filter(({ status }) => status !== "unread").length,
    apiCalls: reader.calls.total,
    freeCalls: reader.calls.free,
  };
}

/** What GitHub has to hold, and what the last update left there. */
function expected({ fleet, config, rawConfig, satis }: Context, state: FleetState): Known {
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
  return known({ owner, desired, state, renames: config.renames, managed, made, sourceOf: sourceOf(fleet) });
}

/** The file in which a repository is listed. */
function sourceOf({ packages, consumers }: Fleet): (repository: string) => string {
  const names = (list: readonly { readonly repository: string }[]) =>
    new Set(list.map((one) => one.repository.toLowerCase()));
  const inSatis = names(packages);
  const subscribed = names(consumers);
  return (repository) => {
    const key = repository.toLowerCase();
    if (!subscribed.has(key)) return "satis.json";
    return inSatis.has(key) ? "satis.json and subscriptions.json" : "subscriptions.json";
  };
}

const NOTHING: Findings = { drift: [], unread: [] };

/**
 * Reads in one request, as a rule, what the first answers leave open: the texts of changed files; and a secret is missing, too, where its
 * repository went between two requests, so that is asked for again.
 */
async function lookAgain(
  reader: Reader,
  owner: string,
  answers: readonly SecretAnswer[],
  changed: readonly Changed[],
): Promise<{ readonly texts: Repositories; readonly lost: Repositories }> {
  const doubtful = new Set(
    answers.flatMap(({ place, read }) =>
      read.status === "absent" && place.scope !== "organization" ? [place.repository.toLowerCase()] : [],
    ),
  );
  const questions = new Map<string, Question>();
  for (const repository of doubtful) questions.set(repository, { repository, files: [] });
  for (const question of textQuestions(changed)) questions.set(question.repository, question);
  const texts = await readRepositories(reader, owner, [...questions.values()]);
  // A text that could not be read leaves what is known of its repository.
  const lost = [...texts].filter(
    ([name, { status }]) => status === "gone" || (status === "unread" && doubtful.has(name)),
  );
  return { texts, lost: new Map(lost) };
}

async function lookAtComposer(
  reader: Reader,
  { fleet }: Context,
  state: FleetState,
  repositories: Repositories,
): Promise<Findings> {
  const found = repositories.get(fleet.composer.repository.toLowerCase());
  // Somebody else's settings are theirs.
  return found?.status === "there" && !isForeign(fleet.composer.owner, found)
    ? compareSettings(reader, { fleet, state, found })
    : NOTHING;
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
    if (found?.status !== "there" || isForeign(owner, found) || !found.objects.has(placeKey(file)))
      return NOTHING;
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
  const calledNow = `${found.owner}/${found.name}`;
  const remedy = `gh workflow enable ${workflow} --repo ${calledNow}`;
  return { repository, calledNow, kind: "workflow disabled", name: path, detail: safeText(state), remedy };
}

function byRepository(one: { repository: string }, other: { repository: string }): number {
  return one.repository < other.repository ? -1 : one.repository > other.repository ? 1 : 0;
}
