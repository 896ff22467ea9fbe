import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, type Output } from "../command.ts";
import type { Context } from "../context.ts";
import { BATCH_SIZE, type Batch, hoursOf, splitIntoBatches } from "./batches.ts";
import type { UpdatePlan } from "./describe.ts";
import { duration, HOUR, paceOf } from "./estimate.ts";
import { unlocked } from "./leftovers.ts";
import { overwrittenSecrets, pendingOf, resourcesOf } from "./overwritten.ts";
import { type EngineContext, LockedError, runEngine } from "./run.ts";
import { collectSteps, nameOf, type PreviewedChange } from "./steps.ts";
import { takeOverPending, takeOverPlanned } from "./takeover.ts";

/** How an update is made, on the command line or by another command. */
export interface UpdateOptions {
  /** Remove the stack's lock whoever holds it. @default false */
  readonly unlock?: boolean;
  /** Operations side by side. @default 1 where GitHub's public limits hold, else 16 */
  readonly parallel?: number;
  /** Commits in one batch. @default what GitHub allows in an hour */
  readonly batchSize?: number;
  /** Go on with the rest where a resource fails; whatever depends on it is left out. @default false */
  readonly continueOnError?: boolean;
  /** Waits so many milliseconds; for tests. */
  readonly wait?: (milliseconds: number) => Promise<unknown>;
}

/** Clears what a killed update left, and reads the state again from GitHub. */
export async function refreshed(context: Context, options: UpdateOptions, output: Output): Promise<void> {
  const { stack } = context;
  const before = await stack.exportStack();
  if (resourcesOf(before).length === 0 && pendingOf(before).length === 0) return;
  const pending = pendingOf(before).filter(({ type }) => type === "creating");
  await unlocked(context, options.unlock ?? false, output, async () => {
    const taken = await takeOverPending(context, before);
    for (const name of taken) output.err(`took over ${name}, which a killed update had made`);
    const left = pending.map(({ resource }) => nameOf(resource.urn)).filter((name) => !taken.includes(name));
    const clearPendingCreates = left.length > 0;
    await runEngine(
      context,
      { command: "refresh", name: "refresh", options: { parallel: READS, clearPendingCreates } },
      output,
    );
    if (clearPendingCreates) output.err(`cleared what a killed update left pending: ${left.join(", ")}`);
  });
}

/** Reads side by side: far below the hundred that GitHub allows. */
const READS = 16;

/** Previews the whole program, overwritten secrets replaced, and splits it. */
export async function planned(context: Context, options: UpdateOptions, output: Output): Promise<UpdatePlan> {
  const pace = paceOf(context.config.github.writeDelayMs, options.parallel);
  const overwritten = overwrittenSecrets(await context.stack.exportStack());
  const takeOver = () => takeOverPlanned(context, change.steps);
  let change = await previewed(context, overwritten, output);
  // One after the other: what is in a repository shows once the repository itself is known.
  for (let taken = await takeOver(); taken.length > 0; taken = await takeOver()) {
    for (const name of taken) output.err(`took over ${name}, which is there although no state knows it`);
    await runEngine(context, { command: "refresh", name: "refresh", options: { parallel: READS } }, output);
    change = await previewed(context, overwritten, output);
  }
  const size = options.batchSize === undefined ? BATCH_SIZE : { ...BATCH_SIZE, content: options.batchSize };
  return { ...change, overwritten, batches: splitIntoBatches(change.steps, overwritten, pace, size), pace };
}

/** A preview with the policies: it refuses what an update without one would find out half-way. */
export async function previewed(
  context: EngineContext,
  replace: readonly string[],
  output: Output,
): Promise<PreviewedChange> {
  const collected = collectSteps();
  const options = { onEvent: collected.onEvent, ...context.policies, replace: [...replace] };
  await runEngine(context, { command: "preview", name: "preview", options }, output);
  return collected.change();
}

/** Makes the batches one after the other, each a run of the engine with a token of its own where an App is used. */
export async function apply(
  context: Context,
  plan: Pick<UpdatePlan, "batches" | "pace">,
  options: UpdateOptions,
  output: Output,
): Promise<void> {
  const { batches, pace } = plan;
  const wait = options.wait ?? sleep;
  let started = 0;
  let number = 0;
  for (const [index, hour] of hoursOf(batches, pace).entries()) {
    if (index > 0) {
      const rest = HOUR - (performance.now() - started) / 1000;
      if (rest > 0) {
        output.err(
          `batch ${number} of ${batches.length} done; GitHub's hour is used up, the next one begins in ${duration(rest)}`,
        );
        await wait(rest * 1000);
      }
    }
    started = performance.now();
    for (const batch of hour) {
      number += 1;
      const name = batches.length === 1 ? "up" : `up, batch ${number} of ${batches.length}`;
      // The first preview may be hours old: nothing is made, or deleted, that policies have not just seen as a whole.
      if (number > 1) await previewed(context, batch.replace, output);
      await unlocked(context, options.unlock ?? false, output, () =>
        runBatch(context, batch, { ...options, parallel: pace.parallel, name }, output),
      );
    }
  }
}

interface BatchRun extends Pick<UpdateOptions, "continueOnError"> {
  readonly parallel: number;
  readonly name: string;
}

async function runBatch(
  context: Context,
  { target, replace }: Batch,
  { parallel, name, continueOnError = false }: BatchRun,
  output: Output,
): Promise<void> {
  const options = {
    parallel,
    continueOnError,
    replace: [...replace],
    // Policies of the whole stack cannot judge a part of it: there, the preview just before has judged the whole.
    ...(target.length === 0 ? context.policies : { target: [...target] }),
  };
  try {
    await runEngine(context, { command: "up", name, options }, output);
  } catch (error) {
    if (error instanceof LockedError) throw error;
    throw new Error(`${messageOf(error)}\nwhat was done is recorded: run it again to go on`);
  }
}
