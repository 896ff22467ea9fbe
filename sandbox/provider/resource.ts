/** From a description of a GitHub resource (schema and calls) to a {@link ResourceType}, as Pulumi's bridge does it. */
import { type Call, isStatus, segment } from "./client.ts";
import { numberAt } from "./json.ts";
import { changedPaths, isEquivalent, known, plan } from "./plan.ts";
import { checkInputs, importedInputs, refreshedInputs, type Schema } from "./schema.ts";
import {
  type Diff,
  PartialFailure,
  type Properties,
  type PropertyValue,
  ProviderError,
  type ResourceState,
  type ResourceType,
  UNKNOWN,
} from "./types.ts";

/** What a configured provider knows. */
export interface GitHub {
  readonly call: Call;
  readonly owner: string;
  readonly isOrganization: boolean;
  /** Milliseconds the real provider takes for a second: as long as the pause after a write, at most a second. */
  readonly second: number;
  readonly signal: AbortSignal;
}

/** One resource while an operation runs on it: Terraform's ResourceData. */
export class Data {
  /** Empty: it does not exist (yet, or any more). */
  id: string;
  readonly isNew: boolean;
  readonly prior: Properties;
  readonly values: Record<string, PropertyValue>;

  constructor(id: string, prior: Properties | undefined, values: Properties) {
    this.id = id;
    this.isNew = prior === undefined;
    this.prior = prior ?? {};
    this.values = { ...values };
  }

  text(name: string): string {
    const value = this.values[name];
    return typeof value === "string" ? value : "";
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  number(name: string): number {
    const value = this.values[name];
    return typeof value === "number" ? value : 0;
  }

  /** Whether any of the properties differs from the state before. */
  changed(...names: readonly string[]): boolean {
    return names.some((name) => !isEquivalent(this.prior[name], this.values[name]));
  }

  set(values: Readonly<Record<string, PropertyValue>>): void {
    Object.assign(this.values, values);
  }
}

/** A resource type as data and calls. Each call throws an Error whose message is the real provider's text. */
export interface Definition {
  readonly schema: Schema;
  /** Terraform's, where it is above 0: without it in the state the real provider would migrate that state. */
  readonly schemaVersion?: number;
  /** A change of `repository` is a rename when the id stays, else a replacement: asked of GitHub, in previews too. */
  readonly tracksRepository?: true;
  /** Refuses a plan, as a customized diff does. */
  readonly validate?: (planned: Properties, creating: boolean) => void;
  /** Whether the change cannot be made in place, though no single property says so. */
  readonly replaces?: (olds: Properties, planned: Properties) => boolean;
  /** Outputs that a change makes unknown. */
  readonly unsettles?: (olds: Properties, planned: Properties) => readonly string[];
  readonly create: (data: Data) => Promise<void>;
  readonly read: (data: Data) => Promise<void>;
  readonly update: (data: Data) => Promise<void>;
  readonly remove: (data: Data) => Promise<void>;
  /** Fills in what an import id says, before the read. */
  readonly import: (data: Data) => Promise<void>;
}

export function resourceType(github: GitHub, definition: Definition): ResourceType {
  const { schema } = definition;
  const planning = (olds: ResourceState | undefined, inputs: Properties) =>
    planned(github, definition, olds?.outputs, inputs);
  return {
    secretOutputs: Object.keys(schema).filter((name) => schema[name]?.secret),
    check: async (olds, news, _seed, name = "") => checkInputs(schema, olds ?? {}, news, name),
    diff: (_id, olds, news, ignoreChanges) =>
      worded(async () => difference(schema, olds.outputs, await planning(olds, news), ignoreChanges)),
    create: (inputs, preview) =>
      worded(async () => {
        const { state } = await planning(undefined, inputs);
        if (preview) return { id: "", outputs: { ...state, id: UNKNOWN } };
        const data = new Data("", undefined, known(schema, state, {}));
        await keeping(definition, data, () => definition.create(data));
        if (data.id === "") throw new Error("expected non-nil error with nil state");
        return stateOf(definition, data);
      }),
    update: (id, olds, news, preview) =>
      worded(async () => {
        const { state } = await planning(olds, news);
        const { id: identity = id, __meta } = olds.outputs;
        if (preview) {
          return { id, outputs: { ...state, id: identity, ...(__meta === undefined ? {} : { __meta }) } };
        }
        const data = new Data(String(identity), olds.outputs, known(schema, state, olds.outputs));
        await keeping(definition, data, () => definition.update(data), id);
        return { ...stateOf(definition, data), id };
      }),
    delete: (id, olds) =>
      worded(() => definition.remove(new Data(String(olds.outputs.id ?? id), olds.outputs, olds.outputs))),
    read: (id, olds) => worded(() => read(definition, id, olds)),
  };
}

async function read(
  definition: Definition,
  id: string,
  olds: ResourceState | undefined,
): Promise<ResourceState | undefined> {
  const { schema } = definition;
  const blank = Object.fromEntries(Object.keys(schema).map((name) => [name, null]));
  const before = olds === undefined ? blank : olds.outputs;
  const data = new Data(String(before.id ?? id), before, before);
  // An import that cannot find its resource, or whose id makes no sense, is answered with "does not exist".
  if (olds === undefined) await definition.import(data).catch(() => forget(data));
  if (data.id !== "") await definition.read(data);
  if (data.id === "") return undefined;
  if (olds !== undefined) data.set(keptOnRefresh(schema, olds.outputs));
  const state = stateOf(definition, data);
  const inputs =
    olds?.inputs === undefined
      ? importedInputs(schema, state.outputs)
      : refreshedInputs(olds.inputs, state.outputs);
  return { ...state, inputs };
}

function keptOnRefresh(schema: Schema, outputs: Properties): Properties {
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([name, field]) => field.keptOnRefresh && outputs[name] !== undefined)
      .map(([name]) => [name, outputs[name] ?? null]),
  );
}

