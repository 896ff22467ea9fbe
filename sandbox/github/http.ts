import { hash } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context } from "hono";
import { authenticate, authorize } from "./access.ts";
import { type Answer, Call, queryOf, type Route } from "./call.ts";
import { fail, found, GitHubError } from "./errors.ts";
import { type Fault, Faults } from "./faults.ts";
import type { Json, Repository } from "./repository.ts";
import type { State, Token } from "./state.ts";

/** One line of the log. `status` is `dropped` where the connection was closed instead. */
export interface LogEntry {
  readonly method: string;
  /** Path and query, without the prefix of the API. */
  readonly path: string;
  /** Method and pattern, e.g. `GET /repos/:owner/:repo`. */
  readonly route: string;
  /** Whether the request carried `If-None-Match`. */
  readonly conditional: boolean;
  status: number | "dropped";
}

/** What {@link answer} keeps from one request to the next. */
export class Desk {
  readonly faults = new Faults();
  readonly limit: number;
  log: LogEntry[] = [];
  readonly #windows = new Map<string, { used: number; reset: number }>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** The hour's account of a token. */
  window(token: string): { used: number; reset: number } {
    const seconds = Math.floor(Date.now() / 1000);
    let window = this.#windows.get(token);
    if (window === undefined || window.reset <= seconds) {
      window = { used: 0, reset: seconds + 3600 };
      this.#windows.set(token, window);
    }
    return window;
  }
}

/** Serves one request by its route: fault, token, limit, repository, permission, handler, ETag, log. */
export async function answer(
  github: State,
  desk: Desk,
  route: Route,
  context: Context<{ Bindings: HttpBindings }>,
): Promise<Response> {
  const { method } = context.req;
  const path = `${context.req.path}${queryOf(context.req.url)}`;
  const { headers } = context.env.incoming;
  const conditional = headers["if-none-match"] !== undefined;
  const pattern = route.path.replace(/\{[^}]*\}/g, "");
  const entry: LogEntry = { method, path, route: `${method} ${pattern}`, conditional, status: 0 };
  desk.log.push(entry);
  const fault = await desk.faults.meet({ method, path, pattern });
  const planned = fault?.status === undefined ? undefined : plannedAnswer(fault);
  const spoilt = planned !== undefined || fault?.drop === true;
  const given = spoilt && !fault?.after ? undefined : await perform(github, desk, route, context);
  if (fault?.drop) {
    entry.status = "dropped";
    context.env.outgoing.destroy();
    return RESPONSE_ALREADY_SENT;
  }
  const { status, body, headers: extra } = planned ?? given ?? { status: 500 };
  entry.status = status;
  return new Response(body as string | null, { status, headers: extra ?? {} });
}

function plannedAnswer(fault: Fault): Answer {
  const body =
    typeof fault.body === "string" ? fault.body : JSON.stringify(fault.body ?? { message: "Fault" });
  return { status: fault.status ?? 500, body, headers: { "content-type": JSON_TYPE, ...fault.headers } };
}

const JSON_TYPE = "application/json; charset=utf-8";

async function perform(
  github: State,
  desk: Desk,
  route: Route,
  context: Context<{ Bindings: HttpBindings }>,
): Promise<Answer> {
  const { headers } = context.env.incoming;
  const { secret, token } = authenticate(github, headers.authorization);
  const window = desk.window(secret ?? "");
  let answer: Answer;
  try {
    if (secret !== undefined && token === undefined) fail(401, "Bad credentials");
    if (window.used >= desk.limit && !route.open) {
      fail(403, "API rate limit exceeded for user ID 1.", undefined);
    }
    answer = await dispatch(github, desk, route, context, token);
  } catch (error) {
    answer = errorAnswer(error);
    // git asks its user for credentials only when told that some are wanted.
    if (secret === undefined && route.path.startsWith("/_git/") && answer.status < 500) {
      answer = { status: 401, headers: { "www-authenticate": 'Basic realm="GitHub"' }, body: "" };
    }
  }
  const finished = finish(answer, context);
  if (finished.status !== 304 && !route.open) window.used += 1;
  const rate = {
    "x-ratelimit-limit": String(desk.limit),
    "x-ratelimit-remaining": String(Math.max(desk.limit - window.used, 0)),
    "x-ratelimit-used": String(window.used),
    "x-ratelimit-reset": String(window.reset),
    "x-ratelimit-resource": "core",
  };
  return { ...finished, headers: { ...rate, ...finished.headers } };
}

