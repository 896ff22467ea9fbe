import { quoted } from "../../fleet/findings.ts";
import { byNormalized, isHeld, packageFault, readBoth, repositoryFinder } from "./context.ts";
import type { Gate } from "./gate.ts";
import { tagsLeftOut, UNEXPLAINED } from "./tags.ts";

/**
 * A tag that was a version before is one still, while it stands at the same commit: what Composer reads at a commit never changes, so
 * such a version was dropped on the way. Other gaps are listed by {@link tagsLeftOut} and are nobody's fault.
 *
 * Of an annotated tag the refs give the tag object, not the commit; such a version is judged by versions-kept.
 */
export const tagsAreVersions: Gate = {
  name: "tags-are-versions",
  guarantees:
    "every tag of a rebuilt package that satis.json and Composer's own rules let through is a version; the others are listed with the reason, and a tag that was a version at the same commit never falls out",
  async check(candidate) {
    const { before } = await readBoth(candidate);
    if (before === undefined) return [];
    const repositoryOf = repositoryFinder(candidate);
    return (await tagsLeftOut(candidate)).flatMap(({ package: name, tag, normalized, reason }) => {
      if (reason !== UNEXPLAINED || normalized === undefined || isHeld(candidate, name)) return [];
      const old = byNormalized(before.packages.get(name) ?? []).get(normalized);
      if (old === undefined || old.source?.reference !== repositoryOf(name)?.refs?.tags[tag]) return [];
      return [
        packageFault(
          "tags-are-versions",
          name,
          `the tag ${quoted(tag)} is no version any more although it stands at the same commit`,
          "it is built again at the next run; if it stays, see what Satis said of its repository",
        ),
      ];
    });
  },
};
