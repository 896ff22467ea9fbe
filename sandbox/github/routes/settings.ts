import { type Answer, type Call, created, noContent, ok, page, type Route, route } from "../call.ts";
import { fail, found } from "../errors.ts";
import { type Environment, type Json, now } from "../repository.ts";
import { SecretStore } from "../secrets.ts";

const onFreePrivate = (call: Call) => call.github.plan === "free" && call.repo.private;

function pagesView(call: Call): Json {
  const { owner, name } = call.repo;
  const page = found(call.repo.pages);
  const cname = page.cname ?? null;
  const site = cname === null ? `${owner}.github.io/${name}/` : `${cname}/`;
  return {
    url: `${call.repoUrl}/pages`,
    status: null,
    cname,
    custom_404: false,
    html_url: `https://${site}`,
    build_type: page.build_type,
    ...(page.source !== undefined && { source: page.source }),
    public: page.public ?? true,
    https_enforced: page.https_enforced ?? true,
  };
}

/** The source as Pages keeps it; its branch must be there. */
function pagesSource(call: Call): Json | undefined {
  const source = call.body.source as { branch?: string; path?: string } | undefined;
  if (source?.branch === undefined) return undefined;
  if (call.repo.git.head(source.branch) === undefined) {
    fail(422, "Validation Failed", [
      `The ${source.branch} branch must exist before GitHub Pages can be built.`,
    ]);
  }
  return { branch: source.branch, path: source.path ?? "/" };
}

function createPages(call: Call): Answer {
  if (call.repo.pages !== undefined) fail(409, "GitHub Pages is already enabled.");
  if (onFreePrivate(call)) fail(422, "Your current plan does not support GitHub Pages for this repository.");
  const buildType = call.body.build_type ?? "legacy";
  const source = pagesSource(call);
  if (buildType === "legacy" && source === undefined)
    fail(422, 'Invalid request.\n\n"source" wasn\'t supplied.');
  call.repo.pages = { build_type: buildType, ...(buildType === "legacy" && { source }) };
  return created(pagesView(call));
}

function updatePages(call: Call): Answer {
  const before = found(call.repo.pages);
  const { cname, build_type: buildType, ...rest } = call.body;
  if (rest.https_enforced === true && cname !== undefined) fail(404, "The certificate does not exist yet");
  const source = pagesSource(call);
  const next: Json = { ...before, ...rest, source: source ?? before.source };
  if (cname !== undefined) next.cname = cname === "" ? null : cname;
  if (buildType !== undefined) next.build_type = buildType;
  if (next.build_type === "workflow") delete next.source;
  call.repo.pages = next;
  return noContent;
}

function deletePages(call: Call): Answer {
  found(call.repo.pages);
  call.repo.pages = undefined;
  return noContent;
}

function pagesBuild(call: Call): Json {
  found(call.repo.pages);
  const commit = call.repo.git.head(call.repo.defaultBranch) ?? null;
  const url = `${call.repoUrl}/pages/builds/latest`;
  return { url, status: "built", error: { message: null }, commit, created_at: now(), updated_at: now() };
}

function deploy(call: Call, kind: "pages/deployments" | "deployments"): Answer {
  const id = call.github.nextId();
  const deployment = { id, ...call.body, kind, created_at: now(), statuses: [] };
  call.repo.deployments.push(deployment);
  const url = `${call.repoUrl}/${kind}/${id}`;
  return kind === "deployments"
    ? created({ ...deployment, url })
    : ok({ id, status_url: url, page_url: pagesView(call).html_url });
}

function environmentView(call: Call, environment: Environment): Json {
  const { id, name, settings } = environment;
  const reviewers = (settings.reviewers ?? []) as Json[];
  const wait = Number(settings.wait_timer ?? 0);
  const policy = (settings.deployment_branch_policy ?? null) as Json | null;
  const self = settings.prevent_self_review === true;
  const people = reviewers.map((one) => ({ type: one.type, reviewer: { id: one.id, login: "bot" } }));
  const rules = [
    ...(wait > 0 ? [{ id: id * 10, type: "wait_timer", wait_timer: wait }] : []),
    ...(people.length > 0
      ? [{ id: id * 10 + 1, type: "required_reviewers", prevent_self_review: self, reviewers: people }]
      : []),
    ...(policy === null ? [] : [{ id: id * 10 + 2, type: "branch_policy" }]),
  ];
  return {
    id,
    node_id: `EN_${id}`,
    name,
    url: `${call.repoUrl}/environments/${encodeURIComponent(name)}`,
    created_at: environment.createdAt,
    updated_at: environment.updatedAt,
    can_admins_bypass: settings.can_admins_bypass ?? true,
    protection_rules: rules,
    deployment_branch_policy: policy,
  };
}

const environment = (call: Call) =>
  found(call.repo.environments.get(call.param("environment").toLowerCase()));

function putEnvironment(call: Call): Answer {
  const name = call.param("environment");
  const before = call.repo.environments.get(name.toLowerCase());
  const { wait_timer: wait, reviewers, deployment_branch_policy: policy } = call.body;
  const guarded =
    Number(wait ?? 0) > 0 || (Array.isArray(reviewers) && reviewers.length > 0) || Boolean(policy);
  if (guarded && onFreePrivate(call)) {
    const hint = "Please ensure the billing plan supports the required protection rule.";
    fail(422, `Failed to create the environment protection rule. ${hint}`);
  }
  const next: Environment = {
    id: before?.id ?? call.github.nextId(),
    name: before?.name ?? name,
    settings: call.body,
    policies: before?.policies ?? new Map(),
    secrets: before?.secrets ?? new SecretStore(),
    createdAt: before?.createdAt ?? now(),
    updatedAt: now(),
  };
  call.repo.environments.set(name.toLowerCase(), next);
  return ok(environmentView(call, next));
}

