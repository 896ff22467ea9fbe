import type { RegistrySettings } from "../fleet/registry-settings.ts";
import type { BuildRecord } from "./record.ts";
import { refsDigest } from "./refs/digest.ts";
import type { Refs, RefsResult } from "./refs/source.ts";
import type { SourceRepository, Sources } from "./repositories.ts";

/** What a look at one repository's refs comes to. */
export interface Looked {
  readonly source: SourceRepository;
  readonly refs?: Refs;
  readonly digest?: string;
  readonly error?: RefsResult["error"];
  /**
   * Why it is to be built, if it is: it was never built with success, its refs are others, or they are the same and something of it
   * is held, which is tried again at every run until it heals.
   */
  readonly stale?: "new" | "changed" | "held";
}

type Place = Pick<RegistrySettings, "githubHost" | "owner" | "repository" | "registryBranch">;

/**
 * Compares the refs of all repositories with those that the published tree was built from.
 *
 * What could not be read is not stale: nobody knows whether it is. The registry's own branch is no ref of the composer repository
 * here, or each publish would make it stale.
 */
export function lookAt(
  { repositories }: Sources,
  results: ReadonlyMap<string, RefsResult>,
  previous: BuildRecord | undefined,
  settings: Place,
): readonly Looked[] {
  const held = heldIds(previous);
  return repositories.map((source) => {
    const result = results.get(source.id);
    if (result?.refs === undefined) {
      const error = result?.error ?? { kind: "unreachable" as const, message: "nobody looked" };
      return { source, error };
    }
    const refs = isComposerRepository(source, settings)
      ? without(result.refs, settings.registryBranch)
      : result.refs;
    const digest = refsDigest(refs);
    const before = previous?.repositories[source.id]?.refs ?? "";
    const stale =
      before === "" ? "new" : before !== digest ? "changed" : held.has(source.id) ? "held" : undefined;
    return { source, refs, digest, ...(stale === undefined ? {} : { stale }) };
  });
}

/** Ids of repositories of which something is held. */
function heldIds(previous: BuildRecord | undefined): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const [key, { repository }] of Object.entries(previous?.held ?? {})) {
    ids.add(repository ?? previous?.packages[key]?.repository ?? key);
  }
  return ids;
}

function isComposerRepository({ id }: SourceRepository, { githubHost, owner, repository }: Place): boolean {
  return id === `${githubHost}/${owner}/${repository}`.toLowerCase();
}

function without(refs: Refs, branch: string): Refs {
  const heads = Object.entries(refs.heads).filter(([name]) => name !== branch);
  return { ...refs, heads: Object.fromEntries(heads) };
}
