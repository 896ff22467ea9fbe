import type { Answer, GraphQL, PartialError } from "./graphql.ts";

/** Repositories of one query: GitHub answers that many within its limits of nodes and time. */
export const BATCH = 100;
/** Queries at once. */
const PARALLEL = 4;
/** Tries of a single repository, after which it alone is given up. */
const TRIES = 4;
const LONGEST_PAUSE_SECONDS = 16;

/** What a query asks of each repository, and how its part of the answer is read. */
export interface Question<Item, Value> {
  /** Fields of `Repository` for all; said once, they are also checked once. */
  readonly fields?: string;
  /** Fields of one; `$NAME` of {@link variables} is written `$NAME` + index. */
  readonly selection?: (index: number) => string;
  readonly repositoryOf: (item: Item) => { readonly owner: string; readonly name: string };
  /** More variables, all `String`, by their name in the query. */
  readonly variables?: (item: Item, index: number) => Readonly<Record<string, string>>;
  /** `undefined` where the answer is not what GitHub documents. */
  readonly read: (repository: unknown) => Value | undefined;
}

/** What came of one item. */
export type Reply<Value> =
  | { readonly value: Value; readonly problem?: undefined }
  | {
      readonly value?: undefined;
      readonly problem: { readonly kind: "gone" | "unreachable"; readonly message: string };
    };

/** Errors of one repository that asking again does not change. */
const FINAL = new Set(["FORBIDDEN", "INSUFFICIENT_SCOPES", "UNPROCESSABLE"]);

/**
 * Asks about any number of repositories, {@link BATCH} a query, and answers for every one.
 *
 * A query that fails is asked again in halves, after growing pauses, until it is known which repository it is that fails; one that
 * fails for good, or is not there, takes no other with it.
 */
export async function askInBatches<Item, Value>(
  graphql: GraphQL,
  items: readonly Item[],
  question: Question<Item, Value>,
): Promise<ReadonlyMap<Item, Reply<Value>>> {
  const replies = new Map<Item, Reply<Value>>();
  const waiting = inParts(items, BATCH);
  const worker = async () => {
    for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
      for (const [item, reply] of await askBatch(graphql, batch, question, 0)) replies.set(item, reply);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return replies;
}

/** Splits a list into parts of at most `size`. */
function inParts<T>(all: readonly T[], size: number): T[][] {
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, index) => all.slice(index * size, (index + 1) * size));
}

type Entries<Item, Value> = (readonly [Item, Reply<Value>])[];

async function askBatch<Item, Value>(
  graphql: GraphQL,
  batch: readonly Item[],
  question: Question<Item, Value>,
  depth: number,
): Promise<Entries<Item, Value>> {
  const { text, variables } = queryOf(batch, question);
  const answer = await graphql.query(text, variables);
  if (answer.kind === "refused") return batch.map((item) => [item, unreachable(answer.message)]);
  const settled: Entries<Item, Value> = [];
  const open: Item[] = [];
  let last = answer.kind === "failed" ? answer.message : "GitHub gave no answer for it";
  for (const [index, item] of batch.entries()) {
    const { reply, message } = replyOf(answer, index, question);
    if (reply === undefined) open.push(item);
    else settled.push([item, reply]);
    last = message ?? last;
  }
  const isLast = open.length === 1 && batch.length === 1 && depth >= TRIES - 1;
  if (isLast) return [...settled, ...open.map((item) => [item, unreachable(last)] as const)];
  if (open.length === 0) return settled;
  await graphql.sleep(Math.min(2 ** depth, LONGEST_PAUSE_SECONDS) * 1000);
  // A batch that became one repository begins anew: it has not been tried alone yet.
  const next = batch.length > 1 && open.length <= 2 ? 0 : depth + 1;
  for (const half of inParts(open, Math.ceil(open.length / 2))) {
    settled.push(...(await askBatch(graphql, half, question, next)));
  }
  return settled;
}

/** Names travel as variables: nothing of theirs is part of the query's text. */
function queryOf<Item, Value>(
  batch: readonly Item[],
  { fields, selection, repositoryOf, variables: more }: Question<Item, Value>,
): { text: string; variables: Record<string, string> } {
  const variables: Record<string, string> = {};
  const parts = batch.map((item, index) => {
    const { owner, name } = repositoryOf(item);
    Object.assign(variables, { [`owner${index}`]: owner, [`name${index}`]: name }, more?.(item, index));
    const wanted = [...(fields === undefined ? [] : ["...Fields"]), ...(selection ? [selection(index)] : [])];
    return `r${index}: repository(owner: $owner${index}, name: $name${index}) { ${wanted.join(" ")} }`;
  });
  const declared = Object.keys(variables).map((name) => `$${name}: String!`);
  const query = [...parts, "rateLimit { cost remaining resetAt }"];
  const fragment = fields === undefined ? "" : `\nfragment Fields on Repository { ${fields} }`;
  return { text: `query (${declared.join(", ")}) {\n${query.join("\n")}\n}${fragment}`, variables };
}

/** No reply where asking again may help; then perhaps what GitHub said. */
function replyOf<Item, Value>(
  answer: Exclude<Answer, { kind: "refused" }>,
  index: number,
  { read }: Question<Item, Value>,
): { reply?: Reply<Value>; message?: string } {
  if (answer.kind === "failed") return {};
  const error: PartialError | undefined = answer.errors.find(({ alias }) => alias === `r${index}`);
  if (error?.type === "NOT_FOUND") {
    const message = "it is deleted, or the token may not read it";
    return { reply: { problem: { kind: "gone", message } } };
  }
  if (error !== undefined) {
    return FINAL.has(error.type ?? "") ? { reply: unreachable(error.message) } : { message: error.message };
  }
  const value = read(answer.data[`r${index}`]);
  return value === undefined ? {} : { reply: { value } };
}

function unreachable(message: string) {
  return { problem: { kind: "unreachable", message } } as const;
}
