import { MODIFIER, normalize, stabilityOf } from "./version.ts";

type Operator = "==" | "!=" | "<" | "<=" | ">" | ">=";
type Bound = readonly [Operator, string];

const NUMBERS = String.raw`v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?(?:${MODIFIER}|\.([xX*][.-]?dev))(?:\+[^\s]+)?`;
const TILDE = new RegExp(`^~${NUMBERS}$`, "i");
const CARET = new RegExp(String.raw`^\^${NUMBERS}$`, "i");
const WILDCARD = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.[xX*])+$/;
const HYPHEN = new RegExp(`^${NUMBERS} +- +${NUMBERS}$`, "i");
const ENDS_WITH_MODIFIER = new RegExp(`-${MODIFIER}$`);

/**
 * Tells whether a normalized version meets a constraint, as composer/semver does; `undefined` for a constraint that Composer refuses too.
 *
 * satis.json leaves versions out by constraints (`require`, `blacklist`), so what is missing can only be judged by reading them.
 */
export function meets(normalized: string, constraint: string): boolean | undefined {
  const alternatives = constraint
    .trim()
    .split(/\s*\|\|?\s*/)
    .map(allBounds);
  if (alternatives.some((bounds) => bounds === undefined)) return undefined;
  return alternatives.some((bounds) => bounds?.every((bound) => meetsBound(normalized, bound)));
}

/** Parts that must all hold. */
function allBounds(text: string): readonly Bound[] | undefined {
  const parts = text.split(/(?<!^|as|[=>< ,]) *(?<!-)[, ](?!-) *(?!,|as|$)/);
  const bounds = parts.map(boundsOf);
  return bounds.some((part) => part === undefined) ? undefined : bounds.flatMap((part) => part ?? []);
}

function boundsOf(text: string): readonly Bound[] | undefined {
  let constraint = /^([^,\s]+) +as +([^,\s]+)$/.exec(text)?.[1] ?? text;
  const [, bare, stability] = /^([^,\s]*?)@(stable|RC|beta|alpha|dev)$/i.exec(constraint) ?? [];
  if (bare !== undefined) constraint = bare === "" ? "*" : bare;
  constraint = /^(dev-[^,\s@]+?|[^,\s@]+?\.x-dev)#.+$/i.exec(constraint)?.[1] ?? constraint;
  const all = /^(v)?[x*](\.[x*])*$/i.exec(constraint);
  if (all !== null) return all[1] || all[2] ? [[">=", "0.0.0.0-dev"]] : [];
  return (
    tilde(constraint) ??
    caret(constraint) ??
    wildcard(constraint) ??
    hyphen(constraint) ??
    comparison(constraint, stability === "stable" ? undefined : stability)
  );
}

function tilde(constraint: string): readonly Bound[] | undefined {
  const match = TILDE.exec(constraint);
  if (match === null) return undefined;
  const shift = match[8] === undefined ? 0 : 1;
  const position = givenNumbers(match) + shift;
  return range(lowest(constraint.slice(1), match), raised(match, Math.max(1, position - 1)));
}

function caret(constraint: string): readonly Bound[] | undefined {
  const match = CARET.exec(constraint);
  if (match === null) return undefined;
  const [, major, minor, patch] = match;
  const position = major !== "0" || minor === undefined ? 1 : minor !== "0" || patch === undefined ? 2 : 3;
  return range(lowest(constraint.slice(1), match), raised(match, position));
}

function wildcard(constraint: string): readonly Bound[] | undefined {
  const match = WILDCARD.exec(constraint);
  if (match === null) return undefined;
  const position = Math.min(givenNumbers(match), 3);
  return range(`${padded(match, position).join(".")}-dev`, raised(match, position));
}

function hyphen(constraint: string): readonly Bound[] | undefined {
  const match = HYPHEN.exec(constraint);
  if (match === null) return undefined;
  const [from = "", to = ""] = constraint.split(/ +- +/);
  const low = normalize(from) === undefined ? undefined : lowest(from, match);
  const upper = match.slice(8);
  const [, , minor, patch, , stability, , dev, wild] = upper;
  if ((minor !== undefined && patch !== undefined) || stability || dev || wild) {
    const high = normalize(to);
    return low === undefined || high === undefined
      ? undefined
      : [
          [">=", low],
          ["<=", high],
        ];
  }
  return normalize(to) === undefined ? undefined : range(low, raised(upper, minor === undefined ? 1 : 2));
}

