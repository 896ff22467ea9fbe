import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Deployment, EngineEvent, OpMap, OutputMap } from "@pulumi/pulumi/automation/index.js";
import { parse, stringify } from "yaml";
import { locksOfBackend, readLock, type StackLock } from "./locks.ts";

/** Which engine runs the program: the Pulumi CLI, or the small one of the sandbox. */
export type EngineName = "pulumi" | "sandbox";

/** One value of the stack's configuration. */
export interface ConfigEntry {
  readonly value: string;
  readonly secret?: boolean;
}

/** Where and with what a stack runs. */
export interface StackSettings {
  /** Stack name, such as `dev`. */
  readonly stack: string;
  /** The project's folder: Pulumi.yaml and the stack's configuration; on the sandbox the state, too. */
  readonly home: string;
  /** Environment of the engine, such as `PULUMI_BACKEND_URL`, beside this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Save state only at the end of an update: cost is linear, a kill loses what was done. @default false */
  readonly skipCheckpoints?: boolean;
  /** A stack that is not there is an error, instead of being made. @default false */
  readonly mustExist?: boolean;
}

/** What a new project needs before its stack is opened. */
export interface NewProject {
  readonly home: string;
  /** Entry point of the program. @default the repository's index.ts */
  readonly program?: string;
}

/** Options of one run; the same meaning on both engines. */
export interface RunOptions {
  readonly refresh?: boolean;
  readonly target?: string[];
  readonly replace?: string[];
  readonly expectNoChanges?: boolean;
  readonly parallel?: number;
  /** `destroy` with delete hooks needs the program. */
  readonly runProgram?: boolean;
  /** `refresh` forgets the creates that a killed update left pending, which nothing else does. */
  readonly clearPendingCreates?: boolean;
  /** `up` goes on with what does not depend on a failed resource; it fails all the same. */
  readonly continueOnError?: boolean;
  /** Folders of policy packs. */
  readonly policyPacks?: string[];
  /** Files of configuration (JSON), one for each pack, in their order. */
  readonly policyPackConfigs?: string[];
  readonly onEvent?: (event: EngineEvent) => void;
  readonly signal?: AbortSignal;
}

/** How many resources each operation concerned, as the engine's summary counts them. */
export interface RunResult {
  readonly operations: OpMap;
}

/** A run that failed: the engine's own words, secrets already hidden by it. */
export class RunFailure extends Error {
  override readonly name = "RunFailure";
  readonly operations: OpMap;
  constructor(message: string, operations: OpMap) {
    super(message);
    this.operations = operations;
  }
}

/** One resource of the document that `pulumi import --file` takes. */
export interface ImportEntry {
  readonly type: string;
  /** Logical name. */
  readonly name: string;
  /** The provider's own; components have none. */
  readonly id?: string;
  /** Name of another entry, or of the name table; of the stack where not set. */
  readonly parent?: string;
  readonly provider?: string;
  readonly component?: boolean;
}

/** The document that `pulumi import --file` takes. */
export interface ImportDocument {
  /** URNs of what is in the state already, by the names that entries use. */
  readonly nameTable: Readonly<Record<string, string>>;
  readonly resources: readonly ImportEntry[];
}

/** A stack on either engine, after the Automation API's `Stack`. */
export interface FleetStack {
  preview(options?: RunOptions): Promise<RunResult>;
  up(options?: RunOptions): Promise<RunResult>;
  refresh(options?: RunOptions): Promise<RunResult>;
  destroy(options?: RunOptions): Promise<RunResult>;
  outputs(): Promise<OutputMap>;
  exportStack(): Promise<Deployment>;
  importStack(deployment: Deployment): Promise<void>;
  /** Takes resources that exist over into the state: `pulumi import --file`. */
  importResources(document: ImportDocument): Promise<void>;
  /** All of the stack's configuration, secrets in clear. */
  config(): Promise<Readonly<Record<string, ConfigEntry>>>;
  /** Sets configuration over what is there. */
  configure(config: Readonly<Record<string, ConfigEntry>>): Promise<void>;
  /** Removes the lock that a killed update left behind. */
  cancel(): Promise<void>;
  /** Who holds the stack's lock; `undefined` where the backend does not tell before an update starts. */
  locks(): Promise<readonly StackLock[] | undefined>;
}

