import { FLEET, GITHUB_PROVIDER, text, texts } from "../resource.ts";
import { option, type ResourceRule } from "../rule.ts";
import { shown } from "../secrets.ts";

const NAME = "package-owner";

export const packageOwner: ResourceRule<{ readonly owners: readonly string[] }> = {
  kind: "resource",
  name: NAME,
  description: "Every package belongs to an allowed owner.",
  reason:
    "The provider's token may reach more organizations than one; a slip in github:owner would write to another.",
  options: {
    owners: {
      type: "array",
      items: { type: "string" },
      description: "Owners on GitHub that a fleet may manage. Empty: the fleet's own.",
      default: [],
    },
  },
  check({ type, inputs }, { owners }) {
    if (type !== FLEET && type !== GITHUB_PROVIDER) return [];
    const owner = text(inputs.owner);
    const remedy = (one: string) => option(NAME, "owners", [...owners, shown(one)]);
    const faults: string[] = [];
    const allowed = new Set((owners.length > 0 ? owners : owner === undefined ? [] : [owner]).map(lower));
    if (owner !== undefined && !allowed.has(lower(owner))) {
      faults.push(
        `the owner ${shown(owner)} is not allowed (${owners.join(", ")}): correct github:owner, or allow it with ${remedy(owner)}`,
      );
    }
    if (type !== FLEET) return faults;
    for (const id of texts(inputs.packages)) {
      const [packageOwner = ""] = id.split("/");
      // The fleet's own owner is named once, above.
      if (allowed.has(lower(packageOwner)) || lower(packageOwner) === lower(owner ?? "")) continue;
      faults.push(
        `the owner of the package ${shown(id)} is not allowed (${[...allowed].map(shown).join(", ")}): take it out of satis.json, or allow it with ${remedy(packageOwner)}`,
      );
    }
    return faults;
  },
};

function lower(name: string): string {
  return name.toLowerCase();
}
