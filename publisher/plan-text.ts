import { safeText } from "../fleet/findings.ts";
import type { Plan, PlannedRepository } from "./plan.ts";

/** Lines of one list; a fleet has thousands. */
const SHOWN = 20;

const HEADLINES: Readonly<Record<Plan["action"], string>> = {
  none: "nothing to do",
  deploy: "the published tree is deployed again",
  partial: "what is stale is built",
  full: "everything is built",
};

const VERDICTS: Readonly<Record<Plan["hints"][number]["verdict"], string>> = {
  stale: "is stale, and part of this build",
  fresh: "is published as it is",
  unknown: "is no package or repository of this registry",
  malformed: "is no name of a package or repository, and is ignored",
};

/** Tells people what a run is going to do and why, line by line; fit to print whatever the repositories say. */
export function planText(plan: Plan): string {
  const { repositories, reasons, hints } = plan;
  const unreadable = repositories.filter(({ error }) => error !== undefined);
  const stale = repositories.filter((one) => one.stale);
  const building = plan.action === "partial" || plan.action === "full";
  const lines = [
    `Build ${plan.build}: ${HEADLINES[plan.action]}`,
    ...reasons.map((reason) => `  because ${reason}`),
    `${counted(repositories.length)} in satis.json, ${stale.length} stale, ${unreadable.length} unreadable`,
    ...(stale.length === 0 ? [] : ["Stale:", ...listed(stale, nameOf)]),
    ...(unreadable.length === 0
      ? []
      : ["Unreadable, so what is published of them stays:", ...listed(unreadable, errorOf)]),
    ...(building ? [costText(plan)] : []),
    ...hints.map(({ text, verdict }) => `Asked for: ${text} ${VERDICTS[verdict]}`),
  ];
  return `${lines.map(safeText).join("\n")}\n`;
}

function counted(count: number): string {
  return count === 1 ? "1 repository" : `${count} repositories`;
}

function listed(
  repositories: readonly PlannedRepository[],
  text: (one: PlannedRepository) => string,
): string[] {
  const lines = repositories.slice(0, SHOWN).map((one) => `  ${text(one)}`);
  const more = repositories.length - lines.length;
  return more === 0 ? lines : [...lines, `  and ${more} more`];
}

function nameOf({ id, packageName, nameError }: PlannedRepository): string {
  const name = packageName ?? "no package name, so it is held";
  return nameError === undefined ? `${id} (${name})` : `${id} (${name}): ${nameError}`;
}

function errorOf({ id, error }: PlannedRepository): string {
  const kind = error?.kind === "gone" ? "gone, or not for this token" : "not reached";
  return `${id}: ${kind}: ${error?.message ?? ""}`;
}

function costText({ cost: { calls, remaining, clones } }: Plan): string {
  const left = remaining === undefined ? "" : ` of ${remaining} left`;
  const how = clones ? "; that is too many, so cached clones are read instead" : "";
  return `About ${calls} calls of GitHub's API${left}${how}`;
}
