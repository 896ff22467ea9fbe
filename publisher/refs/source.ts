import type { SourceRepository } from "../repositories.ts";

/** Refs of one repository: name without `refs/heads/` or `refs/tags/` to the object's sha. */
export interface Refs {
  readonly heads: Readonly<Record<string, string>>;
  /** An annotated tag is its tag object: one that is tagged anew has changed. */
  readonly tags: Readonly<Record<string, string>>;
  /** Commit and name of the default branch where the source tells it. */
  readonly head?: string;
}

/** What a source of refs found out; what it could not read is told, and stops nothing else. */
export type RefsResult =
  | { readonly refs: Refs; readonly error?: undefined }
  | {
      readonly refs?: undefined;
      /** Fit to print. `gone`: 404, deleted or without access; `unreachable`: may be there. */
      readonly error: { readonly kind: "gone" | "unreachable"; readonly message: string };
    };

/** One way of reading refs, for any number of repositories. */
export interface RefSource {
  /** By {@link SourceRepository.id}; an answer for every repository asked for. */
  read(repositories: readonly SourceRepository[]): Promise<ReadonlyMap<string, RefsResult>>;
}
