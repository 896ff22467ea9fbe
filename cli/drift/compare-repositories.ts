import { safeText } from "../../fleet/findings.ts";
import type { DesiredFile } from "./desired.ts";
import type { Drift, Findings, Kind, Unread } from "./finding.ts";
import type { Known } from "./known.ts";
import { leftBehind, leftFiles, leftRepository } from "./left-behind.ts";
import {
  blobId,
  type Found,
  isForeign,
  managedById,
  type Place,
  placeKey,
  type Question,
  type Repositories,
} from "./repositories.ts";
import type { StateFile } from "./state.ts";

/** A file to show the difference of: what is declared, and where GitHub's own text is. */
export interface Changed {
  /** Index of its finding. */
  readonly finding: number;
  readonly repository: string;
  readonly branch?: string | undefined;
  readonly path: string;
  readonly content: string;
}

/** Questions that cover all managed repositories, and those in which the last update left something. */
export function questionsOf(all: Known): Question[] {
  const { desired, state, managed } = all.input;
  const questions = new Map<string, { repository: string; files: Map<string, Place> }>();
  const ask = (repository: string, place?: Place) => {
    const key = repository.toLowerCase();
    const question = questions.get(key) ?? { repository, files: new Map() };
    if (place) question.files.set(placeKey(place), { branch: place.branch, path: place.path });
    questions.set(key, question);
  };
  for (const repository of managed) ask(repository);
  for (const file of desired.files) ask(file.repository, file);
  for (const file of leftFiles(all)) ask(file.repository, file);
  for (const { place } of state.secrets) if (place.scope !== "organization") ask(place.repository);
  return [...questions.values()].map(({ repository, files }) => ({ repository, files: [...files.values()] }));
}

/**
 * Compares repositories and their files; the files whose text differs are named for a second question.
 *
 * Whatever was asked for is accounted for: a repository that only the last update knows may still hold a token of the fleet.
 */
export function compareRepositories(
  all: Known,
  found: Repositories,
): Findings & { readonly changed: readonly Changed[] } {
  const { owner, managed } = all.input;
  const drift: Drift[] = [];
  const unread: Unread[] = [];
  const changed: Changed[] = [];
  const isManaged = new Set(managed.map((repository) => repository.toLowerCase()));
  for (const { repository } of questionsOf(all)) {
    const key = repository.toLowerCase();
    const answer = found.get(key);
    const id = `${owner}/${repository}`;
    if (answer === undefined || answer.status === "unread") {
      unread.push({ repository: id, what: "repository", reason: answer?.reason ?? "not asked for" });
      continue;
    }
    if (!isManaged.has(key)) {
      drift.push(...leftRepository(all, repository, answer));
      continue;
    }
    if (answer.status === "gone") {
      drift.push(gone(all, repository));
      continue;
    }
    drift.push(...identity(all, repository, answer));
    if (isForeign(owner, answer)) continue;
    for (const file of all.desired.get(key) ?? []) {
      const before = all.files.get(key)?.find(({ path }) => path === file.path);
      const oid = answer.objects.get(placeKey(file));
      if (oid === blobId(file.content)) continue;
      if (oid !== undefined) changed.push({ ...file, finding: drift.length });
      drift.push(fileDrift(id, file, oid, before, answer));
    }
  }
  drift.push(...leftBehind(all, found), ...undeclaredRenames(all, found));
  return { drift, unread, changed };
}

/** What somebody has to do; nothing where an update does it, as it does for the repository that the program makes. */
function byHand({ input }: Known, repository: string, remedy: string): Pick<Drift, "remedy" | "blocks"> {
  if (repository === input.made) return {};
  return { remedy: repository === input.managed[0] ? "put that right by hand" : remedy, blocks: true };
}

function sourceOf({ input }: Known, repository: string): string {
  return input.sourceOf?.(repository) ?? "satis.json";
}

function gone(all: Known, repository: string): Drift {
  const wasThere = all.ids.has(repository.toLowerCase());
  const remedy = wasThere
    ? `take it out of ${sourceOf(all, repository)}, or restore it`
    : `correct its entry in ${sourceOf(all, repository)}, or make it`;
  return {
    repository: `${all.input.owner}/${repository}`,
    kind: wasThere ? "repository deleted" : "repository missing",
    detail: "is not there, or the token does not see it",
    ...byHand(all, repository, remedy),
  };
}

