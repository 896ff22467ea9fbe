import { type Answer, type Call, created, noContent, ok, page, type Route, route } from "../call.ts";
import { fail, found, invalid } from "../errors.ts";
import { type Json, type Numbered, now } from "../repository.ts";
import { accountView } from "../views.ts";

const nextNumber = (call: Call) => call.repo.issues.size + call.repo.pulls.size + 1;

function labelView(call: Call, name: string): Json {
  const known = call.repo.labels.get(name.toLowerCase());
  return known ?? { id: call.github.nextId(), name, color: "ededed", default: false, description: null };
}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.map((one) => (typeof one === "string" ? one : String(one?.name))) : [];

/** What issues and pull requests have in common. */
function draft(call: Call, kind: "issues" | "pull"): Numbered {
  const number = nextNumber(call);
  const { owner, name } = call.repo;
  const id = call.github.nextId();
  return {
    id,
    node_id: `I_${id}`,
    number,
    title: call.need("title"),
    body: call.body.body ?? null,
    state: "open",
    state_reason: null,
    user: accountView(call, call.login),
    labels: texts(call.body.labels).map((label) => labelView(call, label)),
    assignees: texts(call.body.assignees).map((login) => accountView(call, login)),
    comments: 0,
    created_at: now(),
    updated_at: now(),
    closed_at: null,
    url: `${call.repoUrl}/${kind === "pull" ? "pulls" : "issues"}/${number}`,
    html_url: `${call.origin}/${owner}/${name}/${kind}/${number}`,
  };
}

function createIssue(call: Call): Answer {
  if (call.repo.settings.has_issues === false) fail(410, "Issues has been disabled in this repository.");
  const issue = draft(call, "issues");
  call.repo.issues.set(issue.number, issue);
  return created(issue);
}

/** An issue or a pull request: GitHub counts both as issues. */
function issue(call: Call): Numbered {
  const number = call.id("number");
  return found(call.repo.issues.get(number) ?? call.repo.pulls.get(number));
}

function listIssues(call: Call): Answer {
  const state = call.query.get("state") ?? "open";
  const labels = (call.query.get("labels") ?? "").split(",").filter(Boolean);
  const creator = call.query.get("creator");
  const all = [...call.repo.issues.values()].reverse().filter((one) => {
    const names = texts(one.labels);
    return (
      (state === "all" || one.state === state) &&
      labels.every((label) => names.includes(label)) &&
      (creator === null || (one.user as Json).login === creator)
    );
  });
  return page(call, all);
}

/** Takes over what the request names; closing and opening leave their time. */
function edit(call: Call, target: Numbered, fields: readonly string[]): Answer {
  for (const field of fields) if (call.body[field] !== undefined) target[field] = call.body[field];
  if (call.body.labels !== undefined) {
    target.labels = texts(call.body.labels).map((label) => labelView(call, label));
  }
  target.closed_at = target.state === "closed" ? now() : null;
  target.updated_at = now();
  return ok(target);
}

function comment(call: Call): Answer {
  const target = issue(call);
  const body = call.need("body");
  const comments = call.repo.comments.get(target.number) ?? [];
  const user = accountView(call, call.login);
  const added = { id: call.github.nextId(), body, user, created_at: now(), updated_at: now() };
  call.repo.comments.set(target.number, [...comments, added]);
  target.comments = comments.length + 1;
  return created(added);
}

function createLabel(call: Call): Answer {
  const name = call.need("name");
  const { color = "ededed", description = null } = call.body;
  if (call.repo.labels.has(name.toLowerCase())) invalid("Label", "name", "already_exists");
  if (!/^[0-9a-f]{6}$/i.test(String(color))) invalid("Label", "color", "invalid");
  const id = call.github.nextId();
  const url = `${call.repoUrl}/labels/${encodeURIComponent(name)}`;
  const label = { id, node_id: `LA_${id}`, url, name, color, default: false, description };
  call.repo.labels.set(name.toLowerCase(), label);
  return created(label);
}

const label = (call: Call) => found(call.repo.labels.get(call.param("name").toLowerCase()));

function updateLabel(call: Call): Answer {
  const before = label(call);
  const { new_name: newName, color = before.color, description = before.description } = call.body;
  const name = typeof newName === "string" ? newName : before.name;
  call.repo.labels.delete(call.param("name").toLowerCase());
  const next = { ...before, name, color, description };
  call.repo.labels.set(String(name).toLowerCase(), next);
  return ok(next);
}

function addLabels(call: Call): Answer {
  const target = issue(call);
  const names = [...texts(target.labels), ...texts(call.body.labels)];
  target.labels = [...new Set(names)].map((label) => labelView(call, label));
  return ok(target.labels);
}

const R = "/repos/:owner/:repo";
/** Comments and labels of pull requests need no right to issues. */
const EITHER = "issues|pull_requests";
const ISSUE_FIELDS = ["title", "body", "state", "state_reason", "assignees"];

/** Issues, their comments, and labels. */
export const issueRoutes: readonly Route[] = [
  route("GET", `${R}/issues`, "issues", listIssues),
  route("POST", `${R}/issues`, "issues", createIssue),
  route("GET", `${R}/issues/:number`, "issues", (call) => ok(issue(call))),
  route("PATCH", `${R}/issues/:number`, "issues", (call) => edit(call, issue(call), ISSUE_FIELDS)),
  route("GET", `${R}/issues/:number/comments`, EITHER, (call) =>
    page(call, call.repo.comments.get(issue(call).number) ?? []),
  ),
  route("POST", `${R}/issues/:number/comments`, EITHER, comment),
  route("POST", `${R}/issues/:number/labels`, EITHER, addLabels),
  route("GET", `${R}/labels`, "issues", (call) => page(call, [...call.repo.labels.values()])),
  route("POST", `${R}/labels`, "issues", createLabel),
  route("GET", `${R}/labels/:name`, "issues", (call) => ok(label(call))),
  route("PATCH", `${R}/labels/:name`, "issues", updateLabel),
  route("DELETE", `${R}/labels/:name`, "issues", (call) => {
    label(call);
    call.repo.labels.delete(call.param("name").toLowerCase());
    return noContent;
  }),
];

/** Shared with pull requests, which are issues with a branch. */
export const shared = { draft, edit };
