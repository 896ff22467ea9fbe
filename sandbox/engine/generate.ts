/** From what a program registers to the steps that make it so: Pulumi's decisions, in its order. */
import type { Properties, ResourceType } from "../provider/types.ts";
import { explain } from "./answers.ts";
import { Bail, type Deployment } from "./deployment.ts";
import { aliasUrns, type Goal, newState } from "./goal.ts";
import { ignore } from "./paths.ts";
import { importResource } from "./reads.ts";
import { check, type Difference, onChanges, replacement } from "./replacement.ts";
import type { State } from "./state.ts";
import { create, replace, type Step, same, skippedCreate, update } from "./steps.ts";
import { isProviderType, makeUrn, parseReference, STACK_TYPE } from "./urn.ts";
import { equal, markSecret, plain } from "./values.ts";

/** Called between Check and Diff with the inputs; what it gives back takes their place. */
export type Analyze = (state: State, goal: Goal) => Promise<Properties>;

export interface Plan {
  readonly steps: readonly Step[];
  /** The resource as its registration is answered, once the steps are done. */
  readonly state: State;
  /** After an import: the steps that bring what was imported to what the program wants. */
  readonly next?: () => Promise<Plan>;
}

const NONE: Difference = { changes: false, diffs: [], replaces: [] };

/** @throws Bail where the user was told already; any other error is told by the caller. */
export async function plan(deployment: Deployment, goal: Goal, analyze: Analyze): Promise<Plan> {
  if (goal.parent !== "" && !deployment.urns.has(goal.parent)) {
    throw new Error(`could not find parent resource ${goal.parent}`);
  }
  const urn = makeUrn(deployment.stack, deployment.project, goal.parent, goal.type, goal.name);
  if (deployment.urns.has(urn)) {
    deployment.bail(`Duplicate resource URN '${urn}'; try giving it a unique name`, urn);
  }
  deployment.urns.add(urn);
  const { old, alias } = findOld(deployment, urn, goal);
  const now = newState(urn, goal, old, alias);
  if (deployment.destroying) {
    const kept = keepForDestroy(deployment, old, now);
    if (kept) return kept;
  }
  const imports = goal.custom && goal.importId !== "" && (old?.importId || old?.id) !== goal.importId;
  if (!imports) return planFrom(deployment, goal, old, now, analyze, false);
  if (old) throw new Error(`the sandbox engine does not support import in the place of ${urn}, which exists`);
  deployment.operated.add(urn);
  const imported = newState(urn, goal, undefined, alias);
  return {
    steps: [importResource(deployment.operation, imported)],
    state: imported,
    next: () => planFrom(deployment, goal, imported, now, analyze, true),
  };
}

function findOld(deployment: Deployment, urn: string, goal: Goal): { old: State | undefined; alias: string } {
  const { olds, urns, aliased, renamed, stack, project } = deployment;
  const previous = aliased.get(urn);
  if (previous !== undefined) {
    deployment.bail(
      `Duplicate resource URN '${urn}' conflicting with alias on resource with URN '${previous}'`,
      urn,
    );
  }
  if (olds.has(urn)) return { old: olds.get(urn), alias: "" };
  for (const alias of aliasUrns(goal, stack, project, renamed)) {
    if (!olds.has(alias)) continue;
    const taken = aliased.get(alias) ?? (urns.has(alias) ? urn : undefined);
    if (taken !== undefined) {
      deployment.bail(
        `Duplicate resource alias '${alias}' applied to resource with URN '${urn}' conflicting with resource with URN '${taken}'`,
        urn,
      );
    }
    aliased.set(alias, urn);
    renamed.set(urn, alias);
    return { old: olds.get(alias), alias };
  }
  return { old: undefined, alias: "" };
}

/** In a destroy that runs the program, what exists is kept as it is until all of it is deleted; nothing is made. */
function keepForDestroy(deployment: Deployment, old: State | undefined, now: State): Plan | undefined {
  deployment.operated.add(now.urn);
  if (!now.custom || isProviderType(now.type)) {
    deployment.toDelete.push(now);
    return undefined;
  }
  if (old === undefined) {
    deployment.skippedCreates.add(now.urn);
    return { steps: [skippedCreate(now)], state: now };
  }
  now.inputs = old.inputs;
  deployment.toDelete.push(now);
  return { steps: [same(deployment.operation, old, now)], state: now };
}

