import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import type { EmulatedGitHub } from "../../sandbox/github/index.ts";
import { expandValue, holds, type Scope } from "./expressions.ts";
import { runSteps, type StepRun, type WorkflowStep } from "./steps.ts";

/** Stands in for an action, or for a step that needs the internet; gives the step's outputs. */
export type StandIn = (step: StandInContext) => Promise<Readonly<Record<string, string>>>;

/** What a stand-in gets. */
export interface StandInContext {
  readonly with: Readonly<Record<string, string>>;
  readonly github: EmulatedGitHub;
  /** `owner/name`. */
  readonly repository: string;
  readonly ref: string;
  /** The job's own token. */
  readonly token: string;
  readonly workspace: string;
  /** The job's RUNNER_TEMP. */
  readonly temp: string;
  /** Folder that outlives the job and dies with the run. */
  readonly artifacts: string;
  /** Adds a folder to the front of the job's PATH. */
  addPath(folder: string): void;
}

/** What a run is started with. */
export interface RunRequest {
  readonly github: EmulatedGitHub;
  /** `owner/name`. */
  readonly repository: string;
  /** Path of the workflow on `branch`. */
  readonly workflow: string;
  /** @default the default branch */
  readonly branch?: string;
  readonly event: "push" | "schedule" | "workflow_dispatch";
  readonly inputs?: Readonly<Record<string, unknown>>;
  /** By `owner/action`, path included, or by a step's name. Every `uses` needs one. */
  readonly standIns: Readonly<Record<string, StandIn>>;
  /** Variables of the runner itself, over PATH and HOME. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly onOutput?: (text: string) => void;
}

/** How one job ended. */
export interface JobRun {
  readonly result: "success" | "failure" | "skipped";
  readonly outputs: Readonly<Record<string, string>>;
  readonly steps: readonly StepRun[];
}

/** How a run ended. */
export interface WorkflowRun {
  readonly conclusion: "success" | "failure";
  readonly jobs: Readonly<Record<string, JobRun>>;
  /** Markdown of all jobs' summaries. */
  readonly summary: string;
  /** Everything that was printed. */
  readonly output: string;
}

interface Workflow {
  readonly name?: string;
  readonly on: Record<string, { inputs?: Record<string, { default?: unknown }> } | null>;
  readonly jobs: Record<string, Job>;
}

interface Job {
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Record<string, unknown>;
  readonly secrets?: "inherit" | Record<string, string>;
  readonly permissions?: Record<string, "read" | "write">;
  readonly environment?: string | { readonly name: string };
  readonly env?: Record<string, unknown>;
  readonly outputs?: Record<string, string>;
  readonly steps?: readonly WorkflowStep[];
}

/**
 * Runs a workflow of a repository of the emulated GitHub as the runner would: jobs in the order of their needs, expressions evaluated by
 * GitHub's own library, `run` blocks as written and by bash, each job with a token that has the job's permissions and no other.
 *
 * Not the runner: jobs come one after the other, on this machine, and `uses` steps are done by stand-ins; an unknown one is an error.
 */
export async function runWorkflow(request: RunRequest): Promise<WorkflowRun> {
  const root = await mkdtemp(join(tmpdir(), "actions-"));
  try {
    return await new Run(request, root).workflow(request.workflow, request.inputs ?? {}, "all");
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** A workflow writes `pull-requests` for what the API calls `pull_requests`. */
function tokenPermissions(permissions: Job["permissions"] = {}): NonNullable<Job["permissions"]> {
  return Object.fromEntries(
    Object.entries(permissions).map(([name, level]) => [name.replaceAll("-", "_"), level]),
  );
}

let runNumber = 0;

class Run {
  readonly #request: RunRequest;
  readonly #root: string;
  readonly #id = ++runNumber;

  constructor(request: RunRequest, root: string) {
    this.#request = request;
    this.#root = root;
  }

  async workflow(
    path: string,
    given: Readonly<Record<string, unknown>>,
    secretNames: "all" | readonly string[],
  ): Promise<WorkflowRun> {
    const workflow = this.#read(path);
    const declared = workflow.on.workflow_call?.inputs ?? workflow.on.workflow_dispatch?.inputs ?? {};
    const defaults = Object.fromEntries(
      Object.entries(declared).map(([name, one]) => [name, one.default ?? ""]),
    );
    const inputs = { ...defaults, ...given };
    const jobs: Record<string, JobRun> = {};
    const told: WorkflowRun[] = [];
    let output = "";
    let summary = "";
    for (const [name, job] of Object.entries(workflow.jobs)) {
      const needs = Object.fromEntries([job.needs ?? []].flat().map((one) => [one, jobs[one] as JobRun]));
      const scope = this.#scope(needs, inputs);
      if (!holds(job.if, scope)) {
        jobs[name] = { result: "skipped", outputs: {}, steps: [] };
        continue;
      }
      if (job.uses !== undefined) {
        const called = await this.#call(job, scope, secretNames);
        told.push(called);
        const result = called.conclusion;
        jobs[name] = { result, outputs: {}, steps: Object.values(called.jobs).flatMap(({ steps }) => steps) };
        for (const [inner, one] of Object.entries(called.jobs)) jobs[`${name} / ${inner}`] = one;
        output += called.output;
        summary += called.summary;
        continue;
      }
      const ran = await this.#job(name, job, scope, secretNames);
      jobs[name] = ran.job;
      output += ran.output;
      summary += ran.summary;
    }
    const failed = Object.values(jobs).some(({ result }) => result === "failure");
    return { conclusion: failed ? "failure" : "success", jobs, output, summary };
  }

  #read(path: string): Workflow {
    const { github, repository, branch } = this.#request;
    const text = github.repository(repository).files(branch)[path];
    if (text === undefined) throw new Error(`${repository} has no workflow ${path}`);
    return parse(text) as Workflow;
  }

  /** A job that needs a failed or skipped one is not run unless its condition says otherwise. */
  #scope(needs: Readonly<Record<string, JobRun>>, inputs: Readonly<Record<string, unknown>>): Scope {
    const results = Object.values(needs).map(({ result }) => result);
    return {
      status: results.every((result) => result === "success") ? "success" : "failure",
      contexts: { github: this.#github(""), inputs, needs, vars: {}, secrets: {} },
    };
  }

  #github(token: string): Record<string, unknown> {
    const { github, repository, branch, event, inputs } = this.#request;
    const inspected = github.repository(repository);
    const name = branch ?? inspected.defaultBranch;
    const [owner] = repository.split("/");
    return {
      token,
      repository,
      repository_owner: owner,
      ref: `refs/heads/${name}`,
      ref_name: name,
      sha: inspected.refs.get(`refs/heads/${name}`) ?? "",
      event_name: event,
      event: { inputs: inputs ?? {}, repository: { fork: false, default_branch: inspected.defaultBranch } },
      actor: "someone",
      run_id: String(this.#id),
      run_attempt: "1",
      server_url: github.url.replace(/\/$/, ""),
      api_url: `${github.url}api/v3`,
      graphql_url: `${github.url}api/graphql`,
    };
  }

  #call(job: Job, scope: Scope, secretNames: "all" | readonly string[]): Promise<WorkflowRun> {
    const path = (job.uses ?? "").replace(/^\.\//, "");
    const inputs = Object.fromEntries(
      Object.entries(job.with ?? {}).map(([name, value]) => [name, expandValue(value, scope)]),
    );
    const passed = job.secrets === "inherit" ? secretNames : Object.keys(job.secrets ?? {});
    return this.workflow(path, inputs, passed);
  }

  async #job(
    name: string,
    job: Job,
    scope: Scope,
    secretNames: "all" | readonly string[],
  ): Promise<{ job: JobRun; output: string; summary: string }> {
    const { github, repository } = this.#request;
    const token = `job-token-${this.#id}-${name}`;
    github.setToken(token, {
      login: "github-actions[bot]",
      permissions: { metadata: "read", ...tokenPermissions(job.permissions) },
      repositories: [repository],
      role: "write",
    });
    const folder = join(this.#root, name);
    const artifacts = join(this.#root, "artifacts");
    for (const one of ["workspace", "temp", "home"]) await mkdir(join(folder, one), { recursive: true });
    await mkdir(artifacts, { recursive: true });
    const environment = typeof job.environment === "object" ? job.environment.name : job.environment;
    const contexts = {
      ...scope.contexts,
      github: { ...this.#github(token), job: name, workspace: join(folder, "workspace") },
      secrets: { ...this.#secrets(environment, secretNames), GITHUB_TOKEN: token },
      runner: { temp: join(folder, "temp"), os: "Linux", arch: "X64", tool_cache: join(folder, "tools") },
    };
    const ran = await runSteps(job.steps ?? [], {
      request: this.#request,
      contexts,
      jobEnv: job.env ?? {},
      folder,
      artifacts,
      token,
    });
    github.setToken(token, { revoked: true });
    const outputs = Object.fromEntries(
      Object.entries(job.outputs ?? {}).map(([key, value]) => [
        key,
        String(expandValue(value, { status: "success", contexts: { ...contexts, steps: ran.contexts } })),
      ]),
    );
    return {
      job: { result: ran.result, outputs, steps: ran.steps },
      output: ran.output,
      summary: ran.summary,
    };
  }

  /** The organization's, the repository's and the environment's, of which a called workflow may see only some. */
  #secrets(environment: string | undefined, names: "all" | readonly string[]): Record<string, string> {
    const inspected = this.#request.github.repository(this.#request.repository);
    const own = inspected.secretNames.map((name) => [name, inspected.secretValue(name)]);
    const limited =
      environment === undefined ? undefined : inspected.environments.get(environment.toLowerCase());
    const fromEnvironment = [...(limited?.secrets.secrets.values() ?? [])].map(({ name, value }) => [
      name,
      value,
    ]);
    const all = Object.fromEntries([...own, ...fromEnvironment]) as Record<string, string>;
    if (names === "all") return all;
    return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
  }
}
