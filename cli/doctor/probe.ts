import { setTimeout as sleep } from "node:timers/promises";

/** GitHub's answer to a request. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, `undefined` where there is none. */
  readonly body: unknown;
}

/** Makes requests with one token. @throws Error where GitHub does not answer, or asks to wait for long. */
export type Prober = (method: "GET" | "POST" | "PUT", path: string, body?: object) => Promise<Answer>;

/** Tries of a request that is dropped or fails in GitHub. */
const TRIES = 5;
/** Seconds that a limit may ask to wait; a longer wait is told. */
const PATIENCE_SECONDS = 60;
/** Milliseconds after which a request counts as dropped. */
const TIMEOUT = 30_000;

/**
 * Makes requests as they are, one after the other.
 *
 * Not Octokit: whatever GitHub answers is what is wanted here, and permission probes are no writes to pace. The
 * token goes into a header and nowhere else.
 *
 * @param apiUrl root of the REST API
 */
export function prober(apiUrl: string, token: string | undefined): Prober {
  return async (method, path, body) => {
    const url = path === "/graphql" ? graphqlUrl(apiUrl) : `${apiUrl}${path}`;
    for (let tries = 1; ; tries++) {
      const answer = await request(url, method, token, body).catch(() => undefined);
      const wait = pauseAfter(answer, tries);
      if (answer && wait === undefined) return answer;
      if (tries >= TRIES || (wait ?? 0) > PATIENCE_SECONDS * 1000)
        throw new Error(failure(method, path, answer));
      await sleep(wait);
    }
  };
}

function graphqlUrl(apiUrl: string): string {
  return `${apiUrl.replace(/\/v3$/, "")}/graphql`;
}

async function request(
  url: string,
  method: string,
  token: string | undefined,
  body: object | undefined,
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      accept: "application/vnd.github+json",
      "user-agent": "satis-fleet",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    signal: AbortSignal.timeout(TIMEOUT),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: jsonOf(text) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Milliseconds to wait before the same request again; `undefined` where the answer is one. */
function pauseAfter(answer: Answer | undefined, tries: number): number | undefined {
  if (answer === undefined || answer.status >= 500) return 200 * 2 ** tries;
  if (answer.status !== 403 && answer.status !== 429) return undefined;
  const { headers } = answer;
  const after = headers.get("retry-after");
  if (after !== null) return Number(after) * 1000;
  if (headers.get("x-ratelimit-remaining") !== "0") return undefined;
  return Math.max(Number(headers.get("x-ratelimit-reset")) * 1000 - Date.now(), 0);
}

function failure(method: string, path: string, answer: Answer | undefined): string {
  if (answer === undefined) return `GitHub does not answer ${method} ${path}`;
  if (answer.status >= 500) return `GitHub answers ${answer.status} to ${method} ${path}`;
  const reset = Number(answer.headers.get("x-ratelimit-reset"));
  const until = reset > 0 ? ` until ${new Date(reset * 1000).toISOString()}` : "";
  return `the token's calls are used up${until}`;
}

/** What GitHub says in an error. */
export function messageIn({ body }: Answer): string {
  const { message } = (body ?? {}) as { message?: unknown };
  return typeof message === "string" ? message : "";
}

/** A path below a repository, its parts encoded. */
export function repositoryPath(owner: string, repository: string, rest = ""): string {
  return `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repository)}${rest}`;
}
