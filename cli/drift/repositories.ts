import { createHash } from "node:crypto";
import { GitHubRefused, type QueryFault, type Reader, reasonOf } from "./reader.ts";
import { type Data, dataOf, textOf } from "./state.ts";

/** Repositories in one GraphQL query: GitHub answers that many within its limits of nodes and time. */
export const BATCH = 100;

/** A file as one branch has it. */
export interface Place {
  /** The default branch where not set. */
  readonly branch?: string | undefined;
  readonly path: string;
  /** Whether to read its text as well as its id. @default false */
  readonly withText?: boolean;
}

/** What to look at in one repository. */
export interface Question {
  /** Without its owner. */
  readonly repository: string;
  readonly files: readonly Place[];
}

/** A repository as GitHub has it now. */
export interface Found {
  readonly status: "there";
  readonly id: number;
  /** Its owner and name today: GitHub follows renames and transfers. */
  readonly owner: string;
  readonly name: string;
  readonly archived: boolean;
  readonly defaultBranch: string | undefined;
  /** Git object id by {@link placeKey}; no entry where there is none. */
  readonly objects: ReadonlyMap<string, string>;
  /** By the same key, where the text was asked for. */
  readonly texts: ReadonlyMap<string, TextAnswer>;
}

/** What became of a question; `unread` is neither there nor gone. */
export type RepositoryAnswer =
  | Found
  | { readonly status: "gone" }
  | { readonly status: "unread"; readonly reason: string };

/** Answers by repository, in lower case and without the owner. */
export type Repositories = ReadonlyMap<string, RepositoryAnswer>;

/** A file's key in {@link Found.objects}. */
export function placeKey({ branch, path }: Place): string {
  return `${branch ?? "HEAD"}:${path}`;
}

/** Whether a repository has gone to another owner, whose secrets and files are theirs. */
export function isForeign(owner: string, answer: Found): boolean {
  return answer.owner.toLowerCase() !== owner.toLowerCase();
}

/** Managed repositories by the numeric id that they have today. */
export function managedById(managed: readonly string[], found: Repositories): ReadonlyMap<number, string> {
  return new Map(
    managed.flatMap((repository): [number, string][] => {
      const answer = found.get(repository.toLowerCase());
      return answer?.status === "there" ? [[answer.id, repository]] : [];
    }),
  );
}

/** Git's id of a file with this text: what GitHub names it by, so that a look needs no content. */
export function blobId(content: string): string {
  const bytes = Buffer.from(content);
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

/**
 * Asks for repositories and the object ids of their files, {@link BATCH} a request.
 *
 * A batch that fails is asked again in halves, once; what fails then is unread, and the others are not lost.
 *
 * @throws GitHubRefused where no request would succeed.
 */
export async function readRepositories(
  reader: Reader,
  owner: string,
  questions: readonly Question[],
): Promise<Repositories> {
  const answers = await Promise.all(
    inBatches(questions, BATCH).map((batch) => readBatch(reader, owner, batch, true)),
  );
  return new Map(answers.flat());
}

/** Splits a list into parts of at most `size`. */
export function inBatches<T>(all: readonly T[], size: number): T[][] {
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, index) => all.slice(index * size, (index + 1) * size));
}

type Answers = (readonly [string, RepositoryAnswer])[];

async function readBatch(
  reader: Reader,
  owner: string,
  batch: readonly Question[],
  again: boolean,
): Promise<Answers> {
  try {
    const { query, variables } = questionOf(owner, batch);
    const { data, faults } = await reader.query(query, variables);
    return batch.map((question, index) => [
      question.repository.toLowerCase(),
      answerOf(question, data[`r${index}`], faults.filter(({ alias }) => alias === `r${index}`)[0]),
    ]);
  } catch (error) {
    if (error instanceof GitHubRefused) throw error;
    if (again && batch.length > 1) {
      const halves = inBatches(batch, Math.ceil(batch.length / 2));
      return (await Promise.all(halves.map((half) => readBatch(reader, owner, half, false)))).flat();
    }
    const answer = { status: "unread", reason: reasonOf(error) } as const;
    return batch.map(({ repository }) => [repository.toLowerCase(), answer]);
  }
}

