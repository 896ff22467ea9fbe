import { type Reader, reasonOf } from "../drift/reader.ts";
import {
  blobId,
  type Found,
  type Place,
  placeKey,
  type Repositories,
  type RepositoryAnswer,
  readRepositories,
} from "../drift/repositories.ts";
import { type Data, dataOf, textOf } from "../drift/state.ts";
import type { GitHub } from "../github.ts";
import { knownText, type Planned, TYPE } from "./planned.ts";

/** What GitHub has of a planned resource. */
export type Existing =
  | { readonly status: "there"; readonly id: string }
  | { readonly status: "absent" }
  /** A file that the update writes over: of other content, or with a last commit whose message must not be used again. */
  | { readonly status: "rewritten"; readonly why: "content" | "message" }
  /** Its repository is missing, renamed or archived. */
  | { readonly status: "out of reach"; readonly reason: string }
  | { readonly status: "unread"; readonly reason: string };

/** What GitHub skips workflows for (documentation, "Skipping workflow runs"). */
const SKIP_MARKER = /\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]|^\s*skip-checks:\s*true/im;

/** Reads what there is of every planned resource. */
export async function readExisting(
  access: { readonly github: GitHub; readonly reader: Reader; readonly owner: string },
  planned: readonly Planned[],
): Promise<{ existing: ReadonlyMap<string, Existing>; repositories: Repositories }> {
  const resources = planned.filter(({ custom, type }) => custom && type.startsWith("github:"));
  const repositories = await readRepositories(access.reader, access.owner, questionsOf(planned));
  const lookup = new Lookup(access, repositories);
  const existing = new Map(
    await Promise.all(
      resources.map(async (one): Promise<[string, Existing]> => [one.urn, await lookup.find(one)]),
    ),
  );
  const lost = await lostOf(access, resources, existing, repositories);
  for (const one of resources) {
    const answer = lost.get(repositoryOf(one)?.toLowerCase() ?? "");
    if (answer) existing.set(one.urn, answer.status === "unread" ? answer : { status: "absent" });
  }
  return { existing, repositories: new Map([...repositories, ...lost]) };
}

/** A secret is missing, too, where its repository went between two requests: those that miss something are asked for again. */
async function lostOf(
  { reader, owner }: { readonly reader: Reader; readonly owner: string },
  resources: readonly Planned[],
  existing: ReadonlyMap<string, Existing>,
  repositories: Repositories,
): Promise<Repositories> {
  const doubtful = resources
    .filter(({ urn }) => existing.get(urn)?.status === "absent")
    .map((one) => repositoryOf(one)?.toLowerCase() ?? "")
    .filter((name) => repositories.get(name)?.status === "there");
  const questions = [...new Set(doubtful)].map((repository) => ({ repository, files: [] }));
  const again = await readRepositories(reader, owner, questions);
  return new Map([...again].filter(([, { status }]) => status !== "there"));
}

/** The files to ask for, by repository. */
function questionsOf(planned: readonly Planned[]): { repository: string; files: Place[] }[] {
  const files = new Map<string, Place[]>();
  for (const one of planned) {
    const repository = repositoryOf(one);
    if (repository === undefined) continue;
    const known = files.get(repository) ?? [];
    files.set(repository, known);
    if (one.type === TYPE.file) known.push(placeOf(one));
  }
  return [...files].map(([repository, places]) => ({ repository, files: places }));
}

/** The repository that a resource lives in, without the owner; its creation makes the name known where the program makes it. */
export function repositoryOf({ type, inputs }: Planned): string | undefined {
  if (!type.startsWith("github:")) return undefined;
  return textOf(type === TYPE.repository ? inputs.name : inputs.repository);
}

/** Where a planned file goes. */
export function placeOf({ inputs }: Planned): Place {
  return { branch: textOf(inputs.branch), path: String(inputs.file) };
}

class Lookup {
  readonly #github: GitHub;
  readonly #reader: Reader;
  readonly #owner: string;
  readonly #repositories: Repositories;

  constructor(
    access: { readonly github: GitHub; readonly reader: Reader; readonly owner: string },
    repositories: Repositories,
  ) {
    this.#github = access.github;
    this.#reader = access.reader;
    this.#owner = access.owner;
    this.#repositories = repositories;
  }

