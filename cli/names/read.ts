import type { Fleet } from "../../fleet/derive.ts";
import { quoted } from "../../fleet/findings.ts";
import { isPackageName } from "../../fleet/grammar.ts";
import { GitHubRefused, type Reader, reasonOf } from "../drift/reader.ts";
import {
  BATCH,
  inBatches,
  placeKey,
  readRepositories,
  readTexts,
  type TextAnswer,
} from "../drift/repositories.ts";

/** A package whose name could not be had. */
export interface Unnamed {
  readonly id: string;
  readonly reason: string;
}

/** The names of packages that satis.json gives none for. */
export interface NamesRead {
  /** By package id. */
  readonly names: ReadonlyMap<string, string>;
  readonly unnamed: readonly Unnamed[];
}

const PLACE = { path: "composer.json" };

/** Free text is legal there, and what somebody wrote is not written over. */
const TITLED = 'the name of its entry is no package name: write "vendor/package" there, or take it out';

/**
 * Reads each package's composer.json on its default branch, {@link BATCH} repositories a request.
 *
 * @param writable ids of the packages that have an entry to write a name to
 */
export async function readNames(
  reader: Reader,
  fleet: Fleet,
  writable: ReadonlySet<string>,
): Promise<NamesRead> {
  const nameless = fleet.packages.filter(({ name }) => name === undefined);
  const wanted = nameless.filter(({ id }) => writable.has(id));
  const { owner } = fleet.composer;
  const answers = await readRepositories(
    reader,
    owner,
    wanted.map(({ repository }) => ({ repository, files: [PLACE] })),
  );
  const unnamed = nameless.flatMap(({ id }): Unnamed[] => (writable.has(id) ? [] : [{ id, reason: TITLED }]));
  const files = wanted.flatMap(({ id, repository }) => {
    const answer = answers.get(repository);
    if (answer?.status === "there" && answer.objects.has(placeKey(PLACE))) {
      return [{ id, owner: answer.owner, name: answer.name, ...PLACE }];
    }
    const reason =
      answer?.status === "there"
        ? "has no composer.json on its default branch"
        : answer?.status === "unread"
          ? answer.reason
          : "is not there, or the token may not see it";
    unnamed.push({ id, reason });
    return [];
  });
  const read = (await Promise.all(inBatches(files, BATCH).map((batch) => readBatch(reader, batch)))).flat();
  const names = new Map<string, string>();
  for (const { id, text, reason } of read) {
    const named =
      text === undefined ? { reason: `its composer.json could not be read: ${reason}` } : nameIn(text);
    if (named.name === undefined) unnamed.push({ id, reason: named.reason ?? "" });
    else names.set(id, named.name);
  }
  return claimedOnce(fleet, names, unnamed);
}

type File = Parameters<typeof readTexts>[1][number] & { readonly id: string };

async function readBatch(
  reader: Reader,
  batch: readonly File[],
): Promise<({ readonly id: string } & TextAnswer)[]> {
  try {
    const texts = await readTexts(reader, batch);
    return batch.map(({ id }, index) => ({
      id,
      ...(texts.get(index) ?? { reason: "it is not there any more" }),
    }));
  } catch (error) {
    if (error instanceof GitHubRefused) throw error;
    return batch.map(({ id }) => ({ id, reason: reasonOf(error) }));
  }
}

function nameIn(text: string): { name?: string; reason?: string } {
  let name: unknown;
  try {
    ({ name } = (JSON.parse(text.replace(/^\ufeff/, "")) ?? {}) as { name?: unknown });
  } catch {
    return { reason: "its composer.json is not valid JSON" };
  }
  if (name === undefined) return { reason: "its composer.json has no name" };
  if (typeof name !== "string" || !isPackageName(name)) {
    return { reason: `${quoted(String(name))} in its composer.json is no package name` };
  }
  return { name: name.toLowerCase() };
}

/** A name that two repositories give, or that satis.json gives to another one already, is written for neither. */
function claimedOnce(
  fleet: Fleet,
  names: ReadonlyMap<string, string>,
  unnamed: readonly Unnamed[],
): NamesRead {
  const owners = new Map<string, string[]>();
  const claim = (name: string, id: string) => owners.set(name, [...(owners.get(name) ?? []), id]);
  for (const { id, name } of fleet.packages) if (name !== undefined) claim(name, id);
  for (const [id, name] of names) claim(name, id);
  const twice = [...names].flatMap(([id, name]): Unnamed[] => {
    const others = (owners.get(name) ?? []).filter((other) => other !== id);
    return others.length === 0
      ? []
      : [{ id, reason: `its name ${name} is that of ${others.join(", ")}, too` }];
  });
  const refused = new Set(twice.map(({ id }) => id));
  const all = [...unnamed, ...twice].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { names: new Map([...names].filter(([id]) => !refused.has(id))), unnamed: all };
}
