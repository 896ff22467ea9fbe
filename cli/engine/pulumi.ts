import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { safeText } from "../../fleet/findings.ts";
import { locksOfBackend } from "../locks.ts";
import { countedRuns } from "./counted.ts";
import { type ConfigEntry, type FleetStack, PROJECT, type StackSettings } from "./stack.ts";

/** Opens a stack of the Pulumi CLI on the PATH, with whatever backend that has. */
export async function openOnPulumi(
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
        if (!(error instanceof StackNotFoundError)) throw saidByPulumi(error);
        throw new Error(`no stack ${settings.stack}: pulumi stack init ${settings.stack}`);
      })
    : await LocalWorkspace.createOrSelectStack(place, { envVars });
  if (Object.keys(config).length > 0) await stack.setAllConfig({ ...config });
  return {
    ...countedRuns(() => stack),
    outputs: () => stack.outputs(),
    exportStack: () => stack.exportStack(),
    importStack: (deployment) => stack.importStack(deployment),
    importResources: async ({ nameTable, resources }) => {
      await stack.import({ nameTable: { ...nameTable }, resources: [...resources], generateCode: false });
    },
    config: () =>
      stack.getAllConfig().catch((error: unknown) => {
        throw saidByPulumi(error);
      }),
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

/** What Pulumi's own words ask for. */
const REMEDIES: readonly (readonly [said: RegExp, remedy: string])[] = [
  [
    /PULUMI_ACCESS_TOKEN must be set for login/,
    "pulumi login, or set PULUMI_ACCESS_TOKEN or PULUMI_BACKEND_URL",
  ],
  [/passphrase/i, "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE"],
];

/** An error in Pulumi's words, each line once, without the command and the exit code around them. */
export function saidByPulumi(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const lines = [...error.message.matchAll(/^ *(?:stderr: )?error: (.+)$/gm)].map(([, words = ""]) =>
    words.trim(),
  );
  if (lines.length === 0) return error;
  const said = [...new Set(lines)].map(safeText).join("\n");
  const [, remedy] = REMEDIES.find(([shape]) => shape.test(said)) ?? [];
  return new Error(remedy === undefined ? `pulumi: ${said}` : `pulumi: ${said}: ${remedy}`);
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
