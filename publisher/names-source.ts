import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { quoted } from "../fleet/findings.ts";
import { isPackageName } from "../fleet/grammar.ts";
import { git } from "./git.ts";
import type { NameResult, NameSource } from "./names.ts";
import { inParallel } from "./parallel.ts";
import { askInBatches, type Question } from "./refs/batches.ts";
import { GIT_AT_ONCE, type GitAccess, gitAddress, gitProblem } from "./refs/git.ts";
import type { GraphQL } from "./refs/graphql.ts";
import type { SourceRepository } from "./repositories.ts";

/** Bytes of the largest composer.json that is read; real ones have a few thousand. */
const MAX_BYTES = 1_000_000;
const MISSING = "it has no composer.json on its default branch";

const answerSchema = z.object({
  object: z
    .object({
      text: z.string().nullish(),
      isTruncated: z.boolean().optional(),
      byteSize: z.number().optional(),
    })
    .nullable(),
});

const QUESTION: Question<SourceRepository, NameResult> = {
  fields: `object(expression: "HEAD:composer.json") { ... on Blob { text isTruncated byteSize } }`,
  repositoryOf: ({ owner = "", name = "" }) => ({ owner, name }),
  read: (repository) => {
    const answer = answerSchema.safeParse(repository).data;
    if (answer === undefined) return undefined;
    if (answer.object === null) return { error: MISSING };
    const { text, isTruncated = false, byteSize = 0 } = answer.object;
    if (isTruncated || byteSize > MAX_BYTES) return { error: "its composer.json is too large to be read" };
    return typeof text === "string" ? nameIn(text) : { error: "its composer.json is no text file" };
  },
};

/** Reads names by GitHub's GraphQL, 100 repositories a query. */
export function githubNames(graphql: GraphQL): NameSource {
  return {
    read: async (repositories) => {
      const replies = await askInBatches(graphql, repositories, QUESTION);
      return new Map(
        [...replies].map(([{ id }, { value, problem }]) => [id, value ?? { error: problem.message }]),
      );
    },
  };
}

/** What a shallow clone without files may take; a server without partial clones sends one commit whole. */
const TIMEOUT_MS = 120_000;

/** Reads names by git: one commit of the default branch, without its files, then composer.json alone. */
export function gitNames(
  access: GitAccess,
  { timeout = TIMEOUT_MS }: { readonly timeout?: number } = {},
): NameSource {
  const read = async (repository: SourceRepository, folder: string): Promise<NameResult> => {
    const { url, env } = gitAddress(repository, access);
    const shallow = ["--bare", "--quiet", "--depth=1", "--no-tags", "--filter=blob:none", "--template="];
    const cloned = await git(["clone", ...shallow, "--", url, folder], { env, timeout });
    if (cloned.code !== 0) return { error: gitProblem(cloned, access.environment).message };
    const listed = await git(["-C", folder, "ls-tree", "HEAD", "composer.json"], { env, timeout });
    // An empty repository has no HEAD, and so no composer.json either.
    if (!/^\d+ blob /.test(listed.stdout)) return { error: MISSING };
    const shown = await git(["-C", folder, "cat-file", "blob", "HEAD:composer.json"], { env, timeout });
    if (shown.code !== 0) return { error: gitProblem(shown, access.environment).message };
    if (shown.stdout.length > MAX_BYTES) return { error: "its composer.json is too large to be read" };
    return nameIn(shown.stdout);
  };
  return {
    read: async (repositories) => {
      const root = await mkdtemp(join(tmpdir(), "satis-fleet-names-"));
      try {
        const numbered = repositories.map((repository, index) => ({ repository, index }));
        const names = await inParallel(numbered, GIT_AT_ONCE, async ({ repository, index }) => {
          return [repository.id, await read(repository, join(root, String(index)))] as const;
        });
        return new Map(names);
      } finally {
        await rm(root, { recursive: true, force: true });
      }
    },
  };
}

/** Reads the package's name from the text of a composer.json, in lower case. */
export function nameIn(text: string): NameResult {
  let document: unknown;
  try {
    document = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    return { error: "its composer.json is not valid JSON" };
  }
  const name =
    typeof document === "object" && document !== null && "name" in document ? document.name : undefined;
  if (name === undefined) return { error: "its composer.json has no name" };
  if (typeof name !== "string" || !isPackageName(name)) {
    return { error: `${quoted(String(name))} in its composer.json is no package name` };
  }
  return { name: name.toLowerCase() };
}
