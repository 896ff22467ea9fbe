import { REPOSITORY, REPOSITORY_PAGES } from "../resource.ts";
import type { ResourceRule } from "../rule.ts";

const KINDS: ReadonlyMap<string, string> = new Map([
  [REPOSITORY, "the composer repository"],
  [REPOSITORY_PAGES, "the Pages site"],
]);

export const protectedFromDeletion: ResourceRule<Record<string, never>> = {
  kind: "resource",
  name: "protected-from-deletion",
  description: "The composer repository and its Pages site are protected from deletion.",
  reason:
    "Every consumer's `composer install` reads them: a slip in satis.json or a rename must not take them down.",
  options: {},
  check({ type, protect }) {
    const what = KINDS.get(type);
    return what === undefined || protect
      ? []
      : [`${what} is not protected: write protect: true in its options`];
  },
};
