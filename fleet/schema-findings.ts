import type * as z from "zod";
import { type Finding, quoted, safeText } from "./findings.ts";
import type { JsonDocument, JsonPath } from "./json.ts";
import { suggest } from "./suggest.ts";

/** One way in which a value departs from its schema; shared by all files that are checked with zod. */
interface Departure {
  readonly path: JsonPath;
  readonly message: string;
  readonly remedy: string;
  /** It is the key that is wrong, not its value. */
  readonly key?: true;
}

/** Turns what zod found into faults at their lines; `remedies` says what to write for a missing top-level key. */
export function schemaFindings(
  issues: readonly z.core.$ZodIssue[],
  document: JsonDocument,
  options: {
    readonly file: string;
    readonly remedies: Readonly<Record<string, string>>;
    /** Of strict objects, for what was meant by a key that they do not know. */
    readonly knownKeys?: (path: JsonPath) => readonly string[];
  },
): Finding[] {
  const keysOf = options.knownKeys ?? (() => []);
  return departures(issues, [], document.value, keysOf).map(({ path, message, remedy, key }) => ({
    severity: "fault",
    file: options.file,
    ...(key ? document.keyPositionOf(path) : document.positionOf(path)),
    message,
    remedy:
      (valueAt(document.value, path) === undefined ? options.remedies[pathText(path)] : undefined) ?? remedy,
  }));
}

/** Writes a path the way people do: `repositories[3].options`. */
export function pathText(path: JsonPath): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      if (!/^[\w$-]+$/.test(step)) return `[${quoted(step)}]`;
      return index === 0 ? safeText(step) : `.${safeText(step)}`;
    })
    .join("");
}

function departures(
  issues: readonly z.core.$ZodIssue[],
  above: JsonPath,
  root: unknown,
  keysOf: (path: JsonPath) => readonly string[],
): Departure[] {
  return issues.flatMap((issue): Departure[] => {
    const path = [...above, ...issue.path.map((step) => (typeof step === "symbol" ? String(step) : step))];
    if (issue.code === "invalid_union") {
      const inside = likeliestBranch(issue.errors);
      if (inside !== undefined) return departures(inside, path, root, keysOf);
      return [mismatch(path, alternatives(issue.errors), root)];
    }
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => unknownKey(path, key, keysOf(path)));
    const expected = expectation(issue);
    if (expected !== undefined) return [mismatch(path, expected, root)];
    const told = issue.code === "custom" ? issue.params?.remedy : undefined;
    const remedy = typeof told === "string" ? told : "correct the value";
    return [{ path, message: `${pathText(path)} ${issue.message}`, remedy }];
  });
}

function unknownKey(path: JsonPath, key: string, known: readonly string[]): Departure {
  const meant = suggest(key, known);
  const remedy =
    meant === undefined ? `take it out; known are ${known.join(", ")}` : `did you mean ${quoted(meant)}?`;
  const where = path.length === 0 ? "" : ` in ${pathText(path)}`;
  return { path: [...path, key], message: `there is no key ${quoted(key)}${where}`, remedy, key: true };
}

/** The alternative that the author meant: one whose own type fits, so that only something inside it is wrong. */
function likeliestBranch(
  branches: readonly (readonly z.core.$ZodIssue[])[],
): readonly z.core.$ZodIssue[] | undefined {
  return branches.find((branch) => branch.length > 0 && branch.every(({ path }) => path.length > 0));
}

function alternatives(branches: readonly (readonly z.core.$ZodIssue[])[]): string {
  const expected = branches.flatMap((branch) =>
    branch.flatMap((issue) =>
      issue.code === "invalid_union" ? alternatives(issue.errors) : (expectation(issue) ?? []),
    ),
  );
  return [...new Set(expected)].join(" or ");
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "a text in quotes",
  boolean: "true or false",
  int: "a whole number",
  number: "a whole number",
  array: "a list [...]",
  object: "an object {...}",
  record: "an object {...}",
  null: "null",
};

function expectation(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === "invalid_type") return TYPE_NAMES[issue.expected] ?? issue.expected;
  if (issue.code === "invalid_value") return issue.values.map((value) => JSON.stringify(value)).join(", ");
  if (issue.code === "too_small") return `${issue.minimum} or more`;
  return undefined;
}

function mismatch(path: JsonPath, expected: string, root: unknown): Departure {
  const value = valueAt(root, path);
  const name = path.length === 0 ? "the document" : pathText(path);
  if (value === undefined) return { path, message: `${name} is missing`, remedy: `write ${expected} there` };
  // A text where an object belongs may be a secret in the wrong place; where a word belongs it is a misspelt word.
  const word = typeof value === "string" && value.length <= 20 && /"|true or false/.test(expected);
  return {
    path,
    message: `${name} is ${word ? `the text ${quoted(value)}` : typeName(value)}`,
    remedy: `write ${expected}`,
  };
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "a text";
  return typeof value === "object" ? "an object" : String(value);
}

function valueAt(root: unknown, path: JsonPath): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}
