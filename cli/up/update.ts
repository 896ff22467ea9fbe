import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, type Output } from "../command.ts";
import type { Context } from "../context.ts";
import type { RunOptions } from "../engine.ts";
import { BATCH_SIZE, type Batch, hoursOf, splitIntoBatches } from "./batches.ts";
import { describeRefresh, type UpdatePlan } from "./describe.ts";
import { duration, HOUR, paceOf, READS, refreshCalls } from "./estimate.ts";
import { unlocked } from "./leftovers.ts";
import { overwrittenSecrets, pendingOf, resourcesOf, type StateResource } from "./overwritten.ts";
import { type EngineContext, LockedError, runEngine, StoppedError } from "./run.ts";
import { collectSteps, nameOf, type PreviewedChange } from "./steps.ts";
import { takeOverPending, takeOverPlanned } from "./takeover.ts";

/** How an update is made, on the command line or by another command. */
export interface UpdateOptions {
  /** Remove the stack's lock whoever holds it: the one that is met first, and none that somebody takes later on. @default false */
  readonly unlock?: boolean;
  /** Operations side by side. @default 1 where GitHub's public limits hold, else 16 */
  readonly parallel?: number;
  /** Commits in one batch. @default what GitHub allows in an hour */
  readonly batchSize?: number;
  /** Go on with the rest where a resource fails, in later batches too; whatever depends on it is left out. @default false */
  readonly continueOnError?: boolean;
  /** URNs to keep to: refresh, previews and batches alike. @default the whole program */
  readonly target?: readonly string[];
  /** URNs to replace, besides the overwritten secrets; what the refresh finds gone is only made again. */
  readonly replace?: readonly string[];
  /** Hears the runs that change something. */
  readonly onEvent?: RunOptions["onEvent"];
  /** Waits so many milliseconds; for tests. */
  readonly wait?: (milliseconds: number) => Promise<unknown>;
}

/**
 * Clears what a killed update left, and reads the state again from GitHub; says beforehand what that takes.
 *
 * Gives whether there was anything to read. If so it has held the stack's lock, and `unlock` is used up.
 */
export async function refreshed(context: Context, options: UpdateOptions, output: Output): Promise<boolean> {
  const { stack } = context;
  const before = await stack.exportStack();
  if (resourcesOf(before).length === 0 && pendingOf(before).length === 0) return false;
  const calls = refreshCalls(keptIn(resourcesOf(before), options.target));
  output.err(describeRefresh(calls, paceOf(context.config.github.writeDelayMs)));
  const pending = pendingOf(before).filter(({ type }) => type === "creating");
  await unlocked(context, options.unlock ?? false, output, async () => {
    const taken = await takeOverPending(context, before);
    for (const name of taken) output.err(`took over ${name}, which a killed update had made`);
    const left = pending.map(({ resource }) => nameOf(resource.urn)).filter((name) => !taken.includes(name));
    const clearPendingCreates = left.length > 0;
    await runEngine(
      context,
      {
        command: "refresh",
        name: "refresh",
        options: { parallel: READS, clearPendingCreates, ...keptTo(options.target) },
      },
      output,
    );
    if (clearPendingCreates) output.err(`cleared what a killed update left pending: ${left.join(", ")}`);
  });
  return true;
}

function keptTo(target: readonly string[] = []): Pick<RunOptions, "target"> {
  return target.length === 0 ? {} : { target: [...target] };
}

function keptIn(
  resources: readonly StateResource[],
  target: readonly string[] = [],
): readonly StateResource[] {
  const kept = new Set(target);
  return kept.size === 0 ? resources : resources.filter(({ urn }) => kept.has(urn));
}

