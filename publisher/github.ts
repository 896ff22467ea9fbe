import { setTimeout as pause } from "node:timers/promises";
import { safeText } from "../fleet/findings.ts";
import { PublishError } from "./fault.ts";

/** How {@link githubFetch} goes about a request. */
export interface FetchOptions {
  readonly token?: string | undefined;
  /** Whether carrying it out twice does no harm. @default true for every method but POST and PATCH */
  readonly repeatable?: boolean;
  /** Waits; tests give their own. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/** Tries of one request, the first included. */
const TRIES = 5;
/** The longest wait that GitHub may ask for and is given; a longer one is left to the next run. */
const PATIENCE_SECONDS = 120;
/** What a single answer may take; a connection that says nothing for longer is a dead one. */
const TIMEOUT_MS = 60_000;

/**
 * `fetch` that sits out what passes: 5xx, lost connections and GitHub's limits, as long as GitHub asks for (`Retry-After`).
 *
 * A request that must not be carried out twice is repeated only where GitHub says that it refused it. The last answer is
 * returned whatever its status.
 *
 * @throws PublishError where there was no answer at all.
 */
export async function githubFetch(
  url: string | URL,
  init: RequestInit = {},
  { token, repeatable = !/^(?:POST|PATCH)$/i.test(init.method ?? "GET"), sleep = pause }: FetchOptions = {},
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  if (!headers.has("user-agent")) headers.set("user-agent", "satis-fleet");
  for (let attempt = 1; ; attempt++) {
    let wait: number | undefined;
    try {
      const signal = init.signal ?? AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(url, { ...init, headers, signal });
      wait = await secondsToWait(response, attempt, repeatable);
      if (wait === undefined || attempt === TRIES) return response;
      await response.body?.cancel();
    } catch (error) {
      if (!repeatable || attempt === TRIES || init.signal?.aborted) throw unreachable(url, error);
      wait = backoff(attempt);
    }
    await sleep(wait * 1000);
  }
}

/** Seconds until the request may be repeated; `undefined` where that would be of no use. */
async function secondsToWait(
  response: Response,
  attempt: number,
  repeatable: boolean,
): Promise<number | undefined> {
  const { status, headers } = response;
  if (status >= 500) return repeatable ? within(retryAfter(headers) ?? backoff(attempt)) : undefined;
  if (status !== 403 && status !== 429) return undefined;
  const asked = retryAfter(headers);
  if (asked !== undefined) return within(asked);
  if (headers.get("x-ratelimit-remaining") === "0") {
    const reset = Number(headers.get("x-ratelimit-reset"));
    return within(Math.max(Math.ceil(reset - Date.now() / 1000), 1));
  }
  const secondary = status === 429 || /secondary rate limit|abuse/i.test(await response.clone().text());
  // GitHub's documentation: without a header, wait at least a minute.
  return secondary ? within(60) : undefined;
}

function retryAfter(headers: Headers): number | undefined {
  const text = headers.get("retry-after");
  return text !== null && /^\d{1,6}$/.test(text) ? Math.max(Number(text), 1) : undefined;
}

function within(seconds: number): number | undefined {
  return seconds <= PATIENCE_SECONDS ? seconds : undefined;
}

function backoff(attempt: number): number {
  return 2 ** (attempt - 1);
}

function unreachable(url: string | URL, error: unknown): PublishError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = safeText(cause instanceof Error ? cause.message : String(cause));
  const message = `no answer from ${new URL(url).host} (${reason})`;
  return new PublishError([
    { by: "github", message, remedy: "look at GitHub's status page; the next run tries again" },
  ]);
}

/** What GitHub said; `body` is JSON where it is JSON, else text. */
export interface GitHubAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

/** A request to GitHub's REST API. */
export interface GitHubRequest {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
  readonly accept?: string;
  /** Statuses that the caller deals with; every other one from 400 on is an error. */
  readonly allow?: readonly number[];
}

/** GitHub's REST API with one token. */
export interface GitHub {
  /** @param path segments, each encoded here, so that no text of others can leave its place in the path */
  request(method: string, path: readonly string[], request?: GitHubRequest): Promise<GitHubAnswer>;
}

export function connectGitHub(
  apiUrl: string,
  token: string | undefined,
  options: Pick<FetchOptions, "sleep" | "repeatable"> = {},
): GitHub {
  return {
    request: async (method, path, { body, query, accept, allow = [] } = {}) => {
      const url = new URL(`${apiUrl}/${path.map(segment).join("/")}`);
      for (const [key, value] of Object.entries(query ?? {})) url.searchParams.set(key, value);
      const response = await githubFetch(
        url,
        {
          method,
          headers: {
            accept: accept ?? "application/vnd.github+json",
            ...(body === undefined ? {} : { "content-type": "application/json" }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        },
        { token, ...options },
      );
      const answer = { status: response.status, body: await bodyOf(response), headers: response.headers };
      if (response.status >= 400 && !allow.includes(response.status)) throw refused(method, url, answer);
      return answer;
    },
  };
}

/** `.` and `..` survive encoding and would be resolved by the URL, so they are refused. */
function segment(text: string): string {
  if (text === "" || text === "." || text === "..") {
    const message = `${JSON.stringify(text)} is no part of a path`;
    throw new PublishError([
      { by: "github", message, remedy: "correct the name in satis.json or settings.json" },
    ]);
  }
  return encodeURIComponent(text);
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(response.headers.get("content-type") ?? "")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function refused(method: string, url: URL, { status, body, headers }: GitHubAnswer): PublishError {
  const said =
    typeof body === "object" && body !== null && "message" in body ? `: ${String(body.message)}` : "";
  const wanted = headers.get("x-accepted-github-permissions");
  const message = safeText(`GitHub answered ${status} to ${method} ${url.pathname}${said}`);
  const remedy =
    wanted === null ? "the next run tries again" : `give the token the permission ${safeText(wanted)}`;
  return new PublishError([{ by: "github", message, remedy }]);
}