function listEnvironments(call: Call): Answer {
  const all = [...call.repo.environments.values()].map((one) => environmentView(call, one));
  return page(call, all, (environments) => ({ total_count: all.length, environments }));
}

function deleteEnvironment(call: Call): Answer {
  call.repo.environments.delete(environment(call).name.toLowerCase());
  return noContent;
}

function policyView(call: Call, id: number): Json {
  return { id, node_id: `GBP_${id}`, ...found(environment(call).policies.get(id)) };
}

function putPolicy(call: Call, id: number): Answer {
  const { policies, settings } = environment(call);
  const custom = (settings.deployment_branch_policy as Json | null)?.custom_branch_policies;
  if (custom !== true) fail(404, "Not Found");
  const type = String(call.body.type ?? policies.get(id)?.type ?? "branch");
  policies.set(id, { name: call.need("name"), type });
  return ok(policyView(call, id));
}

function listPolicies(call: Call): Answer {
  const all = [...environment(call).policies.keys()].map((id) => policyView(call, id));
  return page(call, all, (part) => ({ total_count: all.length, branch_policies: part }));
}

function deletePolicy(call: Call): Answer {
  found(environment(call).policies.delete(call.id("id")) || undefined);
  return noContent;
}

function needRulesets(call: Call): void {
  if (!onFreePrivate(call)) return;
  fail(403, "Upgrade to GitHub Pro or make this repository public to enable this feature.");
}

function rulesetView(call: Call, id: number): Json {
  const ruleset = found(call.repo.rulesets.get(id));
  const source = { source_type: "Repository", source: `${call.repo.owner}/${call.repo.name}` };
  return { ...ruleset, id, node_id: `RRS_${id}`, ...source, current_user_can_bypass: "always" };
}

function putRuleset(call: Call, id: number, before: Json): Answer {
  const { source: _, source_type: __, ...body } = call.body;
  call.need("name");
  if (typeof body.enforcement !== "string") fail(422, 'Invalid request.\n\n"enforcement" wasn\'t supplied.');
  const time = { created_at: before.created_at ?? now(), updated_at: now() };
  call.repo.rulesets.set(id, { target: "branch", bypass_actors: [], ...before, ...body, id, ...time });
  return ok(rulesetView(call, id));
}

function listRulesets(call: Call): Answer {
  needRulesets(call);
  return page(
    call,
    [...call.repo.rulesets.keys()].map((id) => {
      const { rules: _, conditions: __, bypass_actors: ___, ...summary } = rulesetView(call, id);
      return summary;
    }),
  );
}

function createRuleset(call: Call): Answer {
  needRulesets(call);
  return { ...putRuleset(call, call.github.nextId(), {}), status: 201 };
}

function deleteRuleset(call: Call): Answer {
  found(call.repo.rulesets.delete(call.id("id")) || undefined);
  return noContent;
}

const R = "/repos/:owner/:repo";
const E = `${R}/environments/:environment`;
const P = `${E}/deployment-branch-policies`;
const newId = (call: Call) => call.github.nextId();
const oldId = (call: Call) => {
  found(environment(call).policies.get(call.id("id")));
  return call.id("id");
};

/** Pages, deployments, environments and rulesets. */
export const settingsRoutes: readonly Route[] = [
  route("GET", `${R}/pages`, "pages", (call) => ok(pagesView(call))),
  route("POST", `${R}/pages`, "pages", createPages),
  route("PUT", `${R}/pages`, "pages", updatePages),
  route("DELETE", `${R}/pages`, "pages", deletePages),
  route("POST", `${R}/pages/builds`, "pages", (call) => created({ ...pagesBuild(call), status: "queued" })),
  route("GET", `${R}/pages/builds/latest`, "pages", (call) => ok(pagesBuild(call))),
  route("POST", `${R}/pages/deployments`, "pages", (call) => deploy(call, "pages/deployments")),
  route("GET", `${R}/pages/deployments/:id`, "pages", () => ok({ status: "succeed" })),
  route("GET", `${R}/deployments`, "deployments", (call) => page(call, call.repo.deployments)),
  route("POST", `${R}/deployments`, "deployments", (call) => deploy(call, "deployments")),
  route("GET", `${R}/environments`, "actions", listEnvironments),
  route("GET", E, "actions", (call) => ok(environmentView(call, environment(call)))),
  route("PUT", E, "administration", putEnvironment),
  route("DELETE", E, "administration", deleteEnvironment),
  route("GET", P, "actions", listPolicies),
  route("POST", P, "administration", (call) => putPolicy(call, newId(call))),
  route("GET", `${P}/:id`, "actions", (call) => ok(policyView(call, call.id("id")))),
  route("PUT", `${P}/:id`, "administration", (call) => putPolicy(call, oldId(call))),
  route("DELETE", `${P}/:id`, "administration", deletePolicy),
  route("GET", `${R}/rulesets`, "metadata", listRulesets),
  route("POST", `${R}/rulesets`, "administration", createRuleset),
  route("GET", `${R}/rulesets/:id`, "metadata", (call) => ok(rulesetView(call, call.id("id")))),
  route("PUT", `${R}/rulesets/:id`, "administration", (call) =>
    putRuleset(call, call.id("id"), found(call.repo.rulesets.get(call.id("id")))),
  ),
  route("DELETE", `${R}/rulesets/:id`, "administration", deleteRuleset),
];
