import { parse } from "yaml";
import { type Answer, type Call, created, noContent, ok, page, type Route, route } from "../call.ts";
import { fail, found } from "../errors.ts";
import { type Json, now, type Repository } from "../repository.ts";
import { accountView } from "../views.ts";

const FOLDER = ".github/workflows";

/** A workflow file as a branch has it. */
interface Workflow {
  readonly id: number;
  readonly path: string;
  readonly content: Json;
}

function contentOf(source: string): Json {
  try {
    const content: unknown = parse(source);
    return typeof content === "object" && content !== null ? (content as Json) : {};
  } catch {
    // GitHub lists a workflow that it cannot read; it only never runs.
    return {};
  }
}

/** The id that a workflow's path got when it was first seen. */
function workflowId(call: Call, path: string): number {
  const { workflowIds } = call.repo;
  const id = workflowIds.get(path) ?? call.github.nextId();
  workflowIds.set(path, id);
  return id;
}

/** The workflows of a commit. */
function workflowsOf(call: Call, sha: string | undefined): Workflow[] {
  const { git } = call.repo;
  const folder = sha === undefined ? undefined : git.entryAt(git.commit(sha).tree, FOLDER);
  const entries =
    folder === undefined ? [] : git.tree(folder.sha).filter(({ name }) => /\.ya?ml$/.test(name));
  return entries.map(({ name, sha }) => {
    const path = `${FOLDER}/${name}`;
    return { id: workflowId(call, path), path, content: contentOf(git.blob(sha).toString()) };
  });
}

/** The workflow that the path names by id or file name. */
function pick(call: Call, sha: string | undefined): Workflow {
  const wanted = call.param("workflow");
  const matches = ({ id, path }: Workflow) => String(id) === wanted || path === `${FOLDER}/${wanted}`;
  return found(workflowsOf(call, sha).find(matches));
}

const onDefaultBranch = (repo: Repository) => repo.git.head(repo.defaultBranch);

function workflowView(call: Call, { id, path, content }: Workflow): Json {
  const state = call.repo.disabledWorkflows.has(path) ? "disabled_manually" : "active";
  const url = `${call.repoUrl}/actions/workflows/${id}`;
  return { id, node_id: `W_${id}`, name: content.name ?? path, path, state, url };
}

function setDisabled(call: Call, disabled: boolean): Answer {
  const { path } = pick(call, onDefaultBranch(call.repo));
  if (disabled) call.repo.disabledWorkflows.add(path);
  else call.repo.disabledWorkflows.delete(path);
  return noContent;
}

/** The inputs that the workflow declares for a dispatch; undefined where it takes none by hand. */
function declaredInputs(content: Json): Record<string, Json | null> | undefined {
  const on = content.on;
  if (on === "workflow_dispatch" || (Array.isArray(on) && on.includes("workflow_dispatch"))) return {};
  if (typeof on !== "object" || on === null || !("workflow_dispatch" in on)) return undefined;
  const trigger = on.workflow_dispatch as { inputs?: Record<string, Json | null> } | null;
  return trigger?.inputs ?? {};
}

