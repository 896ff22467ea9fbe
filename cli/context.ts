import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CONFIG_KEYS, type FleetConfig, parseConfig } from "../fleet/config.ts";
import { setCommand } from "../fleet/config-reader.ts";
import { consumerTokens } from "../fleet/consumers.ts";
import { deriveFleet, type Fleet } from "../fleet/derive.ts";
import { FaultsError, type Finding, hasFault, safeText } from "../fleet/findings.ts";
import { readSatis, type Satis } from "../fleet/satis.ts";
import { readSubscriptions } from "../fleet/subscriptions.ts";
import {
  type ConfigEntry,
  type EngineName,
  type FleetStack,
  findPulumi,
  openFleetStack,
  PROJECT_FILE,
  type StackSettings,
} from "./engine.ts";
import { connect, credentialOf, type GitHub } from "./github.ts";
import { loadPolicies, type Policies } from "./policies.ts";

/** Which stack a command works on; the same options on every command that needs one. */
export interface ContextOptions {
  readonly stack: string;
  /** Folder with Pulumi.yaml. @default the repository */
  readonly cwd?: string;
  /** @default pulumi; the sandbox is for trying */
  readonly engine?: EngineName;
  /** Environment of the engine, such as `PULUMI_BACKEND_URL`, beside this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Configuration of the policy pack. @default policy-config.json beside satis.json, where there is one */
  readonly policyConfig?: string;
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
  readonly policies: Policies;
  readonly warnings: readonly Finding[];
  readonly github: GitHub;
}

/** The repository's own folder. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Reads stack, configuration, satis.json, subscriptions.json and the policies' configuration.
 *
 * @throws FaultsError naming every fault of them at once, and an Error where the stack cannot be opened.
 */
export async function loadContext(options: ContextOptions): Promise<Context> {
  const engine = options.engine ?? "pulumi";
  if (engine === "pulumi" && !(await findPulumi())) {
    throw new Error("no pulumi on the PATH: install the Pulumi CLI, or try --engine sandbox");
  }
  const home = resolve(options.cwd ?? ROOT);
  if (!existsSync(join(home, PROJECT_FILE))) {
    throw new Error(`there is no ${PROJECT_FILE} in ${safeText(home)}: name the project's folder with --cwd`);
  }
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
  const { subscriptions, findings: subscriptionFindings } = config
    ? readSubscriptions(...subscriptionsFileOf(config))
    : { findings: [] };
  const derived =
    satis && config && subscriptions ? deriveFleet(satis, config, subscriptions) : { findings: [] };
  const { findings: tokenFindings } = consumerTokens(
    rawConfig["satis-fleet:consumerToken"]?.value || undefined,
    derived.fleet?.consumers ?? [],
  );
  const { policies, findings: policyFindings } = loadPolicies(options.policyConfig, satisFile);
  const findings = [
    ...configFindings,
    ...satisFindings,
    ...subscriptionFindings,
    ...derived.findings,
    ...tokenFindings,
    ...policyFindings,
  ];
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
    policies,
    warnings: findings,
    github: connect(config, rawConfig),
  };
}

/** GitHub answers anonymous calls, in other words and only where nothing is private: what is missing is told at once. @throws Error where the stack has no token */
export function requireToken({ rawConfig }: Pick<Context, "rawConfig">): void {
  if (credentialOf(rawConfig)) return;
  throw new Error(`there is no token: ${setCommand("github:token")}, or set GITHUB_TOKEN`);
}

/** Path of subscriptions.json, and the name for findings: as configured, else beside satis.json. */
export function subscriptionsFileOf({ satisFile, subscriptionsFile }: FleetConfig): [string, string] {
  const named = subscriptionsFile ?? join(dirname(satisFile), "subscriptions.json");
  return [resolve(ROOT, named), named];
}

/** The pure half's view of the stack's configuration: secret keys by presence only. */
export function parseRawConfig(raw: Readonly<Record<string, ConfigEntry>>): ReturnType<typeof parseConfig> {
  const secretKeys = new Set(CONFIG_KEYS.filter(({ secret }) => secret).map(({ name }) => name));
  const plain = Object.entries(raw).filter(([name]) => !secretKeys.has(name));
  const present = [...secretKeys].filter((name) => raw[name] !== undefined && raw[name].value !== "");
  return parseConfig(new Map(plain.map(([name, { value }]) => [name, value])), new Set(present));
}