  async find(one: Planned): Promise<Existing> {
    const repository = repositoryOf(one);
    if (repository === undefined) return this.#ofOrganization(one);
    const answer = this.#repositories.get(repository.toLowerCase());
    const out = outOfReach(answer, this.#owner, repository);
    if (out) return out;
    if (answer?.status !== "there") return { status: "absent" };
    if (one.type === TYPE.repository) return { status: "there", id: repository };
    return one.type === TYPE.file ? this.#file(one, repository, answer) : this.#setting(one, repository);
  }

  async #file(one: Planned, repository: string, found: Found): Promise<Existing> {
    const place = placeOf(one);
    const oid = found.objects.get(placeKey(place));
    if (oid === undefined) return { status: "absent" };
    const content = knownText(one.inputs.content);
    if (content === undefined || blobId(content) !== oid) return { status: "rewritten", why: "content" };
    const branch = place.branch ?? found.defaultBranch ?? "";
    const commits = await this.#list("GET /repos/{owner}/{repo}/commits", {
      repo: repository,
      path: place.path,
      sha: branch,
      per_page: 10,
    });
    if (!Array.isArray(commits)) return commits;
    // A file has a commit: this one went between two requests, or its repository did.
    if (commits.length === 0) return { status: "absent" };
    const messages = commits.map((commit) => String(dataOf(dataOf(commit).commit).message));
    // The provider takes the newest commit that is no merge, and uses its message again at every later change of the file.
    const message = messages.find((text) => !text.includes("Merge branch")) ?? "";
    if (SKIP_MARKER.test(message)) return { status: "rewritten", why: "message" };
    return { status: "there", id: [repository, place.path, branch].join(":") };
  }

  async #setting({ type, inputs }: Planned, repository: string): Promise<Existing> {
    const repo = { repo: repository };
    const environment = String(inputs.environment);
    const name = String(inputs.secretName);
    const R = "GET /repos/{owner}/{repo}";
    if (type === TYPE.secret)
      return this.#one(`${R}/actions/secrets/{name}`, { ...repo, name }, `${repository}:${name}`);
    if (type === TYPE.pages) return this.#one(`${R}/pages`, repo, repository);
    if (type === TYPE.environment)
      return this.#one(
        `${R}/environments/{environment}`,
        { ...repo, environment },
        `${repository}:${environment}`,
      );
    if (type === TYPE.environmentSecret) {
      const id = [repository, environment, name].join(":");
      return this.#one(`${R}/environments/{environment}/secrets/{name}`, { ...repo, environment, name }, id);
    }
    if (type === TYPE.policy) {
      const read = await this.#reader.read(
        `${R}/environments/{environment}/deployment-branch-policies`,
        { owner: this.#owner, ...repo, environment },
        ({ branch_policies }) => ({ branch_policies }),
      );
      if (read.status !== "there") return read;
      const policies = Array.isArray(read.value.branch_policies) ? read.value.branch_policies : [];
      const id = idOf(policies, inputs.branchPattern);
      return id === undefined
        ? { status: "absent" }
        : { status: "there", id: [repository, environment, id].join(":") };
    }
    if (type === TYPE.ruleset) {
      const rulesets = await this.#list(`${R}/rulesets`, { ...repo, includes_parents: false, per_page: 100 });
      if (!Array.isArray(rulesets)) return rulesets;
      const id = idOf(rulesets, inputs.name);
      return id === undefined ? { status: "absent" } : { status: "there", id: `${repository}:${id}` };
    }
    return { status: "absent" };
  }

  async #ofOrganization({ type, inputs }: Planned): Promise<Existing> {
    if (type !== TYPE.organizationSecret) return { status: "absent" };
    const name = String(inputs.secretName);
    return this.#one("GET /orgs/{owner}/actions/secrets/{name}", { name }, name);
  }

  async #one(route: string, parameters: Data, id: string): Promise<Existing> {
    const read = await this.#reader.read(route, { owner: this.#owner, ...parameters }, () => ({}));
    return read.status === "there" ? { status: "there", id } : read;
  }

  /** The reader keeps objects; these answers are lists. */
  async #list(route: string, parameters: Data): Promise<unknown[] | Existing> {
    try {
      const { data } = await this.#github.request(route, { owner: this.#owner, ...parameters });
      return Array.isArray(data) ? data : [];
    } catch (error) {
      return dataOf(error).status === 404 ? [] : { status: "unread", reason: reasonOf(error) };
    }
  }
}

function outOfReach(
  answer: RepositoryAnswer | undefined,
  owner: string,
  repository: string,
): Existing | undefined {
  if (answer === undefined) return { status: "unread", reason: "not asked for" };
  if (answer.status === "unread") return answer;
  if (answer.status === "gone") return undefined;
  const now = `${answer.owner}/${answer.name}`;
  if (now.toLowerCase() !== `${owner}/${repository}`.toLowerCase())
    return { status: "out of reach", reason: `is ${now} now: write that in satis.json` };
  if (answer.archived) return { status: "out of reach", reason: "is archived: nothing can be written there" };
  return undefined;
}

function idOf(items: readonly unknown[], name: unknown): string | undefined {
  const found = items.map(dataOf).find((item) => item.name === name);
  return found?.id === undefined ? undefined : String(found.id);
}
