import type { GitHub } from "../publisher/github.ts";
import { listPulls, type PullPlace } from "./pulls.ts";
import { hasPeople, type Repository } from "./repository.ts";

/** A branch of an update as it was seen. */
interface Seen {
  readonly place: PullPlace;
  /** Head of the base branch. */
  readonly base: string;
  readonly branch: string | undefined;
  /** Address of the updater's own commits. */
  readonly email: string;
}

/**
 * Whether the branch has commits of people that are to be kept: such a branch is built upon and never renewed.
 *
 * What a pull request has brought into the base is not: after a merge that squashes, git alone would take it for open work for ever, and
 * every later update would begin from files that the base has left behind.
 */
export async function belongsToPeople(
  repository: Repository,
  github: GitHub,
  { place, base, branch, email }: Seen,
): Promise<boolean> {
  if (branch === undefined || !(await hasPeople(repository, { base, branch }, email))) return false;
  const closed = await listPulls(github, place, "closed");
  return !closed.some(({ merged, head }) => merged && head === branch);
}
