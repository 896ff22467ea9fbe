import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expand, holds, type Scope } from "./expressions.ts";
import type { RunRequest, StandInContext } from "./runner.ts";

/** A step as a workflow file has it. */
export interface WorkflowStep {
  readonly name?: string;
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Record<string, unknown>;
  readonly env?: Record<string, unknown>;
  readonly "continue-on-error"?: boolean;
  readonly "working-directory"?: string;
}

/** How a step ended. */
export interface StepRun {
  readonly name: string;
  readonly outcome: "success" | "failure" | "skipped";
  /** What did its work, where that was not the file's own script. */
  readonly standIn?: string;
  readonly output: string;
}

/** Where the steps of one job run. */
export interface JobContext {
  readonly request: RunRequest;
  readonly contexts: Readonly<Record<string, unknown>>;
  readonly jobEnv: Readonly<Record<string, unknown>>;
  /** Holds `workspace`, `temp` and `home`. */
  readonly folder: string;
  readonly artifacts: string;
  readonly token: string;
}

/** What the steps of a job did. */
export interface StepsRun {
  readonly result: "success" | "failure";
  readonly steps: readonly StepRun[];
  /** The `steps` context. */
  readonly contexts: Readonly<Record<string, unknown>>;
  readonly output: string;
  readonly summary: string;
}

/** Runs a job's steps one after the other. */
export async function runSteps(steps: readonly WorkflowStep[], job: JobContext): Promise<StepsRun> {
  const told: StepRun[] = [];
  const byId: Record<string, { outputs: Record<string, string>; outcome: string; conclusion: string }> = {};
  const paths: string[] = [];
  const exported: Record<string, string> = {};
  let result: "success" | "failure" = "success";
  let summary = "";
  for (const [index, step] of steps.entries()) {
    const name = step.name ?? step.uses ?? step.run?.split("\n")[0] ?? `step ${index}`;
    const contexts = { ...job.contexts, steps: byId, env: { ...job.jobEnv, ...exported } };
    const scope: Scope = { status: result, contexts };
    if (!holds(step.if, scope)) {
      told.push({ name, outcome: "skipped", output: "" });
      if (step.id !== undefined) byId[step.id] = { outputs: {}, outcome: "skipped", conclusion: "skipped" };
      continue;
    }
    const env = texts({ ...job.jobEnv, ...step.env }, scope);
    const ran = await runStep(step, name, { job, scope, index, paths, env: { ...exported, ...env } });
    Object.assign(exported, ran.exported);
    summary += ran.summary;
    job.request.onOutput?.(ran.output);
    told.push({
      name,
      outcome: ran.ok ? "success" : "failure",
      output: ran.output,
      ...(ran.standIn ? { standIn: ran.standIn } : {}),
    });
    const forgiven = step["continue-on-error"] === true;
    if (!ran.ok && !forgiven) result = "failure";
    if (step.id !== undefined) {
      const outcome = ran.ok ? "success" : "failure";
      byId[step.id] = { outputs: ran.outputs, outcome, conclusion: forgiven ? "success" : outcome };
    }
  }
  return { result, steps: told, contexts: byId, output: told.map(({ output }) => output).join(""), summary };
}

function texts(values: Readonly<Record<string, unknown>>, scope: Scope): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, expand(String(value), scope)]),
  );
}

interface StepContext {
  readonly job: JobContext;
  readonly scope: Scope;
  readonly index: number;
  readonly paths: string[];
  readonly env: Readonly<Record<string, string>>;
}

interface RanStep {
  readonly ok: boolean;
  readonly output: string;
  readonly outputs: Record<string, string>;
  readonly exported: Record<string, string>;
  readonly summary: string;
  readonly standIn?: string;
}

