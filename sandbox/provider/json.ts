/** Reading GitHub's answers: what is missing or of another type is the zero of the type asked for, as in Go. */

export function at(value: unknown, ...path: readonly string[]): unknown {
  let inner = value;
  for (const key of path) {
    if (typeof inner !== "object" || inner === null) return undefined;
    inner = (inner as Record<string, unknown>)[key];
  }
  return inner;
}

export function textAt(value: unknown, ...path: readonly string[]): string {
  const inner = at(value, ...path);
  return typeof inner === "string" ? inner : "";
}

export function numberAt(value: unknown, ...path: readonly string[]): number {
  const inner = at(value, ...path);
  return typeof inner === "number" ? inner : 0;
}

export function flagAt(value: unknown, ...path: readonly string[]): boolean {
  return at(value, ...path) === true;
}

export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const inner = at(value, ...path);
  return Array.isArray(inner) ? inner : [];
}

export function textsAt(value: unknown, ...path: readonly string[]): readonly string[] {
  return listAt(value, ...path).filter((item) => typeof item === "string");
}