function forget(data: Data): void {
  data.id = "";
}

interface Plan {
  readonly state: Properties;
  readonly forced: boolean;
}

async function planned(
  github: GitHub,
  definition: Definition,
  olds: Properties | undefined,
  inputs: Properties,
): Promise<Plan> {
  const state: Record<string, PropertyValue> = { ...plan(definition.schema, olds, inputs) };
  const check = definition.validate;
  if (olds === undefined) {
    check?.(state, true);
    return { state, forced: false };
  }
  for (const name of definition.unsettles?.(olds, state) ?? []) state[name] = UNKNOWN;
  // Asked even when the plan is refused.
  const elsewhere = definition.tracksRepository === true && (await isOtherRepository(github, olds, state));
  check?.(state, false);
  return { state, forced: elsewhere || (definition.replaces?.(olds, state) ?? false) };
}

async function isOtherRepository(github: GitHub, olds: Properties, state: Properties): Promise<boolean> {
  const name = state.repository;
  if (name === olds.repository || typeof name !== "string" || name === UNKNOWN) return false;
  try {
    const { body } = await github.call("GET", repositoryPath(github, name));
    return numberAt(body, "id") !== olds.repositoryId;
  } catch (error) {
    // Not there yet: the rename is part of the same program.
    if (isStatus(error, 404)) return false;
    throw error;
  }
}

function difference(schema: Schema, olds: Properties, next: Plan, ignored: readonly string[]): Diff {
  const state = { ...next.state };
  for (const name of ignored) if (schema[name]) state[name] = olds[name] ?? null;
  if (!next.forced && Object.keys(schema).every((name) => isEquivalent(olds[name], state[name]))) {
    return { changes: false, diffs: [], replaces: [] };
  }
  const diffs = changedPaths(schema, olds, state);
  const forceNew = diffs.filter((path) => schema[path]?.forceNew);
  const meta = next.forced && forceNew.length === 0 ? ["__meta"] : [];
  return { changes: true, diffs: [...meta, ...diffs].sort(), replaces: [...meta, ...forceNew].sort() };
}

/** A failure after something was done carries the state to keep. */
async function keeping(
  definition: Definition,
  data: Data,
  act: () => Promise<void>,
  id?: string,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (data.id === "") throw error;
    const state = stateOf(definition, data);
    throw new PartialFailure(messageOf(error), id === undefined ? state : { ...state, id });
  }
}

function stateOf(definition: Definition, data: Data): ResourceState {
  const outputs: Record<string, PropertyValue> = { id: data.id };
  for (const name of Object.keys(definition.schema)) outputs[name] = data.values[name] ?? null;
  if (definition.schemaVersion !== undefined) {
    outputs.__meta = JSON.stringify({ schema_version: String(definition.schemaVersion) });
  }
  return { id: data.id, outputs };
}

async function worded<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof ProviderError ? error : new ProviderError(messageOf(error));
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function repositoryPath(github: GitHub, repository: string): string {
  return `repos/${segment(github.owner)}/${segment(repository)}`;
}

/** Parts of an identity, joined; a colon inside a part is written `??`. */
export function joinId(...parts: readonly string[]): string {
  return parts.map((part) => part.replaceAll(":", "??")).join(":");
}

/** @throws when the id has not `count` parts. The last part keeps its colons. */
export function splitId(id: string, count: number): readonly string[] {
  const parts = id.split(":");
  if (parts.length < count) {
    throw new Error(`unexpected ID format ("${id}"); expected ${count} parts separated by ":"`);
  }
  const last = parts.slice(count - 1).join(":");
  return [...parts.slice(0, count - 1), last].map((part) => part.replaceAll("??", ":"));
}
