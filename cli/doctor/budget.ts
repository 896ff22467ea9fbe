import { messageOf, type Output } from "../command.ts";
import type { Context } from "../context.ts";
import { splitIntoBatches, totalSeconds } from "../up/batches.ts";
import { summary } from "../up/describe.ts";
import { type Cost, duration, paceOf, totalCost } from "../up/estimate.ts";
import { resourcesOf } from "../up/overwritten.ts";
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

/** Calls that a refresh makes for one resource (measured, provider 6.15: three for a secret and a file). */
const REFRESH_CALLS = 1.5;

/** What the next update would do, in calls and minutes, against what the token has left of its hour. */
export async function checkBudget(context: Context, account: Answer, output: Output): Promise<Budget> {
  const pace = paceOf(context.config.github.writeDelayMs);
  const managed = resourcesOf(await context.stack.exportStack()).filter(({ type }) =>
    type.startsWith("github:"),
  );
  try {
    const plan = await previewed(context, [], output);
    const batches = splitIntoBatches(plan.steps, [], pace);
    const cost = totalCost(plan.steps, pace);
    const calls = cost.calls + Math.ceil(managed.length * REFRESH_CALLS);
    const seconds = totalSeconds(batches, pace);
    const left = remaining(account);
    const parts = batches.length === 1 ? "" : ` in ${batches.length} batches`;
    const told =
      plan.steps.length === 0
        ? note("change", `none is planned; looking costs about ${calls} calls`)
        : note(
            "change",
            `${summary(plan, "planned")}: about ${calls} calls, ${cost.writes} of them writes, ${duration(seconds)}${parts}`,
          );
    return { checks: [told, limitCheck(calls, batches, left)], calls, writes: cost.writes, seconds };
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

function limitCheck(
  calls: number,
  batches: readonly { readonly cost: Cost }[],
  rate: Remaining | undefined,
): Check {
  const name = "rate limit";
  if (!rate) return note(name, "GitHub tells none");
  const { left, limit, reset } = rate;
  const message = `${left} of ${limit} calls are left until ${reset.toISOString()}`;
  const needed = batches.length === 1 ? calls : (batches[0]?.cost.calls ?? 0);
  if (needed <= left) return ok(name, message);
  return wrong(name, `${message}, and about ${needed} are needed`, `fleet up after ${reset.toISOString()}`);
}
