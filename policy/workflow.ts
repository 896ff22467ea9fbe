import { LineCounter, parseDocument } from "yaml";
import { isObject, REPOSITORY_FILE, type Resource, text } from "./resource.ts";

/** A mapping of a workflow file, as YAML gives it. */
export type Mapping = Readonly<Record<string, unknown>>;

/** A workflow file, parsed; `fault` says why it is none. */
export interface WorkflowFile {
  readonly path: string;
  readonly workflow: Mapping;
  readonly fault?: string;
}

const WORKFLOW_PATH = /^\.github\/workflows\/[^/]+\.ya?ml$/i;

/** The workflow that a resource commits; `undefined` where it commits none or the content is not known yet. */
export function workflowOf(resource: Resource): WorkflowFile | undefined {
  if (resource.type !== REPOSITORY_FILE) return undefined;
  const path = text(resource.inputs.file);
  const content = text(resource.inputs.content);
  if (path === undefined || content === undefined || !WORKFLOW_PATH.test(path)) return undefined;
  return { path, ...parse(content) };
}

/** A workflow that can be judged: those that do not parse have a rule of their own. */
export function soundWorkflow(resource: Resource): WorkflowFile | undefined {
  const file = workflowOf(resource);
  return file?.fault === undefined ? file : undefined;
}

type Parsed = Omit<WorkflowFile, "path">;

// Each of the workflow rules asks for the same file, one after the other.
let last: { readonly content: string; readonly parsed: Parsed } | undefined;

function parse(content: string): Parsed {
  if (last?.content !== content) last = { content, parsed: parseContent(content) };
  return last.parsed;
}

function parseContent(content: string): Parsed {
  const lines = new LineCounter();
  // Pretty errors would quote the file.
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false });
  const [error] = [...document.errors, ...document.warnings];
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    const what = error.code.toLowerCase().replaceAll("_", " ");
    return { workflow: {}, fault: `is no YAML at line ${line}, column ${col} (${what})` };
  }
  let workflow: unknown;
  try {
    workflow = document.toJS({ maxAliasCount: 100 });
  } catch {
    return { workflow: {}, fault: "has an alias that cannot be resolved" };
  }
  if (!isObject(workflow)) return { workflow: {}, fault: "is no mapping" };
  if (workflow.on === undefined || workflow.on === null) return { workflow, fault: "has no trigger (on)" };
  const { jobs } = workflow;
  if (!isObject(jobs) || Object.keys(jobs).length === 0) return { workflow, fault: "has no jobs" };
  const broken = Object.entries(jobs).find(([, job]) => !isObject(job) || !(hasSteps(job) || "uses" in job));
  if (broken) return { workflow, fault: "has a job without steps and without a workflow to call" };
  return { workflow };
}

function hasSteps(job: Mapping): boolean {
  return Array.isArray(job.steps) && job.steps.length > 0 && job.steps.every(isObject);
}

/** A workflow's jobs by name. */
export function jobsOf({ workflow }: WorkflowFile): readonly (readonly [name: string, job: Mapping])[] {
  return Object.entries(mapping(workflow.jobs)).map(([name, job]) => [name, mapping(job)]);
}

/** A step with the words that lead to it. */
export interface PlacedStep {
  readonly place: string;
  readonly step: Mapping;
}

/** The steps of one job; none where it calls a workflow. */
export function stepsOf(name: string, job: Mapping): readonly PlacedStep[] {
  const steps: readonly unknown[] = Array.isArray(job.steps) ? job.steps : [];
  return steps.map((step, index) => ({ place: `job ${name}, step ${index + 1}`, step: mapping(step) }));
}

/** Names of the events that start a workflow, in whichever of its three forms `on` is written. */
export function triggersOf({ workflow: { on } }: WorkflowFile): readonly string[] {
  if (typeof on === "string") return [on];
  if (Array.isArray(on)) return on.filter((event) => typeof event === "string");
  return Object.keys(mapping(on));
}

/** The value where it is a mapping, else an empty one. */
export function mapping(value: unknown): Mapping {
  return isObject(value) ? value : {};
}
