import { applyEdits, type Edit, type Node, parseTree } from "jsonc-parser";
import { GITHUB_TYPES } from "../../fleet/derive.ts";
import { parseRepositoryUrl } from "../../fleet/repository-url.ts";

/**
 * Writes package names into the entries of satis.json that have none; every other byte stays.
 *
 * The new property comes last in its entry and takes over how the entry is written: on one line or several, with which spaces,
 * with which line ends.
 *
 * @param names by package id, `owner/repository` in lower case
 * @throws Error where the result would not say the same as before plus the names: nothing of a file is lost to a mistake here.
 */
export function insertNames(
  text: string,
  names: ReadonlyMap<string, string>,
  githubHost: string,
): { text: string; inserted: number } {
  const edits = entriesIn(text).flatMap((entry): Edit[] => {
    const id = packageOf(entry, githubHost);
    const name = id === undefined ? undefined : names.get(id);
    return name === undefined ? [] : [insertion(text, entry, name)];
  });
  const result = applyEdits(text, edits);
  if (withoutNames(result, new Set(names.values())) !== withoutNames(text, new Set(names.values()))) {
    throw new Error("satis.json cannot be edited without changing more than the names: write them by hand");
  }
  return { text: result, inserted: edits.length };
}

/** The packages, by id, that have an entry without any `name`: those to which a name can be written. */
export function packagesWithoutName(text: string, githubHost: string): ReadonlySet<string> {
  return new Set(entriesIn(text).flatMap((entry) => packageOf(entry, githubHost) ?? []));
}

function entriesIn(text: string): readonly Node[] {
  const root = parseTree(text, [], { disallowComments: true });
  const repositories = root && propertyOf(root, "repositories");
  return repositories ? entriesOf(repositories) : [];
}

/** The package of an entry without a name; none for other entries. */
function packageOf(entry: Node, githubHost: string): string | undefined {
  if (entry.type !== "object" || propertyOf(entry, "name")) return undefined;
  const [type, url] = [propertyOf(entry, "type")?.value, propertyOf(entry, "url")?.value] as unknown[];
  if (typeof type !== "string" || typeof url !== "string" || !GITHUB_TYPES.has(type.toLowerCase()))
    return undefined;
  const parsed = parseRepositoryUrl(url, githubHost).url;
  return parsed?.kind === "github" ? parsed.path : undefined;
}

function insertion(text: string, entry: Node, name: string): Edit {
  const [before, last] = entry.children?.slice(-2) ?? [];
  if (!(before && last)) throw new Error("an entry has a type and a url at least");
  const separator = text.slice(endOf(before), last.offset);
  const [key, value] = last.children ?? [];
  const colon = key && value ? text.slice(endOf(key), value.offset) : ": ";
  return { offset: endOf(last), length: 0, content: `${separator}"name"${colon}${JSON.stringify(name)}` };
}

function propertyOf(object: Node, name: string): Node | undefined {
  if (object.type !== "object") return undefined;
  return object.children?.find(({ children }) => children?.[0]?.value === name)?.children?.[1];
}

function entriesOf(repositories: Node): readonly Node[] {
  if (repositories.type === "array") return repositories.children ?? [];
  return (repositories.children ?? []).flatMap(({ children }) => children?.[1] ?? []);
}

function endOf({ offset, length }: Node): number {
  return offset + length;
}

/** The document's meaning, names that were to be written aside. */
function withoutNames(text: string, names: ReadonlySet<string>): string {
  const keep = (key: string, value: unknown) =>
    key === "name" && typeof value === "string" && names.has(value) ? undefined : value;
  return JSON.stringify(JSON.parse(text), keep);
}
