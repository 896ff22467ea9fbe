/** `pulumi import --file` for this engine: takes what exists over into the state, without a program. */
import type { ImportResource } from "@pulumi/pulumi/automation/stack.js";
import type { ProviderFactory } from "../provider/types.ts";
import { Events } from "./events.ts";
import { Executor } from "./executor.ts";
import { newState } from "./goal.ts";
import { Hooks } from "./hooks.ts";
import { lock, unlock } from "./lock.ts";
import { Providers } from "./providers.ts";
import { importResource } from "./reads.ts";
import { EMPTY_GOAL } from "./request.ts";
import { Snapshot } from "./snapshot.ts";
import { CommandError, type Stack } from "./stack.ts";
import { type Checkpoint, fromResource, makeCheckpoint, type State } from "./state.ts";
import type { Operation } from "./steps.ts";
import { makeUrn, STACK_TYPE } from "./urn.ts";

/** The document of `pulumi import --file`, as far as a fleet uses it. */
export interface ImportFile {
  readonly nameTable: Readonly<Record<string, string>>;
  readonly resources: readonly Readonly<
    Pick<ImportResource, "type" | "name" | "id" | "parent" | "provider" | "component">
  >[];
}

/** Where the document goes. */
export interface ImportTarget {
  readonly project: string;
  readonly stack: string;
  /** The stack's checkpoint: locked meanwhile. */
  readonly stateFile: string;
  /** @default the sandbox's own */
  readonly providers?: Readonly<Record<string, ProviderFactory>>;
}

/**
 * Puts the document's resources into the state, protected as Pulumi protects imported ones.
 *
 * @throws CommandError naming what could not be read, in the provider's words (the rest is in the state then), and for a document
 * that refers to what is not there, or names what is there already.
 */
export async function importResources(
  stack: Stack,
  target: ImportTarget,
  document: ImportFile,
): Promise<void> {
  const providers = target.providers ?? (await import("../provider/index.ts")).providers;
  try {
    lock(target.stateFile);
  } catch (error) {
    throw new CommandError(1, "", `error: ${(error as Error).message}`);
  }
  try {
    const exported = (await stack.exportStack()) as Checkpoint;
    const { checkpoint, failures } = await importAll(exported, { ...target, providers }, document);
    await stack.importStack({ ...checkpoint, deployment: checkpoint.deployment });
    if (failures.length > 0) throw new CommandError(1, "", failures.map((one) => `error: ${one}`).join("\n"));
  } finally {
    unlock(target.stateFile);
  }
}

async function importAll(
  { deployment }: Checkpoint,
  { project, stack, providers }: Required<ImportTarget>,
  document: ImportFile,
): Promise<{ checkpoint: Checkpoint; failures: readonly string[] }> {
  const base = (deployment.resources ?? []).map(fromResource);
  const root = base.find(({ type }) => type === STACK_TYPE);
  if (!root) throw new Error("the sandbox engine imports only into a stack that was updated before");
  const states = statesOf(document, base, root.urn, { project, stack });
  const ended = new AbortController();
  const events = new Events([], [], false);
  const operation: Operation = {
    dryRun: false,
    refreshOnly: false,
    events,
    snapshot: new Snapshot(base, [], undefined),
    providers: new Providers(providers, ended.signal),
    hooks: new Hooks(),
    deletes: new Set(),
    postStepFailure: false,
  };
  const olds = new Map(base.map((state) => [state.urn, state]));
  const executor = new Executor(operation, 16, true);
  const imported = await Promise.allSettled(
    states.map(async (state) => {
      if (!state.custom) return state;
      operation.providers.ensure(state.provider, olds);
      await executor.run([importResource(operation, state)]);
      return state;
    }),
  );
  ended.abort();
  const taken = imported.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failures = imported.flatMap((one) => (one.status === "rejected" ? [String(one.reason.message)] : []));
  const pending = (deployment.pending_operations ?? []).map(({ type, resource }) => ({
    type,
    resource: fromResource(resource),
  }));
  return { checkpoint: makeCheckpoint([...base, ...taken], pending), failures };
}

function statesOf(
  document: ImportFile,
  base: readonly State[],
  root: string,
  { project, stack }: Pick<ImportTarget, "project" | "stack">,
): readonly State[] {
  const known = new Map(base.map((state) => [state.urn, state]));
  const urns = new Map(Object.entries(document.nameTable));
  const resolve = (name: string): string => {
    const urn = urns.get(name);
    if (urn === undefined)
      throw new Error(
        `the import names ${JSON.stringify(name)}, which is neither in its resources nor in its nameTable`,
      );
    if (!known.has(urn)) throw new Error(`the import names ${urn}, which is not in the state`);
    return urn;
  };
  return document.resources.map(({ type, name, id = "", parent, provider, component = false }) => {
    const above = parent === undefined ? root : resolve(parent);
    const urn = makeUrn(stack, project, above, type, name);
    if (known.has(urn)) throw new Error(`resource '${urn}' already exists`);
    if (!component && provider === undefined)
      throw new Error(`the sandbox engine imports with a named provider only, and ${name} has none`);
    const configured = provider === undefined ? undefined : known.get(resolve(provider));
    const state = newState(
      urn,
      {
        ...EMPTY_GOAL,
        type,
        name,
        custom: !component,
        parent: above,
        provider: configured ? `${configured.urn}::${configured.id}` : "",
        protect: true,
        importId: id,
      },
      undefined,
      "",
    );
    known.set(urn, state);
    urns.set(name, urn);
    return state;
  });
}
