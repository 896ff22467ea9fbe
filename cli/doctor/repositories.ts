import { type Check, ok, unread, wrong } from "./check.ts";
import type { Prober } from "./probe.ts";

/** A repository as a token sees it. */
export interface SeenRepository {
  readonly id: string;
  readonly isArchived: boolean;
  readonly isPrivate: boolean;
  readonly viewerPermission: string | null;
}

/** What a token sees of the wanted repositories. */
export interface Sight {
  readonly seen: readonly SeenRepository[];
  /** Ids that GitHub does not show it. */
  readonly missing: readonly string[];
  /** Ids that GitHub has not answered for. */
  readonly unknown: readonly string[];
}

/** Repositories in one request. */
const BATCH = 100;

/** Looks at repositories, a hundred a request; what one request does not answer leaves the others. */
export async function lookAt(probe: Prober, ids: readonly string[]): Promise<Sight> {
  const seen: SeenRepository[] = [];
  const missing: string[] = [];
  const unknown: string[] = [];
  for (let start = 0; start < ids.length; start += BATCH) {
    const batch = ids.slice(start, start + BATCH);
    const data = await query(probe, batch).catch(() => undefined);
    for (const [index, id] of batch.entries()) {
      const repository = data?.[`r${index}`];
      if (repository) seen.push({ ...repository, id });
      else if (repository === null) missing.push(id);
      else unknown.push(id);
    }
  }
  return { seen, missing, unknown };
}

type Data = Readonly<Record<string, Omit<SeenRepository, "id"> | null>>;

async function query(probe: Prober, ids: readonly string[]): Promise<Data | undefined> {
  const declared = ids.map((_, index) => `$o${index}: String!, $n${index}: String!`).join(", ");
  const fields = ids.map(
    (_, index) =>
      `r${index}: repository(owner: $o${index}, name: $n${index}) { isArchived isPrivate viewerPermission }`,
  );
  const variables = Object.fromEntries(
    ids.flatMap((id, index) => {
      const [owner = "", name = ""] = id.split("/");
      return [
        [`o${index}`, owner],
        [`n${index}`, name],
      ];
    }),
  );
  const { body } = await probe("POST", "/graphql", {
    query: `query (${declared}) { ${fields.join(" ")} }`,
    variables,
  });
  const { data, errors = [] } = (body ?? {}) as {
    data?: Data;
    errors?: { type?: string; path?: unknown[] }[];
  };
  if (!data) return undefined;
  // A repository may also be null because GitHub failed: only what it says is not there is missing.
  const failed = new Set(errors.filter(({ type }) => type !== "NOT_FOUND").map(({ path }) => path?.[0]));
  return Object.fromEntries(Object.entries(data).filter(([alias]) => !failed.has(alias)));
}

/** Names told of a list before there is only a count. */
const TOLD = 5;

/** What repositories are to the fleet. */
interface Role {
  readonly one: string;
  readonly many: string;
  /** The file that lists them. */
  readonly file: string;
  /** What makes the token see them. @default "give the token these repositories" */
  readonly give?: string;
}

export const PACKAGES: Role = { one: "package repository", many: "package repositories", file: "satis.json" };

/** What has to be done to repositories before an update can reach them. */
export function checkSight(
  name: string,
  { seen, missing, unknown }: Sight,
  writes: boolean,
  role: Role = PACKAGES,
): readonly Check[] {
  const archived = writes ? seen.filter(({ isArchived }) => isArchived).map(({ id }) => id) : [];
  const locked = writes
    ? seen
        .filter(({ viewerPermission }) => /^(READ|TRIAGE)$/.test(viewerPermission ?? ""))
        .map(({ id }) => id)
    : [];
  const checks: Check[] = [];
  if (missing.length > 0) {
    const remedy = `${role.give ?? "give the token these repositories"}, or take them out of ${role.file}`;
    checks.push(wrong(name, `does not see ${listed(missing)}`, remedy));
  }
  if (archived.length > 0) {
    const remedy = `unarchive them, or take them out of ${role.file}`;
    checks.push(wrong(name, `cannot write to what is archived: ${listed(archived)}`, remedy));
  }
  if (locked.length > 0) {
    checks.push(wrong(name, `may only read ${listed(locked)}`, "give its owner the role Write there"));
  }
  if (unknown.length > 0) checks.push(unread(name, `whether it sees ${listed(unknown)}`));
  if (checks.length === 0) checks.push(ok(name, `sees ${count(seen.length, role.one, role.many)}`));
  return checks;
}

export function listed(ids: readonly string[]): string {
  const rest = ids.length - TOLD;
  return ids.slice(0, TOLD).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
