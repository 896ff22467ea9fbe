/** Runs a Pulumi program as the Node language host does: `@pulumi/pulumi/cmd/run`, the configuration in two variables. */
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import type { RunInfo } from "./rpc.ts";

export interface ProgramOptions extends RunInfo {
  readonly entry: string;
  /** Address of the server that is both monitor and engine. */
  readonly address: string;
  readonly env: Readonly<Record<string, string>>;
  onLine(line: string, isError: boolean): void;
}

export interface Program {
  /** `undefined` when all went well or the user was told already; else what to tell. Never rejects. */
  readonly ended: Promise<{ readonly ok: boolean; readonly message?: string }>;
  stop(): void;
}

/** What Node is started with, for a process that is to end with this one. */
export const TETHERED: readonly string[] = ["--import", new URL("./tether.ts", import.meta.url).href];

/** Exit code of `cmd/run` after it has told the user what is wrong. */
const TOLD = 32;
/** Milliseconds that a program has to end by itself after its engine has. */
const GRACE = 3_000;

export function startProgram(options: ProgramOptions): Program {
  const directory = dirname(options.entry);
  const child = spawn(
    process.execPath,
    [...TETHERED, runner(options.entry), ...flags(options, directory), options.entry],
    {
      cwd: directory,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        ...options.env,
        PULUMI_CONFIG: JSON.stringify(options.config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(options.secretKeys),
        PULUMI_NODEJS_TYPESCRIPT: "false",
      },
    },
  );
  if (child.stdout) createInterface(child.stdout).on("line", (line) => options.onLine(line, false));
  if (child.stderr) createInterface(child.stderr).on("line", (line) => options.onLine(line, true));
  return { ended: ended(child), stop: () => stop(child) };
}

function runner(entry: string): string {
  const file = "@pulumi/pulumi/cmd/run/index.js";
  try {
    return createRequire(entry).resolve(file);
  } catch {
    return createRequire(import.meta.url).resolve(file);
  }
}

function flags(options: ProgramOptions, directory: string): string[] {
  const pairs = {
    monitor: options.address,
    engine: options.address,
    organization: "organization",
    project: options.project,
    stack: options.stack,
    pwd: directory,
    "root-directory": directory,
    parallel: String(options.parallel),
  };
  const all = Object.entries(pairs).flatMap(([name, value]) => [`--${name}`, value]);
  return options.dryRun ? [...all, "--dry-run"] : all;
}

function ended(child: ChildProcess): Program["ended"] {
  return new Promise((resolve) => {
    child.once("error", (error) =>
      resolve({ ok: false, message: `could not run the program: ${error.message}` }),
    );
    child.once("close", (code, signal) => {
      if (code === 0) resolve({ ok: true });
      else if (code === TOLD) resolve({ ok: false });
      else if (code === null) resolve({ ok: false, message: `Program was killed by ${signal}` });
      else resolve({ ok: false, message: `Program exited with non-zero exit code: ${code}` });
    });
  });
}

/** Leaves the program a moment to end by itself. */
function stop(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const kill = setTimeout(() => child.kill("SIGKILL"), GRACE);
  child.once("close", () => clearTimeout(kill));
}
