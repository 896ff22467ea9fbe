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

/** What it takes to tell how a run ended, whatever is wrong with satis.json. */
export interface Reporting {
  readonly settings: RegistrySettings;
  readonly environment: Environment;
  readonly work: Work;
  readonly teller: Teller;
}

/** What every other command starts from. */
export interface Session extends Reporting {
  readonly satis: Satis;
  /** Digests of what a build depends on besides the packages. */
  readonly inputs: BuildRecord["inputs"];
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
  const { satis, ...reporting } = await look(options, options.satisFile);
  // Its faults are thrown by now.
  if (satis === undefined) throw new PublishError([]);
  const inputs = {
    satis: sha256(satis.text),
    settings: sha256(await readFile(options.settingsFile)),
    publisher: sha256(await readFile(options.program)),
  };
  return { ...reporting, satis, inputs };
}

/**
 * Reads settings.json alone: a run that ended because satis.json is broken is to be told of like any other.
 *
 * @throws PublishError with every fault at once
 */
export async function openReporting(options: Omit<SessionOptions, "builds">): Promise<Reporting> {
  const { satis: _, ...reporting } = await look({ ...options, builds: false });
  return reporting;
}

async function look(
  { settingsFile, variables, work: root, teller, builds }: SessionOptions,
  satisFile?: string,
): Promise<Reporting & { readonly satis: Satis | undefined }> {
  const environment = readEnvironment(variables);
  const work = workIn(root);
  const { staged, published } = work;
  const found = await preflight({ environment, satisFile, settingsFile, staged, published, builds });
  for (const warning of found.warnings) teller.warn(faultText(warning));
  if (found.faults.length > 0 || !found.settings) throw new PublishError(found.faults);
  return { settings: found.settings, satis: found.satis, environment, work, teller };
}
