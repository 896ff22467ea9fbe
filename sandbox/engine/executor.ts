/** Runs steps: so many side by side, none after a failure or a cancellation, each with its events and its line in the journal. */
import { InitFailure } from "./answers.ts";
import { isInternal } from "./events.ts";
import type { State } from "./state.ts";
import type { Operation, Step } from "./steps.ts";
import { isSecret, markSecret } from "./values.ts";

/** A step failed, and its user was told. */
export class StepFailed extends Error {
  readonly step: Step;
  constructor(step: Step, cause: unknown) {
    super((cause as Error).message, { cause });
    this.step = step;
  }
}

/** A step was not begun, for another failed or the user cancelled. */
export class NotBegun extends Error {}

export class Executor {
  readonly #operation: Operation;
  readonly #continueOnError: boolean;
  #free: number;
  readonly #waiting: (() => void)[] = [];
  readonly #running = new Set<Promise<unknown>>();
  #stopped = false;
  #tellStopped: () => void = () => undefined;
  /** Resolves when {@link stop} was called. */
  readonly whenStopped: Promise<void>;
  /** Steps that failed. */
  readonly failed: Step[] = [];
  /** The states of this operation's steps by URN: what outputs of components are written to. */
  readonly news = new Map<string, Step>();

  constructor(operation: Operation, parallel: number, continueOnError: boolean) {
    this.#operation = operation;
    this.#free = Math.max(1, parallel);
    this.#continueOnError = continueOnError;
    this.whenStopped = new Promise((resolve) => {
      this.#tellStopped = resolve;
    });
  }

  /** Nothing new starts from now on; what runs is waited for by {@link idle}. */
  stop(): void {
    this.#stopped = true;
    this.#tellStopped();
    for (const wake of this.#waiting.splice(0)) wake();
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled([...this.#running]);
  }

  /**
   * Runs the steps of one resource, one after another.
   * @throws StepFailed, NotBegun
   */
  run(steps: readonly Step[]): Promise<void> {
    const running = this.#run(steps);
    const settled = running.catch(() => undefined).finally(() => this.#running.delete(settled));
    this.#running.add(settled);
    return running;
  }

  async #run(steps: readonly Step[]): Promise<void> {
    if (!this.#stopped && this.#free === 0) await new Promise<void>((wake) => this.#waiting.push(wake));
    else this.#free -= 1;
    try {
      for (const step of steps) {
        if (this.#stopped) throw new NotBegun();
        await this.#step(step);
      }
    } finally {
      // A slot passes straight to who waits longest.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }

  async #step(step: Step): Promise<void> {
    const { events, snapshot, dryRun } = this.#operation;
    const subject = step.new ?? step.old;
    if (subject === undefined) throw new Error("a step has an old or a new state");
    const internal = isInternal(subject);
    events.pre(step);
    if (step.pending && !dryRun) snapshot.begin(step.pending, subject);
    const failure = await step.apply().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined && step.logical && step.new) this.news.set(step.new.urn, step);
    if (step.new && step.op !== "replace") keepSecrets(step.new);
    if (failure === undefined) this.#report(step, internal);
    else this.#reportFailure(step, failure, internal);
    if (!dryRun) {
      if (failure === undefined || failure instanceof InitFailure) step.commit();
      if (step.pending) snapshot.settle(subject);
    }
    if (this.#operation.postStepFailure && !this.#continueOnError) this.stop();
    if (failure === undefined) return;
    this.failed.push(step);
    if (!this.#continueOnError) this.stop();
    throw new StepFailed(step, failure);
  }

  #report(step: Step, internal: boolean): void {
    const { events, dryRun } = this.#operation;
    const refreshed = this.#operation.refreshOnly ? step.result : undefined;
    const op = refreshed ?? step.op;
    if ((step.logical || refreshed) && !internal) events.count(op);
    const state = step.new ?? step.old;
    // A component's outputs come later, with RegisterResourceOutputs; its deletion and its refresh are done now.
    if (dryRun || state?.custom || step.op === "refresh" || step.op === "delete") events.outputs(step, op);
  }

  #reportFailure(step: Step, failure: unknown, internal: boolean): void {
    const { events, dryRun } = this.#operation;
    const text = (failure as Error).message;
    const urn = internal ? "" : (step.new ?? step.old)?.urn;
    events.diagnostic("error", dryRun ? `Preview failed: ${text}` : text, urn);
    if (!dryRun) events.failed(step);
  }
}

/** What was a secret among the inputs is one among the outputs. */
function keepSecrets(state: State): void {
  if (state.outputs === undefined) return;
  const secret = Object.keys(state.inputs).filter(
    (key) => isSecret(state.inputs[key]) && !isSecret(state.outputs?.[key]),
  );
  state.outputs = markSecret(state.outputs, [...secret, ...state.additionalSecretOutputs]);
}
