import { safeText } from "../../fleet/findings.ts";
import type { Desired } from "./desired.ts";
import type { Drift, Findings, Unread } from "./finding.ts";
import type { Read, Reader } from "./reader.ts";
import { isForeign, type Repositories } from "./repositories.ts";
import {
  type Data,
  dataOf,
  type FleetState,
  instantOf,
  type SecretPlace,
  type StateSecret,
} from "./state.ts";

/** What secrets are compared by. */
export interface SecretInput {
  readonly owner: string;
  readonly desired: Desired;
  readonly state: FleetState;
  readonly repositories: Repositories;
}

/** A secret to look at: one that has to be there, one that the last update left, or both. */
interface Subject {
  readonly place: SecretPlace;
  readonly isDesired: boolean;
  readonly recorded: StateSecret | undefined;
}

/** What GitHub answered of one secret. */
export interface SecretAnswer extends Subject {
  readonly read: Read;
}

/**
 * Reads every secret, one conditional call each.
 *
 * Those of repositories that are gone, unread or somebody else's are left to the findings on the repository.
 */
export async function readSecrets(reader: Reader, input: SecretInput): Promise<SecretAnswer[]> {
  const answers = subjectsOf(input).map(async (subject): Promise<SecretAnswer[]> => {
    const address = addressOf(input, subject.place);
    if (address === undefined) return [];
    const pick = ({ updated_at, visibility }: Data) => ({ updated_at, visibility });
    const read = await reader.read(address.route, address.parameters, pick);
    return [{ ...subject, read }];
  });
  return (await Promise.all(answers)).flat();
}

/** Compares what was read with what the last update wrote, by GitHub's own time of the last write. */
export function compareSecrets(owner: string, answers: readonly SecretAnswer[]): Findings {
  const drift: Drift[] = [];
  const unread: Unread[] = [];
  for (const { place, isDesired, recorded, read } of answers) {
    const repository = place.scope === "organization" ? owner : `${owner}/${place.repository}`;
    const { name } = place;
    const urn = recorded ? { urn: recorded.urn } : {};
    if (read.status === "unread") {
      unread.push({ repository, what: `secret ${name}`, reason: read.reason });
    } else if (!isDesired) {
      if (read.status === "absent") continue;
      const detail = `${whereOf(place)}: the fleet no longer asks for it`;
      drift.push({ repository, kind: "secret left behind", name, detail, ...urn });
    } else if (read.status === "absent") {
      drift.push({ repository, kind: "secret missing", name, detail: whereOf(place), ...urn });
    } else {
      const time = instantOf(read.value.updated_at);
      if (recorded?.writtenAt === undefined) {
        const detail = `${whereOf(place)}: no update of this stack wrote it`;
        drift.push({ repository, kind: "secret unrecorded", name, detail, ...urn });
      } else if (time !== recorded.writtenAt) {
        const detail = `${whereOf(place)}: written ${shown(time)}, by the fleet ${shown(recorded.writtenAt)}`;
        drift.push({ repository, kind: "secret overwritten", name, detail, ...urn, replace: true });
      }
    }
  }
  return { drift, unread };
}

/** Reads which repositories see the organization's secret, and compares them with those that have to. */
export async function compareSecretScope(
  reader: Reader,
  { owner, desired, repositories }: SecretInput,
  answers: readonly SecretAnswer[],
): Promise<Findings> {
  const answer = answers.find(({ place }) => place.scope === "organization");
  if (answer?.read.status !== "there" || !answer.isDesired) return { drift: [], unread: [] };
  const { name } = answer.place;
  const found = (detail: string): Findings => ({
    drift: [
      { repository: owner, kind: "secret scope changed", name, detail: safeText(detail), ...urnOf(answer) },
    ],
    unread: [],
  });
  const { visibility } = answer.read.value;
  if (visibility !== "selected")
    return found(`is visible to ${String(visibility)} repositories, not to the selected`);
  const seeing = await readScope(reader, owner, name);
  if ("reason" in seeing)
    return { drift: [], unread: [{ repository: owner, what: `repositories of secret ${name}`, ...seeing }] };
  const wanted = new Map(
    desired.organizationSecretFor.flatMap((repository): [number, string][] => {
      const one = repositories.get(repository.toLowerCase());
      return one?.status === "there" && !isForeign(owner, one) ? [[one.id, repository]] : [];
    }),
  );
  // Of a repository that was not read nobody knows the id: it may be one of the others.
  const sure = ![...repositories.values()].some(({ status }) => status === "unread");
  const lacking = [...wanted].filter(([id]) => !seeing.ids.has(id)).map(([, repository]) => repository);
  const others = sure ? [...seeing.ids].filter(([id]) => !wanted.has(id)).map(([, full]) => full) : [];
  if (lacking.length === 0 && others.length === 0) return { drift: [], unread: [] };
  const said = [
    ...(lacking.length > 0 ? [`is withheld from ${few(lacking)}`] : []),
    ...(others.length > 0 ? [`is given to ${few(others)}`] : []),
  ];
  return found(said.join(", "));
}

