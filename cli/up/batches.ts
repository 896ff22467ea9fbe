import { batchSeconds, type Cost, HOUR, LIMITS, type Pace, totalCost } from "./estimate.ts";
import type { StateResource } from "./overwritten.ts";
import { type Part, partsOf } from "./parts.ts";
import type { Step } from "./steps.ts";

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

/** Calls of an hour that are kept for the previews between batches, and for what else uses the token. */
const RESERVE = 500;

/** What GitHub allows in an hour, less a reserve. */
export const BATCH_SIZE: BatchSize = { content: LIMITS.contentAnHour, calls: LIMITS.callsAnHour - RESERVE };

/** Targets of one run: each is an argument of its process, and systems bound those (all together 1 MB on macOS). */
const TARGETS = 2000;

/** What is known of an update beside its steps. */
export interface Before {
  /** Calls of the refresh just before it, which count in GitHub's hour too. @default 0 */
  readonly refreshCalls?: number;
  /** Resources of the state; without them all deletes are in one batch. */
  readonly state?: readonly StateResource[];
}

/**
 * Splits an update into batches; one that fits is one batch of everything.
 *
 * The composer repository comes first, for notifications go there; then package repositories and consumers, each whole; then, where they
 * are too many for one run, the repositories that lose something; at last a run of the whole program, which does what no target
 * names. Whatever a batch leaves undone, the last run does: splitting decides when something happens, never whether.
 */
export function splitIntoBatches(
  steps: readonly Step[],
  replace: readonly string[],
  pace: Pace,
  size: BatchSize = BATCH_SIZE,
  { refreshCalls = 0, state = [] }: Before = {},
): readonly Batch[] {
  const whole = totalCost(steps, pace);
  const used = usedBefore(refreshCalls, pace);
  if (fits(plus(used, whole), size) || !splittable(steps)) return [{ target: [], replace, cost: whole }];
  const { composer, repositories, deleting } = partsOf(steps, state);
  const early = new Set([composer, ...repositories].flatMap((part) => part.steps));
  const late = steps.filter((step) => !early.has(step));
  const isShort = fits(totalCost(late, pace), size);
  const packed = pack([[composer], repositories, isShort ? [] : deleting], used, pace, size);
  const wanted = new Set(replace);
  const targeted = packed.map((parts): Batch => {
    const own = parts.flatMap((part) => part.steps);
    return {
      target: [...new Set(parts.flatMap((part) => part.target))],
      replace: [...new Set(own.map(({ urn }) => urn))].filter((urn) => wanted.has(urn)),
      cost: totalCost(own, pace),
    };
  });
  const made = new Set(packed.flat().flatMap((part) => part.steps));
  const replaced = new Set(targeted.flatMap((batch) => batch.replace));
  const rest = steps.filter((step) => !made.has(step));
  const left = replace.filter((urn) => !replaced.has(urn));
  return [...targeted, { target: [], replace: left, cost: totalCost(rest, pace) }];
}

/** Fills batches with parts, in their order; those of two blocks never share a batch, but they may share an hour. */
function pack(
  blocks: readonly (readonly Part[])[],
  used: Amount,
  pace: Pace,
  size: BatchSize,
): readonly (readonly Part[])[] {
  const batches: Part[][] = [];
  let hour = used;
  for (const block of blocks) {
    let current: Part[] = [];
    let targets = 0;
    for (const part of block) {
      if (part.steps.length === 0) continue;
      const cost = totalCost(part.steps, pace);
      const fitsHour = fits(plus(hour, cost), size);
      if (current.length === 0 || !fitsHour || targets + part.target.length > TARGETS) {
        current = [];
        targets = 0;
        batches.push(current);
      }
      hour = fitsHour ? plus(hour, cost) : cost;
      targets += part.target.length;
      current.push(part);
    }
  }
  return batches;
}

/**
 * Groups batches by the hours that GitHub counts in: those of one hour follow each other without a pause.
 *
 * The first hour is empty where the refresh has left too little of it. A server of one's own counts none, so there all of them are one
 * group.
 */
export function hoursOf<One extends Pick<Batch, "cost">>(
  batches: readonly One[],
  pace: Pace,
  refreshCalls = 0,
): readonly (readonly One[])[] {
  if (!pace.limited) return [batches];
  let hour = usedBefore(refreshCalls, pace);
  const hours: One[][] = hour.calls > 0 ? [[]] : [];
  for (const batch of batches) {
    const current = hours.at(-1);
    // What fits no hour gains nothing by waiting for a whole one.
    const isHopeless = current?.length === 0 && !fits(batch.cost, BATCH_SIZE);
    if (current && (isHopeless || fits(plus(hour, batch.cost), BATCH_SIZE))) {
      hour = plus(hour, batch.cost);
      current.push(batch);
      continue;
    }
    hours.push([batch]);
    hour = batch.cost;
  }
  return hours;
}

/** Seconds of all batches: each hour but the last is used up where GitHub's limits hold. */
export function totalSeconds(batches: readonly Pick<Batch, "cost">[], pace: Pace, refreshCalls = 0): number {
  return hoursOf(batches, pace, refreshCalls)
    .map((hour) => hour.reduce((total, { cost }) => total + batchSeconds(cost, pace), 0))
    .reduce((total, seconds, index, all) => {
      const isLast = index === all.length - 1;
      return total + (isLast ? seconds : Math.max(seconds, HOUR));
    }, 0);
}

/** What counts in GitHub's hour. */
type Amount = Pick<Cost, "content" | "calls">;

/** What a refresh has used of the hour in which it ended; the reserve pays for its first calls. */
function usedBefore(refreshCalls: number, { limited }: Pace): Amount {
  const isUsed = limited && refreshCalls > 0;
  const ofThisHour = isUsed ? ((refreshCalls - 1) % LIMITS.callsAnHour) + 1 : 0;
  return { content: 0, calls: Math.max(0, ofThisHour - RESERVE) };
}

function plus(one: Amount, other: Amount): Amount {
  return { content: one.content + other.content, calls: one.calls + other.calls };
}

function fits({ content, calls }: Amount, size: BatchSize): boolean {
  return content <= size.content && calls <= size.calls;
}

/** Whether targets can name what comes early: not where the provider is another one, and with it everything that it made. */
function splittable(steps: readonly Step[]): boolean {
  const providers = steps.filter(({ type }) => type.startsWith("pulumi:providers:"));
  return providers.every(({ op }) => op === "create" || op === "update");
}
