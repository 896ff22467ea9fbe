import { createHash } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { PublishError } from "./fault.ts";

/** One version as Satis writes it; other keys are Composer's. */
export interface Version {
  readonly name: string;
  readonly version: string;
  readonly version_normalized?: string;
  readonly description?: string;
  readonly license?: readonly string[];
  readonly require?: Readonly<Record<string, string>>;
  readonly time?: string;
  readonly source?: { readonly type: string; readonly url: string; readonly reference: string };
  readonly dist?: { readonly type: string; readonly url: string; readonly reference?: string };
  readonly [key: string]: unknown;
}

/** A registry's files on disk: a published tree, a staged one, or any other that is to be judged. */
export interface Tree {
  readonly root: string;
  /** Paths with forward slashes, sorted. */
  readonly files: readonly string[];
  has(path: string): boolean;
  read(path: string): Promise<Buffer>;
}

/**
 * Lists a directory. Names beginning with `.git` are git's own and no part of a tree.
 *
 * @throws PublishError for a symbolic link or a special file: a copy of such a tree could reach out of it.
 */
export async function openTree(root: string): Promise<Tree> {
  const files: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      if (folder === "" && entry.name.startsWith(".git")) continue;
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile()) files.push(path);
      else {
        const message = `${path} is neither a file nor a directory`;
        throw new PublishError([
          { by: "tree", message, remedy: "remove it: a registry consists of plain files" },
        ]);
      }
    }
  };
  if ((await lstat(root)).isSymbolicLink()) {
    throw new PublishError([
      { by: "tree", message: `${root} is a symbolic link`, remedy: "name the directory itself" },
    ]);
  }
  await walk("");
  files.sort();
  const known = new Set(files);
  return { root, files, has: (path) => known.has(path), read: (path) => readFile(join(root, path)) };
}

/** SHA-256 of a content, in hexadecimal. */
export function sha256(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** SHA-256 over all paths and contents: equal for equal trees, wherever they are. */
export async function treeDigest(tree: Tree): Promise<string> {
  const total = createHash("sha256");
  for (const path of tree.files) total.update(`${sha256(await tree.read(path))}  ${path}\n`);
  return total.digest("hex");
}

/** The two files of a package. */
export function packageFiles(name: string): readonly [string, string] {
  return [`p2/${name}.json`, `p2/${name}~dev.json`];
}
