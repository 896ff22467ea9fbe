import { hash } from "node:crypto";

/** The four kinds of object that git knows. */
export type ObjectType = "blob" | "tree" | "commit" | "tag";

/** An object without its header. */
export interface GitObject {
  readonly type: ObjectType;
  readonly data: Buffer;
}

/** One line of a tree; mode 40000 is a tree, 100644 a file, 100755 a program, 120000 a link. */
export interface TreeEntry {
  readonly mode: string;
  readonly name: string;
  readonly sha: string;
}

/** Who made something and when; the date is ISO 8601. */
export interface Person {
  readonly name: string;
  readonly email: string;
  readonly date: string;
}

export interface Commit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Person;
  readonly committer: Person;
  readonly message: string;
}

export interface Tag {
  readonly object: string;
  readonly type: string;
  readonly tag: string;
  readonly tagger: Person;
  readonly message: string;
}

export const TREE_MODE = "40000";

/** The bytes that git hashes and stores: type, length, NUL, data. */
export function frame(object: GitObject): Buffer {
  return Buffer.concat([Buffer.from(`${object.type} ${object.data.length}\0`), object.data]);
}

/** The inverse of {@link frame}. */
export function unframe(bytes: Buffer): GitObject {
  const end = bytes.indexOf(0);
  const type = bytes.toString("latin1", 0, bytes.indexOf(32)) as ObjectType;
  return { type, data: bytes.subarray(end + 1) };
}

/** The id that git gives the object. */
export function objectId(object: GitObject): string {
  return hash("sha1", frame(object));
}

const sortKey = (entry: TreeEntry) => Buffer.from(entry.mode === TREE_MODE ? `${entry.name}/` : entry.name);

/** Writes a tree in the order that git demands: by bytes, folders as if they ended in a slash. */
export function encodeTree(entries: readonly TreeEntry[]): Buffer {
  const sorted = entries.map((entry) => ({ entry, key: sortKey(entry) }));
  sorted.sort((a, b) => Buffer.compare(a.key, b.key));
  return Buffer.concat(
    sorted.flatMap(({ entry }) => [
      Buffer.from(`${entry.mode} ${entry.name}\0`),
      Buffer.from(entry.sha, "hex"),
    ]),
  );
}

export function decodeTree(data: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(32, at);
    const end = data.indexOf(0, space);
    entries.push({
      mode: data.toString("latin1", at, space),
      name: data.toString("utf8", space + 1, end),
      sha: data.toString("hex", end + 1, end + 21),
    });
    at = end + 21;
  }
  return entries;
}

const encodePerson = ({ name, email, date }: Person) =>
  `${name.replace(/[<>\n]/g, "")} <${email.replace(/[<>\n]/g, "")}> ${Math.floor(Date.parse(date) / 1000)} +0000`;

function decodePerson(line: string): Person {
  const parts = /^(.*?) ?<(.*)> (\d+) /.exec(`${line} `);
  const seconds = Number(parts?.[3] ?? 0);
  return { name: parts?.[1] ?? "", email: parts?.[2] ?? "", date: isoSeconds(seconds) };
}

/** GitHub's form of a time: ISO 8601 in UTC, whole seconds. */
export function isoSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

export function encodeCommit(commit: Commit): Buffer {
  const parents = commit.parents.map((parent) => `parent ${parent}\n`).join("");
  const people = `author ${encodePerson(commit.author)}\ncommitter ${encodePerson(commit.committer)}\n`;
  return Buffer.from(`tree ${commit.tree}\n${parents}${people}\n${commit.message}`);
}

/** Headers of a commit or a tag by name (a repeated one keeps every value), and the message after them. */
function decodeHeaders(data: Buffer): { headers: Map<string, string[]>; message: string } {
  const source = data.toString("utf8");
  const end = source.indexOf("\n\n");
  const headers = new Map<string, string[]>();
  for (const line of source.slice(0, end).split("\n")) {
    const space = line.indexOf(" ");
    const key = line.slice(0, space);
    headers.set(key, [...(headers.get(key) ?? []), line.slice(space + 1)]);
  }
  return { headers, message: source.slice(end + 2).replace(/\n+$/, "") };
}

export function decodeCommit(data: Buffer): Commit {
  const { headers, message } = decodeHeaders(data);
  const first = (key: string) => headers.get(key)?.[0] ?? "";
  const author = decodePerson(first("author"));
  const committer = decodePerson(first("committer"));
  return { tree: first("tree"), parents: headers.get("parent") ?? [], author, committer, message };
}

export function decodeTag(data: Buffer): Tag {
  const { headers, message } = decodeHeaders(data);
  const first = (key: string) => headers.get(key)?.[0] ?? "";
  const [object, type, tag] = [first("object"), first("type"), first("tag")];
  return { object, type, tag, tagger: decodePerson(first("tagger")), message };
}

/** Whether git would accept this as the full name of a ref; also keeps it inside the folder it is written to. */
export function isRefName(name: string): boolean {
  if (!/^refs\/[^/]+\/./.test(name) || name.endsWith("/") || name.endsWith(".") || name.includes("@{")) {
    return false;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: git forbids them
  if (/[\x00-\x20\x7f~^:?*[\\]|\.\./.test(name)) return false;
  return name.split("/").every((part) => part !== "" && !part.startsWith(".") && !part.endsWith(".lock"));
}

/** Whether a path may be committed: no empty, dotted or `.git` segment. */
export function isFilePath(path: string): boolean {
  return path.split("/").every((part) => !/^(|\.|\.\.|\.git)$/i.test(part) && !part.includes("\0"));
}
