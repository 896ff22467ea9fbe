/** What is left to delete once the program has ended, and in which order. */
import { Bail, type Deployment } from "./deployment.ts";
import { dependenciesOf, type State } from "./state.ts";
import { remove, removePendingReplace, type Step, same } from "./steps.ts";

export interface Deletions {
  /** Resources that `--target` leaves out: kept as they are. */
  readonly kept: readonly Step[];
  /** Groups of deletes: the steps of one may run side by side, the groups only one after another. */
  readonly groups: readonly (readonly Step[])[];
}

/** @throws Bail when a target cannot be deleted without others that were not named. */
export function deletions(deployment: Deployment): Deletions {
  const allowed = deployment.constrained ? withDependents(deployment) : undefined;
  const kept: Step[] = [];
  const deletes = new Map<State, Step>();
  for (const state of deployment.prev) {
    const operated = deployment.operated.has(deployment.aliased.get(state.urn) ?? state.urn);
    if (allowed && !allowed.has(state.urn)) {
      if (!operated) kept.push(same(deployment.operation, state, { ...state, id: "" }));
    } else if (state.delete) {
      if (deployment.pendingDeletes.has(state)) continue;
      add(deployment, deletes, state, remove(deployment.operation, state, { beforeCreate: false }));
    } else if (!operated) {
      const step = state.pendingReplacement
        ? removePendingReplace(deployment.operation, state)
        : remove(deployment.operation, state);
      add(deployment, deletes, state, step);
    }
  }
  for (const state of deployment.toDelete) {
    if (!allowed || allowed.has(state.urn)) {
      add(deployment, deletes, state, remove(deployment.operation, state));
    }
  }
  refuseUnnamed(deployment, deletes);
  return { kept, groups: schedule(deletes) };
}

function add(deployment: Deployment, deletes: Map<State, Step>, state: State, step: Step): void {
  deployment.deletes.add(state.urn);
  deletes.set(state, step);
  deployment.operation.providers.ensure(state.provider, deployment.olds);
}

function withDependents(deployment: Deployment): Set<string> {
  const targets = deployment.prev.filter((state) => deployment.isTarget(state.urn));
  const all = targets.flatMap((state) => [state, ...deployment.dependents(state, true, () => false)]);
  return new Set(all.map((state) => state.urn));
}

function refuseUnnamed(deployment: Deployment, deletes: ReadonlyMap<State, Step>): void {
  if (!deployment.constrained || deployment.selection.targetDependents) return;
  const unnamed = [...deletes.keys()].filter((state) => !deployment.isTarget(state.urn));
  for (const { urn } of unnamed) {
    deployment.events.diagnostic(
      "error",
      `Resource '${urn}' will be destroyed but was not specified in --target list.\n` +
        "Either include resource in --target list or pass --target-dependents to proceed.",
      urn,
    );
  }
  if (unnamed.length === 0) return;
  deployment.errored = true;
  // A preview goes on, so that every problem is told at once.
  if (!deployment.operation.dryRun) throw new Bail("delete untargeted resource");
}

/** Groups deletes by how many others lie below them: whatever depends on a resource is in a group before its own. */
function schedule(deletes: ReadonlyMap<State, Step>): Step[][] {
  const byUrn = new Map<string, State[]>();
  for (const state of deletes.keys()) byUrn.set(state.urn, [...(byUrn.get(state.urn) ?? []), state]);
  const levels = new Map<State, number>();
  const level = (state: State): number => {
    const known = levels.get(state);
    if (known !== undefined) return known;
    levels.set(state, 0);
    const below = [...dependenciesOf(state)].flatMap((urn) => byUrn.get(urn) ?? []);
    const own = below.reduce((highest, other) => Math.max(highest, level(other) + 1), 0);
    levels.set(state, own);
    return own;
  };
  const groups: Step[][] = [];
  for (const [state, step] of deletes) {
    const group = groups[level(state)] ?? [];
    group.push(step);
    groups[level(state)] = group;
  }
  return groups.reverse().map((group) => group.reverse());
}
