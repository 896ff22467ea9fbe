/** Property paths of `ignoreChanges` and `replaceOnChanges`: `a.b`, `a[0]`, `a["b"]`, `*`. */
import type { Properties, PropertyValue } from "../provider/types.ts";
import { isObject, isSecret } from "./values.ts";

function parse(path: string): string[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\*|\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, name]) => quoted?.replaceAll('\\"', '"') ?? index ?? name ?? "",
  );
}

/** Whether what a path names is, or lies within, what the pattern names. */
export function contains(pattern: string, path: string): boolean {
  const own = parse(path);
  return parse(pattern).every((part, index) => index < own.length && (part === "*" || part === own[index]));
}

/** The wanted properties, those at the paths set back to what they were; removed where there was none. */
export function ignore(wanted: Properties, olds: Properties, paths: readonly string[]): Properties {
  return paths.reduce(
    (result, path) => reset(result, olds, parse(path)) as Properties,
    wanted as PropertyValue,
  ) as Properties;
}

function reset(
  wanted: PropertyValue | undefined,
  old: PropertyValue | undefined,
  path: readonly string[],
): PropertyValue | undefined {
  const [part, ...rest] = path;
  if (part === undefined) return old;
  if (isSecret(wanted)) return wanted;
  const before: PropertyValue | undefined = isSecret(old) ? old.value : old;
  if (isObject(wanted)) return resetKey(wanted, isObject(before) ? before : {}, part, rest);
  if (!Array.isArray(wanted)) return wanted;
  const olds: readonly PropertyValue[] = Array.isArray(before) ? before : wanted;
  return wanted.map((item: PropertyValue, index) =>
    part === "*" || part === String(index) ? (reset(item, olds[index] ?? item, rest) ?? null) : item,
  );
}

function resetKey(wanted: Properties, before: Properties, part: string, rest: readonly string[]): Properties {
  const keys = part === "*" ? new Set([...Object.keys(wanted), ...Object.keys(before)]) : [part];
  const result: Record<string, PropertyValue> = { ...wanted };
  for (const key of keys) {
    const value = reset(wanted[key], before[key], rest);
    if (value === undefined) delete result[key];
    else result[key] = value;
  }
  return result;
}
