/** Every way in which GitHub can differ from the fleet. */
export type Kind =
  | "file missing"
  | "file changed"
  | "file left behind"
  | "workflow disabled"
  | "workflow permissions changed"
  | "secret missing"
  | "secret overwritten"
  | "secret unrecorded"
  | "secret scope changed"
  | "secret left behind"
  | "repository missing"
  | "repository renamed"
  | "repository transferred"
  | "repository archived"
  | "repository deleted"
  | "repository replaced"
  | "repository changed"
  | "Pages off"
  | "Pages changed"
  | "environment missing"
  | "environment changed"
  | "ruleset missing"
  | "ruleset changed";

/** One thing on GitHub that is not as the fleet says. */
export interface Drift {
  /** `owner/repository`, as the fleet calls it; the organization alone for what is its own. */
  readonly repository: string;
  /** The same by GitHub's name of today, for a repair that calls GitHub itself. */
  readonly calledNow?: string;
  readonly kind: Kind;
  /** What differs, on one line that is safe to print. */
  readonly detail: string;
  /** Path of the file, or name of the secret. */
  readonly name?: string;
  /** Unified diff from what the fleet says to what GitHub has, safe to print. */
  readonly diff?: string;
  /** Why a changed file is told without its diff, safe to print. */
  readonly noDiff?: string;
  /** What somebody has to do where no update brings it back. */
  readonly remedy?: string;
  /** An update would fail on this repository, and end before it came to the others. */
  readonly blocks?: true;
  /** The resource that brings it back, where the last update made it. */
  readonly urn?: string;
  /** Whether only a replacement of that resource does. */
  readonly replace?: true;
}

/** Something that could not be read, and so is neither clean nor drifted. */
export interface Unread {
  readonly repository: string;
  readonly what: string;
  readonly reason: string;
}

/** Findings of one comparison. */
export interface Findings {
  readonly drift: readonly Drift[];
  readonly unread: readonly Unread[];
}

/** Puts the findings of several comparisons together. */
export function together(...all: readonly Findings[]): Findings {
  return { drift: all.flatMap(({ drift }) => drift), unread: all.flatMap(({ unread }) => unread) };
}
