import type { ComposerRepositoryPlan } from "../../fleet/composer.ts";
import { safeText } from "../../fleet/findings.ts";
import { type BuildRecord, parseRecord, RECORD_FILE } from "../../publisher/record.ts";
import { normalize, type Stability, stabilityOf } from "../../publisher/verify/version.ts";
import { reasonOf, throwIfRefused } from "../drift/reader.ts";
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

/**
 * Reads what the published tree was built from; `undefined` where nothing is published, or nothing of this publisher.
 *
 * @throws Error where it could not be read, and GitHubRefused where GitHub answers nobody
 */
export async function readRecord(
  github: GitHub,
  composer: ComposerRepositoryPlan,
): Promise<BuildRecord | undefined> {
  const text = await readPublished(github, composer, RECORD_FILE);
  return text === undefined ? undefined : parseRecord(text);
}

async function readJson(github: GitHub, composer: ComposerRepositoryPlan, path: string): Promise<unknown> {
  const text = await readPublished(github, composer, path);
  if (text === undefined)
    throw new Error(
      `there is no ${safeText(path)} on the branch ${composer.registryBranch}: nothing is published, or the token may not read it`,
    );
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${safeText(path)} of the registry is not JSON`);
  }
}

/** Text of a file of the published tree; `undefined` where it is not there. @param path whoever pushed to the branch may have named it */
async function readPublished(
  github: GitHub,
  { owner, repository, registryBranch }: ComposerRepositoryPlan,
  path: string,
): Promise<string | undefined> {
  try {
    return await readRaw(github, { owner, repo: repository, path, ref: registryBranch });
  } catch (error) {
    throwIfRefused(error);
    if (dataOf(error).status === 404) return undefined;
    throw new Error(`${safeText(path)} of the registry could not be read: ${reasonOf(error)}`);
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
