import { quoted } from "../../fleet/findings.ts";
import type { Fault } from "../fault.ts";
import type { PlannedRepository } from "../plan.ts";
import type { Refs } from "../refs/source.ts";
import { byNormalized, isHeld, packageFault, readBoth, repositoryFinder, whyLeftOut } from "./context.ts";
import type { Candidate, Gate } from "./gate.ts";
import type { Metadata, VersionFacts } from "./metadata.ts";
import { normalizeBranch, tagVersion } from "./version.ts";

const BY = "versions-kept";
/** So many versions may go whatever the percentage: of a small registry every deleted branch is a large part. */
const ALWAYS_ALLOWED = 5;

/**
 * No version is lost while its ref is there and satis.json selects it.
 *
 * Versions whose refs are gone count against `maxDeletedPercent` of all published versions; what satis.json itself leaves out does not,
 * since somebody wrote that there. A lost tag at an unchanged commit is told by tags-are-versions.
 */
export const versionsKept: Gate = {
  name: BY,
  guarantees:
    "a published version or package is lost only where its ref is gone or satis.json no longer selects it, and no more of them at once than satis-fleet:maxDeletedPercent",
  async check(candidate) {
    const { now, before } = await readBoth(candidate);
    if (before === undefined || candidate.plan === undefined) return [];
    const repositoryOf = repositoryFinder(candidate);
    const faults: Fault[] = [];
    let deleted = 0;
    let total = 0;
    const broken = new Set(now.faults.map(({ package: name }) => name));
    for (const [name, versions] of before.packages) {
      total += versions.length;
      if (broken.has(name) || isHeld(candidate, name) || isExpectedElsewhere(candidate, now, name)) continue;
      const kept = byNormalized(now.packages.get(name) ?? []);
      const lost = versions.filter(({ normalized }) => !kept.has(normalized));
      if (lost.length === 0) continue;
      const judged = judge(candidate, name, lost, repositoryOf(name));
      deleted += judged.deleted;
      if (judged.fault !== undefined) faults.push(judged.fault);
    }
    return [...faults, ...budgetFaults(candidate, deleted, total)];
  },
};

/** A package that the record still has, and the tree has not, is told by expected-packages. */
function isExpectedElsewhere({ record }: Candidate, now: Metadata, name: string): boolean {
  return !now.packages.has(name) && record !== undefined && Object.hasOwn(record.packages, name);
}

function judge(
  candidate: Candidate,
  name: string,
  lost: readonly VersionFacts[],
  repository: PlannedRepository | undefined,
): { readonly deleted: number; readonly fault?: Fault } {
  // No entry of satis.json leads to it any more, or its repository has another name now: what is lost was given up there.
  if (repository === undefined && !comesFromElsewhere(candidate)) return { deleted: 0 };
  if (repository?.packageName !== undefined && repository.packageName.toLowerCase() !== name)
    return { deleted: 0 };
  const refs = repository?.refs;
  const selected = lost.filter(
    ({ normalized, type }) =>
      whyLeftOut(candidate, { package: name, normalized, type }, repository) === undefined,
  );
  const gone = refs === undefined ? [] : selected.filter((version) => refOf(version, refs) === undefined);
  const unjust = selected.filter(
    (version) => !gone.includes(version) && !isToldAsTag(candidate, name, version, refs),
  );
  const [first] = unjust;
  if (first === undefined) return { deleted: gone.length };
  const others = unjust.length === 1 ? "" : ` and ${unjust.length - 1} more`;
  const why = refs === undefined ? "its repository could not be read" : "its ref is there";
  const remedy = `put a valid composer.json back at that ref, delete the ref, or name the version in "blacklist" of satis.json`;
  return {
    deleted: gone.length,
    fault: packageFault(BY, name, `it would lose ${quoted(first.version)}${others} although ${why}`, remedy),
  };
}

/** Packages of entries without refs (another registry, archives) have no repository in the plan. */
function comesFromElsewhere({ satis }: Candidate): boolean {
  return satis?.entries.some(({ vcs }) => !vcs) === true;
}

/** Name and sha of the ref that a version comes from. */
function refOf({ normalized }: VersionFacts, { heads, tags }: Refs): readonly [string, string] | undefined {
  return (
    Object.entries(tags).find(([tag]) => tagVersion(tag).normalized === normalized) ??
    Object.entries(heads).find(([head]) => normalizeBranch(head) === normalized)
  );
}

function isToldAsTag(
  { rebuilt }: Candidate,
  name: string,
  version: VersionFacts,
  refs: Refs | undefined,
): boolean {
  if (refs === undefined || rebuilt?.has(name) !== true) return false;
  const [ref, sha] = refOf(version, refs) ?? [];
  return (
    ref !== undefined &&
    Object.hasOwn(refs.tags, ref) &&
    refs.tags[ref] === sha &&
    sha === version.source?.reference
  );
}

function budgetFaults({ settings }: Candidate, deleted: number, total: number): Fault[] {
  const percent = settings?.maxDeletedPercent;
  if (percent === undefined) return [];
  const allowed = percent === 0 ? 0 : Math.max(ALWAYS_ALLOWED, Math.floor((total * percent) / 100));
  if (deleted <= allowed) return [];
  const message = `${deleted} of ${total} published versions would go because their refs are gone, more than the ${allowed} that maxDeletedPercent ${percent} allows`;
  return [
    {
      by: BY,
      message,
      remedy:
        "if they were deleted on purpose: pulumi config set satis-fleet:maxDeletedPercent with a higher number, for this one build",
    },
  ];
}
