import { REPOSITORY_PAGES, UNKNOWN } from "../resource.ts";
import { option, type StackRule } from "../rule.ts";

const NAME = "pages-public-only-when-allowed";

export const pagesPublicOnlyWhenAllowed: StackRule<{ readonly allowed: boolean }> = {
  kind: "stack",
  name: NAME,
  description: "The registry's Pages site is public only where that is allowed.",
  reason:
    "A Pages site shows names, versions and requirements of every package to everybody, unless on Enterprise Cloud.",
  options: {
    allowed: { type: "boolean", description: "Whether a Pages site may be public.", default: true },
  },
  check({ resources }, { allowed }) {
    if (allowed) return [];
    return resources
      .filter(({ type }) => type === REPOSITORY_PAGES)
      .filter(({ inputs, outputs }) => {
        const isPublic = inputs.public ?? outputs?.public;
        return isPublic !== false && isPublic !== UNKNOWN;
      })
      .map(({ urn }) => ({
        urn,
        message: `the Pages site is public: pulumi config set satis-fleet:hosting private, or allow it with ${option(NAME, "allowed", true)}`,
      }));
  },
};
