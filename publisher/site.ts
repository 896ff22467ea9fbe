import { copyFile, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { openTree } from "./tree.ts";

/** Whether a file of the registry may be read by everybody who finds the site: only what Composer and browsers ask for. */
export function isPublic(path: string): boolean {
  return /^(?:packages\.json|index\.html|(?:include|p2|p)\/.+\.json)$/.test(path);
}

/**
 * Writes what Pages deploys: the tree `from` without build.json, README.md and everything else that is not for the public.
 *
 * What is public is listed, not what is private: a file that nobody thought of stays out.
 */
export async function writeSite(from: string, to: string): Promise<void> {
  const tree = await openTree(from);
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  for (const path of tree.files.filter(isPublic)) {
    await mkdir(dirname(join(to, path)), { recursive: true });
    await copyFile(join(from, path), join(to, path));
  }
}
