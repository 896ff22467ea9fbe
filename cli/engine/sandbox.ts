import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { readLock } from "../locks.ts";
import { countedRuns } from "./counted.ts";
import { type ConfigEntry, type FleetStack, PROJECT, PROJECT_FILE, type StackSettings } from "./stack.ts";

/** Opens a stack of the small engine; its state and configuration lie beside Pulumi.yaml. */
export async function openOnSandbox(
  settings: StackSettings,
  added: Readonly<Record<string, ConfigEntry>>,
): Promise<FleetStack> {
  // The only way to the sandbox, so that nothing that manages a real fleet loads it.
  const { openStack } = await import("../../sandbox/engine/stack.ts");
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
    ...countedRuns(() => stack),
    outputs: () => stack.outputs(),
    // With the passphrase the real engine can take the checkpoint over, secrets and all.
    exportStack: () => stack.exportStack(passphrase === undefined ? {} : { passphrase }),
    importStack: (deployment) => stack.importStack(deployment),
    importResources: async (document) => {
      const { importResources } = await import("../../sandbox/engine/import-file.ts");
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
