import {
  COMPOSER_REPOSITORY,
  isKnown,
  type Properties,
  REPOSITORY,
  UNKNOWN,
  type Value,
} from "../resource.ts";
import { option, type ResourceRule } from "../rule.ts";
import { shown } from "../secrets.ts";

const NAME = "repository-visibility";

export const repositoryVisibility: ResourceRule<{ readonly allowed: readonly string[] }> = {
  kind: "resource",
  name: NAME,
  description: "A repository is no more visible than allowed.",
  reason:
    "The composer repository lists every package, and its history cannot be taken back once it was public.",
  options: {
    allowed: {
      type: "array",
      items: { type: "string", enum: ["private", "internal", "public"] },
      description: "Visibilities that a repository may have.",
      default: ["private", "internal"],
    },
  },
  check({ type, inputs }, { allowed }) {
    // Where the repository is not managed, what its component registers is all there is.
    const unmanaged = type === COMPOSER_REPOSITORY && inputs.manageRepository === false;
    if (type !== REPOSITORY && !unmanaged) return [];
    const visibility = visibilityOf(inputs);
    if (typeof visibility !== "string" || allowed.includes(visibility)) return [];
    return [
      `visibility ${shown(visibility)} is not allowed (${allowed.join(", ")}): pulumi config set satis-fleet:visibility ${allowed[0] ?? "private"}, or allow it with ${option(NAME, "allowed", [...allowed, shown(visibility)])}`,
    ];
  },
};

/** GitHub makes a repository public where nobody says otherwise. */
function visibilityOf({ visibility, private: isPrivate }: Properties): Value {
  if (isKnown(visibility) || visibility === UNKNOWN) return visibility;
  if (isPrivate === UNKNOWN) return UNKNOWN;
  return isPrivate === true ? "private" : "public";
}
