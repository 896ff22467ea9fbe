import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import * as z from "zod";
import { isPackageName } from "../fleet/grammar.ts";
import { PublishError } from "../publisher/fault.ts";

/**
 * The updater's working directory, where one command leaves what the next one reads:
 *
 * - `repository.git/`: what was fetched of the consumer, bare
 * - `plan.json`: {@link Plan}, by `check`; `wait` takes out what is not to come
 * - `trees/N/`: the consumer's files as update N starts from them
 * - `update.json`: {@link Updates}, by `update` and `verify`; the one file that the job with the right to write takes over
 */
export interface Work {
  readonly root: string;
  readonly repository: string;
  readonly plan: string;
  readonly update: string;
  /** Composer's own files. */
  readonly composer: string;
  tree(index: number): string;
}

export function workIn(root: string): Work {
  const folder = resolve(root);
  const at = (name: string) => join(folder, name);
  return {
    root: folder,
    repository: at("repository.git"),
    plan: at("plan.json"),
    update: at("update.json"),
    composer: at("composer"),
    tree: (index) => join(folder, "trees", String(index)),
  };
}

const sha = z.string().regex(/^[0-9a-f]{40,64}$/);
const packageName = z.string().refine(isPackageName, { error: "is no package name" });
const wantedVersion = z.strictObject({ version: z.string(), reference: sha.exactOptional() });

/** One update: a pull request's worth. */
const unitSchema = z.strictObject({
  base: z.string(),
  /** Head of the base branch. */
  baseSha: sha,
  /** The one package, where each has a pull request of its own. */
  package: packageName.exactOptional(),
  /** Head of the update's branch; absent where there is none. */
  branchSha: sha.exactOptional(),
  /** Whether people have committed on the update's branch: it is then built upon and never renewed. */
  people: z.boolean(),
  /** Announced versions by package: what is waited for. */
  wanted: z.record(packageName, z.array(wantedVersion)),
  /** What the open pull request updates already, by package: it stays part of the update. */
  pending: z.record(packageName, z.string()),
});

export type Unit = z.infer<typeof unitSchema>;
export type WantedVersion = z.infer<typeof wantedVersion>;

const faultSchema = z.strictObject({
  by: z.string(),
  package: z.string().exactOptional(),
  message: z.string(),
  remedy: z.string(),
});

const planSchema = z.strictObject({
  schema: z.literal(1),
  build: z.string(),
  units: z.array(unitSchema),
  /** What failed on the way: the rest goes on, and `verify` ends the run with them. */
  faults: z.array(faultSchema),
});

export type Plan = z.infer<typeof planSchema>;

/** A package whose version in composer.lock changed. */
const changeSchema = z.strictObject({
  name: packageName,
  /** Absent where the package is new. */
  from: z.string().exactOptional(),
  /** Absent where the package went. */
  to: z.string().exactOptional(),
  /** Commit of `to`. */
  reference: z.string().exactOptional(),
  /** Whether it was asked for, by an announcement or by the open pull request. */
  wanted: z.boolean(),
});

export type Change = z.infer<typeof changeSchema>;

const updateSchema = z.strictObject({
  unit: unitSchema,
  /** Against the base branch, the wanted ones first. */
  changes: z.array(changeSchema),
  /** Constraints of composer.json that were raised. */
  raised: z.array(z.strictObject({ name: packageName, from: z.string(), to: z.string() })),
  /** Texts of the files; composer.json only where it changed. */
  lock: z.string(),
  json: z.string().exactOptional(),
  /** Lines about known vulnerabilities; absent where Composer could not tell. */
  audit: z.array(z.string()).exactOptional(),
});

export type Update = z.infer<typeof updateSchema>;

const updatesSchema = z.strictObject({
  schema: z.literal(1),
  build: z.string(),
  updates: z.array(updateSchema),
  faults: z.array(faultSchema),
});

export type Updates = z.infer<typeof updatesSchema>;

export async function readPlan(work: Work): Promise<Plan> {
  return checked(planSchema, await readFile(work.plan, "utf8"), work.plan);
}

/** @throws PublishError where the text is not what `verify` writes */
export function parseUpdates(text: string): Updates {
  return checked(updatesSchema, text, "update.json");
}

export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
}

function checked<T>(schema: z.ZodType<T>, text: string, file: string): T {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {
    // Told below: either way the file is not the updater's.
  }
  const message = `${file} is not what an earlier step wrote`;
  throw new PublishError([{ by: "updater", message, remedy: "start the workflow again" }]);
}
