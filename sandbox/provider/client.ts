/**
 * HTTP as the real provider speaks it: pace, retries, rate limits, redirects and the wording of errors.
 *
 * The layers are those of the real one, from the outside: redirects, then retries, then pace and limits. So a retry waits
 * both the retry delay and the pause after a write.
 */
import { setTimeout as wait } from "node:timers/promises";
import { Agent, request } from "undici";

export interface ClientOptions {
  /** With a trailing slash, `/api/v3/` included where GitHub Enterprise Server needs it. */
  readonly baseUrl: string;
  readonly token: string;
  /** Milliseconds that every request waits after a write, `writeDelayMs`. */
  readonly writeDelay: number;
  /** Milliseconds that every request waits after a read, `readDelayMs`. */
  readonly readDelay: number;
  readonly retryDelay: number;
  readonly maxRetries: number;
  readonly retryable: readonly number[];
  /** Without it one request at a time leaves the process. */
  readonly parallel: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface CallOptions {
  readonly body?: unknown;
  /** Sent as If-None-Match. */
  readonly etag?: string | undefined;
  /** Redirects are answers: the caller follows them. */
  readonly manual?: boolean;
}

/** Method, path below the base (no leading slash, already escaped) and options to an answer of 2xx; else {@link GitHubError}. */
export type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>;

/** An answer that is no success, worded as go-github does. */
export class GitHubError extends Error {
  override readonly name = "GitHubError";
  readonly status: number;
  readonly answered: string;
  constructor(method: string, url: string, answer: Answer) {
    const { message, errors } = reasons(answer.body);
    super(`${method} ${url}: ${answer.status} ${message} [${errors.join(" ")}]`);
    this.status = answer.status;
    this.answered = message;
  }
}

export function isStatus(error: unknown, status: number): error is GitHubError {
  return error instanceof GitHubError && error.status === status;
}

/** One path segment, escaped as Go does it: fewer characters than encodeURIComponent. */
export function segment(text: string): string {
  if (text === "." || text === "..") throw new Error(`"${text}" cannot be part of a path on GitHub`);
  return encodeURIComponent(text).replace(/%(24|26|2B|3A|3D|40)/g, (escaped) => decodeURIComponent(escaped));
}

const MAX_REDIRECTS = 10;
const WRITES: ReadonlySet<string> = new Set(["POST", "PATCH", "PUT", "DELETE"]);

/** Connections end with `signal`; until then they are kept, and never keep the process alive. */
export function createCall(options: ClientOptions, signal: AbortSignal): Call {
  const agent = new Agent({ connections: 128, keepAliveTimeout: 10_000 });
  signal.addEventListener("abort", () => void agent.destroy(), { once: true });
  const paced = pace(options, signal, (method, url, call) =>
    send(agent, options.token, signal, method, url, call),
  );
  const retried = retry(options, signal, paced);
  return async (method, path, call = {}) => {
    const sent = await follow(retried, method, new URL(path, options.baseUrl).href, call);
    const ok = sent.answer.status >= 200 && sent.answer.status < 300;
    if (!ok && !call.manual) throw new GitHubError(sent.method, sent.url, sent.answer);
    return sent.answer;
  };
}

type Send = (method: string, url: string, call: CallOptions) => Promise<Answer>;

async function follow(next: Send, method: string, url: string, call: CallOptions) {
  for (let hops = 0; ; hops++) {
    const answer = await next(method, url, call);
    const location = answer.headers.location;
    if (call.manual || location === undefined || ![301, 302, 303, 307, 308].includes(answer.status)) {
      return { answer, method, url };
    }
    if (hops === MAX_REDIRECTS) throw new Error(`${goMethod(method)} "${url}": stopped after 10 redirects`);
    const target = new URL(location, url);
    if (target.origin !== new URL(url).origin) {
      throw new Error(`${goMethod(method)} "${url}": redirected to another host, where no token is sent`);
    }
    url = target.href;
    // As Go's client: only 307 and 308 keep method and body.
    if (answer.status < 307 && method !== "GET") {
      method = "GET";
      call = { ...call, body: undefined };
    }
  }
}

function retry(options: ClientOptions, signal: AbortSignal, next: Send): Send {
  return async (method, url, call) => {
    for (let left = options.maxRetries; ; left--) {
      let failure: unknown;
      let answer: Answer | undefined;
      try {
        answer = await next(method, url, call);
      } catch (error) {
        if (signal.aborted) throw error;
        failure = error;
      }
      if (answer !== undefined && !options.retryable.includes(answer.status)) return answer;
      // The real one pauses after its last try too.
      if (options.maxRetries > 0) await wait(options.retryDelay, undefined, { signal });
      if (left > 0) continue;
      if (answer === undefined) throw failure;
      return answer;
    }
  };
}

function pace(options: ClientOptions, signal: AbortSignal, next: Send): Send {
  let pause = 0;
  let last: Promise<unknown> = Promise.resolve();
  const once: Send = async (method, url, call) => {
    for (;;) {
      if (pause > 0) await wait(pause, undefined, { signal });
      pause = WRITES.has(method) ? options.writeDelay : options.readDelay;
      const answer = await next(method, url, call);
      const limited = limit(answer);
      if (limited === undefined) return answer;
      pause = 0;
      if (limited > 0) await wait(limited, undefined, { signal });
    }
  };
  if (options.parallel) return once;
  return (method, url, call) => {
    const mine = last.then(() => once(method, url, call));
    last = mine.catch(() => undefined);
    return mine;
  };
}

/** Milliseconds until GitHub takes requests again, where the answer says that a limit was met. */
function limit(answer: Answer): number | undefined {
  if (answer.status !== 403 && answer.status !== 429) return undefined;
  const { headers } = answer;
  const reset = Number(headers["x-ratelimit-reset"] ?? 0) * 1000 - Date.now();
  if (headers["x-ratelimit-remaining"] === "0") return reset;
  const { documentation } = reasons(answer.body);
  if (!documentation.endsWith("secondary-rate-limits") && !documentation.endsWith("#abuse-rate-limits"))
    return;
  if (headers["retry-after"] !== undefined) return Number.parseInt(headers["retry-after"], 10) * 1000 || 0;
  return headers["x-ratelimit-reset"] === undefined ? 0 : reset;
}

async function send(
  agent: Agent,
  token: string,
  signal: AbortSignal,
  method: string,
  url: string,
  call: CallOptions,
): Promise<Answer> {
  const headers: Record<string, string> = {
    accept: "application/vnd.github.v3+json,application/vnd.github.stone-crop-preview+json",
    "user-agent": "go-github/v88.0.0",
    "x-github-api-version": "2022-11-28",
  };
  if (token !== "") headers.authorization = `Bearer ${token}`;
  if (call.etag) headers["if-none-match"] = call.etag;
  if (call.body !== undefined) headers["content-type"] = "application/json";
  const body = call.body === undefined ? null : JSON.stringify(call.body);
  try {
    const answer = await request(url, { dispatcher: agent, signal, method, headers, body });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: flat(answer.headers), body: parse(text) };
  } catch (error) {
    throw new Error(`${goMethod(method)} "${url}": ${transportReason(error, new URL(url))}`);
  }
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === "string" ? value : value.join(", ")]],
    ),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function goMethod(method: string): string {
  return method.charAt(0) + method.slice(1).toLowerCase();
}

