import { type Batch, totalSeconds } from "./batches.ts";
import { duration, LIMITS, type Pace, refreshSeconds, totalCost } from "./estimate.ts";
import { isComponent, nameOf, type PreviewedChange, type Step } from "./steps.ts";

/** An update as it will be made. */
export interface UpdatePlan extends PreviewedChange {
  readonly overwritten: readonly string[];
  readonly batches: readonly Batch[];
  readonly pace: Pace;
  /** Calls of the refresh before it, which GitHub counts in the same hour. */
  readonly refreshCalls: number;
}

const SIGNS: Readonly<Record<string, string>> = { create: "+", update: "~", replace: "+-", delete: "-" };
const DONE: Readonly<Record<string, string>> = {
  create: "created",
  update: "updated",
  replace: "replaced",
  delete: "deleted",
};

/** Steps that a person counts: not components, and a replacement once. */
function shown({ steps }: PreviewedChange): readonly Step[] {
  return steps.filter((step) => !isComponent(step) && SIGNS[step.op] !== undefined);
}

function counts(change: PreviewedChange): Readonly<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (const { op } of shown(change)) counted[op] = (counted[op] ?? 0) + 1;
  return counted;
}

/** Counts in words: what an update will do (`2 to create`), or did (`2 created`). */
export function summary(plan: PreviewedChange, tense: "planned" | "done"): string {
  const parts = Object.entries(counts(plan)).map(
    ([op, count]) => `${count} ${tense === "done" ? DONE[op] : `to ${op}`}`,
  );
  return parts.length === 0 ? "nothing on GitHub changes" : parts.join(", ");
}

/** Lines of a plan that are told before there are only counts. */
const TOLD = 30;

/** What a person is told before a refresh: it cannot be told afterwards that hours are about to pass. */
export function describeRefresh(calls: number, pace: Pace): string {
  const time = duration(refreshSeconds(calls, pace));
  const why =
    pace.limited && calls > LIMITS.callsAnHour ? `, for GitHub allows ${LIMITS.callsAnHour} an hour` : "";
  return `refreshing first: about ${calls} calls, ${time}${why}`;
}

/** What a person is told before the question. */
export function describePlan(plan: UpdatePlan): readonly string[] {
  const { batches, pace, refreshCalls } = plan;
  const steps = shown(plan);
  const lines = steps.slice(0, TOLD).map(({ op, urn }) => `  ${SIGNS[op]} ${nameOf(urn)}`);
  if (steps.length > TOLD) lines.push(`  and ${steps.length - TOLD} more`);
  const cost = totalCost(plan.steps, pace);
  const time = duration(totalSeconds(batches, pace, refreshCalls));
  const parts = batches.length === 1 ? "" : ` in ${batches.length} batches`;
  const why = pace.limited
    ? `, within GitHub's limits (a second between writes, ${LIMITS.contentAnHour} commits an hour)`
    : "";
  const used = `the refresh has used about ${refreshCalls} calls of GitHub's ${LIMITS.callsAnHour} an hour: counted in`;
  return [
    `planned: ${summary(plan, "planned")}`,
    ...lines,
    ...plan.overwritten.map((urn) => `  ${nameOf(urn)} was overwritten by somebody: it is written again`),
    `about ${cost.calls} calls, ${cost.writes} of them writes, ${time}${parts}${why}`,
    ...(pace.limited && refreshCalls > 0 ? [used] : []),
  ];
}

/** The same for machines. */
export function planResult(plan: UpdatePlan): Readonly<Record<string, unknown>> {
  const { refreshCalls } = plan;
  const { calls, writes } = totalCost(plan.steps, plan.pace);
  const seconds = totalSeconds(plan.batches, plan.pace, refreshCalls);
  return {
    changes: counts(plan),
    overwritten: plan.overwritten.map(nameOf),
    batches: plan.batches.length,
    estimate: { calls, writes, seconds, refreshCalls },
  };
}