/** The project's name, as in Pulumi.yaml. */
export const PROJECT = "satis-fleet";

const PROJECT_FILE = "Pulumi.yaml";
const INDEX = fileURLToPath(new URL("../index.ts", import.meta.url));

/** The version of the Pulumi CLI on the PATH; `undefined` where there is none. A launcher in node_modules/.bin would download one and does not count. */
export async function findPulumi(): Promise<string | undefined> {
  const path = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !folder.endsWith(join("node_modules", ".bin")))
    .join(delimiter);
  try {
    const { stdout } = await promisify(execFile)("pulumi", ["version"], {
      env: { ...process.env, PATH: path },
    });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/** Makes a project's folder around the program; for stacks that are not the repository's own. */
export async function makeProject({ home, program = INDEX }: NewProject): Promise<void> {
  await mkdir(home, { recursive: true });
  const project = {
    name: PROJECT,
    main: program,
    runtime: { name: "nodejs", options: { typescript: false } },
  };
  await writeFile(join(home, PROJECT_FILE), stringify(project));
  // Language hosts look for the SDK from the project's folder.
  await symlink(fileURLToPath(new URL("../node_modules", import.meta.url)), join(home, "node_modules")).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    },
  );
}

/** Opens a stack of the project in `home`, making it where it is new; `config` is set over what the stack has. */
export async function openFleetStack(
  engine: EngineName,
  settings: StackSettings,
  config: Readonly<Record<string, ConfigEntry>> = {},
): Promise<FleetStack> {
  return engine === "pulumi" ? openOnPulumi(settings, config) : openOnSandbox(settings, config);
}

async function openOnSandbox(
  settings: StackSettings,
  added: Readonly<Record<string, ConfigEntry>>,
): Promise<FleetStack> {
  // The only way to the sandbox, so that nothing that manages a real fleet loads it.
  const { openStack } = await import("../sandbox/engine/stack.ts");
  const { main } = parse(await readFile(join(settings.home, PROJECT_FILE), "utf8")) as { main: string };
  await mkdir(join(settings.home, ".satis-fleet"), { recursive: true });
  const configFile = join(settings.home, `Pulumi.${settings.stack}.yaml`);
  const stateFile = join(settings.home, ".satis-fleet", `${settings.stack}.json`);
  if (settings.mustExist && !existsSync(configFile) && !existsSync(stateFile)) {
    throw new Error(`no stack ${settings.stack} in ${settings.home}`);
  }
  const open = (config: Readonly<Record<string, ConfigEntry>>) =>
    openStack({
      project: PROJECT,
      stack: settings.stack,
      program: resolve(settings.home, main),
      stateFile,
      config,
      env: settings.env ?? {},
      skipCheckpoints: settings.skipCheckpoints ?? false,
    });
  let config = { ...(await readSandboxConfig(configFile)), ...added };
  if (Object.keys(added).length > 0) await writeSandboxConfig(configFile, config);
  let stack = await open(config);
  const passphrase = settings.env?.PULUMI_CONFIG_PASSPHRASE;
  return {
    preview: (options) => counted(options, (run) => stack.preview(run)),
    up: (options) => counted(options, (run) => stack.up(run)),
    refresh: (options) => counted(options, (run) => stack.refresh(run)),
    destroy: (options) => counted(options, (run) => stack.destroy(run)),
    outputs: () => stack.outputs(),
    // With the passphrase the real engine can take the checkpoint over, secrets and all.
    exportStack: () => stack.exportStack(passphrase === undefined ? {} : { passphrase }),
    importStack: (deployment) => stack.importStack(deployment),
    importResources: async (document) => {
      const { importResources } = await import("../sandbox/engine/import-file.ts");
      await importResources(stack, { project: PROJECT, stack: settings.stack, stateFile }, document);
    },
    config: async () => config,
    configure: async (changed) => {
      config = { ...config, ...changed };
      await writeSandboxConfig(configFile, config);
      stack = await open(config);
    },
    cancel: () => stack.cancel(),
    locks: async () => [await readLock(`${stateFile}.lock`)].flatMap((lock) => lock ?? []),
  };
}

