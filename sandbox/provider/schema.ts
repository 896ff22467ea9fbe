/** Resource properties as data, and what follows from the data alone: checks, defaults, and the inputs of what was read. */
import { crc32 } from "node:zlib";
import { type CheckFailure, type Properties, type PropertyValue, UNKNOWN } from "./types.ts";

export type Kind = "string" | "bool" | "int" | "object" | "list" | "set" | "map";

/** One property, with the words of Terraform's schema. */
export interface Field {
  readonly kind: Kind;
  /** May be set by the program; what is neither required nor optional is an output. */
  readonly required?: true;
  readonly optional?: true;
  /** GitHub decides it where the program does not. */
  readonly computed?: true;
  readonly default?: PropertyValue;
  /** The real provider fills no default in for a deprecated property, and never sees a change of a suppressed one. */
  readonly suppressed?: true;
  /** A refresh does not see a change of it either (Terraform's DiffSuppressOnRefresh); creates and updates write it. */
  readonly keptOnRefresh?: true;
  readonly forceNew?: true;
  readonly secret?: true;
  /** Part of the real schema that this sandbox does not carry: refused by name when set. */
  readonly refused?: true;
  /** Terraform's name, where it is not the snake case of this one. */
  readonly terraform?: string;
  /** What is inside an object, or inside each element of a list or set. */
  readonly fields?: Schema;
  readonly values?: readonly string[];
  readonly pattern?: readonly [RegExp, string];
  readonly exactlyOneOf?: readonly string[];
  readonly requiredWith?: string;
  readonly conflictsWith?: readonly string[];
  /** Own checks of a text, each answering with what is wrong. */
  readonly faults?: (text: string) => readonly string[];
  /** What Terraform hashes of a set's element; decides the order that the API sees. */
  readonly hashed?: (element: PropertyValue) => string;
}

export type Schema = Readonly<Record<string, Field>>;

type Extra = Omit<Field, "kind" | "required" | "optional">;

export function req(kind: Kind, extra: Extra = {}): Field {
  return { kind, required: true, ...extra };
}
export function opt(kind: Kind, extra: Extra = {}): Field {
  return { kind, optional: true, ...extra };
}
export function out(kind: Kind, extra: Extra = {}): Field {
  return { kind, computed: true, ...extra };
}

/** Properties that are alike. */
export function each(field: Field, names: string): Schema {
  return Object.fromEntries(names.split(" ").map((name) => [name, field]));
}

export function isInput(field: Field): boolean {
  return field.required === true || field.optional === true;
}

export function isObject(value: PropertyValue | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: PropertyValue | undefined): value is readonly PropertyValue[] {
  return Array.isArray(value);
}

/** Terraform's legacy types do not tell an absent value from the zero of its type. */
export function isZero(value: PropertyValue | undefined): boolean {
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return true;
  if (isList(value)) return value.length === 0;
  return isObject(value) && Object.values(value).every(isZero);
}

/** What an absent value of this kind becomes once it has been there: Terraform's state keeps the zero of its type. */
export function zeroOf(field: Field): PropertyValue {
  if (field.kind === "bool") return false;
  if (field.kind === "int") return 0;
  if (field.kind === "string") return "";
  return field.kind === "object" ? null : [];
}

/** Elements in the order in which the state has a set: that of the values themselves. */
export function orderSet(elements: readonly PropertyValue[]): readonly PropertyValue[] {
  const key = (element: PropertyValue) => (typeof element === "object" ? JSON.stringify(element) : element);
  return elements.toSorted((left, right) => ((key(left) ?? "") < (key(right) ?? "") ? -1 : 1));
}

/** Elements in the order in which a request has a set: by the text of a checksum. */
export function sortSet(field: Field, elements: readonly PropertyValue[]): readonly PropertyValue[] {
  const hashed = field.hashed ?? ((element: PropertyValue) => `${String(element)};`);
  const keyed = new Map(elements.map((element) => [String(crc32(hashed(element))), element]));
  return [...keyed].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, element]) => element);
}

