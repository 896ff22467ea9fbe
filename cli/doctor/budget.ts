import { messageOf, type Output } from "../command.ts";
import type { Context } from "../context.ts";
import { BATCH_SIZE, hoursOf, splitIntoBatches, totalSeconds } from "../up/batches.ts";
import { summary } from "../up/describe.ts";
import { duration, type Pace, paceOf, refreshCalls, refreshSeconds, totalCost } from "../up/estimate.ts";
import type { StateResource } from "../up/overwritten.ts";
import type { Step } from "../up/steps.ts";
import { previewed } from "../up/update.ts";
import { type Check, note, ok, unread, wrong } from "./check.ts";
import type { Answer } from "./probe.ts";

/** The planned change and what it costs. */
export interface Budget {
  readonly checks: readonly Check[];
  readonly calls?: number;
  readonly writes?: number;
  readonly seconds?: number;
}

/** What an update takes, with the refresh that comes before it. */
export interface Spending {
  readonly calls: number;
  readonly writes: number;
  readonly seconds: number;
  readonly batches: number;
  /** Calls of the first of GitHub's hours, in which the refresh runs too. */
  readonly firstHour: number;
}

/** Estimates an update of a stack with this state. */
export function spendingOf(steps: readonly Step[], state: readonly StateResource[], pace: Pace): Spending {
  const refresh = refreshCalls(state);
  const batches = splitIntoBatches(steps, [], pace, BATCH_SIZE, { refreshCalls: refresh, state });
  const [first = []] = hoursOf(batches, pace, refresh);
  const { calls, writes } = totalCost(steps, pace);
  return {
    calls: refresh + calls,
    writes,
    seconds: refreshSeconds(refresh, pace) + totalSeconds(batches, pace, refresh),
    batches: batches.length,
    firstHour: refresh + first.reduce((sum, { cost }) => sum + cost.calls, 0),
  };
}

/** What the next update would do, in calls and minutes, against what the token has left of its hour. */
export async function checkBudget(
  context: Context,
  account: Answer,
  state: readonly StateResource[],
  output: Output,
): Promise<Budget> {
  const pace = paceOf(context.config.github.writeDelayMs);
  try {
    const plan = await previewed(context, [], output);
    const spending = spendingOf(plan.steps, state, pace);
    const { calls, writes, seconds, batches } = spending;
    const parts = batches === 1 ? "" : ` in ${batches} batches`;
    const told =
      plan.steps.length === 0
        ? note("change", `none is planned; looking costs about ${calls} calls`)
        : note(
            "change",
            `${summary(plan, "planned")}: about ${calls} calls, ${writes} of them writes, ${duration(seconds)}${parts}`,
          );
    return { checks: [told, checkLimit(spending, account)], calls, writes, seconds };
  } catch (error) {
    return { checks: [unread("change", `the preview failed: ${messageOf(error)}`)] };
  }
}

interface Remaining {
  readonly left: number;
  readonly limit: number;
  readonly reset: Date;
}

function remaining({ headers }: Answer): Remaining | undefined {
  const [left, limit, reset] = ["remaining", "limit", "reset"].map((name) =>
    Number(headers.get(`x-ratelimit-${name}`) ?? "x"),
  );
  if (left === undefined || limit === undefined || reset === undefined) return undefined;
  return [left, limit, reset].some(Number.isNaN) ? undefined : { left, limit, reset: new Date(reset * 1000) };
}

/** Whether what the token has left of its hour, as GitHub tells it, is enough for what the first hour takes. */
export function checkLimit({ firstHour }: Pick<Spending, "firstHour">, account: Answer): Check {
  const name = "rate limit";
  const rate = remaining(account);
  if (!rate) return note(name, "GitHub tells none");
  const { left, limit } = rate;
  const reset = rate.reset.toISOString();
  const message = `${left} of ${limit} calls are left until ${reset}`;
  if (firstHour <= left) return ok(name, message);
  const short = `${message}, and about ${firstHour} are needed`;
  if (firstHour <= limit) return wrong(name, short, `fleet up after ${reset}`);
  return note(name, `${short}, more than an hour has: fleet up waits for GitHub's next hours`);
}
