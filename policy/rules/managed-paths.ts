import { COMPOSER_REPOSITORY, CONSUMER_UPDATER, parentType, REPOSITORY_FILE, text } from "../resource.ts";
import { option, type ResourceRule } from "../rule.ts";
import { shown } from "../secrets.ts";

const NAME = "managed-paths";

/** Options by the component that a file belongs to. */
const KEYS: ReadonlyMap<string, "composer" | "consumers"> = new Map([
  [COMPOSER_REPOSITORY, "composer"],
  [CONSUMER_UPDATER, "consumers"],
]);

export interface ManagedPathsOptions {
  readonly composer: readonly string[];
  readonly consumers: readonly string[];
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
      default: [".github/workflows/", ".github/satis-fleet/", ".github/CODEOWNERS", "satis.json"],
    },
    consumers: {
      type: "array",
      items: { type: "string" },
      description: "Paths in the repositories of subscriptions.json.",
      default: [".github/workflows/", ".github/satis-fleet/"],
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
    const key = KEYS.get(parentType(resource) ?? "") ?? "packages";
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
