import { type Answer, type Call, created, noContent, ok, page, type Route, route } from "../call.ts";
import { fail, found, invalid } from "../errors.ts";
import { applySettings, commitChange, type Json, nowAfter, type Repository } from "../repository.ts";
import { accountView, repositoryView } from "../views.ts";

function organization(call: Call): Json {
  const account = call.github.accounts.get(call.param("org").toLowerCase());
  if (account?.type !== "Organization") return fail(404, "Not Found");
  return {
    ...accountView(call, account.login),
    node_id: `O_${account.id}`,
    url: `${call.api}/orgs/${account.login}`,
    name: account.login,
    description: null,
    plan: { name: call.github.plan, private_repos: 9999 },
    default_repository_permission: "read",
    members_can_create_repositories: true,
  };
}

function user(call: Call, login: string): Answer {
  const account = call.github.accounts.get(login.toLowerCase());
  if (account === undefined && login !== call.login) return fail(404, "Not Found");
  return ok({ ...accountView(call, login), name: login, plan: { name: call.github.plan } });
}

/** `public` and `private` in the two ways a request may say it. */
function privacy(body: Json, fallback: boolean): boolean {
  if (typeof body.visibility === "string") return body.visibility !== "public";
  return typeof body.private === "boolean" ? body.private : fallback;
}

function checkedName(name: string): string {
  if (!/^[\w.-]{1,100}$/.test(name) || /^\.+$/.test(name)) invalid("Repository", "name", "invalid");
  return name;
}

function createRepository(call: Call, owner: string): Answer {
  const name = checkedName(call.need("name"));
  const repo = call.github.create(owner, name, { private: privacy(call.body, false) });
  applySettings(repo, call.body);
  if (call.body.auto_init === true) {
    const about = [`# ${name}`, repo.settings.description].filter(Boolean).join("\n");
    const sha = repo.git.put("blob", Buffer.from(about));
    const edits = new Map([["README.md", { mode: "100644", sha }]]);
    commitChange(repo, { branch: repo.defaultBranch, edits, message: "Initial commit" });
  }
  return created(repositoryView(call, repo));
}

function updateRepository(call: Call): Answer {
  const { repo, body } = call;
  if (repo.archived && body.archived !== false) fail(403, "Repository was archived so is read-only.");
  const asPrivate = privacy(body, repo.private);
  // Measured: naming the present visibility is an error, unless the same request archives.
  if (typeof body.visibility === "string" && asPrivate === repo.private && body.archived !== true) {
    fail(422, `Visibility is already ${body.visibility}.`);
  }
  const branch = body.default_branch;
  if (typeof branch === "string" && branch !== repo.defaultBranch) {
    if (repo.git.head(branch) === undefined) {
      const hint = "Please push that ref first or create it via the Git Data API.";
      invalid("Repository", "default_branch", "invalid", `The branch ${branch} was not found. ${hint}`);
    }
    repo.defaultBranch = branch;
  }
  if (typeof body.name === "string" && body.name !== repo.name) {
    call.github.move(repo, repo.owner, checkedName(body.name));
  }
  repo.private = asPrivate;
  repo.archived = body.archived === true;
  applySettings(repo, body);
  repo.updatedAt = nowAfter(repo.updatedAt);
  return ok(repositoryView(call));
}

function transfer(call: Call): Answer {
  const owner = call.need("new_owner");
  const account = found(call.github.accounts.get(owner.toLowerCase()));
  const name = typeof call.body.new_name === "string" ? call.body.new_name : call.repo.name;
  call.github.move(call.repo, account.login, checkedName(name));
  return { status: 202, body: repositoryView(call) };
}

const setAlerts = (on: boolean) => (call: Call) => {
  call.repo.vulnerabilityAlerts = on;
  return noContent;
};

function replaceTopics(call: Call): Answer {
  const names = call.body.names;
  call.repo.topics = Array.isArray(names) ? names.map(String) : [];
  return ok({ names: call.repo.topics });
}

function list(call: Call, repos: readonly Repository[]): Answer {
  return page(
    call,
    repos.map((repo) => repositoryView(call, repo)),
  );
}

const R = "/repos/:owner/:repo";

/** Accounts, repositories and what belongs to them directly. */
export const repositoryRoutes: readonly Route[] = [
  route("GET", "/orgs/:org", "metadata", (call) => ok(organization(call))),
  route("GET", "/orgs/:org/repos", "metadata", (call) => list(call, call.github.of(call.param("org")))),
  route("POST", "/orgs/:org/repos", "administration", (call) =>
    createRepository(call, String(organization(call).login)),
  ),
  route("POST", "/user/repos", "administration", (call) => createRepository(call, call.login)),
  route("GET", "/user", "metadata", (call) => user(call, call.login)),
  route("GET", "/users/:user", "metadata", (call) => user(call, call.param("user"))),
  route("GET", R, "metadata", (call) => ok(repositoryView(call))),
  route("PATCH", R, "administration", updateRepository, { archived: true }),
  route(
    "DELETE",
    R,
    "administration",
    (call) => {
      call.github.remove(call.repo);
      return noContent;
    },
    { archived: true },
  ),
  route("POST", `${R}/transfer`, "administration", transfer),
  route("GET", `${R}/topics`, "metadata", (call) => ok({ names: call.repo.topics })),
  route("PUT", `${R}/topics`, "administration", replaceTopics),
  route("GET", `${R}/vulnerability-alerts`, "administration", (call) =>
    call.repo.vulnerabilityAlerts ? noContent : fail(404, "Vulnerability alerts are disabled."),
  ),
  route("PUT", `${R}/vulnerability-alerts`, "administration", setAlerts(true)),
  route("DELETE", `${R}/vulnerability-alerts`, "administration", setAlerts(false)),
  route("GET", `${R}/collaborators/:user/permission`, "metadata", (call) => {
    const permission = call.repo.readOnly ? "read" : (call.token?.role ?? "admin");
    return ok({ permission, role_name: permission, user: accountView(call, call.param("user")) });
  }),
];