/** The values as Pulumi writes them: `secure` marks a secret, which the sandbox keeps in clear. */
async function readSandboxConfig(file: string): Promise<Record<string, ConfigEntry>> {
  const text = await readFile(file, "utf8").catch(() => "");
  const values = (parse(text) as { config?: Record<string, unknown> } | null)?.config ?? {};
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      if (typeof value === "string") return [key, { value }];
      const { secure } = (value ?? {}) as { secure?: unknown };
      if (typeof secure === "string") return [key, { value: secure, secret: true }];
      return [key, { value: JSON.stringify(value) }];
    }),
  );
}

async function writeSandboxConfig(
  file: string,
  config: Readonly<Record<string, ConfigEntry>>,
): Promise<void> {
  const values = Object.entries(config).map(([key, { value, secret }]) => [
    key,
    secret ? { secure: value } : value,
  ]);
  await writeFile(file, stringify({ config: Object.fromEntries(values) }), { mode: 0o600 });
}

async function openOnPulumi(
  settings: StackSettings,
  config: Readonly<Record<string, ConfigEntry>>,
): Promise<FleetStack> {
  const { LocalWorkspace, StackNotFoundError } = await import("@pulumi/pulumi/automation/index.js");
  const place = { stackName: settings.stack, workDir: settings.home };
  const envVars = {
    ...settings.env,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    ...(settings.skipCheckpoints ? { PULUMI_SKIP_CHECKPOINTS: "true" } : {}),
  };
  const stack = settings.mustExist
    ? await LocalWorkspace.selectStack(place, { envVars }).catch((error: unknown) => {
        if (!(error instanceof StackNotFoundError)) throw error;
        throw new Error(`no stack ${settings.stack}: pulumi stack init ${settings.stack}`);
      })
    : await LocalWorkspace.createOrSelectStack(place, { envVars });
  if (Object.keys(config).length > 0) await stack.setAllConfig({ ...config });
  return {
    preview: (options) => counted(options, (run) => stack.preview(run)),
    up: (options) => counted(options, (run) => stack.up(run)),
    refresh: (options) => counted(options, (run) => stack.refresh(run)),
    destroy: (options) => counted(options, (run) => stack.destroy(run)),
    outputs: () => stack.outputs(),
    exportStack: () => stack.exportStack(),
    importStack: (deployment) => stack.importStack(deployment),
    importResources: async ({ nameTable, resources }) => {
      await stack.import({ nameTable: { ...nameTable }, resources: [...resources], generateCode: false });
    },
    config: () => stack.getAllConfig(),
    configure: async (changed) => {
      const entries = Object.entries(changed);
      const plain = entries.filter(([, { secret }]) => !secret);
      if (plain.length > 0) await stack.setAllConfig(Object.fromEntries(plain));
      for (const [key, { value, secret }] of entries) {
        if (secret) await setSecret(settings, key, value);
      }
    },
    cancel: () => stack.cancel(),
    locks: async () => {
      const { url = "" } = await stack.workspace.whoAmI();
      return locksOfBackend(url, PROJECT, settings.stack);
    },
  };
}

/** Sets a secret through the CLI's standard input: other processes of the machine can read its arguments. */
async function setSecret({ stack, home, env }: StackSettings, key: string, value: string): Promise<void> {
  const run = promisify(execFile)("pulumi", ["config", "set", "--secret", key, "--stack", stack], {
    cwd: home,
    env: { ...process.env, ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  run.child.stdin?.end(value);
  try {
    await run;
  } catch {
    // The error of a child process quotes its command, and this one says nothing that helps.
    throw new Error(`pulumi config set --secret ${key} failed`);
  }
}

/** Runs and counts by the engine's summary event, which failed runs have too. */
async function counted(
  options: RunOptions | undefined,
  run: (options: RunOptions) => Promise<unknown>,
): Promise<RunResult> {
  let operations: OpMap = {};
  const onEvent = (event: EngineEvent) => {
    if (event.summaryEvent) operations = event.summaryEvent.resourceChanges;
    options?.onEvent?.(event);
  };
  try {
    await run({ ...options, onEvent });
  } catch (error) {
    throw new RunFailure(error instanceof Error ? error.message : String(error), operations);
  }
  return { operations };
}
