import * as z from "zod";
import type { RegistrySettings } from "../fleet/registry-settings.ts";
import type { Environment } from "./environment.ts";
import { githubFetch } from "./github.ts";
import type { NameSource } from "./names.ts";
import { githubNames, gitNames } from "./names-source.ts";
import type { PlanInput } from "./plan.ts";
import type { BuildRecord } from "./record.ts";
import { gitRefs } from "./refs/git.ts";
import { githubRefs } from "./refs/github.ts";
import { connectGraphQL, graphqlUrl } from "./refs/graphql.ts";
import { sourceByKind } from "./refs/index.ts";
import type { RefSource } from "./refs/source.ts";
import type { Sources } from "./repositories.ts";
import { lookAt } from "./stale.ts";
import type { Tree } from "./tree.ts";
import { readMetadata } from "./verify/metadata.ts";

/** How the fleet's repositories are read in one run. */
export interface Readers {
  readonly refs: RefSource;
  readonly names: NameSource;
  /** Calls of GitHub's REST API that are left to the token. */
  remaining(): Promise<number | undefined>;
}

/** The readers of an environment: GitHub's API where there is a token for it, git for all the rest. */
export function openReaders(environment: Environment, settings: RegistrySettings): Readers {
  const { readToken, variables } = environment;
  const access = { environment, settings };
  const graphql =
    readToken === undefined ? undefined : connectGraphQL(graphqlUrl(settings.apiUrl, variables), readToken);
  return {
    refs: sourceByKind({ git: gitRefs(access), github: graphql && githubRefs(graphql) }),
    names: sourceByKind({ git: gitNames(access), github: graphql && githubNames(graphql) }),
    remaining: () => readRemaining(settings.apiUrl, readToken),
  };
}

/** Reads what a plan needs to know of the repositories: all refs, and the names of what is stale. */
export async function survey(
  readers: Pick<Readers, "refs" | "names">,
  sources: Sources,
  previous: BuildRecord | undefined,
  settings: RegistrySettings,
): Promise<Pick<PlanInput, "refs" | "names">> {
  const refs = await readers.refs.read(sources.repositories);
  const stale = lookAt(sources, refs, previous, settings).filter((one) => one.stale !== undefined);
  const names = await readers.names.read(stale.map(({ source }) => source));
  return { refs, names };
}

/** Commits of the versions of a published tree, which Composer's cache has. */
export async function publishedCommits(tree: Tree): Promise<ReadonlySet<string>> {
  const { packages } = await readMetadata(tree);
  const all = [...packages.values()].flat().map(({ source }) => source?.reference);
  return new Set(all.filter((reference) => reference !== undefined));
}

const limitsSchema = z.object({
  resources: z.object({ core: z.object({ remaining: z.int().nonnegative() }) }),
});

/** Asks for what is left of REST's limit, which GraphQL does not tell; the question is free. Servers without limits say nothing. */
export async function readRemaining(apiUrl: string, token: string | undefined): Promise<number | undefined> {
  try {
    const response = await githubFetch(`${apiUrl}/rate_limit`, { redirect: "manual" }, { token });
    return limitsSchema.safeParse(await response.json()).data?.resources.core.remaining;
  } catch {
    // What stands in the way of this question is told by those that matter.
    return undefined;
  }
}
