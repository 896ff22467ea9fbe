import { createScanner, type Node, type ParseError, parseTree } from "jsonc-parser";
import { type Finding, quoted } from "./findings.ts";

/** Keys and indexes from the document's root. */
export type JsonPath = readonly (string | number)[];

/** Where something stands in a file, both counted from 1; columns in UTF-16 code units, as editors count. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A JSON document that knows where each of its values was written. */
export interface JsonDocument {
  readonly value: unknown;
  /** Position of the value at a path, or of its nearest ancestor that is written down. */
  positionOf(path: JsonPath): Position;
  /** The same for an object's key. */
  keyPositionOf(path: JsonPath): Position;
}

/** Recursion of parsers ends here; no configuration nests this deep. */
const MAX_DEPTH = 200;
/** Numbers of jsonc-parser's `ParseErrorCode`, a const enum that type stripping cannot read. */
const ERROR = { propertyNameExpected: 3, valueExpected: 4, invalidComment: 10, unexpectedEndOfComment: 11 };
const ERROR_TEXT: Readonly<Record<number, string>> = {
  1: "not a value of JSON: text goes in double quotes",
  2: "this number is not complete",
  3: "a key in double quotes is missing here",
  4: "a value is missing here",
  5: "a colon is missing before this",
  6: "a comma is missing before this",
  7: "a closing brace } is missing",
  8: "a closing bracket ] is missing",
  9: "the document ends here, but more text follows",
  12: "this string has no closing quote on its line",
  13: "this number is not complete",
  14: "this string has an incomplete \\u escape",
  15: "this string has an escape that JSON does not know; a backslash itself is written \\\\",
  16: "this string has a control character that is not escaped",
};

/**
 * Reads JSON strictly, with the position of everything in it.
 *
 * A byte order mark, any line ending, tabs and non-ASCII text are fine. Duplicate keys and, unless `allowTrailingCommas` or
 * `allowComments` is set, trailing commas and comments are faults: Composer and Satis read strict JSON, and of two equal keys each reader takes another. Every comment,
 * trailing comma and duplicate key is reported; other syntax errors end the reading at the first, since what follows is guesswork.
 */
export function parseJson(
  text: string,
  options: {
    readonly file: string;
    readonly allowComments?: boolean;
    readonly allowTrailingCommas?: boolean;
  },
): { document?: JsonDocument; findings: Finding[] } {
  const body = text.startsWith("\ufeff") ? text.slice(1) : text;
  const bare = options.allowComments ? withoutComments(body) : body;
  const json = options.allowTrailingCommas ? withoutTrailingCommas(bare) : bare;
  const positionAt = positions(json);
  const fault = (offset: number, message: string, remedy: string): Finding => ({
    severity: "fault",
    file: options.file,
    ...positionAt(offset),
    message,
    remedy,
  });
  const tooDeep = offsetOfDepth(json, MAX_DEPTH);
  if (tooDeep !== undefined) {
    return { findings: [fault(tooDeep, `nested more than ${MAX_DEPTH} levels deep`, "write it flatter")] };
  }
  const errors: ParseError[] = [];
  const root = parseTree(json, errors, {
    disallowComments: true,
    allowTrailingComma: false,
    allowEmptyContent: false,
  });
  const findings = syntaxFaults(json, errors, fault);
  if (root !== undefined) findings.push(...duplicateKeys(root, positionAt, fault));
  if (findings.length > 0 || root === undefined) return { findings: sorted(findings) };
  try {
    // The judge of what is JSON; jsonc-parser gives the positions.
    return { document: documentOf(JSON.parse(json), root, positionAt), findings: [] };
  } catch {
    return { findings: [fault(0, "not valid JSON", "check it with a JSON validator")] };
  }
}

type FaultAt = (offset: number, message: string, remedy: string) => Finding;

function syntaxFaults(json: string, errors: readonly ParseError[], fault: FaultAt): Finding[] {
  const findings: Finding[] = [];
  const reported = new Set<number>();
  for (const { error, offset } of errors) {
    const comma = trailingComma(json, error, offset);
    const at = comma ?? offset;
    // One mistake often gives two errors at one place.
    if (reported.has(at)) continue;
    reported.add(at);
    if (comma !== undefined) {
      findings.push(fault(comma, "a comma before the closing bracket", "remove the comma"));
    } else if (error === ERROR.invalidComment || error === ERROR.unexpectedEndOfComment) {
      findings.push(fault(offset, "a comment, which JSON does not have", "remove it"));
    } else {
      findings.push(
        fault(offset, ERROR_TEXT[error] ?? "not valid JSON", "correct it: the file is strict JSON"),
      );
      break;
    }
  }
  return findings;
}