/** Previews the whole program, or what it is kept to, overwritten secrets replaced, and splits it; the state was {@link refreshed} just before. */
export async function planned(context: Context, options: UpdateOptions, output: Output): Promise<UpdatePlan> {
  const pace = paceOf(context.config.github.writeDelayMs, options.parallel);
  const { target = [] } = options;
  const before = await context.stack.exportStack();
  const overwritten = overwrittenSecrets(before).filter((urn) => target.length === 0 || target.includes(urn));
  const state = resourcesOf(before);
  const known = new Set(state.map(({ urn }) => urn));
  const oneRefresh = refreshCalls(keptIn(state, target));
  let used = oneRefresh;
  const wanted = (options.replace ?? []).filter((urn) => known.has(urn));
  const replace = [...new Set([...overwritten, ...wanted])];
  const takeOver = () => takeOverPlanned(context, change.steps);
  let change = await previewed(context, replace, output, target);
  // One after the other: what is in a repository shows once the repository itself is known.
  for (let taken = await takeOver(); taken.length > 0; taken = await takeOver()) {
    for (const name of taken) output.err(`took over ${name}, which is there although no state knows it`);
    const reading = { parallel: READS, ...keptTo(target) };
    await runEngine(context, { command: "refresh", name: "refresh", options: reading }, output);
    used += oneRefresh;
    change = await previewed(context, replace, output, target);
  }
  const size = options.batchSize === undefined ? BATCH_SIZE : { ...BATCH_SIZE, content: options.batchSize };
  const batches = splitIntoBatches(change.steps, replace, pace, size, { refreshCalls: used, state });
  return { ...change, overwritten, batches, pace, refreshCalls: used };
}

/** A preview with the policies: it refuses what an update without one would find out half-way. */
export async function previewed(
  context: EngineContext,
  replace: readonly string[],
  output: Output,
  target: readonly string[] = [],
): Promise<PreviewedChange> {
  const collected = collectSteps();
  const options = {
    onEvent: collected.onEvent,
    ...context.policies,
    replace: [...replace],
    ...keptTo(target),
  };
  await runEngine(context, { command: "preview", name: "preview", options }, output);
  return collected.change();
}

/**
 * Makes the batches one after the other, each a run of the engine with a token of its own where an App is used.
 *
 * A lock is forced before the first one alone: later on, hours later maybe, somebody else is at work who holds it.
 */
export async function apply(
  context: Context,
  plan: Pick<UpdatePlan, "batches" | "pace"> & Partial<Pick<UpdatePlan, "refreshCalls">>,
  options: UpdateOptions,
  output: Output,
): Promise<void> {
  const { batches, pace } = plan;
  const wait = options.wait ?? sleep;
  const failures: string[] = [];
  let started = 0;
  let number = 0;
  for (const [index, hour] of hoursOf(batches, pace, plan.refreshCalls).entries()) {
    if (index > 0) {
      const rest = HOUR - (performance.now() - started) / 1000;
      if (rest > 0) {
        const done = number === 0 ? "refreshed" : `batch ${number} of ${batches.length} done`;
        output.err(`${done}; GitHub's hour is used up, the next one begins in ${duration(rest)}`);
        await wait(rest * 1000);
      }
    }
    started = performance.now();
    for (const batch of hour) {
      number += 1;
      const name = batches.length === 1 ? "up" : `up, batch ${number} of ${batches.length}`;
      const force = number === 1 && (options.unlock ?? false);
      try {
        // The first preview may be hours old: nothing is made, or deleted, that policies have not just seen as a whole.
        if (number > 1 || index > 0) await previewed(context, batch.replace, output, options.target);
        await unlocked(context, force, output, () =>
          runBatch(context, batch, { ...options, parallel: pace.parallel, name }, output),
        );
      } catch (error) {
        failures.push(messageOf(error));
        const isFinal = error instanceof LockedError || error instanceof StoppedError;
        if (!options.continueOnError || isFinal) throw failures.length === 1 ? error : allOf(failures);
      }
    }
  }
  if (failures.length > 0) throw allOf(failures);
}

function allOf(failures: readonly string[]): Error {
  return new Error(failures.join("\n"));
}

interface BatchRun extends Pick<UpdateOptions, "continueOnError" | "target" | "onEvent"> {
  readonly parallel: number;
  readonly name: string;
}

async function runBatch(
  context: Context,
  batch: Batch,
  { parallel, name, continueOnError = false, onEvent, ...kept }: BatchRun,
  output: Output,
): Promise<void> {
  const target = batch.target.length === 0 ? (kept.target ?? []) : batch.target;
  const options = {
    parallel,
    continueOnError,
    replace: [...batch.replace],
    // Policies of the whole stack cannot judge a part of it: there, the preview just before has judged the whole.
    ...(target.length === 0 ? context.policies : keptTo(target)),
    ...(onEvent ? { onEvent } : {}),
  };
  try {
    await runEngine(context, { command: "up", name, options }, output);
  } catch (error) {
    if (error instanceof LockedError) throw error;
    const message = `${messageOf(error)}\nwhat was done is recorded: run it again to go on`;
    throw error instanceof StoppedError ? new StoppedError(message) : new Error(message);
  }
}