/** The first names of a list, and how many more there are. */
function few(names: readonly string[]): string {
  const shownNames = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shownNames} and ${names.length - 5} more` : shownNames;
}

/** Names by id of the repositories that see an organization's secret. */
async function readScope(
  reader: Reader,
  org: string,
  name: string,
): Promise<{ readonly ids: ReadonlyMap<number, string> } | { readonly reason: string }> {
  const ids = new Map<number, string>();
  for (let page = 1; ; page++) {
    const read = await reader.read(
      "GET /orgs/{org}/actions/secrets/{name}/repositories",
      { org, name, per_page: 100, page },
      ({ repositories, total_count }) => ({ total_count, repositories: namesOf(repositories) }),
    );
    if (read.status !== "there") return { reason: read.status === "absent" ? "404" : read.reason };
    const listed = namesOf(read.value.repositories);
    for (const { id, full_name } of listed) ids.set(id, full_name);
    if (listed.length < 100 || ids.size === read.value.total_count) return { ids };
  }
}

function namesOf(list: unknown): { id: number; full_name: string }[] {
  if (!Array.isArray(list)) return [];
  return list.map(dataOf).map(({ id, full_name }) => ({ id: Number(id), full_name: String(full_name) }));
}

function subjectsOf({ desired, state }: SecretInput): Subject[] {
  const recorded = new Map(state.secrets.map((one) => [secretKey(one.place), one]));
  const subjects = desired.secrets.map((place): Subject => {
    const key = secretKey(place);
    const one = recorded.get(key);
    recorded.delete(key);
    return { place, isDesired: true, recorded: one };
  });
  const left = [...recorded.values()].map(
    (one): Subject => ({ place: one.place, isDesired: false, recorded: one }),
  );
  return [...subjects, ...left];
}

function secretKey(place: SecretPlace): string {
  const where = place.scope === "organization" ? "" : place.repository.toLowerCase();
  const environment = place.scope === "environment" ? place.environment : "";
  return [place.scope, where, environment, place.name].join("\n");
}

/** The address under today's name: a call under an old one is redirected, and counts twice. */
function addressOf(
  { owner, desired, repositories }: SecretInput,
  place: SecretPlace,
): { route: string; parameters: Data } | undefined {
  const { name } = place;
  if (place.scope === "organization")
    return { route: "GET /orgs/{owner}/actions/secrets/{name}", parameters: { owner, name } };
  const answer = repositories.get(place.repository.toLowerCase());
  if (answer?.status !== "there" || isForeign(owner, answer)) return undefined;
  // Under its old name a renamed repository would answer for its new one's secret.
  const isRenamed = answer.name.toLowerCase() !== place.repository.toLowerCase();
  if (isRenamed && desired.secrets.some((one) => isIn(one, answer.name))) return undefined;
  const repository = { owner: answer.owner, repo: answer.name };
  return place.scope === "repository"
    ? { route: "GET /repos/{owner}/{repo}/actions/secrets/{name}", parameters: { ...repository, name } }
    : {
        route: "GET /repos/{owner}/{repo}/environments/{environment}/secrets/{name}",
        parameters: { ...repository, environment: place.environment, name },
      };
}

function isIn(place: SecretPlace, repository: string): boolean {
  return place.scope !== "organization" && place.repository.toLowerCase() === repository.toLowerCase();
}

function urnOf({ recorded }: Subject): { urn?: string } {
  return recorded ? { urn: recorded.urn } : {};
}

function whereOf(place: SecretPlace): string {
  if (place.scope === "organization") return "of the organization";
  return place.scope === "environment" ? `of the environment ${place.environment}` : "of the repository";
}

function shown(time: number | undefined): string {
  return time === undefined ? "at an unknown time" : new Date(time).toISOString().replace(".000Z", "Z");
}
