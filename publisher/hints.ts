import { quoted } from "../fleet/findings.ts";
import { isPackageName, isRepositoryId } from "../fleet/grammar.ts";
import type { SourceRepository } from "./repositories.ts";

/** Characters of a hint that are looked at; no name is longer. */
const LOOKED_AT = 10_000;

/** What was asked for by name, and what came of it. */
export interface JudgedHint {
  /** Fit to print. */
  readonly text: string;
  readonly verdict: "stale" | "fresh" | "unknown" | "malformed";
}

/** What of a planned repository a hint is judged by. */
type Hinted = Pick<SourceRepository, "owner" | "name" | "packageName"> & { readonly stale: boolean };

/**
 * Says what came of what was asked for by name: a package, or `owner/repository`, compared without case.
 *
 * A hint is only told apart here, never acted on: what is built follows from refs alone. One that is no name comes back quoted and
 * cut, fit to print.
 */
export function judgeHint(hint: string, repositories: readonly Hinted[]): JudgedHint {
  if (!isPackageName(hint) && !isRepositoryId(hint)) {
    return { text: quoted(hint.slice(0, LOOKED_AT)), verdict: "malformed" };
  }
  const text = hint.toLowerCase();
  const meant = repositories.filter(
    ({ owner, name, packageName }) =>
      packageName === text || (owner !== undefined && `${owner}/${name}` === text),
  );
  if (meant.length === 0) return { text, verdict: "unknown" };
  return { text, verdict: meant.some(({ stale }) => stale) ? "stale" : "fresh" };
}
