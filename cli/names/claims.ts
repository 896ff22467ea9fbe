import type { Satis } from "../../fleet/satis.ts";
import { judgeClaims } from "../../publisher/claim.ts";
import type { BuildRecord } from "../../publisher/record.ts";
import { sourcesOf } from "../../publisher/repositories.ts";
import type { NamesRead } from "./read.ts";

/** What a name has to agree with before it is written. */
export interface ClaimContext {
  /** Vendors that the fleet may publish already, in lower case. */
  readonly vendors: readonly string[];
  /** What is published, and so claimed; `undefined` before the first publish. */
  readonly previous: BuildRecord | undefined;
  /** Host of the fleet's repositories, such as `github.com`. */
  readonly githubHost: string;
}

/**
 * Leaves out the names that the publisher would hold: of another vendor, of another repository, or another one than was published.
 *
 * A name in satis.json is what confirms such a claim, and opens its vendor to every repository. composer.json is written by whoever
 * may push there, so nothing of it confirms itself.
 */
export function confirmable(read: NamesRead, satis: Satis, context: ClaimContext): NamesRead {
  const { vendors, previous, githubHost } = context;
  const key = (id: string) => `${githubHost}/${id}`;
  const found = new Map([...read.names].map(([id, name]) => [key(id), name]));
  // Those that the fleet does not manage have claims as well, and so do those whose name is not known now.
  const sources = sourcesOf(satis, { githubHost }).repositories;
  const declared = new Map(
    sources.flatMap(({ id, packageName }) => (packageName === undefined ? [] : [[id, packageName]])),
  );
  const repositories = sources.map(({ id }) => {
    const packageName = declared.get(id) ?? found.get(id);
    return packageName === undefined ? { id } : { id, packageName };
  });
  const { refused } = judgeClaims({ repositories, previous, vendors, declared, required: new Set() });
  const held = [...read.names.keys()].flatMap((id) => {
    const fault = refused.get(key(id));
    return fault === undefined ? [] : [{ id, reason: `${fault.message}: ${fault.remedy}` }];
  });
  const left = new Set(held.map(({ id }) => id));
  return {
    names: new Map([...read.names].filter(([id]) => !left.has(id))),
    unnamed: [...read.unnamed, ...held].sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}
