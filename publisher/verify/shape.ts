import { createHash } from "node:crypto";
import { quoted } from "../../fleet/findings.ts";
import { isObject } from "../../fleet/satis-entries.ts";
import type { Version } from "../tree.ts";

/** Keys whose values Composer reads as `{package: constraint}`. */
const LINKS = ["require", "require-dev", "conflict", "provide", "replace"];
/** Keys that Composer reads as text where they are there. */
const TEXTS = ["version_normalized", "type", "time", "description", "homepage"];

/**
 * Says in what a version differs from the shape that Composer's loader reads; `undefined` where it does not.
 *
 * Only what makes Composer fail, or read something else than what is meant: everything else is the package's own business.
 */
export function versionProblem(value: unknown): string | undefined {
  if (!isObject(value)) return "a version is no object";
  const { version } = value;
  if (typeof value.name !== "string") return "a version has no name";
  if (typeof version !== "string" || version === "") return "a version has no version";
  const problem =
    TEXTS.filter((key) => value[key] !== undefined && typeof value[key] !== "string").map(
      (key) => `${key} is no text`,
    )[0] ??
    LINKS.filter((key) => !isLinks(value[key])).map((key) => `${key} is no table of constraints`)[0] ??
    placeProblem(value, "source", ["type", "url", "reference"]) ??
    placeProblem(value, "dist", ["type", "url"]);
  if (problem !== undefined) return `${quoted(version)}: ${problem}`;
  if (value.source === undefined && value.dist === undefined && value.type !== "metapackage")
    return `${quoted(version)}: neither source nor dist, so nothing can be installed`;
  return undefined;
}

/** A version of the right shape. */
export function isVersion(value: unknown): value is Version {
  return versionProblem(value) === undefined;
}

/** PHP writes an empty table as an empty list. */
function isLinks(value: unknown): boolean {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return true;
  return isObject(value) && Object.values(value).every((constraint) => typeof constraint === "string");
}

function placeProblem(
  version: Record<string, unknown>,
  key: "source" | "dist",
  texts: readonly string[],
): string | undefined {
  const place = version[key];
  // Composer's own way of writing that there is none.
  if (place === undefined || place === null) return undefined;
  if (!isObject(place)) return `${key} is no object`;
  const missing = texts.find((text) => typeof place[text] !== "string");
  return missing === undefined ? undefined : `${key} has no ${missing}`;
}

/**
 * Expands a minified list of versions as Composer does: each entry holds what differs from the one before it, and `"__unset"` takes a key
 * away. Entries that are no objects are given back as they are, for the reader to refuse.
 */
export function expandMinified(versions: readonly unknown[]): unknown[] {
  let last: Record<string, unknown> | undefined;
  return versions.map((entry) => {
    if (!isObject(entry)) return entry;
    const merged = { ...last, ...entry };
    last = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== "__unset"));
    return last;
  });
}

/** Digest of a version's content, whatever the order of its keys: expanding a minified file changes that order. */
export function versionDigest(value: Readonly<Record<string, unknown>>): string {
  const hash = createHash("sha1");
  for (const key of Object.keys(value).sort()) hash.update(`${key}=${JSON.stringify(value[key])}\n`);
  return hash.digest("base64");
}

/** @throws SyntaxError fit to print; the engine's own words would repeat the file's text */
export function parseJson(content: Buffer, file: string): unknown {
  try {
    return JSON.parse(content.toString("utf8"));
  } catch {
    throw new SyntaxError(`${file} is no JSON`);
  }
}
