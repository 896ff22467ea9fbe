import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type ConfigEntry,
  type EngineName,
  type FleetStack,
  makeProject,
  openFleetStack,
  type StackSettings,
} from "../cli/engine.ts";
import { type EmulatedGitHub, type SeedRepository, startGitHub } from "../sandbox/github/index.ts";

/** What a world is made of. */
export interface WorldOptions {
  readonly engine: EngineName;
  /** The organization. */
  readonly owner: string;
  /** Text of satis.json. */
  readonly satis: string;
  /** Text of subscriptions.json; needs `satis-fleet:announceToken`. @default there is none */
  readonly subscriptions?: string;
  /** Repositories that exist before the first update. */
  readonly repositories: readonly SeedRepository[];
  /** Stack configuration over the defaults below. */
  readonly config?: Readonly<Record<string, ConfigEntry>>;
  readonly skipCheckpoints?: boolean;
  /** Another entry point than the repository's own index.ts. */
  readonly program?: string;
}

/** An emulated GitHub, a stack that manages it, and the file that says how. */
export interface World {
  readonly github: EmulatedGitHub;
  readonly stack: FleetStack;
  /** With which another process opens the same stack. */
  readonly settings: StackSettings;
  /** Temporary folder with satis.json and the stack's state. */
  readonly home: string;
  writeSatis(text: string): Promise<void>;
  writeSubscriptions(text: string): Promise<void>;
  /** Changes the stack's configuration from the next run on. */
  configure(config: Readonly<Record<string, ConfigEntry>>): Promise<void>;
  close(options?: { keepFiles?: boolean }): Promise<void>;
}

const COMPILE_CACHE = fileURLToPath(new URL("../node_modules/.cache/node", import.meta.url));

/** Tokens of the sandbox: shaped like nothing real, and looked for in every output by the tests. */
export const SANDBOX_TOKENS = {
  provider: "sandbox-provider-token-5f1c9a",
  dispatch: "sandbox-dispatch-token-8b27e4",
  read: "sandbox-read-token-c03d61",
  announce: "sandbox-announce-token-41d7b2",
  registry: "sandbox-registry-token-9ae350",
  consumer: "sandbox-consumer-token-67f18c",
} as const;

/** Stack configuration that makes the program talk to an emulated GitHub at `url`. */
export function sandboxConfig(owner: string, url: string, satisFile: string): Record<string, ConfigEntry> {
  return {
    "github:owner": { value: owner },
    "github:baseUrl": { value: url },
    "github:token": { value: SANDBOX_TOKENS.provider, secret: true },
    // The pause after a write is for github.com.
    "github:writeDelayMs": { value: "1" },
    "satis-fleet:satisFile": { value: satisFile },
    "satis-fleet:dispatchToken": { value: SANDBOX_TOKENS.dispatch, secret: true },
    "satis-fleet:readToken": { value: SANDBOX_TOKENS.read, secret: true },
  };
}

/** Starts a world in a temporary folder; nothing of it outlives `close`. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const home = await mkdtemp(join(tmpdir(), "satis-fleet-"));
  const satisFile = join(home, "satis.json");
  const writeSatis = (text: string) => writeFile(satisFile, text);
  const writeSubscriptions = (text: string) => writeFile(join(home, "subscriptions.json"), text);
  await writeSatis(options.satis);
  if (options.subscriptions !== undefined) await writeSubscriptions(options.subscriptions);
  const github = await startGitHub({ owner: options.owner, repositories: options.repositories });
  const project = join(home, "stack");
  const backend = join(home, "state");
  await mkdir(backend);
  await makeProject({
    home: project,
    ...(options.program === undefined ? {} : { program: options.program }),
  });
  const settings: StackSettings = {
    stack: "dev",
    home: project,
    env: {
      PULUMI_BACKEND_URL: `file://${backend}`,
      PULUMI_CONFIG_PASSPHRASE: "sandbox",
      // The program is started once for every run: its code is compiled once.
      NODE_COMPILE_CACHE: COMPILE_CACHE,
    },
    skipCheckpoints: options.skipCheckpoints ?? false,
  };
  const stack = await openFleetStack(options.engine, settings, {
    ...sandboxConfig(options.owner, github.url, satisFile),
    ...options.config,
  });
  return {
    github,
    stack,
    settings,
    home,
    writeSatis,
    writeSubscriptions,
    configure: (config) => stack.configure(config),
    close: async ({ keepFiles = false } = {}) => {
      await github.close();
      if (!keepFiles) await rm(home, { recursive: true, force: true });
    },
  };
}