async function planFrom(
  deployment: Deployment,
  goal: Goal,
  old: State | undefined,
  now: State,
  analyze: Analyze,
  imported: boolean,
): Promise<Plan> {
  const { operation } = deployment;
  const implicit = isProviderType(now.type) || now.type === STACK_TYPE;
  const targeted = implicit || deployment.isTargeted(now);
  const recreating = deployment.deletes.has(now.urn) && old !== undefined;
  const fresh = recreating || old === undefined || deployment.isReplaceTarget(now.urn);
  const type =
    goal.custom && !isProviderType(now.type) && targeted ? await operation.providers.type(now) : undefined;
  if (targeted) {
    const wanted = old ? ignore(goal.properties, old.inputs, goal.ignoreChanges) : goal.properties;
    now.inputs = type
      ? await check(deployment, type, fresh ? undefined : old, fresh ? goal.properties : wanted, now)
      : providerInputs(wanted, now);
  } else if (goal.custom) {
    // No provider is asked: what was checked before stands, and a new resource has nothing.
    now.inputs = old?.inputs ?? {};
  }
  now.inputs = await analyze(now, goal);
  if (recreating && old) {
    deployment.deletes.delete(now.urn);
    deployment.operated.add(now.urn);
    const keys = deployment.replacedFor.get(now.urn) ?? [];
    const steps = [
      replace(old, now, [], []),
      create(operation, now, { old, keys, diffs: [], pendDelete: false }),
    ];
    return { steps, state: now };
  }
  deployment.operated.add(now.urn);
  if (!targeted) return untargeted(deployment, old, now);
  refuseSkipped(deployment, now);
  if (old === undefined) {
    deployment.creates.add(now.urn);
    return { steps: [create(operation, now)], state: now };
  }
  const difference = onChanges(await diff(deployment, type, old, now), goal.replaceOnChanges);
  if (difference.replaces.length > 0 || old.pendingReplacement) {
    return { steps: await replacement(deployment, goal, type, old, now, difference), state: now };
  }
  if (difference.changes || old.initErrors.length > 0) {
    return { steps: [update(operation, old, now, difference.diffs)], state: now };
  }
  if (imported) return { steps: [], state: old };
  return { steps: [same(operation, old, now)], state: now };
}

/** Inputs of components and providers; what the provider's package calls secret is one, as its own check has it. */
function providerInputs(inputs: Properties, now: State): Properties {
  return isProviderType(now.type) ? markSecret(inputs, now.additionalSecretOutputs) : inputs;
}

function untargeted(deployment: Deployment, old: State | undefined, now: State): Plan {
  if (old === undefined) {
    deployment.skippedCreates.add(now.urn);
    return { steps: [skippedCreate(now)], state: now };
  }
  const kept: State = { ...old, id: "" };
  deployment.operation.providers.ensure(kept.provider, deployment.olds);
  return { steps: [same(deployment.operation, old, kept)], state: kept };
}

/** A resource cannot be made from one that `--target` left out. */
function refuseSkipped(deployment: Deployment, now: State): void {
  const needed = [now.parent, ...now.dependencies, parseReference(now.provider).urn];
  const skipped = needed.find((urn) => deployment.skippedCreates.has(urn));
  if (skipped === undefined) return;
  const message = `Resource '${now.urn}' depends on '${skipped}' which was was not specified in --target list.`;
  deployment.events.diagnostic("error", message, now.urn);
  deployment.errored = true;
  if (!deployment.operation.dryRun) throw new Bail("untargeted create");
  deployment.skippedCreates.delete(skipped);
}

async function diff(
  deployment: Deployment,
  type: ResourceType | undefined,
  old: State,
  now: State,
): Promise<Difference> {
  if (deployment.isReplaceTarget(now.urn)) return { changes: true, diffs: [], replaces: ["id"] };
  if ((old.provider === "") !== (now.provider === "")) {
    return { changes: true, diffs: [], replaces: ["provider"] };
  }
  if (type) {
    const olds = { id: old.id, outputs: plain(old.outputs ?? {}), inputs: plain(old.inputs) };
    return type.diff(old.id, olds, plain(now.inputs), now.ignoreChanges).catch((error: unknown) => {
      throw explain(deployment.operation, now, "diffing", error);
    });
  }
  // Of components and providers Pulumi says only that they change, not where.
  return equal(old.inputs, now.inputs) ? NONE : { ...NONE, changes: true };
}
