import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { type Output, TERMINAL } from "../command.ts";
import type { Context } from "../context.ts";
import { RunFailure, type RunOptions, type RunResult } from "../engine.ts";
import { locksInMessage, type StackLock } from "../locks.ts";
import { startProgress } from "../progress.ts";

/** A run that did not start, because the stack's state is locked. */
export class LockedError extends Error {
  override readonly name = "LockedError";
  readonly locks: readonly StackLock[];
  constructor(locks: readonly StackLock[]) {
    super(`the stack is locked by ${locks.map(({ holder }) => holder).join(", ")}`);
    this.locks = locks;
  }
}

/** A run that a signal ended: nothing else is to begin. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
}

/** One run of the engine with its name, for people. */
export interface NamedRun {
  readonly command: "preview" | "up" | "refresh";
  /** What to call it while it runs. */
  readonly name: string;
  readonly options?: RunOptions;
}

/** What a run needs of the command's context. */
export type EngineContext = Pick<Context, "stack" | "engine" | "policies">;

/**
 * Runs the engine and shows how far it is.
 *
 * Told to stop (SIGINT, SIGTERM), it waits until the engine has finished and recorded what it has begun.
 *
 * @throws LockedError where somebody holds the stack's lock, StoppedError where it was told to stop; else a RunFailure with what the engine
 * found wrong, each once, without the noise around it.
 */
export async function runEngine(
  { stack, engine }: EngineContext,
  { command, name, options = {} }: NamedRun,
  output: Output,
): Promise<RunResult> {
  const stream = output === TERMINAL ? process.stderr : { write: told(output) };
  const progress = startProgress(name, stream);
  const errors = new Set<string>();
  const stop = new AbortController();
  let stopped = false;
  const onSignal = (name: NodeJS.Signals) => {
    stopped = true;
    output.err("stopping once what has begun is recorded");
    // From a terminal the signal has reached Pulumi as well, and a second one would make it give up at once.
    if (engine === "sandbox" || name === "SIGTERM" || !process.stdin.isTTY) stop.abort();
  };
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const onEvent = (event: EngineEvent) => {
    progress.onEvent(event);
    const error = errorOf(event);
    if (error !== undefined) errors.add(error);
    options.onEvent?.(event);
  };
  try {
    return await stack[command]({ ...options, onEvent, signal: stop.signal });
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error;
    const locks = locksOf(error.message);
    if (locks.length > 0) throw new LockedError(locks);
    const message = `${name} failed:\n${indent([...errors], error.message)}`;
    throw stopped ? new StoppedError(message) : new RunFailure(message, error.operations);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    progress.end();
  }
}

function told(output: Output): (text: string) => boolean {
  return (text) => {
    output.err(text.trimEnd());
    return true;
  };
}

/** Words with which engines close a failed run, after they have said why. */
const CLOSING = /^(update|preview|refresh) failed$|^resource .* (plan|planning) failed$/;

function errorOf({ diagnosticEvent, policyEvent }: EngineEvent): string | undefined {
  if (policyEvent?.enforcementLevel === "mandatory") {
    return `policy ${policyEvent.policyName}: ${plain(policyEvent.message)}`;
  }
  if (diagnosticEvent?.severity !== "error") return undefined;
  // A provider that crashed says why in its first line; what follows is its stack.
  const [text = ""] = plain(diagnosticEvent.message).split(/\n\s*goroutine \d+ /);
  return text === "" || CLOSING.test(text) ? undefined : text;
}

/** Without an error event, the CLI's own lines that begin with `error:`, else all of its words. */
function indent(errors: readonly string[], message: string): string {
  const lines = message.split("\n");
  const told = lines.filter((line) => line.startsWith("error: ") || / stderr: error: /.test(line));
  const texts =
    errors.length > 0 ? errors : told.length > 0 ? told.map((line) => line.trim()) : [message.trim()];
  return texts.flatMap((text) => text.split("\n").map((line) => `  ${line}`)).join("\n");
}

/** Engines colour what they print for terminals, in marks of their own. */
function plain(message: string): string {
  return message.replaceAll(/<\{%[^%]*%\}>/g, "").trim();
}

/** Pulumi Cloud refuses in other words, and names nobody. */
function locksOf(message: string): readonly StackLock[] {
  if (message.includes("Another update is currently in progress")) {
    return [{ holder: "another update", stale: false }];
  }
  return locksInMessage(message);
}
