/** Steps that read what exists: refreshes and imports. */
import { asResourceState, explain, outputsOf } from "./answers.ts";
import type { State } from "./state.ts";
import type { Operation, Step } from "./steps.ts";
import { isProviderType } from "./urn.ts";
import { annotateSecrets, equal, plain } from "./values.ts";

/** A refresh of one resource; `new` is what was read, `undefined` when it is gone. */
export interface RefreshStep extends Step {
  new: State | undefined;
}

export function refresh(operation: Operation, old: State): RefreshStep {
  const step: RefreshStep = {
    op: "refresh",
    old,
    new: old,
    logical: false,
    result: "same",
    async apply() {
      if (!old.custom || isProviderType(old.type) || old.pendingReplacement) return;
      const type = await operation.providers.type(old);
      const read = await type.read(old.id, asResourceState(old)).catch((error: unknown) => {
        throw explain(operation, old, "refreshing", error);
      });
      if (read === undefined) {
        step.new = undefined;
        step.result = "delete";
        return;
      }
      const inputs = read.inputs === undefined ? old.inputs : annotateSecrets(read.inputs, old.inputs);
      const outputs = outputsOf(
        annotateSecrets(read.outputs, old.outputs ?? {}),
        inputs,
        type.secretOutputs,
        old,
      );
      const now: State = { ...old, id: read.id, inputs, outputs, initErrors: [] };
      if (!equal(inputs, old.inputs) || !equal(outputs, old.outputs)) now.modified = new Date().toISOString();
      step.new = now;
      // Turned around: what would an update without any change of the program do now?
      const diff = await type
        .diff(now.id, asResourceState(now), plain(old.inputs), old.ignoreChanges)
        .catch((error: unknown) => {
          throw explain(operation, now, "diffing", error);
        });
      if (diff.changes) {
        step.result = "update";
        Object.assign(step, { diffs: diff.diffs });
      }
    },
    commit() {},
  };
  return step;
}

/** Takes over a resource that exists: `now` becomes what the provider reads. */
export function importResource(operation: Operation, now: State): Step {
  const step = {
    op: "import" as const,
    old: undefined as State | undefined,
    new: now,
    logical: true,
    pending: "importing" as const,
    async apply() {
      const type = await operation.providers.type(now);
      const read = await type.read(now.importId, undefined).catch((error: unknown) => {
        throw explain(operation, now, "refreshing", error);
      });
      if (read === undefined) throw new Error(`resource '${now.importId}' does not exist`);
      if (read.inputs === undefined) throw new Error(`the provider does not support importing ${now.type}`);
      const given = now.inputs;
      now.id = read.id;
      now.inputs = annotateSecrets(read.inputs, given);
      now.outputs = outputsOf(read.outputs, now.inputs, type.secretOutputs, now);
      now.created = now.modified = new Date().toISOString();
      step.old = { ...now };
    },
    commit: () => operation.snapshot.put(now),
  };
  return step;
}
