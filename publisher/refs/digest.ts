import { sha256 } from "../tree.ts";
import type { Refs } from "./source.ts";

/**
 * Gives the digest of a repository's refs: equal for equal refs in whatever order they were read, different for any other.
 *
 * The default branch's name counts where the source tells it, since Composer marks that branch's version.
 */
export function refsDigest({ heads, tags, head }: Refs): string {
  // JSON keeps names and ids apart whatever characters a ref has.
  return sha256(JSON.stringify([head ?? null, sorted(heads), sorted(tags)]));
}

function sorted(refs: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(refs).sort(([a], [b]) => (a < b ? -1 : 1));
}
