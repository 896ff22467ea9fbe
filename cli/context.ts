import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CONFIG_KEYS, type FleetConfig, parseConfig } from "../fleet/config.ts";
import { deriveFleet, type Fleet } from "../fleet/derive.ts";
import { FaultsError, type Finding, hasFault } from "../fleet/findings.ts";
import { readSatis, type Satis } from "../fleet/satis.ts";
import {
  type ConfigEntry,
  type EngineName,
  type FleetStack,
  findPulumi,
  openFleetStack,
  type StackSettings,
} from "./engine.ts";
import { connect, type GitHub } from "./github.ts";

/** Which stack a command works on; the same options on every command that needs one. */
export interface ContextOptions {
  readonly stack: string;
  /** Folder with Pulumi.yaml. @default the repository */
  readonly cwd?: string;
  /** @default pulumi; the sandbox is for trying */
  readonly engine?: EngineName;
  /** Environment of the engine, such as `PULUMI_BACKEND_URL`, beside this process's own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Everything a command needs to know of a fleet, read once. */
export interface Context {
  readonly settings: StackSettings;
  readonly engine: EngineName;
  readonly stack: FleetStack;
  readonly config: FleetConfig;
  /** The stack's configuration as it is written, secrets in clear: nothing of it is ever printed. */
  readonly rawConfig: Readonly<Record<string, ConfigEntry>>;
  /** satis.json's path. */
  readonly satisFile: string;
  readonly satis: Satis;
  readonly fleet: Fleet;
  readonly warnings: readonly Finding[];
  readonly github: GitHub;
}

/** The repository's own folder. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Reads stack, configuration and satis.json.
 *
 * @throws FaultsError naming every fault of both at once, and an Error where the stack cannot be opened.
 */
export async function loadContext(options: ContextOptions): Promise<Context> {
  const engine = options.engine ?? "pulumi";
  if (engine === "pulumi" && !(await findPulumi())) {
    throw new Error("no pulumi on the PATH: install the Pulumi CLI, or try --engine sandbox");
  }
  const home = resolve(options.cwd ?? ROOT);
  const settings: StackSettings = {
    stack: options.stack,
    home,
    mustExist: true,
    ...(options.env ? { env: options.env } : {}),
  };
  const stack = await openFleetStack(engine, settings);
  const rawConfig = await stack.config();
  const { config, findings: configFindings } = parseRawConfig(rawConfig);
  const named = config?.satisFile ?? "satis.json";
  const satisFile = resolve(ROOT, named);
  const { satis, findings: satisFindings } = readSatis(satisFile, named);
  const derived = satis && config ? deriveFleet(satis, config) : { findings: [] };
  const findings = [...configFindings, ...satisFindings, ...derived.findings];
  if (hasFault(findings) || !(config && satis && derived.fleet)) throw new FaultsError(findings);
  return {
    settings,
    engine,
    stack,
    config,
    rawConfig,
    satisFile,
    satis,
    fleet: derived.fleet,
    warnings: findings,
    github: connect(config, rawConfig),
  };
}

/** The pure half's view of the stack's configuration: secret keys by presence only. */
export function parseRawConfig(raw: Readonly<Record<string, ConfigEntry>>): ReturnType<typeof parseConfig> {
  const secretKeys = new Set(CONFIG_KEYS.filter(({ secret }) => secret).map(({ name }) => name));
  const plain = Object.entries(raw).filter(([name]) => !secretKeys.has(name));
  const present = [...secretKeys].filter((name) => raw[name] !== undefined && raw[name].value !== "");
  return parseConfig(new Map(plain.map(([name, { value }]) => [name, value])), new Set(present));
}
