/**
 * The part of Composer's version grammar that tags and branches need, after composer/semver's `VersionParser`.
 *
 * Results are equal to Composer's for every text without line breaks. Tags are chosen by whoever may push to a package repository, so the
 * patterns have one way only to match a run of digits: Composer's own, without PHP's possessive quantifiers, would take exponential time.
 */

/** Composer's stabilities, the least stable first. */
export const STABILITIES = ["dev", "alpha", "beta", "RC", "stable"] as const;
export type Stability = (typeof STABILITIES)[number];

/** What may follow the numbers: stability, its number, `-dev`. */
export const MODIFIER = String.raw`[._-]?(?:(stable|beta|b|RC|alpha|a|patch|pl|p)((?:\d+)?(?:[.-]\d+)*))?([.-]?dev)?`;

const CLASSICAL = new RegExp(String.raw`^v?(\d{1,5})(\.\d+)?(\.\d+)?(\.\d+)?${MODIFIER}$`, "i");
const DATE = new RegExp(String.raw`^v?(\d{4}(?:[.:-]?\d{2}){1,6}(?:[.:-]?\d{1,3})?)${MODIFIER}$`, "i");
const STABILITY = new RegExp(String.raw`${MODIFIER}(?:\+.*)?$`, "i");
const BRANCH = /^v?(\d+)(\.(?:\d+|[x*]))?(\.(?:\d+|[x*]))?(\.(?:\d+|[x*]))?$/i;
/** PHP's `trim` and `\s`: no other white space is any to Composer. */
const OUTER_SPACE = /^[ \t\n\r\0\v]+|[ \t\n\r\0\v]+$/g;

/** Gives the form in which Composer compares a version; `undefined` where Composer takes it for none. */
export function normalize(text: string): string | undefined {
  let version = text.replace(OUTER_SPACE, "");
  version = /^([^,\s]+) +as +([^,\s]+)$/.exec(version)?.[1] ?? version;
  version = version.replace(/@(?:stable|RC|beta|alpha|dev)$/i, "");
  if (version === "master" || version === "trunk" || version === "default") version = `dev-${version}`;
  if (/^dev-/i.test(version)) return `dev-${version.slice(4)}`;
  version = /^([^,\s+]+)\+[^\s]+$/.exec(version)?.[1] ?? version;

  const classical = CLASSICAL.exec(version);
  if (classical !== null) {
    const [, major = "", minor = ".0", patch = ".0", fourth = ".0", ...modifiers] = classical;
    return modified(`${major}${minor}${patch}${fourth}`, modifiers);
  }
  const date = DATE.exec(version);
  if (date !== null) {
    const [, digits = "", ...modifiers] = date;
    return modified(digits.replace(/\D/g, "."), modifiers);
  }
  return numericDevBranch(version);
}

function modified(version: string, [stability, number, dev]: readonly (string | undefined)[]): string {
  // Composer looks at the case here, and nowhere else.
  if (stability === "stable") return version;
  const expanded = stability ? `-${expand(stability)}${(number ?? "").replace(/^[.-]+/, "")}` : "";
  return `${version}${expanded}${dev ? "-dev" : ""}`;
}

function expand(stability: string): string {
  const lower = stability.toLowerCase();
  return { a: "alpha", b: "beta", p: "patch", pl: "patch", rc: "RC" }[lower] ?? lower;
}

/** `1.x-dev` is a version; any other branch is one only with `dev-` before it. */
function numericDevBranch(version: string): string | undefined {
  if (!/dev$/i.test(version)) return undefined;
  const bare = version.slice(0, -3);
  // The shortest beginning that is followed by nothing but an optional `.` or `-`, and `dev`.
  const name = /[.-]$/.test(bare) ? bare.slice(0, -1) : bare;
  const normalized = normalizeBranch(name);
  return normalized.includes("dev-") ? undefined : normalized;
}

/** Gives the form in which Composer compares the version of a branch: `dev-main`, `1.9999999.9999999.9999999-dev` for `1.x`. */
export function normalizeBranch(branch: string): string {
  const name = branch.replace(OUTER_SPACE, "");
  const numbers = BRANCH.exec(name);
  if (numbers === null) return `dev-${name}`;
  const parts = [1, 2, 3, 4].map((index) => (numbers[index] ?? ".x").replace(/[*X]/, "x"));
  return `${parts.join("").replaceAll("x", "9999999")}-dev`;
}

/** Gives a version's stability, from its text or its normalized form. */
export function stabilityOf(version: string): Stability {
  const bare = version.replace(/#.+$/, "");
  if (bare.startsWith("dev-") || bare.endsWith("-dev")) return "dev";
  const [, stability, , dev] = STABILITY.exec(bare.toLowerCase()) ?? [];
  if (dev) return "dev";
  if (stability === "beta" || stability === "b") return "beta";
  if (stability === "alpha" || stability === "a") return "alpha";
  return stability === "rc" ? "RC" : "stable";
}

/** The normalized version of a tag, or why no version can come from it. */
export type TagVersion =
  | { readonly normalized: string; readonly reason?: undefined }
  | { readonly normalized?: undefined; readonly reason: string };

/** Reads a tag as Composer's repositories of type `vcs` do. */
export function tagVersion(tag: string): TagVersion {
  const normalized = normalize(tag.replaceAll("release-", ""));
  if (normalized === undefined) return { reason: "no valid version" };
  if (/^dev-|[.-]?dev$/i.test(normalized))
    return { reason: "no valid version: tags must not begin with dev- or end with -dev" };
  return { normalized };
}
