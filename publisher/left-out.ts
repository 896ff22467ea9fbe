import { safeText } from "../fleet/findings.ts";
import type { Outcome } from "./outcome.ts";
import type { SatisSaid } from "./satis/output.ts";
import type { Candidate } from "./verify/gate.ts";
import { tagsLeftOut, UNEXPLAINED } from "./verify/tags.ts";

/**
 * Lists every tag of the rebuilt packages that is no version, with the reason: satis.json's or the tag's own, else what Composer said.
 *
 * @param said what Satis repeated of Composer's reasons
 */
export async function leftOutOf(
  candidate: Candidate,
  said: SatisSaid["leftOut"],
): Promise<Outcome["leftOut"]> {
  const keyOf = (one: { readonly package: string; readonly tag: string }) =>
    JSON.stringify([one.package, one.tag]);
  const words = new Map(said.map((one) => [keyOf(one), one.reason]));
  const found = (await tagsLeftOut(candidate)).map(({ package: name, tag, reason }) => {
    const safe = { package: name, tag: safeText(tag) };
    const own = reason === UNEXPLAINED ? words.get(keyOf(safe)) : undefined;
    return { ...safe, reason: own ?? safeText(reason) };
  });
  const known = new Set(found.map(keyOf));
  // A repository that only Satis reads has no refs in the plan.
  const others = said.filter((one) => candidate.rebuilt?.has(one.package) && !known.has(keyOf(one)));
  return [...found, ...others];
}
