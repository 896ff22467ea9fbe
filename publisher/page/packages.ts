import { safeText } from "../../fleet/findings.ts";
import { isPackageName } from "../../fleet/grammar.ts";
import { isObject } from "../../fleet/satis-entries.ts";
import { inParallel } from "../parallel.ts";
import { packageFiles, type Tree } from "../tree.ts";
import { compareVersions } from "../verify/constraint.ts";
import { packageOf } from "../verify/metadata.ts";
import { expandMinified, parseJson } from "../verify/shape.ts";
import { normalize, stabilityOf } from "../verify/version.ts";

/** One package as the site's page shows it: the JSON that stands in the page, so its texts are safe to print and short. */
export interface PagePackage {
  readonly name: string;
  readonly description: string;
  readonly license: readonly string[];
  /** Set where its authors have given it up; the name of what to use instead, where they say so. */
  readonly abandoned?: string;
  /** What comes after `composer require`. */
  readonly install: string;
  /** Of the newest version: name and constraint. */
  readonly requires: readonly (readonly [string, string])[];
  /** Commit of the newest version. */
  readonly reference: string;
  /** Version and day: first the newest stable one where there is one, then all others, the newest first and branches last. */
  readonly versions: readonly (readonly [string, string])[];
}

/** A description that is longer is cut: a page of a thousand packages is for finding one. */
const LONGEST_DESCRIPTION = 300;
const FILES_AT_ONCE = 16;

/**
 * Gives every package of a tree in the order of their names, from its p2 files alone: what Composer is told, and nothing else.
 *
 * A file that does not parse is for the gates to judge; what it holds is left out here.
 */
export async function pagePackages(tree: Tree): Promise<PagePackage[]> {
  const names = [...new Set(tree.files.map(packageOf))]
    .filter((name) => name !== undefined)
    .filter(isPackageName);
  const packages = await inParallel(names.sort(), FILES_AT_ONCE, async (name) => {
    const versions = await Promise.all(packageFiles(name).map((path) => versionsIn(tree, path, name)));
    return pagePackage(name, versions.flat());
  });
  return packages.filter((one) => one !== undefined);
}

type Json = Readonly<Record<string, unknown>>;

async function versionsIn(tree: Tree, path: string, name: string): Promise<Json[]> {
  if (!tree.has(path)) return [];
  try {
    const document = parseJson(await tree.read(path), path);
    const packages = isObject(document) ? document.packages : undefined;
    const versions = isObject(packages) ? packages[name] : undefined;
    return Array.isArray(versions) ? expandMinified(versions).filter(isObject) : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** What the page shows of a package's versions, in whatever order they come; `undefined` where there are none. */
export function pagePackage(name: string, versions: readonly Json[]): PagePackage | undefined {
  const sorted = versions.map(ranked).sort(newerFirst);
  // A stable version goes before a later pre-release: it is what `composer require` takes.
  const newest = sorted.find(({ rank }) => rank === 3) ?? sorted[0];
  if (newest === undefined) return undefined;
  const others = sorted.filter((one) => one !== newest);
  const { json } = newest;
  const { abandoned, license } = json;
  return {
    name,
    description: shown(json.description, LONGEST_DESCRIPTION),
    license: (Array.isArray(license) ? license : [license])
      .map((one) => shown(one))
      .filter((one) => one !== ""),
    ...(abandoned === true || typeof abandoned === "string" ? { abandoned: shown(abandoned) } : {}),
    install: installText(name, newest),
    requires: isObject(json.require)
      ? Object.entries(json.require).map(
          ([required, constraint]) => [shown(required), shown(constraint)] as const,
        )
      : [],
    reference: referenceOf(json),
    versions: [newest, ...others].map((one) => [shown(one.version), dayOf(one.json.time)] as const),
  };
}

interface Ranked {
  readonly json: Json;
  readonly version: string;
  readonly normalized: string;
  /** 3 stable, 2 before a release, 1 the default branch, 0 another branch. */
  readonly rank: number;
}

function ranked(json: Json): Ranked {
  const version = typeof json.version === "string" ? json.version : "";
  const given = json.version_normalized;
  const normalized = typeof given === "string" ? given : (normalize(version) ?? version);
  const stability = stabilityOf(normalized);
  const released = stability === "stable" ? 3 : 2;
  const branch = json["default-branch"] === true ? 1 : 0;
  return { json, version, normalized, rank: stability === "dev" ? branch : released };
}

function newerFirst(a: Ranked, b: Ranked): number {
  // Releases before branches, and the default branch before the others.
  const [left, right] = [Math.min(a.rank, 2), Math.min(b.rank, 2)];
  if (left !== right) return right - left;
  return compareVersions(b.normalized, a.normalized) || (a.version < b.version ? -1 : 1);
}

/** Without a stable version, Composer takes a package only where the version is named; one that a shell would act on is not. */
function installText(name: string, { version, rank }: Ranked): string {
  return rank === 3 || !/^[\w.+/-]+$/.test(version) ? name : `${name}:${version}`;
}

function referenceOf({ source, dist }: Json): string {
  const of = (place: unknown) => (isObject(place) ? shown(place.reference) : "");
  return of(source) || of(dist);
}

/** The day in UTC; empty where there is none. */
function dayOf(time: unknown): string {
  const date = new Date(typeof time === "string" ? time : Number.NaN);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString().slice(0, 10);
}

/** Untrusted text as one line without control characters and credentials. */
function shown(value: unknown, limit = 200): string {
  if (typeof value !== "string") return "";
  const characters = [...safeText(value.replace(/\s+/g, " ").trim())];
  return characters.length > limit ? `${characters.slice(0, limit - 1).join("")}…` : characters.join("");
}
