import type { BuildRecord } from "./record.ts";
import type { Looked } from "./stale.ts";

/** Calls of Composer's GitHub driver for a commit that its cache does not have: composer.json, and the commit's date. */
const CALLS_PER_COMMIT = 2;
/** Refs that one call of the driver lists. */
const PAGE = 100;

/**
 * Estimates the calls of GitHub's REST API that Composer needs for building these repositories; never too few as long as its cache
 * is kept between runs.
 *
 * Each repository costs a call for itself and one for each page of branches and of tags. Each commit costs two more, once: Composer
 * keeps them by id, so repositories whose refs are those of the last build have none, and neither has a commit that is published.
 */
export function estimateCalls(
  built: readonly Looked[],
  previous: BuildRecord | undefined,
  published: ReadonlySet<string> = new Set(),
): number {
  return built.reduce((sum, { source, refs, digest }) => {
    if (source.kind !== "github" || refs === undefined) return sum;
    const lists = [Object.values(refs.heads), Object.values(refs.tags)];
    const pages = lists.reduce((count, list) => count + Math.max(Math.ceil(list.length / PAGE), 1), 0);
    const isKnown = previous?.repositories[source.id]?.refs === digest;
    const commits = isKnown ? new Set() : new Set(lists.flat().filter((sha) => !published.has(sha)));
    return sum + 1 + pages + CALLS_PER_COMMIT * commits.size;
  }, 0);
}
