import * as z from "zod";
import { isPackageName } from "../fleet/grammar.ts";
import { PublishError } from "../publisher/fault.ts";
import { compareVersions } from "../publisher/verify/constraint.ts";
import { normalize } from "../publisher/verify/version.ts";
import type { Change, WantedVersion } from "./work.ts";

const place = z.looseObject({ type: z.string(), url: z.string(), reference: z.string().nullish() });
const lockedSchema = z.looseObject({
  name: z.string().refine(isPackageName, { error: "is no package name" }),
  version: z.string().max(500),
  source: place.nullish(),
  dist: place.nullish(),
});
const lockSchema = z.looseObject({
  packages: z.array(lockedSchema),
  "packages-dev": z.array(lockedSchema).nullish(),
});

/** A package as composer.lock has it. */
export type Locked = z.infer<typeof lockedSchema>;

/** The packages of a composer.lock, those of `require-dev` too, by name in lower case. */
export type Lock = ReadonlyMap<string, Locked>;

/** @throws PublishError where it is no lock file */
export function parseLock(text: string, file: string): Lock {
  const remedy = "run: composer update --lock, and commit composer.lock";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new PublishError([{ by: "lock", message: `${file} is not JSON`, remedy }]);
  }
  const parsed = lockSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const message = `${file} is no lock file of Composer: ${issue?.path.join(".")}: ${issue?.message}`;
    throw new PublishError([{ by: "lock", message, remedy }]);
  }
  const { packages, "packages-dev": dev } = parsed.data;
  return new Map([...packages, ...(dev ?? [])].map((one) => [one.name.toLowerCase(), one]));
}

const constraints = z.union([z.record(z.string(), z.string()), z.array(z.never())]).optional();
const composerSchema = z.looseObject({
  name: z.string().optional(),
  require: constraints,
  "require-dev": constraints,
});

/** What the updater reads of a composer.json. */
export interface ComposerJson {
  readonly name: string | undefined;
  readonly require: Readonly<Record<string, string>>;
  readonly requireDev: Readonly<Record<string, string>>;
}

/** @throws PublishError where it is no composer.json */
export function parseComposerJson(text: string, file: string): ComposerJson {
  const remedy = "run: composer validate";
  try {
    const { name, require, "require-dev": requireDev } = composerSchema.parse(JSON.parse(text));
    // PHP writes an empty table as an empty list.
    const table = (links: typeof require) => (Array.isArray(links) ? {} : (links ?? {}));
    return { name, require: table(require), requireDev: table(requireDev) };
  } catch {
    throw new PublishError([{ by: "lock", message: `${file} is no composer.json`, remedy }]);
  }
}

/** The commit that a locked package is at. */
export function referenceOf({ source, dist }: Locked): string | undefined {
  return source?.reference ?? dist?.reference ?? undefined;
}

/** Packages of a path repository are the consumer's own files: no registry updates them. */
export function isPath({ dist }: Locked): boolean {
  return dist?.type === "path";
}

/** A version that comes from a branch and moves with it. */
export function isBranchVersion(version: string): boolean {
  return /^dev-|-dev$/i.test(version);
}

/**
 * Whether an announced version could change what is locked.
 *
 * Not one that is locked already, an older release, or another branch than the locked one.
 */
export function isNews(locked: Locked, { version, reference }: WantedVersion): boolean {
  if (locked.version === version) return reference === undefined || referenceOf(locked) !== reference;
  if (isBranchVersion(version)) return false;
  if (isBranchVersion(locked.version)) return true;
  const [before, after] = [normalize(locked.version), normalize(version)];
  return before === undefined || after === undefined || compareVersions(after, before) > 0;
}

/** What changed between two locks, the wanted packages first, then by name. Packages of path repositories are left out. */
export function changesBetween(before: Lock, after: Lock, wanted: ReadonlySet<string>): Change[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const changes = names.flatMap((name): Change[] => {
    const [old, now] = [before.get(name), after.get(name)];
    if ([old, now].some((one) => one !== undefined && isPath(one))) return [];
    const reference = now === undefined ? undefined : referenceOf(now);
    const isSame = old?.version === now?.version && (old && referenceOf(old)) === reference;
    if (isSame) return [];
    return [
      {
        name,
        ...(old === undefined ? {} : { from: old.version }),
        ...(now === undefined ? {} : { to: now.version }),
        ...(reference === undefined ? {} : { reference }),
        wanted: wanted.has(name),
      },
    ];
  });
  return [...changes.filter((one) => one.wanted), ...changes.filter((one) => !one.wanted)];
}
