import type { EngineEvent, OpMap } from "@pulumi/pulumi/automation/index.js";
import { type CountedRuns, RunFailure, type RunOptions, type RunResult } from "./stack.ts";

/** A stack of either engine: the Automation API's own, or the sandbox's after it. */
type Runs = Readonly<Record<keyof CountedRuns, (options: RunOptions) => Promise<unknown>>>;

/** Gives a stack's runs with what they came to; the stack is asked for at each run, for configuring may open it anew. */
export function countedRuns(stack: () => Runs): CountedRuns {
  return {
    preview: (options) => counted(options, (run) => stack().preview(run)),
    up: (options) => counted(options, (run) => stack().up(run)),
    refresh: (options) => counted(options, (run) => stack().refresh(run)),
    destroy: (options) => counted(options, (run) => stack().destroy(run)),
  };
}

/** Runs and counts by the engine's summary event, which failed runs have too. */
async function counted(
  options: RunOptions | undefined,
  run: (options: RunOptions) => Promise<unknown>,
): Promise<RunResult> {
  let operations: OpMap = {};
  const onEvent = (event: EngineEvent) => {
    if (event.summaryEvent) operations = event.summaryEvent.resourceChanges;
    options?.onEvent?.(event);
  };
  try {
    await run({ ...options, onEvent });
  } catch (error) {
    throw new RunFailure(error instanceof Error ? error.message : String(error), operations);
  }
  return { operations };
}
