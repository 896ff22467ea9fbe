/**
 * What the engine can do to one resource. A step says what it is, does it, and writes down the result;
 * order, events and failures are the executor's.
 */
import { randomUUID } from "node:crypto";
import { type Properties, UNKNOWN } from "../provider/types.ts";
import { asResourceState, explain, type InitFailure, take } from "./answers.ts";
import type { Events, OpType, StepInfo } from "./events.ts";
import type { Hooks, Moment } from "./hooks.ts";
import type { Providers } from "./providers.ts";
import type { Snapshot } from "./snapshot.ts";
import type { OperationType, State } from "./state.ts";
import { isProviderType } from "./urn.ts";
import { markSecret, plain } from "./values.ts";

/** What the steps of one preview, update, refresh or destroy share. */
export interface Operation {
  readonly dryRun: boolean;
  /** Whether refreshed resources are what is counted, as for `pulumi refresh`. */
  readonly refreshOnly: boolean;
  readonly events: Events;
  readonly snapshot: Snapshot;
  readonly providers: Providers;
  readonly hooks: Hooks;
  /** URNs whose delete step was generated. */
  readonly deletes: ReadonlySet<string>;
  /** A hook that failed after its step was done: the step counts, the operation fails. */
  postStepFailure: boolean;
}

export interface Step extends StepInfo {
  /** What a killed process leaves in the checkpoint's pending operations. */
  readonly pending?: OperationType;
  /** How a refresh is counted and shown once it is done. */
  result?: OpType;
  apply(): Promise<void>;
  commit(): void;
}

async function runHooks(
  operation: Operation,
  moment: Moment,
  old: State | undefined,
  now: State | undefined,
) {
  const urn = (now ?? old)?.urn ?? "";
  await operation.hooks.run(moment, old, now, operation.dryRun, (message) =>
    operation.events.diagnostic("warning", message, urn),
  );
}

/** After the fact: the failure is told and fails the operation, but the step stands, for the state must match what is there. */
export async function runAfterHooks(
  operation: Operation,
  moment: Moment,
  old: State | undefined,
  now: State | undefined,
) {
  try {
    await runHooks(operation, moment, old, now);
  } catch (error) {
    operation.events.diagnostic("error", (error as Error).message, (now ?? old)?.urn);
    operation.postStepFailure = true;
  }
}

export function same(operation: Operation, old: State, now: State, skipSnapshot = false): Step {
  return {
    op: "same",
    old,
    new: now,
    logical: true,
    async apply() {
      now.id = old.id;
      now.outputs = old.outputs;
      now.created = old.created;
      now.modified = old.modified;
      if (isProviderType(now.type)) operation.providers.start({ ...now, inputs: old.inputs });
    },
    commit() {
      if (skipSnapshot) return;
      operation.snapshot.done(old);
      operation.snapshot.put(now);
    },
  };
}

/** A resource that `--target` leaves out and that does not exist: the program goes on without it. */
export function skippedCreate(now: State): Step {
  return { op: "same", old: undefined, new: now, logical: true, async apply() {}, commit() {} };
}

export function create(
  operation: Operation,
  now: State,
  replacing?: {
    readonly old: State;
    readonly keys: readonly string[];
    readonly diffs: readonly string[];
    readonly pendDelete: boolean;
  },
): Step {
  return {
    op: replacing ? "create-replacement" : "create",
    old: replacing?.old,
    new: now,
    logical: replacing === undefined,
    keys: replacing?.keys,
    diffs: replacing?.diffs,
    pending: "creating",
    async apply() {
      await runHooks(operation, "BeforeCreate", undefined, now);
      const failure = await createIn(operation, now);
      now.created = now.modified = new Date().toISOString();
      if (replacing?.pendDelete) replacing.old.delete = true;
      if (failure) throw failure;
      if (now.custom) await runAfterHooks(operation, "AfterCreate", undefined, now);
    },
    commit() {
      operation.snapshot.put(now);
      if (replacing?.old.delete) operation.snapshot.put(replacing.old);
      if (replacing?.old.pendingReplacement) operation.snapshot.done(replacing.old);
    },
  };
}

