import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { safeText } from "../../fleet/findings.ts";
import { PublishError } from "../fault.ts";
import { githubFetch } from "../github.ts";

/** Points of an hour that are left; GraphQL's own account, apart from REST's. */
export interface Limit {
  readonly remaining: number;
  /** ISO 8601. */
  readonly resetAt: string;
}

/** One error of an answer that is otherwise whole. */
export interface PartialError {
  /** The alias that it concerns. */
  readonly alias: string;
  readonly type: string | undefined;
  readonly message: string;
}

/** What became of a query. */
export type Answer =
  | {
      readonly kind: "answered";
      readonly data: Readonly<Record<string, unknown>>;
      readonly errors: readonly PartialError[];
    }
  /** May pass: 5xx, a lost connection, a query that took GitHub too long. */
  | { readonly kind: "failed"; readonly message: string }
  /** Holds for every query: token refused, limit used up. */
  | { readonly kind: "refused"; readonly message: string };

/** GitHub's GraphQL with one token. Nothing of it throws. */
export interface GraphQL {
  /** Requests answered or lost so far, waiting for a limit aside. */
  readonly calls: number;
  readonly limit: Limit | undefined;
  query(text: string, variables: Readonly<Record<string, string>>): Promise<Answer>;
  /** Waits; tests give their own. */
  sleep(milliseconds: number): Promise<unknown>;
}

/** Failures in a row, over all queries, after which GitHub is taken to be down. With the growing pauses of batches this is over half a minute. */
const FAILURES = 24;

const bodySchema = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z
    .array(
      z.object({
        type: z.string().optional(),
        message: z.string(),
        path: z.array(z.union([z.string(), z.number()])).nullish(),
      }),
    )
    .optional(),
  message: z.string().optional(),
});
type Body = z.infer<typeof bodySchema> | undefined;

const limitSchema = z.object({ remaining: z.number(), resetAt: z.string() });

/**
 * Gives the address of GraphQL beside a REST API: the runner's own, else `https://api.github.com/graphql`, or `HOST/api/graphql` for
 * GitHub Enterprise Server.
 */
export function graphqlUrl(
  apiUrl: string,
  variables: Readonly<Record<string, string | undefined>> = {},
): string {
  const given = variables.GITHUB_GRAPHQL_URL;
  if (given !== undefined && given !== "") return given;
  return apiUrl.endsWith("/api/v3") ? `${apiUrl.slice(0, -"/v3".length)}/graphql` : `${apiUrl}/graphql`;
}

/** Connects to one endpoint; the token is sent there and, redirects being refused, nowhere else. */
export function connectGraphQL(
  url: string,
  token: string,
  { sleep = pause }: { readonly sleep?: GraphQL["sleep"] } = {},
): GraphQL {
  let calls = 0;
  let failures = 0;
  let limit: Limit | undefined;
  let refused: string | undefined;
  const send = async (request: string): Promise<Answer> => {
    calls++;
    try {
      const init: RequestInit = {
        method: "POST",
        redirect: "manual",
        headers: { "content-type": "application/json" },
        body: request,
      };
      // 5xx and lost connections are left to whoever knows how to ask for less; limits are sat out here.
      const response = await githubFetch(url, init, { token, sleep, repeatable: false });
      const body = bodySchema.safeParse(parsed(await response.text())).data;
      limit = limitOf(response, body) ?? limit;
      return judge(response, body, limit);
    } catch (error) {
      return { kind: "failed", message: reasonOf(error) };
    }
  };
  return {
    get calls() {
      return calls;
    },
    get limit() {
      return limit;
    },
    sleep,
    query: async (query, variables) => {
      if (refused !== undefined) return { kind: "refused", message: refused };
      const answer = await send(JSON.stringify({ query, variables }));
      failures = answer.kind === "failed" ? failures + 1 : 0;
      if (answer.kind === "refused") refused = answer.message;
      else if (failures >= FAILURES)
        refused = `GitHub does not answer: ${answer.kind === "failed" ? answer.message : ""}`;
      else if (limit?.remaining === 0) refused = usedUp(limit);
      return answer;
    },
  };
}

function judge({ status }: Response, body: Body, limit: Limit | undefined): Answer {
  if (status >= 500) return { kind: "failed", message: `GitHub answered ${status}` };
  if (status === 401) {
    return { kind: "refused", message: "GitHub does not accept the token (401)" };
  }
  if (status !== 200) {
    if (limit?.remaining === 0) return { kind: "refused", message: usedUp(limit) };
    const said = body?.message === undefined ? "" : `: ${safeText(body.message)}`;
    return { kind: "refused", message: `GitHub answered ${status} to GraphQL${said}` };
  }
  if (body === undefined) return { kind: "failed", message: "GitHub's answer is no GraphQL" };
  const [first] = body.errors ?? [];
  if (first?.type === "RATE_LIMITED") {
    return { kind: "refused", message: limit === undefined ? safeText(first.message) : usedUp(limit) };
  }
  if (body.data === undefined || body.data === null) {
    return {
      kind: "failed",
      message: first === undefined ? "GitHub's answer is empty" : safeText(first.message),
    };
  }
  const errors = (body.errors ?? []).map(({ type, message, path }) => {
    return { alias: String(path?.[0] ?? ""), type, message: safeText(message) };
  });
  return { kind: "answered", data: body.data, errors };
}

/** From the answer where it asks for `rateLimit`, else from its headers. */
function limitOf({ headers }: Response, body: Body): Limit | undefined {
  const told = limitSchema.safeParse(body?.data?.rateLimit).data;
  if (told !== undefined) return told;
  const [remaining, reset] = ["x-ratelimit-remaining", "x-ratelimit-reset"].map((name) => headers.get(name));
  if (!/^\d{1,9}$/.test(remaining ?? "") || !/^\d{1,11}$/.test(reset ?? "")) return undefined;
  return { remaining: Number(remaining), resetAt: new Date(Number(reset) * 1000).toISOString() };
}

function usedUp({ resetAt }: Limit): string {
  return `GitHub's limit of requests is used up until ${safeText(resetAt)}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof PublishError) return error.faults[0]?.message ?? "no answer from GitHub";
  return safeText(error instanceof Error ? error.message : String(error));
}
