import { setTimeout as sleep } from "node:timers/promises";

/** Something that goes wrong on purpose. */
export interface Fault {
  readonly method?: string;
  /** A route as the log names it (`/repos/:owner/:repo/pages`), an exact path, or a pattern for path and query. */
  readonly path?: string | RegExp;
  /** How many matching requests it meets. @default 1 */
  readonly times?: number;
  /** How many matching requests pass before it begins. @default 0 */
  readonly skip?: number;
  /** The answer; without it, and without `drop`, the request is only delayed. */
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly latencyMs?: number;
  /** Whether the connection is closed without an answer. */
  readonly drop?: boolean;
  /** Whether the request is carried out before its answer is spoilt. */
  readonly after?: boolean;
}

/** A secondary limit, as GitHub answers it; the client may come back after so many seconds. */
export function secondaryLimit(retryAfter: number): Pick<Fault, "status" | "body" | "headers"> {
  const message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
  const documentation_url =
    "https://docs.github.com/rest/overview/resources-in-the-rest-api#secondary-rate-limits";
  const headers = { "retry-after": String(retryAfter) };
  return { status: 403, body: { message, documentation_url }, headers };
}

/** The primary limit, used up until so many seconds from now. */
export function primaryLimit(secondsToReset: number): Pick<Fault, "status" | "body" | "headers"> {
  const reset = Math.floor(Date.now() / 1000) + secondsToReset;
  const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(reset) };
  const documentation_url = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api";
  return {
    status: 403,
    body: { message: "API rate limit exceeded for user ID 1.", documentation_url },
    headers,
  };
}

/** What a request is known by to faults and to the log. */
export interface RequestName {
  readonly method: string;
  /** Path and query without the prefix of the API. */
  readonly path: string;
  /** The pattern that it matched, without the method. */
  readonly pattern: string;
}

/** The faults that wait for their requests. */
export class Faults {
  #waiting: { fault: Fault; skip: number; left: number }[] = [];

  inject(fault: Fault): void {
    this.#waiting.push({ fault, skip: fault.skip ?? 0, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#waiting = [];
  }

  /** The fault that this request meets, its delay done. */
  async meet(request: RequestName): Promise<Fault | undefined> {
    if (this.#waiting.length === 0) return undefined;
    const matching = this.#waiting.filter((one) => matches(one.fault, request));
    const waiting = matching.find((one) => one.skip === 0);
    for (const one of matching) if (one.skip > 0) one.skip -= 1;
    if (waiting === undefined) return undefined;
    waiting.left -= 1;
    if (waiting.left <= 0) this.#waiting = this.#waiting.filter((one) => one !== waiting);
    if (waiting.fault.latencyMs !== undefined) await sleep(waiting.fault.latencyMs);
    return waiting.fault;
  }
}

function matches(fault: Fault, { method, path, pattern }: RequestName): boolean {
  if (fault.method !== undefined && fault.method !== method) return false;
  if (fault.path === undefined) return true;
  if (fault.path instanceof RegExp) return fault.path.test(path);
  return fault.path === pattern || fault.path === path || fault.path === path.split("?")[0];
}
