import * as z from "zod";
import type { SourceRepository } from "../repositories.ts";
import { askInBatches, type Question, type Reply } from "./batches.ts";
import type { GraphQL } from "./graphql.ts";
import type { RefSource, RefsResult } from "./source.ts";

const connectionSchema = z.object({
  nodes: z.array(
    z.object({
      name: z.string().min(1),
      target: z.object({ oid: z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/) }),
    }),
  ),
  pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
});
const repositorySchema = z.object({
  defaultBranchRef: z.object({ name: z.string() }).nullable(),
  heads: connectionSchema,
  tags: connectionSchema,
});
const pageSchema = z.object({ refs: connectionSchema });

type Connection = z.infer<typeof connectionSchema>;
type Kind = "heads" | "tags";

const CONNECTION = "{ nodes { name target { oid } } pageInfo { hasNextPage endCursor } }";
const connection = (kind: Kind, after = "") =>
  `refs(refPrefix: "refs/${kind}/", first: 100${after}) ${CONNECTION}`;
const addressOf = ({ owner = "", name = "" }: SourceRepository) => ({ owner, name });

const FIRST: Question<SourceRepository, z.infer<typeof repositorySchema>> = {
  fields: `defaultBranchRef { name } heads: ${connection("heads")} tags: ${connection("tags")}`,
  repositoryOf: addressOf,
  read: (repository) => repositorySchema.safeParse(repository).data,
};

/** The rest of one connection, a page at a time. */
interface Rest {
  readonly repository: SourceRepository;
  readonly kind: Kind;
  readonly after: string;
}

const pages = (kind: Kind): Question<Rest, Connection> => ({
  selection: (index) => connection(kind, `, after: $after${index}`),
  repositoryOf: ({ repository }) => addressOf(repository),
  variables: ({ after }, index) => ({ [`after${index}`]: after }),
  read: (repository) => pageSchema.safeParse(repository).data?.refs,
});

/** What is known of one repository while its pages are read. */
interface Reading {
  readonly heads: [string, string][];
  readonly tags: [string, string][];
  readonly head: string | undefined;
  problem?: RefsResult["error"];
}

/**
 * Reads refs by GitHub's GraphQL: 100 repositories a query with up to 100 heads and 100 tags each, and the pages of those that have
 * more, again 100 a query.
 *
 * A repository of which one page is missing has no refs at all here: half of them would look like deletions.
 */
export function githubRefs(graphql: GraphQL): RefSource {
  return {
    read: async (repositories) => {
      const readings = new Map<SourceRepository, Reading>();
      let rest: Rest[] = [];
      for (const [repository, reply] of await askInBatches(graphql, repositories, FIRST)) {
        const { reading, rest: more } = begin(repository, reply);
        readings.set(repository, reading);
        rest.push(...more);
      }
      while (rest.length > 0) rest = await readPages(graphql, rest, readings);
      return new Map([...readings].map(([{ id }, reading]) => [id, resultOf(reading)]));
    },
  };
}

function begin(
  repository: SourceRepository,
  { value, problem }: Reply<z.infer<typeof repositorySchema>>,
): { reading: Reading; rest: Rest[] } {
  const reading: Reading = { heads: [], tags: [], head: value?.defaultBranchRef?.name };
  if (value === undefined) return { reading: { ...reading, problem }, rest: [] };
  const rest = (["heads", "tags"] as const).flatMap((kind) =>
    take(reading, { repository, kind, after: "" }, value[kind]),
  );
  return { reading, rest };
}

/** Keeps one page and gives what is still to be read. */
function take(reading: Reading, { repository, kind, after }: Rest, { nodes, pageInfo }: Connection): Rest[] {
  reading[kind].push(...nodes.map(({ name, target }): [string, string] => [name, target.oid]));
  if (!pageInfo.hasNextPage) return [];
  if (pageInfo.endCursor !== null && pageInfo.endCursor !== after) {
    return [{ repository, kind, after: pageInfo.endCursor }];
  }
  reading.problem = { kind: "unreachable", message: `GitHub does not say how its ${kind} go on` };
  return [];
}

async function readPages(
  graphql: GraphQL,
  rest: readonly Rest[],
  readings: ReadonlyMap<SourceRepository, Reading>,
): Promise<Rest[]> {
  const next: Rest[] = [];
  for (const kind of ["heads", "tags"] as const) {
    const asked = rest.filter((one) => one.kind === kind);
    for (const [one, { value, problem }] of await askInBatches(graphql, asked, pages(kind))) {
      const reading = readings.get(one.repository);
      if (reading === undefined) continue;
      if (value === undefined) reading.problem = problem;
      else next.push(...take(reading, one, value));
    }
  }
  return next;
}

function resultOf({ heads, tags, head, problem }: Reading): RefsResult {
  if (problem !== undefined) return { error: problem };
  const refs = { heads: Object.fromEntries(heads), tags: Object.fromEntries(tags) };
  return { refs: head === undefined ? refs : { ...refs, head } };
}
