import { type Answer, type Call, created, noContent, ok, page, type Route, route } from "../call.ts";
import { found } from "../errors.ts";
import { type Json, now } from "../repository.ts";
import { checkName, type Secret, type SecretStore } from "../secrets.ts";
import type { Account } from "../state.ts";
import { repositoryView } from "../views.ts";

/** What GitHub tells of a secret: never its value. */
function secretView(secret: Secret): Json {
  const { name, createdAt, updatedAt, visibility } = secret;
  return {
    name,
    created_at: createdAt,
    updated_at: updatedAt,
    ...(visibility !== undefined && { visibility }),
  };
}

/** The five routes that every store of secrets has. */
function storeRoutes(
  prefix: string,
  permission: string,
  store: (call: Call) => SecretStore,
  extra: (call: Call) => Pick<Secret, "visibility" | "selected"> = () => ({}),
): Route[] {
  const list = (call: Call): Answer => {
    const secrets = [...store(call).secrets.values()].map(secretView);
    return page(call, secrets, (part) => ({ total_count: secrets.length, secrets: part }));
  };
  const put = (call: Call): Answer =>
    store(call).put(call.param("name"), call.body, extra(call)) ? created({}) : noContent;
  const remove = (call: Call): Answer => {
    found(store(call).delete(call.param("name")) || undefined);
    return noContent;
  };
  const get = (call: Call) => ok(secretView(found(store(call).get(call.param("name")))));
  return [
    route("GET", prefix, permission, list),
    route("GET", `${prefix}/public-key`, permission, (call) => ok(store(call).publicKey)),
    route("GET", `${prefix}/:name`, permission, get),
    route("PUT", `${prefix}/:name`, permission, put),
    route("DELETE", `${prefix}/:name`, permission, remove),
  ];
}

const account = (call: Call): Account => found(call.github.accounts.get(call.param("org").toLowerCase()));

const organizationSecret = (call: Call) => found(account(call).secrets.get(call.param("name")));

const ids = (value: unknown) => new Set(Array.isArray(value) ? value.map(Number) : []);

/** Visibility and repositories as the request says, else as they are. */
function audience(call: Call): Pick<Secret, "visibility" | "selected"> {
  const before = account(call).secrets.get(call.param("name"));
  const { visibility, selected_repository_ids: chosen } = call.body;
  const selected = chosen === undefined ? (before?.selected ?? new Set<number>()) : ids(chosen);
  return {
    visibility: typeof visibility === "string" ? visibility : (before?.visibility ?? "private"),
    selected,
  };
}

/** Replaces the repositories that see an organization's secret; its time does not move. */
function select(call: Call, change: (selected: ReadonlySet<number>) => Set<number>): Answer {
  const secret = organizationSecret(call);
  const selected = change(secret.selected ?? new Set());
  account(call).secrets.secrets.set(secret.name, { ...secret, selected });
  return noContent;
}

function selectedRepositories(call: Call): Answer {
  const repos = [...(organizationSecret(call).selected ?? [])].flatMap((id) => {
    const repo = call.github.byId.get(id);
    return repo === undefined ? [] : [repositoryView(call, repo)];
  });
  return page(call, repos, (part) => ({ total_count: repos.length, repositories: part }));
}

const R = "/repos/:owner/:repo";
const ORG = "/orgs/:org/actions/secrets";
const repoId = (call: Call) => found(call.github.byId.get(call.id("id"))).id;

const organizationRoutes: readonly Route[] = [
  ...storeRoutes(ORG, "organization_secrets", (call) => account(call).secrets, audience),
  route("GET", `${ORG}/:name/repositories`, "organization_secrets", selectedRepositories),
  route("PUT", `${ORG}/:name/repositories`, "organization_secrets", (call) =>
    select(call, () => ids(call.body.selected_repository_ids)),
  ),
  route("PUT", `${ORG}/:name/repositories/:id`, "organization_secrets", (call) =>
    select(call, (selected) => new Set([...selected, repoId(call)])),
  ),
  route("DELETE", `${ORG}/:name/repositories/:id`, "organization_secrets", (call) =>
    select(call, (selected) => new Set([...selected].filter((id) => id !== repoId(call)))),
  ),
];

function environmentStore(call: Call): SecretStore {
  return found(call.repo.environments.get(call.param("environment").toLowerCase())).secrets;
}

function createVariable(call: Call): Answer {
  const name = call.need("name").toUpperCase();
  checkName(name);
  if (call.repo.variables.has(name)) {
    return { status: 409, body: { message: "Already exists - Variable already exists" } };
  }
  const time = now();
  const value = String(call.body.value ?? "");
  call.repo.variables.set(name, { name, value, created_at: time, updated_at: time });
  return created({});
}

const variable = (call: Call) => found(call.repo.variables.get(call.param("name").toUpperCase()));

function updateVariable(call: Call): Answer {
  const before = variable(call);
  const { name = before.name, value = before.value } = call.body;
  call.repo.variables.delete(before.name);
  const next = { ...before, name: String(name).toUpperCase(), value: String(value), updated_at: now() };
  call.repo.variables.set(next.name, next);
  return noContent;
}

function listVariables(call: Call): Answer {
  const all = [...call.repo.variables.values()];
  return page(call, all, (variables) => ({ total_count: all.length, variables }));
}

/** Secrets of repositories, environments and organizations, and variables. */
export const secretRoutes: readonly Route[] = [
  ...storeRoutes(`${R}/actions/secrets`, "secrets", (call) => call.repo.secrets),
  ...storeRoutes(`${R}/environments/:environment/secrets`, "environments", environmentStore),
  ...organizationRoutes,
  route("GET", `${R}/actions/variables`, "variables", listVariables),
  route("POST", `${R}/actions/variables`, "variables", createVariable),
  route("GET", `${R}/actions/variables/:name`, "variables", (call) => ok(variable(call))),
  route("PATCH", `${R}/actions/variables/:name`, "variables", updateVariable),
  route("DELETE", `${R}/actions/variables/:name`, "variables", (call) => {
    call.repo.variables.delete(variable(call).name);
    return noContent;
  }),
];
