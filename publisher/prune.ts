import { rm } from "node:fs/promises";
import { join } from "node:path";
import { RECORD_FILE } from "./record.ts";
import { openTree, packageFiles } from "./tree.ts";

/** The fleet's page, which readers of the branch see first. */
export const README_FILE = "README.md";

/**
 * Removes every file that nothing in the registry leads to; gives their paths.
 *
 * Satis deletes nothing: `p2` files of packages that are gone stay installable, old include files pile up (one public
 * repository has over 400 of them), and so do `p/` files for Composer 1 and archives. Nothing else belongs in the tree either.
 */
export async function prune(
  staged: string,
  keep: { readonly names: Iterable<string>; readonly includes: readonly string[] },
): Promise<readonly string[]> {
  const kept = new Set(["packages.json", RECORD_FILE, README_FILE, ...keep.includes]);
  for (const name of keep.names) for (const path of packageFiles(name)) kept.add(path);
  const { files } = await openTree(staged);
  const removed = files.filter((path) => !kept.has(path));
  await Promise.all(removed.map((path) => rm(join(staged, path))));
  return removed;
}