/** Offset of the comma when the error is a closing bracket that follows one. */
function trailingComma(json: string, error: number, offset: number): number | undefined {
  if (error !== ERROR.propertyNameExpected && error !== ERROR.valueExpected) return undefined;
  if (json[offset] !== "}" && json[offset] !== "]") return undefined;
  let before = offset - 1;
  while (/\s/.test(json[before] ?? "")) before--;
  return json[before] === "," ? before : undefined;
}

function duplicateKeys(root: Node, positionAt: (offset: number) => Position, fault: FaultAt): Finding[] {
  const findings: Finding[] = [];
  const visit = (node: Node): void => {
    if (node.type === "object") {
      const seen = new Map<unknown, number>();
      for (const { children: [key] = [] } of node.children ?? []) {
        if (key === undefined) continue;
        const first = seen.get(key.value);
        if (first === undefined) seen.set(key.value, key.offset);
        else {
          const message = `the key ${quoted(String(key.value))} is already on line ${positionAt(first).line}`;
          findings.push(fault(key.offset, message, "keep one of the two"));
        }
      }
    }
    node.children?.forEach(visit);
  };
  visit(root);
  return findings;
}

function documentOf(value: unknown, root: Node, positionAt: (offset: number) => Position): JsonDocument {
  // Large objects are asked for thousands of keys: each is indexed once.
  const indexes = new Map<Node, Map<string, Node>>();
  const propertyOf = (node: Node, key: string): Node | undefined => {
    let index = indexes.get(node);
    if (index === undefined) {
      index = new Map(node.children?.map((property) => [String(property.children?.[0]?.value), property]));
      indexes.set(node, index);
    }
    return index.get(key);
  };
  const find = (path: JsonPath): { key: Node; value: Node } => {
    let found = { key: root, value: root };
    for (const step of path) {
      const node = found.value;
      if (node.type === "array") {
        const item = node.children?.[Number(step)];
        if (item === undefined) return found;
        found = { key: item, value: item };
      } else {
        const [key, child] = propertyOf(node, String(step))?.children ?? [];
        if (key === undefined || child === undefined) return found;
        found = { key, value: child };
      }
    }
    return found;
  };
  return {
    value,
    positionOf: (path) => positionAt(find(path).value.offset),
    keyPositionOf: (path) => positionAt(find(path).key.offset),
  };
}

function positions(text: string): (offset: number) => Position {
  const starts = [
    0,
    ...[...text.matchAll(/\r\n|\n|\r/g)].map(({ index, 0: ending }) => index + ending.length),
  ];
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

/** Offset of the first bracket deeper than allowed; checked by the scanner, since the parser recurses. */
function offsetOfDepth(json: string, limit: number): number | undefined {
  const scanner = createScanner(json, true);
  let depth = 0;
  for (;;) {
    const before = scanner.getPosition();
    scanner.scan();
    if (scanner.getPosition() === before && scanner.getPosition() >= json.length) return undefined;
    const character = json[scanner.getTokenOffset()];
    if (scanner.getTokenLength() !== 1) continue;
    if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    if (depth > limit) return scanner.getTokenOffset();
  }
}

/** Blanks comments out, so that everything else stays where it is. */
function withoutComments(json: string): string {
  const scanner = createScanner(json, false);
  const parts: string[] = [];
  for (let from = 0; from < json.length; from = scanner.getPosition()) {
    scanner.scan();
    const token = json.slice(from, scanner.getPosition());
    parts.push(/^\/[/*]/.test(token) ? token.replace(/[^\r\n]/g, " ") : token);
  }
  return parts.join("");
}

/** Blanks commas before a closing bracket out; of two commas the first stays, and is a fault. */
function withoutTrailingCommas(json: string): string {
  const scanner = createScanner(json, true);
  const commas: number[] = [];
  let comma: number | undefined;
  for (;;) {
    const before = scanner.getPosition();
    scanner.scan();
    if (scanner.getPosition() === before && before >= json.length) break;
    const character = scanner.getTokenLength() === 1 ? json[scanner.getTokenOffset()] : undefined;
    if (comma !== undefined && (character === "}" || character === "]")) commas.push(comma);
    comma = character === "," ? scanner.getTokenOffset() : undefined;
  }
  const parts = commas.map((offset, index) =>
    json.slice(index === 0 ? 0 : (commas[index - 1] ?? 0) + 1, offset),
  );
  return [...parts, json.slice(commas.length === 0 ? 0 : (commas.at(-1) ?? 0) + 1)].join(" ");
}

function sorted(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