/** Go's words for what went wrong below HTTP; a token is in none of them. */
function transportReason(error: unknown, url: URL): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : "";
  const host = `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`;
  if (code === "ECONNREFUSED") return `dial tcp ${host}: connect: connection refused`;
  if (code === "ENOTFOUND") return `dial tcp: lookup ${url.hostname}: no such host`;
  if (code === "UND_ERR_SOCKET" || code === "ECONNRESET") return "EOF";
  if (code === "UND_ERR_ABORTED" || code === "ABORT_ERR") return "context canceled";
  return String(code || "request failed");
}

/** `message`, `errors` and `documentation_url` of an error answer; empty where the answer has another shape. */
function reasons(body: unknown): { message: string; errors: readonly string[]; documentation: string } {
  const none = { message: "", errors: [], documentation: "" };
  if (typeof body !== "object" || body === null) return none;
  const { message, errors = [], documentation_url: documentation } = body as Record<string, unknown>;
  if (!Array.isArray(errors)) return none;
  return { message: word(message), errors: errors.map(oneReason), documentation: word(documentation) };
}

function oneReason(error: unknown): string {
  const { resource, field, code, message } =
    typeof error === "string" ? { message: error } : ((error ?? {}) as Record<string, unknown>);
  return `{Resource:${word(resource)} Field:${word(field)} Code:${word(code)} Message:${word(message)}}`;
}

function word(value: unknown): string {
  return typeof value === "string" ? value : "";
}
