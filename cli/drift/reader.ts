import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { safeText } from "../../fleet/findings.ts";
import type { GitHub } from "../github.ts";
import { type Data, dataOf, textOf } from "./state.ts";

/** Something on GitHub: there, not there, or not to be read, which is neither. */
export type Read =
  | { readonly status: "there"; readonly value: Data }
  | { readonly status: "absent" }
  | { readonly status: "unread"; readonly reason: string };

/** A part of a GraphQL answer that failed, by its alias. */
export interface QueryFault {
  readonly alias: string;
  readonly type: string | undefined;
  readonly message: string;
}

/** Requests made, repeated ones and redirects included; `free` ones were answered 304 and cost nothing of GitHub's limit. */
export interface CallCount {
  total: number;
  free: number;
}

/** Reads GitHub for one look at a fleet; writes nothing there. */
export interface Reader {
  readonly calls: Readonly<CallCount>;
  /** Reads one thing, conditionally where an earlier look saw it; `pick` is what is kept of it. */
  read(route: string, parameters: Data, pick: (body: Data) => Data): Promise<Read>;
  /** Asks GraphQL; parts that failed are named beside the others. @throws where nothing was answered. */
  query(query: string, variables: Data): Promise<{ data: Data; faults: readonly QueryFault[] }>;
  /** Keeps what was seen for the next look, and what an earlier one saw that was not asked for again. */
  save(): Promise<void>;
}

/** GitHub refuses this token, or all that it allows in an hour is used: no part of a look would succeed. */
export class GitHubRefused extends Error {
  override readonly name = "GitHubRefused";
}

/** One answer that an earlier look saw. */
interface Seen {
  readonly etag: string;
  readonly value: Data;
}

/** Opens a reader whose memory is `cacheFile`; a file that is missing or broken costs calls, nothing else. */
export async function openReader(github: GitHub, cacheFile: string): Promise<Reader> {
  const known = await readCache(cacheFile);
  const seen: Record<string, Seen> = {};
  const calls: CallCount = { total: 0, free: 0 };
  const counted: typeof fetch = async (...request) => {
    calls.total++;
    const response = await fetch(...request);
    if (response.status === 304) calls.free++;
    return response;
  };
  const request = { fetch: counted };
  return {
    calls,
    read: async (route, parameters, pick) => {
      const { url } = github.request.endpoint(route, parameters);
      const before = known[url];
      const headers = before ? { "if-none-match": before.etag } : {};
      try {
        const { data, headers: given } = await github.request(route, { ...parameters, headers, request });
        const value = pick(dataOf(data));
        if (given.etag !== undefined) seen[url] = { etag: given.etag, value };
        return { status: "there", value };
      } catch (error) {
        const status = statusOf(error);
        if (status === 304 && before) {
          seen[url] = before;
          return { status: "there", value: before.value };
        }
        if (status === 404) return { status: "absent" };
        throwIfRefused(error);
        return { status: "unread", reason: reasonOf(error) };
      }
    },
    query: async (query, variables) => {
      try {
        return { data: dataOf(await github.graphql(query, { ...variables, request })), faults: [] };
      } catch (error) {
        const { data, errors } = dataOf(error);
        // Octokit throws for a part that failed, too; the others are in `data`.
        if (Array.isArray(errors) && typeof data === "object" && data !== null)
          return { data: dataOf(data), faults: errors.map(faultOf) };
        throwIfRefused(error);
        throw error;
      }
    },
    save: () => writeCache(cacheFile, { ...known, ...seen }),
  };
}

/** GitHub's words on an error, with the permission that it asks for; safe to print. */
export function reasonOf(error: unknown): string {
  const { message, status, response } = dataOf(error);
  const wanted = headersOf(error)["x-accepted-github-permissions"];
  const said = safeText(String(message ?? error)).replace(/ - https:\/\/docs\.github\.com\S*$/, "");
  const words = response === undefined ? `no answer (${said})` : `${String(status ?? "")} ${said}`.trim();
  return wanted === undefined ? words : `${words} (the token needs ${safeText(String(wanted))})`;
}

/** @throws GitHubRefused where no other request would succeed either */
export function throwIfRefused(error: unknown): void {
  const status = statusOf(error);
  if (status === 401) {
    throw new GitHubRefused(
      "GitHub does not accept the token (401): pulumi config set --secret github:token, or GITHUB_TOKEN where the stack sets none",
    );
  }
  const { "x-ratelimit-remaining": remaining, "x-ratelimit-reset": reset } = headersOf(error);
  if ((status === 403 || status === 429) && remaining === "0") {
    const until = new Date(Number(reset) * 1000).toISOString();
    throw new GitHubRefused(`GitHub's limit of requests is used up until ${until}: try again then`);
  }
}

function statusOf(error: unknown): unknown {
  return dataOf(error).status;
}

function headersOf(error: unknown): Data {
  return dataOf(dataOf(dataOf(error).response).headers);
}

function faultOf(error: unknown): QueryFault {
  const { path, type, message } = dataOf(error);
  const [alias] = Array.isArray(path) ? path : [];
  return { alias: String(alias), type: textOf(type), message: safeText(String(message)) };
}

async function readCache(file: string): Promise<Readonly<Record<string, Seen>>> {
  try {
    const entries = Object.entries(dataOf(JSON.parse(await readFile(file, "utf8"))));
    return Object.fromEntries(
      entries.flatMap(([url, one]) => {
        const { etag, value } = dataOf(one);
        return typeof etag === "string" ? [[url, { etag, value: dataOf(value) }]] : [];
      }),
    );
  } catch {
    return {};
  }
}

/** Written beside and renamed, so that two looks at once leave one whole file. */
async function writeCache(file: string, seen: Readonly<Record<string, Seen>>): Promise<void> {
  const beside = `${file}.${process.pid}`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(beside, JSON.stringify(seen), { mode: 0o600 });
    await rename(beside, file);
  } catch {
    // A folder that cannot be written to costs calls at the next look.
  }
}
