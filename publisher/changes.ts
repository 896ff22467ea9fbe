import type { VersionChange } from "./outcome.ts";
import type { Refs } from "./refs/source.ts";
import type { Version } from "./tree.ts";
import { normalize, normalizeBranch, tagVersion } from "./verify/version.ts";

/** What a version is made from. */
function referenceOf({ source, dist }: Version): string | undefined {
  return source?.reference ?? dist?.reference;
}

/** Gives the versions of one package that came, went or moved, sorted by version. */
export function versionChanges(
  name: string,
  before: readonly Version[],
  after: readonly Version[],
): readonly VersionChange[] {
  const old = new Map(before.map((one) => [one.version, referenceOf(one)]));
  const now = new Map(after.map((one) => [one.version, referenceOf(one)]));
  const changes: VersionChange[] = [];
  const tell = (version: string, kind: VersionChange["kind"], reference: string | undefined) =>
    changes.push({ package: name, version, kind, ...(reference === undefined ? {} : { reference }) });
  for (const [version, reference] of now) {
    if (!old.has(version)) tell(version, "added", reference);
    else if (old.get(version) !== reference) tell(version, "moved", reference);
  }
  for (const [version, reference] of old) if (!now.has(version)) tell(version, "removed", reference);
  return changes.sort((a, b) => (a.version < b.version ? -1 : 1));
}

/**
 * Gives the versions that went although a ref that makes them is still there.
 *
 * Satis loses versions without a word. A ref that moved may have lost its composer.json, but then a person has to look too.
 */
export function lostVersions(
  before: readonly Version[],
  after: readonly Version[],
  refs: Refs,
): readonly string[] {
  const there = new Set(after.map(normalizedOf));
  const made = new Set([
    ...Object.keys(refs.tags).map((tag) => tagVersion(tag).normalized),
    ...Object.keys(refs.heads).map(normalizeBranch),
  ]);
  return before
    .filter((one) => !there.has(normalizedOf(one)) && made.has(normalizedOf(one)))
    .map(({ version }) => version);
}

/** Two texts of one version are the same version to Composer. */
function normalizedOf({ version, version_normalized }: Version): string {
  return version_normalized ?? normalize(version) ?? version;
}