function identity(all: Known, repository: string, answer: Found): Drift[] {
  const { owner } = all.input;
  const now = `${answer.owner}/${answer.name}`;
  const expected = all.ids.get(repository.toLowerCase());
  const isComposer = repository === all.input.managed[0];
  const drift: Drift[] = [];
  const tell = (kind: Kind, detail: string, help: Pick<Drift, "remedy" | "blocks">) =>
    drift.push({ repository: `${owner}/${repository}`, kind, detail, ...help });
  if (isForeign(owner, answer)) {
    const remedy = isComposer
      ? `have it transferred back to ${owner}, and revoke the tokens that it holds`
      : `take it out of ${sourceOf(all, repository)}, and revoke the token that it holds`;
    const detail = `belongs to ${answer.owner} now, as ${now}`;
    tell("repository transferred", detail, { remedy, blocks: true });
  } else if (answer.name.toLowerCase() !== repository.toLowerCase()) {
    const back = `gh repo rename ${repository} --repo ${now}`;
    // GitHub redirects the old name, so an update gets through; it renames nothing (measured, provider 6.15).
    tell("repository renamed", `is called ${now} now`, {
      remedy: isComposer ? back : declare(`${owner}/${repository}`, now, sourceOf(all, repository)),
    });
  } else if (expected !== undefined && expected !== answer.id) {
    const remedy = "see that it is meant to be in the fleet; the next update writes secret and workflow";
    const detail = `is another repository than at the last update (id ${answer.id}, was ${expected})`;
    tell("repository replaced", detail, { remedy });
  }
  if (answer.archived) {
    const remedy = `unarchive it, or take it out of ${sourceOf(all, repository)}`;
    tell("repository archived", "takes no changes", byHand(all, repository, remedy));
  }
  return drift;
}

function declare(from: string, to: string, source: string): string {
  const path = `satis-fleet:renames["${from.toLowerCase()}"]`;
  return `name ${to} in ${source}, and: pulumi config set --path '${path}' ${to.toLowerCase()}`;
}

/** Packages and consumers whose repository the last update knew by another name. */
function undeclaredRenames(all: Known, found: Repositories): Drift[] {
  const { input, ids } = all;
  const { owner, renames, managed } = input;
  const today = managedById(managed, found);
  const names = new Set(managed.map((repository) => repository.toLowerCase()));
  return [...ids].flatMap(([repository, id]): Drift[] => {
    const now = today.get(id);
    if (now === undefined || names.has(repository)) return [];
    const from = `${owner}/${repository}`;
    const to = `${owner}/${now}`;
    const declared = renames.get(from.toLowerCase()) === to.toLowerCase();
    const source = sourceOf(all, now);
    const detail = `is called ${to} in ${source} now`;
    // The program refuses the deletes under the old name, and the update ends with that.
    const remedy = declared ? {} : { remedy: declare(from, to, source), blocks: true as const };
    return [{ repository: from, kind: "repository renamed", detail, ...remedy }];
  });
}

function fileDrift(
  id: string,
  { branch, path, delivery }: DesiredFile,
  oid: string | undefined,
  before: StateFile | undefined,
  { defaultBranch }: Found,
): Drift {
  const on = branch ?? defaultBranch ?? "the default branch";
  // The provider keeps to the branch of its first commit; only a replacement follows the default branch.
  const moved = before && !before.branchIsSet && branch === undefined && before.branch !== defaultBranch;
  return {
    repository: id,
    kind: oid === undefined ? "file missing" : "file changed",
    name: path,
    detail: safeText(moved ? `on ${on}, the default branch, which was ${before.branch}` : `on ${on}`),
    ...(delivery === "pull-request" ? { remedy: "fleet propose opens its pull request" } : {}),
    ...(before && delivery === "commit" ? { urn: before.urn } : {}),
    ...(moved && delivery === "commit" ? { replace: true as const } : {}),
  };
}
