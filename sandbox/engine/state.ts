/** A resource in the state, and the checkpoint's shape of it, as `pulumi stack export` gives it. */
import type { Properties } from "../provider/types.ts";
import { fromCheckpoint, toCheckpoint } from "./values.ts";

/** One resource. The engine changes states in place only where Pulumi's does: marks for deletion, outputs of components. */
export interface State {
  readonly urn: string;
  readonly type: string;
  readonly custom: boolean;
  id: string;
  inputs: Properties;
  outputs: Properties | undefined;
  readonly parent: string;
  readonly provider: string;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly additionalSecretOutputs: readonly string[];
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly importId: string;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly deletedWith: string;
  /** Names of hooks by the moment they run at (`BeforeDelete`). */
  readonly hooks: Readonly<Record<string, readonly string[]>>;
  /** Earlier URN under which this resource was found in the state; never written to a checkpoint. */
  readonly alias: string;
  initErrors: readonly string[];
  /** Replaced, and still to be deleted. */
  delete: boolean;
  /** Deleted before its replacement, which was not made yet. */
  pendingReplacement: boolean;
  created: string | undefined;
  modified: string | undefined;
}

export type OperationType = "creating" | "updating" | "deleting" | "reading" | "importing";

export interface PendingOperation {
  readonly type: OperationType;
  readonly resource: State;
}

/** A resource as JSON; empty fields are left out. */
export interface CheckpointResource {
  urn: string;
  custom: boolean;
  delete?: boolean;
  id?: string;
  type: string;
  inputs?: Properties;
  outputs?: Properties;
  parent?: string;
  protect?: boolean;
  dependencies?: readonly string[];
  initErrors?: readonly string[];
  provider?: string;
  propertyDependencies?: Readonly<Record<string, readonly string[]>>;
  pendingReplacement?: boolean;
  additionalSecretOutputs?: readonly string[];
  importID?: string;
  retainOnDelete?: boolean;
  deletedWith?: string;
  created?: string;
  modified?: string;
  ignoreChanges?: readonly string[];
  replaceOnChanges?: readonly string[];
  resourceHooks?: Readonly<Record<string, readonly string[]>>;
}

/** The Automation API's `Deployment`: version 3, or 4 where it lists features that a reader must know. */
export interface Checkpoint {
  version: number;
  features?: readonly string[];
  deployment: {
    manifest?: { time: string; magic: string; version: string };
    resources?: readonly CheckpointResource[];
    pending_operations?: readonly { type: OperationType; resource: CheckpointResource }[];
    metadata?: object;
  };
}

/** The engine whose checkpoints these are, and sha256 of that text: Pulumi refuses a state without it. */
const MANIFEST = {
  version: "3.255.0",
  magic: "798fce3dbbb75ace6d0a8260c75626cdd2c66e2cfc0fd9ea79579d19dc19f7c1",
};

/** What a state of Pulumi's may hold and this engine cannot keep true. */
const REFUSED = ["external", "taint", "viewOf", "replaceWith", "replacementTrigger", "refreshBeforeUpdate"];

export function toResource(state: State): CheckpointResource {
  const all = {
    urn: state.urn,
    custom: state.custom,
    delete: state.delete,
    id: state.id,
    type: state.type,
    inputs: toCheckpoint(state.inputs),
    outputs: state.outputs && toCheckpoint(state.outputs),
    parent: state.parent,
    protect: state.protect,
    dependencies: state.dependencies,
    initErrors: state.initErrors,
    provider: state.provider,
    propertyDependencies: state.propertyDependencies,
    pendingReplacement: state.pendingReplacement,
    additionalSecretOutputs: state.additionalSecretOutputs,
    importID: state.importId,
    retainOnDelete: state.retainOnDelete,
    deletedWith: state.deletedWith,
    created: state.created,
    modified: state.modified,
    ignoreChanges: state.ignoreChanges,
    replaceOnChanges: state.replaceOnChanges,
    resourceHooks: state.hooks,
  };
  const kept = Object.entries(all).filter(([key, value]) => key === "custom" || !isEmpty(value));
  return Object.fromEntries(kept) as unknown as CheckpointResource;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === false || value === "") return true;
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** @throws for what this engine does not support, by name. */
export function fromResource(resource: CheckpointResource): State {
  for (const key of REFUSED) {
    if (!isEmpty((resource as unknown as Record<string, unknown>)[key] ?? undefined)) {
      throw new Error(`the sandbox engine does not support "${key}", which the state of ${resource.urn} has`);
    }
  }
  return {
    urn: resource.urn,
    type: resource.type,
    custom: resource.custom,
    id: resource.id ?? "",
    inputs: fromCheckpoint(resource.inputs ?? {}),
    outputs: fromCheckpoint(resource.outputs ?? {}),
    parent: resource.parent ?? "",
    provider: resource.provider ?? "",
    dependencies: resource.dependencies ?? [],
    propertyDependencies: resource.propertyDependencies ?? {},
    additionalSecretOutputs: resource.additionalSecretOutputs ?? [],
    ignoreChanges: resource.ignoreChanges ?? [],
    replaceOnChanges: resource.replaceOnChanges ?? [],
    importId: resource.importID ?? "",
    protect: resource.protect ?? false,
    retainOnDelete: resource.retainOnDelete ?? false,
    deletedWith: resource.deletedWith ?? "",
    hooks: resource.resourceHooks ?? {},
    alias: "",
    initErrors: resource.initErrors ?? [],
    delete: resource.delete ?? false,
    pendingReplacement: resource.pendingReplacement ?? false,
    created: resource.created,
    modified: resource.modified,
  };
}

/** @throws for a version or feature that this engine does not know, by name. */
export function checkVersion({ version, features = [] }: Checkpoint): void {
  if (version !== 3 && version !== 4) {
    throw new Error(`the sandbox engine does not support checkpoints of version ${version}`);
  }
  const unknown = features.find((feature) => feature !== "hooks");
  if (unknown)
    throw new Error(`the sandbox engine does not support checkpoints with the feature "${unknown}"`);
}

export function makeCheckpoint(
  resources: readonly State[],
  pending: readonly PendingOperation[],
): Checkpoint {
  const hooked = resources.some(({ hooks }) => !isEmpty(hooks));
  return {
    ...(hooked ? { version: 4, features: ["hooks"] } : { version: 3 }),
    deployment: {
      manifest: { time: new Date().toISOString(), ...MANIFEST },
      resources: resources.map(toResource),
      ...(pending.length > 0 && {
        pending_operations: pending.map(({ type, resource }) => ({ type, resource: toResource(resource) })),
      }),
      metadata: {},
    },
  };
}

/** All URNs and provider references that a resource cannot be without: parent, dependencies, owner, provider. */
export function dependenciesOf(state: State): Set<string> {
  const all = new Set(state.dependencies);
  for (const urns of Object.values(state.propertyDependencies)) for (const urn of urns) all.add(urn);
  if (state.parent !== "") all.add(state.parent);
  if (state.deletedWith !== "") all.add(state.deletedWith);
  if (state.provider !== "") all.add(state.provider.slice(0, state.provider.lastIndexOf("::")));
  return all;
}
