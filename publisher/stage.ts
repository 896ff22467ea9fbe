import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inParallel } from "./parallel.ts";
import type { Plan } from "./plan.ts";
import { openTree, type Tree } from "./tree.ts";
import type { Work } from "./work.ts";

/** Files that are read or written at once. */
export const FILES_AT_ONCE = 32;

/**
 * Makes the directory that becomes the next published tree: a copy of the published one for a partial build, an empty one
 * for a build of everything. What a run that was killed left behind is gone; the published tree is only read.
 */
export async function stage(work: Work, plan: Pick<Plan, "action">): Promise<{ readonly published?: Tree }> {
  await rm(work.staged, { recursive: true, force: true });
  await mkdir(work.staged, { recursive: true });
  const published = await openTree(work.published).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (published === undefined) return {};
  if (plan.action === "partial") await copyFiles(published, published.files, work.staged);
  return { published };
}

/** Copies files of a tree, byte for byte, to the same paths below another directory. */
export async function copyFiles(tree: Tree, paths: readonly string[], to: string): Promise<void> {
  await Promise.all(
    [...new Set(paths.map((path) => dirname(path)))].map((path) =>
      mkdir(join(to, path), { recursive: true }),
    ),
  );
  await inParallel(paths, FILES_AT_ONCE, (path) => copyFile(join(tree.root, path), join(to, path)));
}

/** Writes one file below a directory, whatever was there. */
export async function writeBelow(root: string, path: string, content: string | Buffer): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}
