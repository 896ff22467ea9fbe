/** Reads every resource in the state again, and puts what was found in the place of what was known. */
import type { Deployment } from "./deployment.ts";
import type { Executor } from "./executor.ts";
import { refresh } from "./reads.ts";
import { dependenciesOf, type State } from "./state.ts";

/** Where a resource could not be read, it stays as it was; the others are refreshed all the same, and the run ends there. */
export async function refreshAll(deployment: Deployment, executor: Executor): Promise<void> {
  const { operation, selection } = deployment;
  const chosen = new Set<string>();
  const steps = new Map<State, ReturnType<typeof refresh>>();
  for (const state of deployment.prev) {
    const dependent = selection.targetDependents && [...dependenciesOf(state)].some((urn) => chosen.has(urn));
    if (!deployment.isTarget(state.urn) && !dependent) continue;
    chosen.add(state.urn);
    operation.providers.ensure(state.provider, deployment.olds);
    steps.set(state, refresh(operation, state));
  }
  await Promise.allSettled([...steps.values()].map((step) => executor.run([step])));
  const refreshed = deployment.prev.flatMap((state) => {
    const step = steps.get(state);
    return step ? (step.new ?? []) : state;
  });
  const base = withoutDangling(deployment.prev, refreshed);
  operation.snapshot.rebase(base);
  deployment.rebase(base);
}

/** References to what is gone are taken out; a child of what is gone becomes its grandparent's. */
function withoutDangling(before: readonly State[], after: readonly State[]): State[] {
  const there = new Set(after.map((state) => state.urn));
  if (before.every((state) => there.has(state.urn))) return [...after];
  const parents = new Map(before.map((state) => [state.urn, state.parent]));
  const ancestor = (urn: string): string =>
    urn === "" || there.has(urn) ? urn : ancestor(parents.get(urn) ?? "");
  return after.map((state) => ({
    ...state,
    parent: ancestor(state.parent),
    deletedWith: there.has(state.deletedWith) ? state.deletedWith : "",
    dependencies: state.dependencies.filter((urn) => there.has(urn)),
    propertyDependencies: Object.fromEntries(
      Object.entries(state.propertyDependencies).map(([key, urns]) => [
        key,
        urns.filter((urn) => there.has(urn)),
      ]),
    ),
  }));
}
