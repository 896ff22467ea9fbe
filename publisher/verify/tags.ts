import type { PlannedRepository } from "../plan.ts";
import { repositoryFinder, whyLeftOut } from "./context.ts";
import type { Candidate } from "./gate.ts";
import { type Metadata, readMetadata, type VersionFacts } from "./metadata.ts";
import { tagVersion } from "./version.ts";

/** A tag without a version. */
export interface TagLeftOut {
  readonly package: string;
  readonly tag: string;
  /** Fit to print once it has gone through `safeText`; it may hold a constraint of satis.json. */
  readonly reason: string;
  readonly normalized?: string;
}

/** What neither satis.json nor the tag itself explains. */
export const UNEXPLAINED = "Composer left it out: no composer.json at that tag, or its version differs";

/**
 * Lists every tag of the rebuilt packages that is no version, and why.
 *
 * Whether a tag has a composer.json, and which `version` that gives, cannot be known from the refs; where nothing else explains the gap,
 * the reason says just that.
 */
export async function tagsLeftOut(candidate: Candidate): Promise<readonly TagLeftOut[]> {
  const { tree, rebuilt } = candidate;
  const metadata = await readMetadata(tree);
  const repositoryOf = repositoryFinder(candidate);
  return [...(rebuilt ?? [])].sort().flatMap((name) => {
    const repository = repositoryOf(name);
    return repository?.refs === undefined ? [] : leftOutOf(candidate, name, repository, metadata);
  });
}

function leftOutOf(
  candidate: Candidate,
  name: string,
  repository: PlannedRepository,
  { packages }: Metadata,
): TagLeftOut[] {
  const versions = packages.get(name);
  if (versions === undefined) return [];
  const published = new Map(versions.map((version) => [version.normalized, version]));
  const tags = Object.keys(repository.refs?.tags ?? {});
  const first = firstOfEach(tags, published);
  return tags.flatMap((tag): TagLeftOut[] => {
    const { normalized, reason } = tagVersion(tag);
    if (normalized === undefined) return [{ package: name, tag, reason }];
    const twin = first.get(normalized);
    if (twin !== undefined && twin !== tag)
      return [{ package: name, tag, normalized, reason: `normalises like the tag ${twin}` }];
    if (published.has(normalized)) return [];
    const selection = whyLeftOut(candidate, { package: name, normalized }, repository);
    return [{ package: name, tag, normalized, reason: selection ?? UNEXPLAINED }];
  });
}

/** Of tags that normalise alike Composer takes the first it meets, in the order of its driver: the one that was published says which. */
function firstOfEach(
  tags: readonly string[],
  published: ReadonlyMap<string, VersionFacts>,
): Map<string, string> {
  const first = new Map<string, string>();
  for (const tag of tags) {
    const { normalized } = tagVersion(tag);
    if (normalized === undefined) continue;
    const isPublished = published.get(normalized)?.version === tag.replaceAll("release-", "");
    if (isPublished || !first.has(normalized)) first.set(normalized, tag);
  }
  return first;
}
