import { readFile } from "node:fs/promises";
import { type RegistrySettings, SETTINGS_PATH } from "../fleet/registry-settings.ts";
import type { Satis } from "../fleet/satis.ts";
import { type Environment, readEnvironment } from "./environment.ts";
import { faultText, PublishError } from "./fault.ts";
import { preflight } from "./preflight.ts";
import type { BuildRecord } from "./record.ts";
import type { Teller } from "./runner.ts";
import { sha256 } from "./tree.ts";
import { type Work, workIn } from "./work.ts";

/** What every command starts from. */
export interface Session {
  readonly settings: RegistrySettings;
  readonly satis: Satis;
  readonly environment: Environment;
  readonly work: Work;
  /** Digests of what a build depends on besides the packages. */
  readonly inputs: BuildRecord["inputs"];
  readonly teller: Teller;
}

/** Where the inputs are. */
export interface SessionOptions {
  readonly work: string;
  readonly satisFile: string;
  readonly settingsFile: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The running program's file, whose content is part of what a build depends on. */
  readonly program: string;
  readonly teller: Teller;
  /** Whether Satis and Composer are needed. */
  readonly builds: boolean;
}

/** Where the control plane puts the inputs, relative to a checkout of the composer repository. */
export const DEFAULT_INPUTS = { satisFile: "satis.json", settingsFile: SETTINGS_PATH } as const;

/**
 * Reads settings.json and satis.json and looks at what the command is going to need; warnings are told.
 *
 * @throws PublishError with every fault at once
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const environment = readEnvironment(options.variables);
  const work = workIn(options.work);
  const found = await preflight({
    environment,
    satisFile: options.satisFile,
    settingsFile: options.settingsFile,
    staged: work.staged,
    published: work.published,
    builds: options.builds,
  });
  for (const warning of found.warnings) options.teller.warn(faultText(warning));
  if (found.faults.length > 0 || !found.settings || !found.satis) throw new PublishError(found.faults);
  return {
    settings: found.settings,
    satis: found.satis,
    environment,
    work,
    inputs: {
      satis: sha256(found.satis.text),
      settings: sha256(await readFile(options.settingsFile)),
      publisher: sha256(await readFile(options.program)),
    },
    teller: options.teller,
  };
}