/** What the run gets: given inputs, and defaults for the others. */
function effectiveInputs(content: Json, given: Json): Record<string, string> {
  const declared = declaredInputs(content);
  if (declared === undefined) return fail(422, "Workflow does not have 'workflow_dispatch' trigger");
  const unexpected = Object.keys(given).filter((name) => !Object.hasOwn(declared, name));
  if (unexpected.length > 0) fail(422, `Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
  const entries = Object.entries(declared).map(([name, input]) => {
    const value = given[name] ?? input?.default;
    if (value === undefined && input?.required === true) fail(422, `Required input '${name}' not provided`);
    return [name, String(value ?? "")] as const;
  });
  return Object.fromEntries(entries);
}

function dispatch(call: Call): Answer {
  const { repo, github, body } = call;
  const ref = call.need("ref");
  const sha = repo.git.resolve(ref);
  if (sha === undefined) return fail(422, `No ref found for: ${ref}`);
  const workflow = pick(call, sha);
  if (repo.disabledWorkflows.has(workflow.path))
    fail(422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow");
  const inputs = effectiveInputs(workflow.content, (body.inputs ?? {}) as Json);
  const id = github.nextId();
  const html_url = `${call.origin}/${repo.owner}/${repo.name}/actions/runs/${id}`;
  const url = `${call.repoUrl}/actions/runs/${id}`;
  const branch = ref.replace(/^refs\/(heads|tags)\//, "");
  repo.dispatches.push({ workflow: workflow.path, ref: branch, inputs, runId: id });
  const actor = accountView(call, call.login);
  repo.runs.unshift({
    id,
    name: workflow.content.name ?? workflow.path,
    head_branch: branch,
    head_sha: sha,
    path: workflow.path,
    workflow_id: workflow.id,
    run_number: repo.runs.length + 1,
    run_attempt: 1,
    event: "workflow_dispatch",
    status: "queued",
    conclusion: null,
    created_at: now(),
    updated_at: now(),
    url,
    html_url,
    actor,
  });
  const detailed =
    body.return_run_details === true || (call.header("x-github-api-version") ?? "") >= "2026-03-10";
  return detailed ? ok({ workflow_run_id: id, run_url: url, html_url }) : noContent;
}

function listRuns(call: Call, workflow?: Workflow): Answer {
  const filters = { head_branch: "branch", event: "event", status: "status", head_sha: "head_sha" } as const;
  const runs = call.repo.runs.filter((run) => {
    const wanted = Object.entries(filters).every(([field, key]) => {
      const value = call.query.get(key);
      return value === null || run[field] === value || (key === "status" && run.conclusion === value);
    });
    return wanted && (workflow === undefined || run.workflow_id === workflow.id);
  });
  return page(call, runs, (workflow_runs) => ({ total_count: runs.length, workflow_runs }));
}

function listWorkflows(call: Call): Answer {
  const all = workflowsOf(call, onDefaultBranch(call.repo)).map((one) => workflowView(call, one));
  return page(call, all, (workflows) => ({ total_count: all.length, workflows }));
}

/** GET and PUT of a settings object that is kept as it is sent. */
function settingRoutes(path: string, field: "actions" | "selectedActions" | "workflowPermissions"): Route[] {
  const permission = "administration";
  return [
    route("GET", path, permission, (call) => ok(call.repo[field])),
    route("PUT", path, permission, (call) => {
      if (field === "workflowPermissions") refuseIfWithheld(call);
      call.repo[field] = { ...call.repo[field], ...call.body };
      return noContent;
    }),
  ];
}

/** The organization's settings win over those of its repositories. */
function refuseIfWithheld(call: Call): void {
  const account = call.github.accounts.get(call.repo.owner.toLowerCase());
  const withheld = account?.workflowPermissions.can_approve_pull_request_reviews === false;
  if (withheld && call.body.can_approve_pull_request_reviews === true) {
    fail(409, "Conflict: the organization does not allow GitHub Actions to create or approve pull requests");
  }
}

const organizationOf = (call: Call) => found(call.github.accounts.get(call.param("org").toLowerCase()));

const ORG_WORKFLOW = "/orgs/:org/actions/permissions/workflow";
const A = "/repos/:owner/:repo/actions";
const W = `${A}/workflows/:workflow`;
const workflow = (call: Call) => pick(call, onDefaultBranch(call.repo));
const run = (call: Call) => found(call.repo.runs.find((one) => one.id === call.id("id")));

/** Workflows, their dispatches and runs, and what Actions may do. */
export const actionRoutes: readonly Route[] = [
  ...settingRoutes(`${A}/permissions`, "actions"),
  ...settingRoutes(`${A}/permissions/selected-actions`, "selectedActions"),
  ...settingRoutes(`${A}/permissions/workflow`, "workflowPermissions"),
  route("GET", ORG_WORKFLOW, "organization_administration", (call) =>
    ok(organizationOf(call).workflowPermissions),
  ),
  route("PUT", ORG_WORKFLOW, "organization_administration", (call) => {
    const account = organizationOf(call);
    account.workflowPermissions = { ...account.workflowPermissions, ...call.body };
    return noContent;
  }),
  route("GET", `${A}/workflows`, "actions", listWorkflows),
  route("GET", W, "actions", (call) => ok(workflowView(call, workflow(call)))),
  route("PUT", `${W}/enable`, "actions", (call) => setDisabled(call, false)),
  route("PUT", `${W}/disable`, "actions", (call) => setDisabled(call, true)),
  route("POST", `${W}/dispatches`, "actions", dispatch),
  route("GET", `${W}/runs`, "actions", (call) => listRuns(call, workflow(call))),
  route("GET", `${A}/runs`, "actions", (call) => listRuns(call)),
  route("GET", `${A}/runs/:id`, "actions", (call) => ok(run(call))),
  route("POST", "/repos/:owner/:repo/releases", "contents", (call) => {
    const release = {
      id: call.github.nextId(),
      draft: false,
      prerelease: false,
      ...call.body,
      created_at: now(),
    };
    call.repo.releases.unshift({ ...release, tag_name: call.need("tag_name") });
    return created(call.repo.releases[0]);
  }),
  route("GET", "/repos/:owner/:repo/releases", "contents", (call) => page(call, call.repo.releases)),
];
