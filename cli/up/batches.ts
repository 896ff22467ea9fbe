import { batchSeconds, type Cost, HOUR, LIMITS, type Pace, totalCost } from "./estimate.ts";
import { isComponent, packageOf, type Step } from "./steps.ts";

/** A part of an update that fits into GitHub's hour and into the hour that an App's token lives. */
export interface Batch {
  /** URNs to restrict the run to; none: the run is the whole program, with the deletes. */
  readonly target: readonly string[];
  /** URNs of overwritten secrets to replace in it. */
  readonly replace: readonly string[];
  readonly cost: Cost;
}

/** How much one batch may hold. */
export interface BatchSize {
  readonly content: number;
  readonly calls: number;
}

/** What GitHub allows in an hour, less what the refreshes and previews between batches need. */
export const BATCH_SIZE: BatchSize = { content: LIMITS.contentAnHour, calls: LIMITS.callsAnHour - 500 };

/**
 * Splits an update into batches; one that fits is one batch of everything.
 *
 * The composer repository comes first, for notifications go there; then packages, each whole; at last a run of the whole program, which
 * does what no target names: deletes, and the organization's secret, which lists every package. Whatever a batch leaves
 * undone, the last run does: splitting decides when something happens, never whether.
 */
export function splitIntoBatches(
  steps: readonly Step[],
  replace: readonly string[],
  pace: Pace,
  size: BatchSize = BATCH_SIZE,
): readonly Batch[] {
  const whole = totalCost(steps, pace);
  if (fits(whole, size) || !splittable(steps)) return [{ target: [], replace, cost: whole }];
  const groups = grouped(steps);
  const shared = groups.get(undefined) ?? [];
  const early = shared.filter(isEarly);
  const late = steps.filter((step) => !isEarly(step));
  const batches: Step[][] = early.length > 0 ? [early] : [];
  // What comes first and the first packages share an hour.
  let before = early;
  let current: Step[] = [];
  for (const [name, all] of groups) {
    const own = all.filter(isEarly);
    if (name === undefined || own.length === 0) continue;
    if (current.length > 0 && !fits(totalCost([...before, ...current, ...own], pace), size)) {
      batches.push(current);
      before = [];
      current = [];
    }
    current.push(...own);
  }
  if (current.length > 0) batches.push(current);
  const wanted = new Set(replace);
  const targeted = batches.map((batch): Batch => {
    const target = [...new Set(batch.map(({ urn }) => urn))];
    return { target, replace: target.filter((urn) => wanted.has(urn)), cost: totalCost(batch, pace) };
  });
  const done = new Set(targeted.flatMap((batch) => batch.replace));
  const left = replace.filter((urn) => !done.has(urn));
  return [...targeted, { target: [], replace: left, cost: totalCost(late, pace) }];
}

/**
 * Groups batches by the hours that GitHub counts in: those of one hour follow each other without a pause.
 *
 * A server of one's own counts none, so there all of them are one group.
 */
export function hoursOf<One extends Pick<Batch, "cost">>(
  batches: readonly One[],
  pace: Pace,
): readonly (readonly One[])[] {
  if (!pace.limited) return [batches];
  const hours: One[][] = [];
  let content = 0;
  let calls = 0;
  for (const batch of batches) {
    content += batch.cost.content;
    calls += batch.cost.calls;
    const hour = hours.at(-1);
    if (hour && fits({ content, calls }, BATCH_SIZE)) {
      hour.push(batch);
      continue;
    }
    hours.push([batch]);
    ({ content, calls } = batch.cost);
  }
  return hours;
}

/** Seconds of all batches: each hour but the last is used up where GitHub's limits hold. */
export function totalSeconds(batches: readonly Pick<Batch, "cost">[], pace: Pace): number {
  return hoursOf(batches, pace)
    .map((hour) => hour.reduce((sum, { cost }) => sum + batchSeconds(cost, pace), 0))
    .reduce((sum, seconds, index, all) => {
      const isLast = index === all.length - 1;
      return sum + (isLast ? seconds : Math.max(seconds, HOUR));
    }, 0);
}

function fits({ content, calls }: Pick<Cost, "content" | "calls">, size: BatchSize): boolean {
  return content <= size.content && calls <= size.calls;
}

/**
 * Whether a target can name what comes early without deleting anything.
 *
 * Engines delete what depends on a target and has left the program: everything depends on a provider, so where it changes
 * (another token) and something is deleted, the update is made whole.
 */
function splittable(steps: readonly Step[]): boolean {
  const provider = steps.some(({ type }) => type.startsWith("pulumi:providers:"));
  return !provider || !steps.some(({ op }) => op === "delete");
}

/** Deletes wait for the end, as in any update; so do components that exist, and the organization's secret, which needs the ids of all packages. */
function isEarly(step: Step): boolean {
  if (step.op === "delete" || step.type.includes("ActionsOrganizationSecret")) return false;
  return step.op === "create" || step.type.startsWith("pulumi:providers:") || !isComponent(step);
}

function grouped(steps: readonly Step[]): Map<string | undefined, Step[]> {
  const groups = new Map<string | undefined, Step[]>();
  for (const step of steps) {
    const name = packageOf(step.urn);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [step]);
    else group.push(step);
  }
  return groups;
}
