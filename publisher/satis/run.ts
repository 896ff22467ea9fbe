import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { redactCredentials } from "../../fleet/credentials.ts";
import { safeText } from "../../fleet/findings.ts";
import type { RegistrySettings } from "../../fleet/registry-settings.ts";
import type { Environment } from "../environment.ts";
import { gitEnvironment } from "../git.ts";
import { run } from "../process.ts";
import { satisCommand } from "../satis-program.ts";

/** A Satis, and what every run of it needs. */
export interface SatisProgram {
  /** Path of its executable: SATIS_BIN. */
  readonly bin: string;
  readonly environment: Environment;
  readonly settings: Pick<RegistrySettings, "githubHost">;
  /** Composer's home, of the publisher alone: nothing of the machine's configuration is read. */
  readonly home: string;
  /** Composer's cache, kept between runs. */
  readonly cache: string;
  /** Milliseconds for one run. @default an hour */
  readonly timeout?: number;
  readonly progress?: (line: string) => void;
}

/** What one run of Satis is to do. */
export interface SatisJob {
  /** A folder that holds nothing else: the configuration goes here, and the tree into `out`. */
  readonly folder: string;
  readonly configuration: Record<string, unknown>;
  /** Packages to build; none means all. */
  readonly packages: readonly string[];
}

/** How a run of Satis ended. */
export interface SatisRun {
  readonly ok: boolean;
  /** Root of the tree. */
  readonly out: string;
  /** Everything that it said, without credentials. */
  readonly output: string;
  /** Why it ended, where that was no exit code. */
  readonly error?: string;
}

const HOUR = 3_600_000;

/**
 * Runs Satis without a shell, with an environment of our making, and gives what it said.
 *
 * The read token reaches Composer for the fleet's GitHub alone. `--skip-errors` is never given: it would hide faults of the
 * configuration. COLUMNS keeps Symfony from breaking lines, which are read afterwards.
 */
export async function runSatis(program: SatisProgram, job: SatisJob): Promise<SatisRun> {
  const folder = resolve(job.folder);
  const [out, file] = [join(folder, "out"), join(folder, "satis.json")];
  for (const needed of [out, program.home, program.cache]) await mkdir(needed, { recursive: true });
  await writeFile(file, JSON.stringify(job.configuration, null, 2));
  const hide = redactor(program.environment.secrets);
  const { program: bin, args } = await satisCommand(resolve(program.bin));
  const options = ["--no-interaction", "--no-ansi", "-vv"];
  const done = await run(bin, [...args, "build", file, out, ...job.packages, ...options], {
    cwd: folder,
    env: satisEnvironment(program),
    timeout: program.timeout ?? HOUR,
    ...(program.progress === undefined ? {} : { onOutput: progressOf(program.progress, hide) }),
  });
  const output = hide(`${done.stdout}\n${done.stderr}`);
  return {
    ok: done.code === 0,
    out,
    output,
    ...(done.error === undefined ? {} : { error: safeText(hide(done.error)) }),
  };
}

function satisEnvironment(program: SatisProgram): Record<string, string | undefined> {
  const { environment, home, cache, settings } = program;
  const { readToken, variables } = environment;
  // A Satis that is a wrapper is set up by variables of this prefix.
  const own = Object.entries(variables).filter(([name]) => name.startsWith("SATIS_"));
  return {
    ...gitEnvironment(environment),
    ...Object.fromEntries(own),
    GITHUB_API_URL: variables.GITHUB_API_URL,
    COMPOSER_HOME: resolve(home),
    COMPOSER_CACHE_DIR: resolve(cache),
    COMPOSER_NO_INTERACTION: "1",
    COMPOSER_ALLOW_SUPERUSER: "1",
    COMPOSER_MEMORY_LIMIT: "-1",
    COMPOSER_AUTH:
      readToken === undefined
        ? undefined
        : JSON.stringify({ "github-oauth": { [settings.githubHost]: readToken } }),
    COLUMNS: "4000",
  };
}

/** Takes out the secrets that are known by value, then what has the shape of one. */
function redactor(secrets: readonly string[]): (text: string) => string {
  return (text) => redactCredentials(secrets.reduce((safe, secret) => safe.replaceAll(secret, "***"), text));
}

/** Tells each package once, and of the rest what is no detail. */
function progressOf(
  progress: (line: string) => void,
  hide: (text: string) => string,
): (text: string) => void {
  let rest = "";
  let current = "";
  return (text) => {
    const lines = `${rest}${text}`.split(/[\r\n]+/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const name = /^Reading composer\.json of (\S+) /.exec(line)?.[1];
      if (name === undefined && /^(?:Importing|Skipped|Selected|Wrote|\s*$)/.test(line)) continue;
      if (name !== undefined && name === current) continue;
      current = name ?? current;
      progress(safeText(hide(name === undefined ? line.trim() : `reading ${name}`)));
    }
  };
}