function comparison(constraint: string, stability: string | undefined): readonly Bound[] | undefined {
  const [, operator = "=", text = ""] = /^(<>|!=|>=?|<=?|==?)?\s*(.*)/.exec(constraint) ?? [];
  let version =
    normalize(text) ??
    (/^[0-9a-zA-Z./-]*-dev$/.test(text) ? normalize(`dev-${text.slice(0, -4)}`) : undefined);
  if (version === undefined) return undefined;
  const equal = operator === "=" || operator === "==";
  if (!equal && stability !== undefined && stabilityOf(version) === "stable") version += `-${stability}`;
  else if ((operator === "<" || operator === ">=") && !isBranchLike(text)) version += "-dev";
  return [[equal ? "==" : operator === "<>" ? "!=" : (operator as Operator), version]];
}

function isBranchLike(text: string): boolean {
  return ENDS_WITH_MODIFIER.test(text.toLowerCase()) || text.startsWith("dev-");
}

/** A lower bound reaches down to the development versions of what it names, unless it names a stability. */
function lowest(text: string, match: RegExpExecArray): string | undefined {
  const [, , , , , stability, , dev, wild] = match;
  return normalize(stability || dev || wild ? text : `${text}-dev`);
}

function range(low: string | undefined, high: string): readonly Bound[] | undefined {
  return low === undefined
    ? undefined
    : [
        [">=", low],
        ["<", high],
      ];
}

/** How many of the four numbers are written. */
function givenNumbers(match: readonly (string | undefined)[]): number {
  return match[4] !== undefined ? 4 : match[3] !== undefined ? 3 : match[2] !== undefined ? 2 : 1;
}

function padded(match: readonly (string | undefined)[], position: number): string[] {
  return [1, 2, 3, 4].map((index) => (index > position ? "0" : (match[index] ?? "0")));
}

function raised(match: readonly (string | undefined)[], position: number): string {
  const numbers = padded(match, position);
  numbers[position - 1] = String(BigInt(numbers[position - 1] ?? "0") + 1n);
  return `${numbers.join(".")}-dev`;
}

/** Branches compare with nothing but themselves. */
function meetsBound(version: string, [operator, bound]: Bound): boolean {
  const branches = [version, bound].filter((text) => text.startsWith("dev-")).length;
  if (branches > 0) {
    if (operator === "!=") return version !== bound;
    return branches === 2 && operator === "==" && version === bound;
  }
  const order = compareVersions(version, bound);
  return {
    "==": order === 0,
    "!=": order !== 0,
    "<": order < 0,
    "<=": order <= 0,
    ">": order > 0,
    ">=": order >= 0,
  }[operator];
}

/** Names that PHP's `version_compare` knows, by the beginning of a part; a number has rank 4. */
const RANKS: readonly (readonly [string, number])[] = [
  ["dev", 0],
  ["a", 1],
  ["b", 2],
  ["RC", 3],
  ["rc", 3],
  ["p", 5],
];
const NUMBER_RANK = 4;

/** Orders two normalized versions: negative, zero or positive. */
export function compareVersions(a: string, b: string): number {
  const left = partsOf(a);
  const right = partsOf(b);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = compareParts(left[index], right[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function partsOf(version: string): string[] {
  return version.match(/\d+|[^\d.+_-]+/g) ?? [];
}

function compareParts(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) {
    const rest = a ?? b ?? "";
    const longer = isNumber(rest) ? 1 : rankOf(rest) - NUMBER_RANK;
    return a === undefined ? -longer : longer;
  }
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b);
  return rankOf(a) - rankOf(b);
}

function isNumber(part: string): boolean {
  return /^\d/.test(part);
}

function rankOf(part: string): number {
  return isNumber(part) ? NUMBER_RANK : (RANKS.find(([name]) => part.startsWith(name))?.[1] ?? -1);
}