/** Names and paths travel as variables: nothing of theirs is part of the query's text. */
function questionOf(owner: string, batch: readonly Question[]): { query: string; variables: Data } {
  const variables: Record<string, string> = { owner };
  const parts = batch.map(({ repository, files }, index) => {
    variables[`n${index}`] = repository;
    const objects = files.map((place, at) => {
      variables[`e${index}_${at}`] = placeKey(place);
      const text = place.withText ? " ... on Blob { text isTruncated }" : "";
      return `f${at}: object(expression: $e${index}_${at}) { __typename oid${text} }`;
    });
    return `r${index}: repository(owner: $owner, name: $n${index}) {
      databaseId name owner { login } isArchived defaultBranchRef { name } ${objects.join(" ")}
    }`;
  });
  const declared = Object.keys(variables).map((name) => `$${name}: String!`);
  return { query: `query (${declared.join(", ")}) {\n${parts.join("\n")}\n}`, variables };
}

function answerOf({ files }: Question, answer: unknown, fault: QueryFault | undefined): RepositoryAnswer {
  const given = dataOf(answer);
  const { databaseId, name, owner, isArchived, defaultBranchRef } = given;
  if (typeof databaseId !== "number" || fault !== undefined) {
    // A fault inside a repository that answered is one of a file's: whether the file is there stays unknown.
    return fault?.type === "NOT_FOUND" && typeof databaseId !== "number"
      ? { status: "gone" }
      : { status: "unread", reason: fault?.message ?? "GitHub gave no answer for it" };
  }
  const objects = files.flatMap((place, at): [string, string][] => {
    const oid = textOf(dataOf(given[`f${at}`]).oid);
    return oid === undefined ? [] : [[placeKey(place), oid]];
  });
  const texts = files.flatMap((place, at): [string, TextAnswer][] => {
    const text = place.withText ? textAnswer({ object: given[`f${at}`] }, undefined) : undefined;
    return text === undefined ? [] : [[placeKey(place), text]];
  });
  return {
    status: "there",
    id: databaseId,
    owner: String(dataOf(owner).login),
    name: String(name),
    archived: isArchived === true,
    defaultBranch: textOf(dataOf(defaultBranchRef).name),
    objects: new Map(objects),
    texts: new Map(texts),
  };
}

/** A file's text, or why it could not be read. */
export type TextAnswer =
  | { readonly text: string; readonly reason?: undefined }
  | { readonly text?: undefined; readonly reason: string };

/** Text of files by their index, asked for in one request; what is not there is left out. */
export async function readTexts(
  reader: Reader,
  files: readonly (Place & { readonly owner: string; readonly name: string })[],
): Promise<ReadonlyMap<number, TextAnswer>> {
  const variables: Record<string, string> = {};
  const parts = files.map((file, index) => {
    Object.assign(variables, {
      [`o${index}`]: file.owner,
      [`n${index}`]: file.name,
      [`e${index}`]: placeKey(file),
    });
    return `r${index}: repository(owner: $o${index}, name: $n${index}) {
      object(expression: $e${index}) { ... on Blob { text isTruncated } }
    }`;
  });
  if (parts.length === 0) return new Map();
  const declared = Object.keys(variables).map((name) => `$${name}: String!`);
  const query = `query (${declared.join(", ")}) {\n${parts.join("\n")}\n}`;
  const { data, faults } = await reader.query(query, variables);
  return new Map(
    files.flatMap((_, index): [number, TextAnswer][] => {
      const fault = faults.find(({ alias }) => alias === `r${index}`);
      const answer = textAnswer(data[`r${index}`], fault);
      return answer === undefined ? [] : [[index, answer]];
    }),
  );
}

function textAnswer(repository: unknown, fault: QueryFault | undefined): TextAnswer | undefined {
  const { object } = dataOf(repository);
  if (fault !== undefined || object === undefined)
    return { reason: fault?.message ?? "GitHub gave no answer for it" };
  if (object === null) return undefined;
  const { text, isTruncated } = dataOf(object);
  if (isTruncated === true) return { reason: "GitHub does not give a file of its size whole" };
  return typeof text === "string" ? { text } : { reason: "it is no text" };
}
