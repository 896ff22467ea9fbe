import { isDeepStrictEqual } from "node:util";
import { isObject } from "../fleet/satis-entries.ts";
import { INDEX_FILE } from "./page/page.ts";
import { README_FILE } from "./prune.ts";
import { BUILD_KEY, RECORD_FILE } from "./record.ts";
import type { Tree } from "./tree.ts";

/** Files that tell of the build itself, and so differ with every one. */
const OF_THE_BUILD = new Set([RECORD_FILE, README_FILE, INDEX_FILE]);

/**
 * Whether two trees serve consumers the same, the build's id aside.
 *
 * What build.json says is not enough: somebody may have changed the published files by hand, and then to publish the same again is what
 * heals them.
 */
export async function servesTheSame(tree: Tree, published: Tree | undefined): Promise<boolean> {
  if (published === undefined) return false;
  const paths = served(tree);
  if (!isDeepStrictEqual(paths, served(published))) return false;
  for (const path of paths) {
    const [now, before] = await Promise.all([tree.read(path), published.read(path)]);
    const isSame = path === "packages.json" ? isDeepStrictEqual(root(now), root(before)) : now.equals(before);
    if (!isSame) return false;
  }
  return true;
}

function served({ files }: Tree): string[] {
  return files.filter((path) => !OF_THE_BUILD.has(path));
}

/** packages.json without the build's id; `undefined` equals nothing that was just built. */
function root(content: Buffer): unknown {
  try {
    const document: unknown = JSON.parse(content.toString("utf8"));
    return isObject(document) ? { ...document, [BUILD_KEY]: undefined } : undefined;
  } catch {
    return undefined;
  }
}
