import { type Check, ok, unread, wrong } from "./check.ts";
import { type Answer, messageIn, type Prober } from "./probe.ts";

/** A request that needs a permission and can change nothing: it is refused for what it lacks once it is allowed. */
export interface PermissionProbe {
  /** As GitHub's settings call it, such as `Contents: write`. */
  readonly permission: string;
  /** Where it has to hold. */
  readonly where: string;
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly body?: object;
}

/**
 * Finds out which permissions a token lacks.
 *
 * A fine-grained token's permissions cannot be listed. GitHub checks them before it looks at a request's body, so an
 * incomplete write answers 403 without the permission, and 422 (nothing named, no value given) or the like with it. What
 * GitHub would have accepted stands in `X-Accepted-GitHub-Permissions`.
 */
export async function checkPermissions(
  name: string,
  probe: Prober,
  probes: readonly PermissionProbe[],
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const one of probes) {
    try {
      const answer = await probe(one.method, one.path, one.body);
      checks.push(judge(name, one, answer));
    } catch (error) {
      checks.push(unread(name, `${one.permission} on ${one.where}: ${(error as Error).message}`));
    }
  }
  return checks;
}

function judge(name: string, { permission, where }: PermissionProbe, answer: Answer): Check {
  const { status, headers } = answer;
  if (status === 401) return wrong(name, "GitHub does not know the token", "make a new one");
  if (status === 403 && isUpgrade(answer)) return ok(name, `${permission} on ${where}`);
  if (status === 403) {
    const accepted = headers.get("x-accepted-github-permissions");
    const detail = accepted === null ? `GitHub says "${messageIn(answer)}"` : `GitHub wants ${accepted}`;
    return wrong(name, `lacks ${permission} on ${where} (${detail})`, `give the token ${permission}`);
  }
  if (status === 404) return unread(name, `${permission} on ${where}: GitHub says it is not there`);
  return ok(name, `${permission} on ${where}`);
}

/** The plan withholds the feature, from a token that may use it. */
export function isUpgrade(answer: Answer): boolean {
  return /^Upgrade to /.test(messageIn(answer));
}

/** Scopes of a classic token, which GitHub lists; `undefined` for every other kind. */
export function classicScopes({ headers }: Answer): readonly string[] | undefined {
  const scopes = headers.get("x-oauth-scopes");
  return scopes === null ? undefined : scopes.split(",").map((scope) => scope.trim());
}

/** Whether the scopes hold what is wanted, and what is too much of a classic token. */
export function checkScopes(name: string, scopes: readonly string[], wanted: readonly string[]): Check {
  const missing = wanted.filter((scope) => !scopes.includes(scope));
  if (missing.length > 0) {
    return wrong(name, `a classic token without ${missing.join(", ")}`, "make a fine-grained token instead");
  }
  return {
    name,
    state: "note",
    message:
      "a classic token: it reaches every repository of its owner; a fine-grained one reaches what it has to",
  };
}

/** Days before its end at which a token is told of. */
const SOON_DAYS = 14;

/** Whether the token is about to end; fine-grained tokens and some classic ones have an end, Apps renew theirs. */
export function checkExpiry(name: string, { headers }: Answer, now = Date.now()): Check | undefined {
  const text = headers.get("github-authentication-token-expiration");
  if (text === null) return undefined;
  // Such as "2027-01-31 12:00:00 UTC" or "... +0100".
  const [, day, time, zone] = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) (UTC|[+-]\d{4})$/.exec(text.trim()) ?? [];
  const end = Date.parse(`${day}T${time}${zone === "UTC" ? "Z" : zone?.replace(/(\d\d)$/, ":$1")}`);
  if (Number.isNaN(end)) return unread(name, "its end, which GitHub writes in a form of its own");
  const days = Math.floor((end - now) / 86_400_000);
  const message = `ends on ${day}, in ${days} days`;
  return days < SOON_DAYS ? wrong(name, message, "make a new one now") : ok(name, message);
}
