/** Composer's grammar of versions (composer/semver), as far as Satis needs it to select. */

const MODIFIER = "[._-]?(?:(stable|beta|b|rc|alpha|a|patch|pl|p)((?:[.-]?\\d+)*)?)?([.-]?dev)?";
const CLASSICAL = new RegExp(`^v?(\\d{1,5})(\\.\\d+)?(\\.\\d+)?(\\.\\d+)?${MODIFIER}$`, "i");
const DATED = new RegExp(`^v?(\\d{4}(?:[.:-]?\\d{2}){1,6}(?:[.:-]?\\d{1,3})?)${MODIFIER}$`, "i");
const LONG: Readonly<Record<string, string>> = { a: "alpha", b: "beta", p: "patch", pl: "patch", rc: "RC" };

/** `VersionParser::normalize`; `undefined` for what is no version. */
export function normalizeVersion(text: string): string | undefined {
  const version = text.trim().replace(/@(?:stable|RC|beta|alpha|dev)$/i, "");
  if (["master", "trunk", "default"].includes(version)) return `dev-${version}`;
  if (/^dev-/i.test(version)) return `dev-${version.slice(4)}`;
  const bare = /^([^,\s+]+)\+\S+$/.exec(version)?.[1] ?? version;
  const classical = CLASSICAL.exec(bare);
  const dated = classical === null ? DATED.exec(bare) : null;
  if (classical !== null) {
    const [, major, minor, patch, fourth, ...modifier] = classical;
    return withModifier(`${major}${minor ?? ".0"}${patch ?? ".0"}${fourth ?? ".0"}`, modifier);
  }
  if (dated !== null) return withModifier((dated[1] ?? "").replace(/\D/g, "."), dated.slice(2));
  const branch = /^(.*?)[.-]?dev$/i.exec(bare)?.[1];
  const normalized = branch === undefined ? undefined : normalizeBranch(branch);
  return normalized?.startsWith("dev-") ? undefined : normalized;
}

function withModifier(version: string, modifier: readonly (string | undefined)[]): string {
  const [word = "", number = "", dev = ""] = modifier;
  const short = word.toLowerCase();
  if (short === "stable") return version;
  const suffix = short === "" ? "" : `-${LONG[short] ?? short}${number.replace(/^[.-]+/, "")}`;
  return `${version}${suffix}${dev === "" ? "" : "-dev"}`;
}

/** `VersionParser::normalizeBranch`. */
export function normalizeBranch(name: string): string {
  const match = /^v?(\d+)(\.(?:\d+|[x*]))?(\.(?:\d+|[x*]))?(\.(?:\d+|[x*]))?$/i.exec(name.trim());
  if (match === null) return `dev-${name.trim()}`;
  const parts = [1, 2, 3, 4].map((at) => (match[at] ?? ".x").replace(/[*x]/i, "9999999"));
  return `${parts.join("")}-dev`;
}

const STABILITIES = ["stable", "rc", "beta", "alpha", "dev"];

/** `VersionParser::parseStability`, as a number: the higher, the less stable. */
export function stability(version: string): number {
  if (/^dev-|-dev$/.test(version)) return 4;
  const [, word, dev] =
    /(?:[._-]?(beta|b|rc|alpha|a)(?:[.-]?\d+)*)?([.-]?dev)?(?:\+.*)?$/i.exec(version) ?? [];
  if (dev !== undefined) return 4;
  return Math.max(
    STABILITIES.indexOf((LONG[word?.toLowerCase() ?? ""] ?? word ?? "stable").toLowerCase()),
    0,
  );
}

/** Number of a stability's name, as {@link stability} gives it. */
export const stabilityNamed = (name: string): number => Math.max(STABILITIES.indexOf(name.toLowerCase()), 0);

/** Whether a normalized version meets a constraint: `*`, `1.2.*`, `^1.2`, `~1.2`, comparisons, `a b`, `a || b`, `dev-x`. */
export function matches(version: string, constraint: string): boolean {
  return constraint.split(/\s*\|\|?\s*/).some((every) =>
    every
      .trim()
      .split(/(?<![<>=!^~])[\s,]+/)
      .every((one) => meets(version, one.replace(/@\w+$/, ""))),
  );
}

function meets(version: string, constraint: string): boolean {
  if (/^(?:\*|x|)$/i.test(constraint)) return true;
  const [, operator = "", text = ""] = /^(>=|<=|<>|!=|==|>|<|=|\^|~)?\s*(.*)$/.exec(constraint) ?? [];
  const numbers = text.replace(/^v/i, "").split(/[-+]/)[0]?.split(".") ?? [];
  if (/\.[x*]$/i.test(text)) return within(version, numbers.slice(0, -1), numbers.length - 2);
  if (operator === "^")
    return within(
      version,
      numbers,
      numbers.findIndex((part) => part !== "0"),
    );
  if (operator === "~") return within(version, numbers, Math.max(numbers.length - 2, 0));
  const wanted = normalizeVersion(text) ?? normalizeBranch(text);
  if (operator === "" || operator.startsWith("=")) return version === wanted;
  if (operator === "!=" || operator === "<>") return version !== wanted;
  if (version.startsWith("dev-")) return false;
  const order = compare(version, wanted);
  return operator.startsWith(">")
    ? order > 0 || (order === 0 && operator === ">=")
    : order < 0 || (order === 0 && operator === "<=");
}

/** From these numbers, less stable ones included, to below the next one at a position. */
function within(version: string, numbers: readonly string[], position: number): boolean {
  const at = position < 0 ? 0 : position;
  const upper = [...numbers.slice(0, at), String(Number(numbers[at] ?? 0) + 1)].join(".");
  const lower = normalizeVersion(`${numbers.join(".")}-dev`) ?? "";
  return (
    !version.startsWith("dev-") &&
    compare(version, lower) >= 0 &&
    compare(version, normalizeVersion(`${upper}-dev`) ?? "") < 0
  );
}

/** As PHP's `version_compare`, for normalized numeric versions. */
function compare(a: string, b: string): number {
  const ranks = ["dev", "alpha", "beta", "RC", "", "patch"];
  const key = (version: string) => {
    const [numbers = "", ...words] = version.split("-");
    const word = words[0] ?? "";
    const rank = words.includes("dev") && words.length === 1 ? 0 : ranks.indexOf(word.replace(/\d.*$/, ""));
    return [
      ...numbers.split(".").map(Number),
      rank,
      Number(/\d+/.exec(word)?.[0] ?? 0),
      words.length > 1 ? 0 : 1,
    ];
  };
  const [left, right] = [key(a), key(b)];
  for (let at = 0; at < left.length; at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