/** Turns the answer into text with its headers; a GET that the client has already becomes 304. */
function finish(answer: Answer, context: Context): Answer {
  const { status, body } = answer;
  if (body === undefined) return { status, body: null, headers: answer.headers ?? {} };
  const raw = typeof body === "string" || body instanceof Uint8Array;
  const text = raw ? body : JSON.stringify(body);
  const headers = { "content-type": JSON_TYPE, ...answer.headers };
  if (context.req.method !== "GET" || status !== 200) return { status, body: text, headers };
  const etag = `W/"${hash("sha256", text)}"`;
  const known = context.env.incoming.headers["if-none-match"]?.replace(/^W\//, "");
  const tagged = { ...headers, etag };
  return known === etag.slice(2)
    ? { status: 304, body: null, headers: tagged }
    : { status, body: text, headers: tagged };
}

async function dispatch(
  github: State,
  desk: Desk,
  route: Route,
  context: Context<{ Bindings: HttpBindings }>,
  token: Token | undefined,
): Promise<Answer> {
  const { method } = context.req;
  const reads =
    route.level === "read" || (route.level === undefined && (method === "GET" || method === "HEAD"));
  if (!route.path.includes(":repo")) {
    if (token === undefined && !route.open) fail(401, "Requires authentication");
    if (token !== undefined) authorize(token, undefined, route.permission, reads);
    return handle(route, new Call(github, desk, context, token));
  }
  const target = found(github.find(context.req.param("owner") ?? "", context.req.param("repo") ?? ""));
  if (target.former) return redirect(context, target.repo);
  authorize(token, target.repo, route.permission, reads);
  if (!reads && target.repo.archived && !route.archived)
    fail(403, "Repository was archived so is read-only.");
  return handle(route, new Call(github, desk, context, token, target.repo));
}

async function handle(route: Route, call: Call): Promise<Answer> {
  if (call.context.req.method !== "GET" && call.header("content-length") !== "0") {
    const type = call.header("content-type") ?? "";
    if (!type.startsWith("application/x-git")) call.body = parseBody(await call.context.req.text());
  }
  return route.handler(call);
}

function parseBody(text: string): Json {
  if (text.trim() === "") return {};
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null) return body as Json;
  } catch {
    // Falls through to GitHub's text, which says no more than this.
  }
  return fail(400, "Problems parsing JSON");
}

/** Where a renamed repository lives now: GitHub names it by id. */
function redirect(context: Context, repo: Repository): Answer {
  const { url, method } = context.req;
  if (context.req.path.startsWith("/_git/")) {
    const [, service = ""] = /\/((?:info\/refs|git-[a-z-]+).*)$/.exec(url) ?? [];
    const origin = url.slice(0, url.indexOf("/", url.indexOf("//") + 2));
    return { status: 301, headers: { location: `${origin}/${repo.owner}/${repo.name}.git/${service}` } };
  }
  const start = url.search(/\/repos\//);
  const rest = url.slice(start).split("/").slice(4).join("/");
  const search = rest === "" ? queryOf(url) : "";
  const location = `${url.slice(0, start)}/repositories/${repo.id}${rest === "" ? "" : `/${rest}`}${search}`;
  const status = method === "GET" ? 301 : 307;
  const message = status === 301 ? "Moved Permanently" : "Temporary Redirect";
  return {
    status,
    headers: { location },
    body: { message, url: location, documentation_url: DOCUMENTATION },
  };
}

const DOCUMENTATION = "https://docs.github.com/rest";

function errorAnswer(error: unknown): Answer {
  if (!(error instanceof GitHubError)) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { status: 500, body: { message: `The emulated GitHub failed: ${message}` } };
  }
  const { status, message, errors, headers } = error;
  const body = {
    message,
    ...(errors && { errors }),
    documentation_url: DOCUMENTATION,
    status: String(status),
  };
  return { status, body, headers };
}
