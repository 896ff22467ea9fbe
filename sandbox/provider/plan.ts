/** What Terraform would plan: the state after the operation, and how it differs from the one before. */
import { type Field, isInput, isList, isObject, isZero, orderSet, type Schema, zeroOf } from "./schema.ts";
import { type Properties, type PropertyValue, UNKNOWN } from "./types.ts";

/**
 * Every property of the schema as it is expected to be: inputs, defaults, and what the state has of the computed ones.
 * `olds` undefined is a create: computed properties are then {@link UNKNOWN}.
 */
export function plan(schema: Schema, olds: Properties | undefined, inputs: Properties): Properties {
  return planAll(schema, olds, inputs, false);
}

function planAll(
  schema: Schema,
  olds: Properties | undefined,
  inputs: Properties,
  inside: boolean,
): Properties {
  const planned: Record<string, PropertyValue> = {};
  for (const [name, field] of Object.entries(schema)) {
    const value = planField(field, olds?.[name], inputs[name], olds === undefined);
    // Inside a block that comes whole nothing is absent.
    planned[name] = value === null && inside && olds === undefined ? zeroOf(field) : value;
  }
  return planned;
}

function planField(
  field: Field,
  old: PropertyValue | undefined,
  input: PropertyValue | undefined,
  creating: boolean,
): PropertyValue {
  if (!isInput(field) || input === undefined || input === null) return planUnset(field, old, creating);
  if (input === UNKNOWN) return UNKNOWN;
  const fields = field.fields;
  if (isObject(input) && fields) return planAll(fields, isObject(old) ? old : undefined, input, true);
  if (!isList(input)) return input;
  const olds = isList(old) ? old : [];
  const elements = input.map((element, index) => {
    if (!fields || !isObject(element)) return element;
    const before = olds[index];
    return planAll(fields, isObject(before) ? before : undefined, element, true);
  });
  return field.kind === "set" ? orderSet(elements) : elements;
}

function planUnset(field: Field, old: PropertyValue | undefined, creating: boolean): PropertyValue {
  if (field.computed) return creating ? UNKNOWN : (old ?? null);
  if (field.suppressed) return old ?? null;
  if (field.default !== undefined) return field.default;
  if (old !== undefined && old !== null) return isZero(old) ? old : zeroOf(field);
  // Terraform's blocks are never absent, only empty; Pulumi shows those of which there is at most one as an object.
  return field.fields && field.kind !== "object" ? [] : null;
}

/** The plan without what it does not know: that stays as it was until GitHub has answered. */
export function known(schema: Schema, planned: Properties, olds: Properties): Properties {
  const settle = (field: Field, value: PropertyValue): PropertyValue => {
    if (value === UNKNOWN) return zeroOf(field);
    const fields = field.fields;
    if (!fields || typeof value !== "object" || value === null) return value;
    const inner = (object: Properties) =>
      Object.fromEntries(
        Object.entries(fields).map(([name, own]) => [name, settle(own, object[name] ?? null)]),
      );
    if (isList(value)) return value.map((element) => (isObject(element) ? inner(element) : element));
    return isObject(value) ? inner(value) : value;
  };
  return Object.fromEntries(
    Object.entries(schema).map(([name, field]) => {
      const value = planned[name] ?? null;
      return [name, value === UNKNOWN ? (olds[name] ?? null) : settle(field, value)];
    }),
  );
}

/** Equal to Terraform's legacy types, for which nothing and the zero of a type are one. */
export function isEquivalent(left: PropertyValue | undefined, right: PropertyValue | undefined): boolean {
  if (isZero(left) && isZero(right)) return true;
  if (isList(left) && isList(right)) {
    return (
      left.length === right.length && left.every((element, index) => isEquivalent(element, right[index]))
    );
  }
  if (isObject(left) && isObject(right)) {
    return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) =>
      isEquivalent(left[key], right[key]),
    );
  }
  return left === right;
}

/** Paths that differ, as in Pulumi's detailed diff: the innermost property, or the one that came or went whole. */
export function changedPaths(schema: Schema, olds: Properties, planned: Properties): readonly string[] {
  return Object.entries(schema).flatMap(([name, field]) =>
    pathsOf(field, name, olds[name] ?? null, planned[name] ?? null),
  );
}

function pathsOf(field: Field, path: string, old: PropertyValue, planned: PropertyValue): readonly string[] {
  if (old === planned) return [];
  if (isList(old) || isList(planned)) {
    const [before, after] = [isList(old) ? old : [], isList(planned) ? planned : []];
    if (isEquivalent(before, after)) return [];
    if (before.length === 0 || after.length === 0) return [path];
    return field.kind === "set" ? setPaths(path, before, after) : listPaths(field, path, before, after);
  }
  if (field.kind === "map") return JSON.stringify(old) === JSON.stringify(planned) ? [] : [path];
  if (field.fields && (isObject(old) || isObject(planned))) {
    if (!isObject(old) || !isObject(planned)) return isEquivalent(old, planned) ? [] : [path];
    return changedPaths(field.fields, old, planned).map((inner) => `${path}.${inner}`);
  }
  return [path];
}

function listPaths(
  field: Field,
  path: string,
  before: readonly PropertyValue[],
  after: readonly PropertyValue[],
): readonly string[] {
  const longer = before.length > after.length ? before : after;
  return longer.flatMap((_, index) => {
    const at = `${path}[${index}]`;
    const [old, planned] = [before[index], after[index]];
    if (old === undefined || planned === undefined) return [at];
    return pathsOf({ kind: "object", ...(field.fields ? { fields: field.fields } : {}) }, at, old, planned);
  });
}

function setPaths(
  path: string,
  before: readonly PropertyValue[],
  after: readonly PropertyValue[],
): readonly string[] {
  const lacks = (list: readonly PropertyValue[], element: PropertyValue) =>
    !list.some((other) => isEquivalent(other, element));
  const indexes = new Set<number>();
  for (const [index, element] of before.entries()) if (lacks(after, element)) indexes.add(index);
  for (const [index, element] of after.entries()) if (lacks(before, element)) indexes.add(index);
  return [...indexes].map((index) => `${path}[${index}]`);
}