async function runStep(step: WorkflowStep, name: string, context: StepContext): Promise<RanStep> {
  const { standIns } = context.job.request;
  const action = step.uses?.replace(/@.*$/, "");
  const key = standIns[name] ? name : action;
  if (key === undefined) return runScript(step, context);
  const standIn = standIns[key];
  if (standIn === undefined) throw new Error(`nothing stands in for ${key}`);
  const { github, repository, branch } = context.job.request;
  const given: StandInContext = {
    with: texts(step.with ?? {}, context.scope),
    github,
    repository,
    ref: branch ?? github.repository(repository).defaultBranch,
    token: context.job.token,
    workspace: join(context.job.folder, "workspace"),
    temp: join(context.job.folder, "temp"),
    artifacts: context.job.artifacts,
    addPath: (folder) => void context.paths.unshift(folder),
  };
  try {
    const outputs = { ...(await standIn(given)) };
    return { ok: true, output: "", outputs, exported: {}, summary: "", standIn: key };
  } catch (error) {
    const output = `::error::${key}: ${error instanceof Error ? error.message : String(error)}\n`;
    return { ok: false, output, outputs: {}, exported: {}, summary: "", standIn: key };
  }
}

/** A script as the runner runs it: from a file, by bash with its strict options, in the workspace. */
async function runScript(step: WorkflowStep, context: StepContext): Promise<RanStep> {
  const { folder, request } = context.job;
  const file = (kind: string) => join(folder, `${kind}-${context.index}`);
  for (const kind of ["output", "summary", "env", "path"]) await writeFile(file(kind), "");
  await writeFile(file("script"), expand(step.run ?? "", context.scope));
  const env = runnerEnvironment(context, file);
  const cwd = join(folder, "workspace", step["working-directory"] ?? "");
  const { code, output } = await bash(
    file("script"),
    { ...env, ...request.environment, ...context.env },
    cwd,
  );
  const read = async (kind: string) => readFile(file(kind), "utf8");
  context.paths.unshift(...(await read("path")).split("\n").filter((line) => line !== ""));
  return {
    ok: code === 0,
    output,
    outputs: parseValues(await read("output")),
    exported: parseValues(await read("env")),
    summary: await read("summary"),
  };
}

function runnerEnvironment(context: StepContext, file: (kind: string) => string): Record<string, string> {
  const { folder } = context.job;
  const github = context.scope.contexts.github as Record<string, unknown>;
  const own = [
    "repository",
    "ref",
    "ref_name",
    "sha",
    "event_name",
    "actor",
    "run_id",
    "run_attempt",
    "server_url",
    "api_url",
    "graphql_url",
    "workspace",
    "repository_owner",
    "job",
  ];
  return {
    PATH: [...context.paths, process.env.PATH ?? ""].join(":"),
    HOME: join(folder, "home"),
    CI: "true",
    GITHUB_ACTIONS: "true",
    RUNNER_TEMP: join(folder, "temp"),
    RUNNER_TOOL_CACHE: join(folder, "tools"),
    RUNNER_OS: "Linux",
    ...Object.fromEntries(own.map((name) => [`GITHUB_${name.toUpperCase()}`, String(github[name] ?? "")])),
    GITHUB_OUTPUT: file("output"),
    GITHUB_STEP_SUMMARY: file("summary"),
    GITHUB_ENV: file("env"),
    GITHUB_PATH: file("path"),
  };
}

function bash(
  script: string,
  env: Record<string, string>,
  cwd: string,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", script], {
      env,
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const keep = (chunk: Buffer) => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** `name=value` lines, and values of several lines between two equal words. */
export function parseValues(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    const [, many, word] = /^([^=<]+)<<(.+)$/.exec(line) ?? [];
    if (many !== undefined) {
      const end = lines.indexOf(word ?? "", index + 1);
      values[many] = lines.slice(index + 1, end).join("\n");
      index = end;
      continue;
    }
    const at = line.indexOf("=");
    if (at > 0) values[line.slice(0, at)] = line.slice(at + 1);
  }
  return values;
}
