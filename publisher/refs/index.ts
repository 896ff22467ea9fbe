import type { SourceRepository } from "../repositories.ts";

export { refsDigest } from "./digest.ts";

/** Reads something of any number of repositories; an answer for every one asked for, by its id. */
interface Source<Result> {
  read(repositories: readonly SourceRepository[]): Promise<ReadonlyMap<string, Result>>;
}

/**
 * Reads every repository in the way that fits it: those of the fleet's GitHub by its API, all others by git.
 *
 * @param github absent where there is no token, which the API asks for: then git reads GitHub's repositories too
 */
export function sourceByKind<Result>({
  git,
  github,
}: {
  readonly git: Source<Result>;
  readonly github?: Source<Result> | undefined;
}): Source<Result> {
  return {
    read: async (repositories) => {
      if (github === undefined) return git.read(repositories);
      const [byApi, byGit] = ["github", "git"].map((wanted) =>
        repositories.filter(({ kind }) => kind === wanted),
      );
      const [fromApi, fromGit] = await Promise.all([github.read(byApi ?? []), git.read(byGit ?? [])]);
      return new Map([...fromApi, ...fromGit]);
    },
  };
}
