import { type Answer, type Call, created, ok, page, type Route, route } from "../call.ts";
import { fail, found, invalid } from "../errors.ts";
import type { GitRepository } from "../git-repository.ts";
import { committerNow, type Json, moveRef, type Numbered, now } from "../repository.ts";
import { guardRef } from "../rules.ts";
import { accountView, repositoryView } from "../views.ts";
import { shared } from "./issues.ts";

function side(call: Call, ref: string, sha: unknown): Json {
  const { owner } = call.repo;
  return { label: `${owner}:${ref}`, ref, sha, user: accountView(call, owner), repo: repositoryView(call) };
}

/** The head of a branch, or where it was last. */
const tip = ({ repo }: Call, { ref, sha }: Json) => repo.git.head(String(ref)) ?? sha ?? null;

/** The pull request with its two sides as they are now; one that is closed or merged keeps the head that it had then. */
function pullView(call: Call, pull: Numbered): Json {
  const { head, base, ...rest } = pull as Numbered & { head: Json; base: Json };
  const isOpen = pull.state === "open";
  return {
    ...rest,
    head: side(call, String(head.ref), isOpen ? tip(call, head) : head.sha),
    base: side(call, String(base.ref), tip(call, base)),
    mergeable: isOpen ? true : null,
  };
}

const pull = (call: Call) => found(call.repo.pulls.get(call.id("number")));

/** The branch, with or without `owner:` before it. */
const branchOf = (call: Call, head: string) =>
  head.toLowerCase().startsWith(`${call.repo.owner.toLowerCase()}:`)
    ? head.slice(call.repo.owner.length + 1)
    : head;

function createPull(call: Call): Answer {
  const { repo } = call;
  const allowed = repo.workflowPermissions.can_approve_pull_request_reviews === true;
  if (call.login === "github-actions[bot]" && !allowed) {
    fail(403, "GitHub Actions is not permitted to create or approve pull requests.");
  }
  const head = branchOf(call, call.need("head"));
  const base = call.need("base");
  const [from, to] = [repo.git.head(head), repo.git.head(base)];
  if (from === undefined) return invalid("PullRequest", "head", "invalid");
  if (to === undefined) return invalid("PullRequest", "base", "invalid");
  const isSame = (one: Numbered) =>
    one.state === "open" && (one.head as Json).ref === head && (one.base as Json).ref === base;
  const custom = (message: string) =>
    fail(422, "Validation Failed", [{ resource: "PullRequest", code: "custom", message }]);
  if ([...repo.pulls.values()].some(isSame))
    custom(`A pull request already exists for ${repo.owner}:${head}.`);
  if (repo.git.isAncestor(from, to)) custom(`No commits between ${base} and ${head}`);
  const opened = {
    ...shared.draft(call, "pull"),
    head: { ref: head, sha: from },
    base: { ref: base, sha: to },
    draft: call.body.draft === true,
    maintainer_can_modify: call.body.maintainer_can_modify === true,
    merged: false,
    merged_at: null,
    merge_commit_sha: null,
    requested_reviewers: [],
    requested_teams: [],
  };
  repo.pulls.set(opened.number, opened);
  return created(pullView(call, opened));
}

function listPulls(call: Call): Answer {
  const state = call.query.get("state") ?? "open";
  const head = call.query.get("head");
  const base = call.query.get("base");
  const all = [...call.repo.pulls.values()].reverse().filter((one) => {
    const ref = (point: string) => (one[point] as Json).ref;
    return (
      (state === "all" || one.state === state) &&
      (head === null || ref("head") === branchOf(call, head)) &&
      (base === null || ref("base") === base)
    );
  });
  return page(
    call,
    all.map((one) => pullView(call, one)),
  );
}

function updatePull(call: Call): Answer {
  const target = pull(call);
  if (typeof call.body.base === "string") {
    target.base = { ref: call.body.base, sha: found(call.repo.git.head(call.body.base)) };
  }
  const head = target.head as Json;
  if (target.state === "open") target.head = { ...head, sha: tip(call, head) };
  shared.edit(call, target, ["title", "body", "state", "maintainer_can_modify"]);
  return ok(pullView(call, target));
}

/** The nearest commit that both heads come from. */
function mergeBase(git: GitRepository, ours: string, theirs: string): string | undefined {
  const known = new Set(git.history(ours));
  for (const sha of git.history(theirs)) if (known.has(sha)) return sha;
  return undefined;
}

/** The tree with theirs brought into ours by whole files; undefined where both changed one file. */
function mergedTree(git: GitRepository, ours: string, theirs: string): string | undefined {
  const base = mergeBase(git, ours, theirs);
  const files = (sha: string | undefined) =>
    sha === undefined ? new Map() : git.files(git.commit(sha).tree);
  const [before, mine, other] = [files(base), files(ours), files(theirs)];
  const changed = [...new Set([...before.keys(), ...other.keys()])].filter(
    (path) => before.get(path)?.sha !== other.get(path)?.sha,
  );
  const conflict = changed.some((path) => {
    const held = mine.get(path)?.sha;
    return held !== before.get(path)?.sha && held !== other.get(path)?.sha;
  });
  if (conflict) return undefined;
  return git.edit(git.commit(ours).tree, new Map(changed.map((path) => [path, other.get(path)])));
}

function merge(call: Call): Answer {
  const { repo, body } = call;
  const target = pull(call);
  const head = repo.git.head(String((target.head as Json).ref));
  const base = String((target.base as Json).ref);
  const ours = repo.git.head(base);
  if (target.state !== "open" || head === undefined || ours === undefined) {
    return fail(405, "Pull Request is not mergeable");
  }
  if (typeof body.sha === "string" && body.sha !== head) {
    fail(409, "Head branch was modified. Review and try the merge again.");
  }
  guardRef(repo, `refs/heads/${base}`, "create", call.token);
  const tree = mergedTree(repo.git, ours, head);
  if (tree === undefined) return fail(405, "Pull Request is not mergeable");
  const person = committerNow(call.login);
  const parents = body.merge_method === "squash" ? [ours] : [ours, head];
  const message = String(body.commit_title ?? `Merge pull request #${target.number}`);
  const sha = repo.git.putCommit({ tree, parents, author: person, committer: person, message });
  moveRef(repo, `refs/heads/${base}`, sha);
  Object.assign(target, {
    state: "closed",
    head: { ...(target.head as Json), sha: head },
    merged: true,
    merge_commit_sha: sha,
    merged_at: now(),
    closed_at: now(),
  });
  return ok({ sha, merged: true, message: "Pull Request successfully merged" });
}

function requestReview(call: Call): Answer {
  const target = pull(call);
  const list = (field: string) =>
    Array.isArray(call.body[field]) ? (call.body[field] as unknown[]).map(String) : [];
  target.requested_reviewers = list("reviewers").map((login) => accountView(call, login));
  target.requested_teams = list("team_reviewers").map((slug) => ({ slug, name: slug }));
  return created(pullView(call, target));
}

const P = "/repos/:owner/:repo/pulls";

/** Pull requests between branches of one repository. */
export const pullRoutes: readonly Route[] = [
  route("GET", P, "pull_requests", listPulls),
  route("POST", P, "pull_requests", createPull),
  route("GET", `${P}/:number`, "pull_requests", (call) => ok(pullView(call, pull(call)))),
  route("PATCH", `${P}/:number`, "pull_requests", updatePull),
  route("PUT", `${P}/:number/merge`, "contents", merge),
  route("POST", `${P}/:number/requested_reviewers`, "pull_requests", requestReview),
];
