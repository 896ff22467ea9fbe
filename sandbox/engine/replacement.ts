/** Replacements: which of the two orders, what else has to go first, and what forbids them. */
import { randomBytes } from "node:crypto";
import { type Properties, type ResourceType, UNKNOWN } from "../provider/types.ts";
import { Bail, type Deployment } from "./deployment.ts";
import type { Goal } from "./goal.ts";
import { contains } from "./paths.ts";
import type { State } from "./state.ts";
import { create, remove, replace, type Step } from "./steps.ts";
import { isProviderType, parseReference, parseUrn } from "./urn.ts";
import { annotateSecrets, plain } from "./values.ts";

/** How wanted inputs differ from the state: top-level properties or paths. */
export interface Difference {
  readonly changes: boolean;
  readonly diffs: readonly string[];
  readonly replaces: readonly string[];
}

/** The inputs as the provider takes them, defaults filled in. @throws Bail after it has told every fault. */
export async function check(
  deployment: Deployment,
  type: ResourceType,
  old: State | undefined,
  wanted: Properties,
  now: State,
): Promise<Properties> {
  const { inputs, failures } = await type.check(old && plain(old.inputs), plain(wanted), randomBytes(32));
  for (const { property, reason } of failures) {
    const at = property === "" ? " has a problem: " : `: property ${property} value has a problem: `;
    const message = `${now.type} resource '${parseUrn(now.urn).name}'${at}${reason}`;
    deployment.events.diagnostic("error", message, now.urn);
  }
  if (failures.length > 0) throw new Bail(`resource ${now.urn} is invalid`);
  return annotateSecrets(inputs, wanted);
}

/** Adds what the program calls a reason to replace. */
export function onChanges(difference: Difference, replaceOnChanges: readonly string[]): Difference {
  if (!difference.changes || replaceOnChanges.length === 0) return difference;
  const forced = difference.diffs.filter((path) =>
    replaceOnChanges.some((pattern) => contains(pattern, path)),
  );
  return { ...difference, replaces: [...new Set([...difference.replaces, ...forced])] };
}

export async function replacement(
  deployment: Deployment,
  goal: Goal,
  type: ResourceType | undefined,
  old: State,
  now: State,
  { diffs, replaces: keys }: Difference,
): Promise<Step[]> {
  const { operation } = deployment;
  if (old.protect && now.protect) refuseProtected(deployment, now.urn);
  if (goal.importId !== "") {
    const message =
      "previously-imported resources that still specify an ID may not be replaced; please remove the `import` declaration " +
      "from your program;";
    if (!operation.dryRun) throw new Error(message);
    deployment.events.diagnostic("warning", message, now.urn);
  }
  // The defaults of the resource that goes are not those of the one that comes.
  if (type && !deployment.isReplaceTarget(now.urn)) {
    now.inputs = await check(deployment, type, undefined, goal.properties, now);
  }
  if (!goal.deleteBeforeReplace) {
    return [create(operation, now, { old, keys, diffs, pendDelete: true }), replace(old, now, keys, diffs)];
  }
  const steps = await removeDependents(deployment, old);
  operation.providers.ensure(old.provider, deployment.olds);
  // `deletes` says that an owner goes for good or for now: what is deleted with it needs no call of its own.
  if (!old.pendingReplacement) steps.push(remove(operation, old, { beforeCreate: true }));
  deployment.pendingDeletes.add(old);
  steps.push(replace(old, now, keys, diffs));
  steps.push(create(operation, now, { old, keys, diffs, pendDelete: false }));
  return steps;
}

function refuseProtected(deployment: Deployment, urn: string): void {
  const message =
    `unable to replace resource "${urn}"\nas it is currently marked for protection. To unprotect the resource, remove the ` +
    "`protect` flag from the resource in your Pulumi program and run `pulumi up`";
  deployment.errored = true;
  deployment.events.diagnostic("error", message, urn);
  if (!deployment.operation.dryRun) throw new Bail(message);
}

/** Deletes first what would be replaced because this one is: it cannot outlive what it was made from. */
async function removeDependents(deployment: Deployment, root: State): Promise<Step[]> {
  const { operation } = deployment;
  const gone = new Set([root.urn]);
  const condemned: State[] = [];
  for (const state of deployment.dependents(
    root,
    false,
    (urn) => deployment.operated.has(urn) && urn !== root.urn,
  )) {
    const keys = await replacedBecause(deployment, state, gone);
    if (keys === undefined) continue;
    gone.add(state.urn);
    condemned.push(state);
    deployment.replacedFor.set(state.urn, keys);
  }
  return condemned.reverse().flatMap((state) => {
    if (deployment.pendingDeletes.has(state)) return [];
    if (state.protect) {
      deployment.errored = true;
      deployment.bail(
        `unable to replace resource "${state.urn}" as part of replacing "${root.urn}" as it is currently marked for ` +
          "protection. To unprotect the resource, remove the `protect` flag from the resource in your Pulumi program " +
          `and run \`pulumi up\`, or use the command:\n\`pulumi state unprotect '${state.urn}'\``,
        root.urn,
      );
    }
    deployment.deletes.add(state.urn);
    deployment.pendingDeletes.add(state);
    operation.providers.ensure(state.provider, deployment.olds);
    return [remove(operation, state, { beforeCreate: true })];
  });
}

/** The keys for which a resource would be replaced if what these URNs give were not known; `undefined` if it would not. */
async function replacedBecause(deployment: Deployment, state: State, gone: ReadonlySet<string>) {
  if (!state.custom || isProviderType(state.type)) return undefined;
  if (gone.has(parseReference(state.provider).urn)) return [];
  const inputs: Record<string, Properties[string]> = { ...plain(state.inputs) };
  const affected = Object.entries(state.propertyDependencies)
    .filter(([key, urns]) => key in inputs && urns.some((urn) => gone.has(urn)))
    .map(([key]) => key);
  if (affected.length === 0) return undefined;
  for (const key of affected) inputs[key] = UNKNOWN;
  deployment.operation.providers.ensure(state.provider, deployment.olds);
  const type = await deployment.operation.providers.type(state);
  const olds = { id: state.id, outputs: plain(state.outputs ?? {}), inputs: plain(state.inputs) };
  const difference = onChanges(
    await type.diff(state.id, olds, inputs, state.ignoreChanges),
    state.replaceOnChanges,
  );
  return difference.replaces.length > 0 ? difference.replaces : undefined;
}
