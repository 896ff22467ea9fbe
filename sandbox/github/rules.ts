import { fail } from "./errors.ts";
import type { Json, Repository } from "./repository.ts";
import type { Token } from "./state.ts";

/** What happens to a ref. */
export type RefAction = "create" | "update" | "force" | "delete";

const FORBIDS: Readonly<Record<RefAction, Readonly<Record<string, string>>>> = {
  create: { creation: "Cannot create ref due to creations being restricted." },
  update: { pull_request: "Changes must be made through a pull request." },
  force: {
    pull_request: "Changes must be made through a pull request.",
    non_fast_forward: "Cannot force-push to this branch",
  },
  delete: { deletion: "Cannot delete this branch" },
};

/** Ends the request where an active ruleset forbids this and lets the token not pass. */
export function guardRef(repo: Repository, ref: string, action: RefAction, token: Token = {}): void {
  const faults = violations(repo, ref, action, token);
  if (faults.length > 0) fail(409, `Repository rule violations found\n\n${faults.join("\n\n")}\n\n`);
}

/** What the repository's rulesets say against it. */
export function violations(repo: Repository, ref: string, action: RefAction, token: Token = {}): string[] {
  const rulesets = [...repo.rulesets.values()].filter((ruleset) => {
    return ruleset.enforcement === "active" && covers(repo, ruleset, ref) && !bypasses(ruleset, token);
  });
  const types = rulesets.flatMap((ruleset) => list(ruleset.rules).map((rule) => String(rule.type)));
  const texts = types.map((type) => FORBIDS[action][type]);
  return [...new Set(texts.filter((text) => text !== undefined))];
}

const list = (value: unknown): Json[] => (Array.isArray(value) ? value : []);

function covers(repo: Repository, ruleset: Json, ref: string): boolean {
  const kind = ruleset.target === "tag" ? "refs/tags/" : "refs/heads/";
  if (!ref.startsWith(kind)) return false;
  const names = (ruleset.conditions as { ref_name?: { include?: string[]; exclude?: string[] } } | null)
    ?.ref_name;
  const matches = (pattern: string) =>
    pattern === "~ALL" ||
    (pattern === "~DEFAULT_BRANCH" ? ref === `refs/heads/${repo.defaultBranch}` : glob(pattern).test(ref));
  return (names?.include ?? []).some(matches) && !(names?.exclude ?? []).some(matches);
}

/** A pattern of fnmatch's kind: `*` within a segment, `**` across. */
function glob(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(
    `^${escaped.replace(/\*\*|\*|\?/g, (star) => ({ "**": ".*", "*": "[^/]*" })[star] ?? ".")}$`,
  );
}

/** Role ids of GitHub: 5 is the repository's admin. */
const ADMIN_ROLE = 5;

function bypasses(ruleset: Json, token: Token): boolean {
  const admin = token.app === undefined && (token.role ?? "admin") === "admin";
  return list(ruleset.bypass_actors).some((actor) => {
    if (actor.bypass_mode === "pull_request") return false;
    if (actor.actor_type === "Integration") return actor.actor_id === token.app;
    if (actor.actor_type === "OrganizationAdmin") return admin;
    return actor.actor_type === "RepositoryRole" && actor.actor_id === ADMIN_ROLE && admin;
  });
}
