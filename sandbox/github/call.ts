import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { authenticate } from "./access.ts";
import { fail } from "./errors.ts";
import type { Desk } from "./http.ts";
import type { Json, Repository } from "./repository.ts";
import type { State, Token } from "./state.ts";

/** What a handler answers: JSON, unless the body is text or bytes. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A route of the API. */
export interface Route {
  readonly method: string;
  /** Hono's pattern; `:owner` and `:repo` are looked up before the handler is called. */
  readonly path: string;
  /** Permission of a fine-grained token, or several of which one is enough (`a|b`), and the level where the method does not say it. */
  readonly permission: string;
  readonly level?: "read" | "write";
  /** Whether it serves archived repositories although it writes. */
  readonly archived?: boolean;
  /** Whether it needs no token and costs nothing. */
  readonly open?: boolean;
  readonly handler: (call: Call) => Answer | Promise<Answer>;
}

/** One request as its handler sees it. */
export class Call {
  readonly github: State;
  readonly desk: Desk;
  readonly context: Context<{ Bindings: HttpBindings }>;
  /** Undefined for an anonymous request. */
  readonly token: Token | undefined;
  /** Scheme, host and port that the client used. */
  readonly origin: string;
  /** Start of addresses of the API, as the client used it. */
  readonly api: string;
  body: Json = {};
  #repo: Repository | undefined;
  #query: URLSearchParams | undefined;

  constructor(
    github: State,
    desk: Desk,
    context: Context<{ Bindings: HttpBindings }>,
    token: Token | undefined,
    repo?: Repository,
  ) {
    this.github = github;
    this.desk = desk;
    this.context = context;
    this.token = token;
    this.#repo = repo;
    const { url } = context.req;
    const start = url.indexOf("/", url.indexOf("//") + 2);
    this.origin = url.slice(0, start);
    this.api = url.startsWith("/api/v3/", start) ? `${this.origin}/api/v3` : this.origin;
  }

  /** The token's own text, which its limit is counted by. */
  get secret(): string | undefined {
    return authenticate(this.github, this.header("authorization")).secret;
  }

  get login(): string {
    return this.token?.login ?? "bot";
  }

  /** The repository that the path names. */
  get repo(): Repository {
    if (this.#repo === undefined) throw new Error(`${this.context.req.routePath} names no repository`);
    return this.#repo;
  }

  get repoUrl(): string {
    return `${this.api}/repos/${this.repo.owner}/${this.repo.name}`;
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(queryOf(this.context.req.url));
    return this.#query;
  }

  /** A part of the path, decoded. */
  param(name: string): string {
    return this.context.req.param(name) ?? "";
  }

  /** A numeric part of the path. */
  id(name: string): number {
    return Number(this.param(name));
  }

  header(name: string): string | undefined {
    const value = this.context.env.incoming.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  /** A text of the body; 422 where it is missing. */
  need(field: string): string {
    const value = this.body[field];
    return typeof value === "string" && value !== ""
      ? value
      : fail(422, `Invalid request.\n\n"${field}" wasn't supplied.`);
  }
}

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const created = (body: unknown): Answer => ({ status: 201, body });
export const noContent: Answer = { status: 204 };

/** One page of a list, with the `Link` header that leads to the next. */
export function page(call: Call, items: readonly unknown[], wrap?: (items: unknown[]) => unknown): Answer {
  const size = Math.min(Math.max(Number(call.query.get("per_page") ?? 30), 1), 100) || 30;
  const number = Math.max(Number(call.query.get("page") ?? 1), 1) || 1;
  const part = items.slice((number - 1) * size, number * size);
  const last = Math.ceil(items.length / size);
  const link = (to: number, rel: string) => {
    const query = new URLSearchParams(call.query);
    query.set("page", String(to));
    return `<${call.context.req.url.split("?")[0]}?${query}>; rel="${rel}"`;
  };
  const headers = number < last ? { link: `${link(number + 1, "next")}, ${link(last, "last")}` } : undefined;
  return { status: 200, body: wrap ? wrap(part) : part, ...(headers && { headers }) };
}

/** Writes a route in one line. */
export const route = (
  method: string,
  path: string,
  permission: string,
  handler: Route["handler"],
  extra: Partial<Route> = {},
): Route => ({ method, path, permission, handler, ...extra });

/** The query of an address, with its question mark. */
export function queryOf(url: string): string {
  const at = url.indexOf("?");
  return at < 0 ? "" : url.slice(at);
}