export function terraformName(name: string, field: Field | undefined): string {
  return field?.terraform ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Inputs with defaults, and every fault in the real provider's words. `where` is the resource's logical name. */
export function checkInputs(
  schema: Schema,
  olds: Properties,
  news: Properties,
  where: string,
): { inputs: Properties; failures: readonly CheckFailure[] } {
  const failures: CheckFailure[] = [];
  const inputs = fillDefaults(schema, olds, news);
  walk(schema, inputs, where, failures);
  return { inputs, failures };
}

function fillDefaults(schema: Schema, olds: Properties, news: Properties): Properties {
  const inputs: Record<string, PropertyValue> = {};
  for (const [name, value] of Object.entries(news)) {
    if (value === undefined || value === null || name === "__defaults") continue;
    const fields = schema[name]?.fields;
    const old = olds[name];
    if (fields && isObject(value)) inputs[name] = fillDefaults(fields, isObject(old) ? old : {}, value);
    else if (fields && isList(value)) {
      inputs[name] = value.map((element, index) => {
        const before = isList(old) ? old[index] : undefined;
        return isObject(element) ? fillDefaults(fields, isObject(before) ? before : {}, element) : element;
      });
    } else inputs[name] = value;
  }
  const defaults: string[] = [];
  for (const [name, field] of Object.entries(schema)) {
    if (inputs[name] !== undefined || field.suppressed || field.default === undefined) continue;
    const value = replayed(olds, name) ?? (isZero(field.default) ? undefined : field.default);
    if (value === undefined) continue;
    inputs[name] = value;
    defaults.push(name);
  }
  return { ...inputs, __defaults: defaults.sort() };
}

/**
 * A default of the state is used again. Where the state does not say which values were defaults, as after a refresh, every
 * value counts as one. A new default that is the zero of its type is left out, for it changes nothing.
 */
function replayed(olds: Properties, name: string): PropertyValue | undefined {
  const { __defaults: defaults } = olds;
  if (isList(defaults) && !defaults.includes(name)) return undefined;
  return olds[name] ?? undefined;
}

function walk(schema: Schema, inputs: Properties, where: string, failures: CheckFailure[]): void {
  const fail = (name: string, reason: string) =>
    failures.push({ property: "", reason: `${reason}. Examine values at '${where}.${name}'.` });
  for (const [name, value] of Object.entries(inputs)) {
    const field = schema[name];
    if (name === "__defaults") continue;
    if (field === undefined || field.refused || !isInput(field)) {
      failures.push({ property: name, reason: `the sandbox's provider does not take the input '${name}'` });
      continue;
    }
    for (const fault of faultsOf(name, field, value, inputs, schema)) fail(name, fault);
    for (const [element, path] of elementsOf(value, `${where}.${name}`)) {
      if (field.fields && isObject(element)) walk(field.fields, element, path, failures);
    }
  }
  for (const [name, field] of Object.entries(schema)) {
    if (field.required && inputs[name] === undefined)
      failures.push({ property: name, reason: `Missing required property '${name}'` });
    failIfNotOne(schema, inputs, name, (reason) => fail(name, reason));
  }
}

function elementsOf(value: PropertyValue, path: string): readonly (readonly [PropertyValue, string])[] {
  if (!isList(value)) return [[value, path]];
  return value.map((element, index) => [element, `${path}[${index}]`] as const);
}

function* faultsOf(
  name: string,
  field: Field,
  value: PropertyValue,
  inputs: Properties,
  schema: Schema,
): Generator<string> {
  const own = terraformName(name, field);
  if (typeof value === "string" && value !== UNKNOWN) {
    if (field.values && !field.values.includes(value)) {
      const values = field.values.map((allowed) => `"${allowed}"`).join(" ");
      yield `expected ${own} to be one of [${values}], got ${value}`;
    }
    if (field.pattern && !field.pattern[0].test(value)) {
      yield `invalid value for ${own} (${field.pattern[1]})`;
    }
    yield* field.faults?.(value) ?? [];
  }
  const partner = field.requiredWith;
  if (partner !== undefined && inputs[partner] === undefined) {
    const both = [own, terraformName(partner, schema[partner])].sort().join(",");
    yield `Missing required argument. "${own}": all of \`${both}\` must be specified`;
  }
  const conflict = field.conflictsWith?.find((other) => inputs[other] !== undefined);
  if (conflict !== undefined) {
    const other = terraformName(conflict, schema[conflict]);
    yield `Conflicting configuration arguments. "${own}": conflicts with ${other}`;
  }
}

/** Of some properties exactly one is to be set: each of them fails when none or several are. */
function failIfNotOne(
  schema: Schema,
  inputs: Properties,
  name: string,
  fail: (reason: string) => void,
): void {
  const choices = schema[name]?.exactlyOneOf;
  if (choices === undefined) return;
  const named = (names: readonly string[]) =>
    names
      .map((choice) => terraformName(choice, schema[choice]))
      .sort()
      .join(",");
  const set = choices.filter((choice) => inputs[choice] !== undefined);
  const subject = `Invalid combination of arguments. "${named([name])}":`;
  if (set.length === 0) fail(`${subject} one of \`${named(choices)}\` must be specified`);
  if (set.length <= 1) return;
  fail(
    `${subject} only one of \`${named(choices)}\` can be specified, but \`${named(set)}\` were specified.`,
  );
}

/** What a refresh makes of the inputs in the state: the same properties, with the values that were read. */
export function refreshedInputs(inputs: Properties, outputs: Properties): Properties {
  const result: Record<string, PropertyValue> = {};
  const unchanged = new Set<PropertyValue>();
  for (const [name, before] of Object.entries(inputs)) {
    const after = outputs[name];
    if (name === "__defaults" || after === undefined) continue;
    result[name] = refreshedValue(before, after);
    if (JSON.stringify(before) === JSON.stringify(after)) unchanged.add(name);
  }
  const defaults = inputs.__defaults;
  const kept = isList(defaults) ? defaults.filter((name) => unchanged.has(name)) : [];
  return kept.length === 0 ? result : { ...result, __defaults: kept };
}

function refreshedValue(before: PropertyValue, after: PropertyValue): PropertyValue {
  if (isObject(before) && isObject(after)) return refreshedInputs(before, after);
  if (!isList(before) || !isList(after)) return after;
  return before.slice(0, after.length).map((element, index) => refreshedValue(element, after[index] ?? null));
}

/** What an import makes of a resource: all that a program could set and that is neither empty nor the default. */
export function importedInputs(schema: Schema, outputs: Properties): Properties {
  const result: Record<string, PropertyValue> = {};
  for (const name of Object.keys(outputs).sort()) {
    const field = schema[name];
    if (field === undefined || !isInput(field)) continue;
    const value = importedValue(field, outputs[name] ?? null);
    const empty = field.default === undefined ? isEmpty(value) : value === field.default;
    if (field.required || !empty) result[name] = value;
  }
  for (const [name, field] of Object.entries(schema)) {
    const clash = field.conflictsWith?.some((other) => result[other] !== undefined);
    // What would not pass the check, as a setting that needs another, is left out too.
    const alone = field.requiredWith !== undefined && result[field.requiredWith] === undefined;
    if (clash || alone) delete result[name];
  }
  return { ...result, __defaults: [] };
}

function importedValue(field: Field, value: PropertyValue): PropertyValue {
  const fields = field.fields;
  if (fields === undefined) return value;
  if (isList(value)) return value.map((element) => importedValue(field, element));
  return isObject(value) ? importedInputs(fields, value) : value;
}

function isEmpty(value: PropertyValue): boolean {
  if (isObject(value)) return Object.keys(value).every((key) => key === "__defaults");
  return isZero(value);
}
