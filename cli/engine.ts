/** Stacks on either engine: the Pulumi CLI, or the small one of the sandbox. */
import { execFile } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { openOnPulumi } from "./engine/pulumi.ts";
import { openOnSandbox } from "./engine/sandbox.ts";
import {
  type ConfigEntry,
  type EngineName,
  type FleetStack,
  PROJECT,
  PROJECT_FILE,
  type StackSettings,
} from "./engine/stack.ts";

export * from "./engine/stack.ts";

/** What a new project needs before its stack is opened. */
export interface NewProject {
  readonly home: string;
  /** Entry point of the program. @default the repository's index.ts */
  readonly program?: string;
}

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
