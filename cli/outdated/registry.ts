import type { ComposerRepositoryPlan } from "../../fleet/composer.ts";
import { normalize, type Stability, stabilityOf } from "../../publisher/verify/version.ts";
import { dataOf, textOf } from "../drift/state.ts";
import type { GitHub } from "../github.ts";

/** A version that the registry serves. */
export interface Served {
  readonly version: string;
  readonly normalized: string;
  readonly stability: Stability;
  /** Commit that it is at. */
  readonly reference: string | undefined;
}

/** Versions by package name in lower case. */
export type Registry = ReadonlyMap<string, readonly Served[]>;

/**
 * Reads what is published, from packages.json and its include files on the registry's branch: the same for both hostings, and not
 * from a cache.
 *
 * @throws Error where there is nothing published, or something else
 */
export async function readRegistry(github: GitHub, composer: ComposerRepositoryPlan): Promise<Registry> {
  const { includes, packages } = dataOf(await readJson(github, composer, "packages.json"));
  const documents = [packages];
  for (const path of Object.keys(dataOf(includes)))
    documents.push(dataOf(await readJson(github, composer, path)).packages);
  const registry = new Map<string, readonly Served[]>();
  for (const document of documents) {
    for (const [name, versions] of Object.entries(dataOf(document)))
      registry.set(name.toLowerCase(), servedIn(versions));
  }
  return registry;
}

/** The text of a file of a repository, however long. @throws Octokit's error, 404 where it is not there */
export async function readRaw(
  github: GitHub,
  place: { readonly owner: string; readonly repo: string; readonly path: string; readonly ref?: string },
): Promise<string> {
  const { data } = await github.request("GET /repos/{owner}/{repo}/contents/{path}", {
    ...place,
    headers: { accept: "application/vnd.github.raw" },
  });
  return String(data);
}

async function readJson(
  github: GitHub,
  { owner, repository, registryBranch }: ComposerRepositoryPlan,
  path: string,
): Promise<unknown> {
  try {
    return JSON.parse(await readRaw(github, { owner, repo: repository, path, ref: registryBranch }));
  } catch (error) {
    if (error instanceof SyntaxError) throw new Error(`${path} of the registry is not JSON`);
    if (dataOf(error).status !== 404) throw error;
    throw new Error(
      `there is no ${path} on the branch ${registryBranch}: nothing is published, or the token may not read it`,
    );
  }
}

function servedIn(versions: unknown): readonly Served[] {
  return Object.values(dataOf(versions)).flatMap((one): Served[] => {
    const { version, version_normalized, source, dist } = dataOf(one);
    if (typeof version !== "string") return [];
    const normalized = textOf(version_normalized) ?? normalize(version);
    if (normalized === undefined) return [];
    const reference = textOf(dataOf(source).reference) ?? textOf(dataOf(dist).reference);
    return [{ version, normalized, stability: stabilityOf(version), reference }];
  });
}
