import { COMPOSER_REPOSITORY, parentType, REPOSITORY_FILE, text } from "../resource.ts";
import { option, type ResourceRule } from "../rule.ts";
import { shown } from "../secrets.ts";

const NAME = "managed-paths";

export interface ManagedPathsOptions {
  readonly composer: readonly string[];
  readonly packages: readonly string[];
  readonly [other: string]: readonly string[];
}

export const managedPaths: ResourceRule<ManagedPathsOptions> = {
  kind: "resource",
  name: NAME,
  description: "The fleet writes files only where it is allowed to.",
  reason:
    "A managed file is written whole, over whatever a team had at that path, and deleted with its package.",
  options: {
    composer: {
      type: "array",
      items: { type: "string" },
      description: "Paths in the composer repository; one that ends with / stands for the folder.",
      default: [".github/workflows/", ".github/CODEOWNERS", "satis.json"],
    },
    packages: {
      type: "array",
      items: { type: "string" },
      description: "Paths in every other repository.",
      default: [".github/workflows/"],
    },
  },
  check(resource, config) {
    const path = text(resource.inputs.file);
    if (resource.type !== REPOSITORY_FILE || path === undefined) return [];
    const key = parentType(resource) === COMPOSER_REPOSITORY ? "composer" : "packages";
    const allowed = config[key];
    if (isPlain(path) && allowed.some((one) => (one.endsWith("/") ? path.startsWith(one) : path === one)))
      return [];
    return [
      `${shown(path)} is outside of what the fleet may write (${allowed.join(", ")}): move the file, or allow it with ${option(NAME, key, [...allowed, shown(path)])}`,
    ];
  },
};

/** Git takes no other form; with dot segments, a prefix would say nothing. */
function isPlain(path: string): boolean {
  return (
    !path.includes("\\") && path.split("/").every((part) => part !== "" && part !== "." && part !== "..")
  );
}
