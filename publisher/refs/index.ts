import type { RefSource } from "./source.ts";

export { refsDigest } from "./digest.ts";

/**
 * Reads every repository in the way that fits it: those of the fleet's GitHub by its API, all others by git.
 *
 * @param github absent where there is no token, which the API asks for: then git reads GitHub's repositories too
 */
export function refSource({
  git,
  github,
}: {
  readonly git: RefSource;
  readonly github?: RefSource | undefined;
}): RefSource {
  return {
    read: async (repositories) => {
      const byApi = github === undefined ? [] : repositories.filter(({ kind }) => kind === "github");
      const byGit = github === undefined ? repositories : repositories.filter(({ kind }) => kind === "git");
      const [fromApi, fromGit] = await Promise.all([github?.read(byApi) ?? new Map(), git.read(byGit)]);
      return new Map([...fromApi, ...fromGit]);
    },
  };
}
