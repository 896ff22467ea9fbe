/**
 * Property values as the engine keeps them: plain JSON in which a secret is an object with Pulumi's signature.
 *
 * The same shape travels over gRPC, so nothing is converted twice; only the checkpoint and the events write secrets
 * in another way. Signatures are those of `sdk/go/common/resource/sig` in pulumi/pulumi.
 */
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { type Properties, type PropertyValue, UNKNOWN } from "../provider/types.ts";

export const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const RESOURCE_REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";
/** Pulumi has one unknown for each type; a provider here knows only the first. */
const UNKNOWNS: ReadonlySet<unknown> = new Set([
  UNKNOWN,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

type Json = { readonly [key: string]: PropertyValue };

export function isObject(value: PropertyValue | undefined): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSecret(value: PropertyValue | undefined): value is Json {
  return isObject(value) && value[SIGNATURE] === SECRET;
}

export function isUnknown(value: PropertyValue | undefined): boolean {
  return UNKNOWNS.has(value);
}

export function makeSecret(value: PropertyValue): PropertyValue {
  return isSecret(value) ? value : { [SIGNATURE]: SECRET, value };
}

/** Rebuilds a value from the bottom up; `change` sees each value before its children and may replace it. */
function rewrite(
  value: PropertyValue,
  change: (value: PropertyValue) => PropertyValue | undefined,
): PropertyValue {
  const changed = change(value);
  if (changed !== undefined) return changed;
  if (Array.isArray(value)) return value.map((item) => rewrite(item, change));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rewrite(item, change)]));
}

function rewriteAll(
  properties: Properties,
  change: (value: PropertyValue) => PropertyValue | undefined,
): Properties {
  return rewrite(properties, (value) => (value === properties ? undefined : change(value))) as Properties;
}

function some(value: PropertyValue, test: (value: PropertyValue) => boolean): boolean {
  if (test(value)) return true;
  if (Array.isArray(value)) return value.some((item) => some(item, test));
  return isObject(value) && Object.values(value).some((item) => some(item, test));
}

export function containsSecret(value: PropertyValue): boolean {
  return some(value, isSecret);
}

export function containsUnknown(value: PropertyValue): boolean {
  return some(value, isUnknown);
}

/**
 * What a program sent, with outputs turned into secrets and unknowns.
 * Assets and archives are refused by name: no resource of this program takes one.
 */
export function fromStruct(struct: structPb.Struct | undefined): Properties {
  return normalise((struct?.toJavaScript() ?? {}) as Properties) as Properties;
}

function normalise(value: PropertyValue): PropertyValue {
  return rewrite(value, (item) => {
    if (isUnknown(item)) return UNKNOWN;
    if (!isObject(item) || item[SIGNATURE] === undefined) return undefined;
    const kind = item[SIGNATURE];
    if (kind === SECRET) return makeSecret(normalise(item.value ?? null));
    if (kind === OUTPUT) {
      const inner = "value" in item ? normalise(item.value ?? null) : UNKNOWN;
      return item.secret === true ? makeSecret(inner) : inner;
    }
    if (kind === RESOURCE_REFERENCE) return item;
    throw new Error("assets and archives are not supported by the sandbox engine");
  });
}

export function toStruct(properties: Properties): structPb.Struct {
  return structPb.Struct.fromJavaScript(properties as Record<string, structPb.JavaScriptValue>);
}

/** Without secrets' wrappers, as providers see properties; a reference to a resource becomes its id. */
export function plain(properties: Properties): Properties {
  return rewriteAll(properties, unwrapOne);
}

function unwrapOne(value: PropertyValue): PropertyValue | undefined {
  if (isSecret(value)) return rewrite(value.value ?? null, unwrapOne);
  if (isObject(value) && value[SIGNATURE] === RESOURCE_REFERENCE) return value.id ?? value.urn ?? null;
  return undefined;
}

/** Secrets as the engine's events show them. */
export function redact(properties: Properties): Properties {
  return rewriteAll(properties, (value) =>
    isSecret(value) ? { [SIGNATURE]: SECRET, ciphertext: "[secret]" } : undefined,
  );
}

/** Secrets as a checkpoint in plain text has them (`pulumi stack export --show-secrets`). */
export function toCheckpoint(properties: Properties): Properties {
  return rewriteAll(properties, (value) =>
    isSecret(value)
      ? { [SIGNATURE]: SECRET, plaintext: JSON.stringify(plainValue(value.value ?? null)) }
      : undefined,
  );
}

function plainValue(value: PropertyValue): PropertyValue {
  return rewrite(value, unwrapOne);
}

/** @throws when the checkpoint is encrypted: export it with `--show-secrets`. */
export function fromCheckpoint(properties: Properties): Properties {
  return rewriteAll(properties, (value) => {
    if (!isSecret(value)) return undefined;
    if (typeof value.plaintext !== "string") {
      throw new Error(
        "the checkpoint's secrets are encrypted: export it with `pulumi stack export --show-secrets`",
      );
    }
    return makeSecret(JSON.parse(value.plaintext) as PropertyValue);
  });
}

/** Marks in what a provider answered the properties that were secret in what it got, as Pulumi does for every provider. */
export function annotateSecrets(answered: Properties, given: Properties): Properties {
  const result: Record<string, PropertyValue> = { ...answered };
  for (const [key, before] of Object.entries(given)) {
    const after = result[key];
    if (after === undefined) continue;
    if (isObject(after) && isObject(before) && !isSecret(before) && !isSecret(after)) {
      result[key] = annotateSecrets(after, before);
    } else if (containsSecret(before)) {
      result[key] = makeSecret(after);
    }
  }
  return result;
}

export function markSecret(properties: Properties, names: Iterable<string>): Properties {
  const result: Record<string, PropertyValue> = { ...properties };
  for (const name of names) {
    const value = result[name];
    if (value !== undefined && name !== "id") result[name] = makeSecret(value);
  }
  return result;
}

/** Equal by value; the order of keys does not matter. */
export function equal(left: PropertyValue | undefined, right: PropertyValue | undefined): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => equal(item, right[index]));
  }
  if (!isObject(left) || !isObject(right)) return false;
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => equal(left[key], right[key]));
}
