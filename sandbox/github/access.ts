import { fail } from "./errors.ts";
import type { Repository } from "./repository.ts";
import type { State, Token } from "./state.ts";

const FULL: Token = {};

/** The secret that the header carries, and the token that it is; no token for a revoked one. */
export function authenticate(github: State, header: string | undefined): { secret?: string; token?: Token } {
  const match = /^(bearer|token|basic)\s+(\S+)$/i.exec(header ?? "");
  if (match === null) return {};
  const [, scheme, value = ""] = match;
  const basic = scheme?.toLowerCase() === "basic" ? Buffer.from(value, "base64").toString() : undefined;
  // Git and Composer send the token as the password, or as the user beside a fixed word.
  const [user = "", password = ""] = basic?.split(":") ?? [];
  const secret =
    basic === undefined ? value : github.tokens.has(user) || password === "x-oauth-basic" ? user : password;
  const token = github.tokens.get(secret) ?? FULL;
  return secret === "" ? {} : token.revoked ? { secret } : { secret, token };
}

/** Permissions that nobody has who may only read a repository. */
const ADMINISTRATIVE = new Set(["administration", "secrets", "variables", "environments"]);

/** Ends the request unless the token may do this; a private repository that it cannot see is not there. */
export function authorize(
  token: Token | undefined,
  repo: Repository | undefined,
  permission = "metadata",
  reads: boolean,
): void {
  if (repo !== undefined && !sees(token, repo)) fail(404, "Not Found");
  if (token === undefined) {
    if (!reads || ADMINISTRATIVE.has(permission)) fail(401, "Requires authentication");
    return;
  }
  const wanted = reads ? "read" : "write";
  const accepted = permission.split("|");
  const granted = accepted.map((one) => token.permissions?.[one]);
  const allowed =
    token.permissions === undefined ||
    granted.includes("write") ||
    granted.includes(wanted) ||
    (permission === "metadata" && reads);
  const locked = repo?.readOnly === true && (!reads || ADMINISTRATIVE.has(permission));
  if (!allowed || locked) refuse(accepted.map((one) => `${one}=${wanted}`).join("; "));
}

/** GitHub's 403 for a token that lacks permissions. */
export function refuse(accepted: string): never {
  fail(403, "Resource not accessible by personal access token", undefined, {
    "x-accepted-github-permissions": accepted,
  });
}

/** Whether the token may know of the repository. */
export function sees(token: Token | undefined, repo: Repository): boolean {
  if (!repo.private) return true;
  if (token === undefined) return false;
  const full = `${repo.owner}/${repo.name}`.toLowerCase();
  return (
    token.repositories?.some((name) => [full, repo.name.toLowerCase()].includes(name.toLowerCase())) ?? true
  );
}