async function createIn(operation: Operation, now: State): Promise<InitFailure | undefined> {
  if (!now.custom) {
    now.outputs = {};
    return undefined;
  }
  if (isProviderType(now.type)) {
    now.id = operation.dryRun ? UNKNOWN : randomUUID();
    now.outputs = providerOutputs(now);
    operation.providers.start(now);
    return undefined;
  }
  const type = await operation.providers.type(now);
  return take(operation, now, "creating", type.secretOutputs, () =>
    type.create(plain(now.inputs), operation.dryRun),
  );
}

function providerOutputs(state: State): Properties {
  const { __internal: _, ...outputs } = state.inputs;
  return markSecret(outputs, state.additionalSecretOutputs);
}

export function update(operation: Operation, old: State, now: State, diffs: readonly string[]): Step {
  return {
    op: "update",
    old,
    new: now,
    logical: true,
    diffs,
    pending: "updating",
    async apply() {
      now.id = old.id;
      now.created = old.created;
      now.modified = old.modified;
      await runHooks(operation, "BeforeUpdate", old, now);
      if (!now.custom) {
        now.outputs = {};
        return;
      }
      const failure = await updateIn(operation, old, now);
      now.modified = new Date().toISOString();
      if (failure) {
        // What exists was not made from the new inputs: kept, the next update sees the difference again.
        now.inputs = old.inputs;
        throw failure;
      }
      await runAfterHooks(operation, "AfterUpdate", old, now);
    },
    commit() {
      operation.snapshot.done(old);
      operation.snapshot.put(now);
    },
  };
}

async function updateIn(operation: Operation, old: State, now: State): Promise<InitFailure | undefined> {
  if (isProviderType(now.type)) {
    now.outputs = providerOutputs(now);
    operation.providers.start(now);
    return undefined;
  }
  const type = await operation.providers.type(now);
  return take(operation, now, "updating", type.secretOutputs, () =>
    type.update(old.id, asResourceState(old), plain(now.inputs), operation.dryRun),
  );
}

/** Shows that a resource is replaced; the work is done by the steps around it. */
export function replace(old: State, now: State, keys: readonly string[], diffs: readonly string[]): Step {
  return { op: "replace", old, new: now, logical: true, keys, diffs, async apply() {}, commit() {} };
}

export function remove(
  operation: Operation,
  old: State,
  replacing?: { readonly beforeCreate: boolean },
): Step {
  return {
    op: replacing ? "delete-replaced" : "delete",
    old,
    new: undefined,
    logical: replacing === undefined,
    pending: "deleting",
    async apply() {
      await runHooks(operation, "BeforeDelete", old, undefined);
      if (!replacing && old.protect) throw new Error(protectedText(old.urn));
      const gone = old.deletedWith !== "" && operation.deletes.has(old.deletedWith);
      const called = old.custom && !isProviderType(old.type) && !old.retainOnDelete && !gone;
      if (called && !operation.dryRun) {
        const type = await operation.providers.type(old);
        await type.delete(old.id, asResourceState(old)).catch((error: unknown) => {
          throw explain(operation, old, "deleting", error);
        });
      }
      if (replacing?.beforeCreate) old.pendingReplacement = true;
      await runAfterHooks(operation, "AfterDelete", old, undefined);
    },
    commit() {
      if (old.pendingReplacement) operation.snapshot.put(old);
      else operation.snapshot.done(old);
    },
  };
}

function protectedText(urn: string): string {
  return (
    `resource "${urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, either remove the ` +
    "`protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n" +
    `\`pulumi state unprotect '${urn}'\``
  );
}

/** Forgets a resource that was deleted to be replaced and that the program no longer has. */
export function removePendingReplace(operation: Operation, old: State): Step {
  return {
    op: "remove-pending-replace",
    old,
    new: undefined,
    logical: false,
    async apply() {},
    commit: () => operation.snapshot.done(old),
  };
}
