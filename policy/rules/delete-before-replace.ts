import {
  ACTIONS_SECRET,
  ENVIRONMENT,
  ENVIRONMENT_BRANCH,
  ENVIRONMENT_SECRET,
  ORGANIZATION_SECRET,
  REPOSITORY_FILE,
  REPOSITORY_PAGES,
  REPOSITORY_RULESET,
  WORKFLOW_PERMISSIONS,
} from "../resource.ts";
import type { ResourceRule } from "../rule.ts";

export const deleteBeforeReplace: ResourceRule<{ readonly types: readonly string[] }> = {
  kind: "resource",
  name: "delete-before-replace",
  description: "A resource whose inputs say which thing on GitHub it is, is deleted before it is replaced.",
  reason:
    "The other way round the new one is written first and then deleted as the old one: a replaced secret ends as none.",
  options: {
    types: {
      type: "array",
      items: { type: "string" },
      description: "Types of such resources.",
      default: [
        ACTIONS_SECRET,
        ENVIRONMENT_SECRET,
        ORGANIZATION_SECRET,
        REPOSITORY_FILE,
        REPOSITORY_PAGES,
        REPOSITORY_RULESET,
        ENVIRONMENT,
        ENVIRONMENT_BRANCH,
        WORKFLOW_PERMISSIONS,
      ],
    },
  },
  check(resource, { types }) {
    return !types.includes(resource.type) || resource.deleteBeforeReplace
      ? []
      : ["a replacement would write it and then delete it: write deleteBeforeReplace: true in its options"];
  },
};
