import { createHash } from "node:crypto";
import { quoted } from "../../fleet/findings.ts";
import { isPackageName } from "../../fleet/grammar.ts";
import { isObject } from "../../fleet/satis-entries.ts";
import type { Fault } from "../fault.ts";
import type { Tree } from "../tree.ts";
import { parseJson, versionDigest, versionProblem } from "./shape.ts";

/** What packages.json says, and the include files that it leads to. */
export interface Root {
  readonly metadataUrl: string;
  /** `available-packages`; absent where `available-package-patterns` stands in its place. */
  readonly list?: readonly string[];
  readonly patterns: readonly string[];
  /** Paths of the include files. */
  readonly includes: readonly string[];
  /** Digests of the versions that the include files hold, by package and version. */
  readonly included: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

interface RootResult {
  readonly root?: Root;
  readonly faults: readonly Fault[];
}

const REBUILD = "build everything again: satis-fleet publishes only what it has written itself";

/** Reads packages.json and its include files; a fault of either is the whole registry's. */
export async function readRoot(tree: Tree): Promise<RootResult> {
  try {
    return { root: await rootOf(tree), faults: [] };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { faults: [{ by: "parses", message: error.message, remedy: REBUILD }] };
  }
}

async function rootOf(tree: Tree): Promise<Root> {
  if (!tree.has("packages.json")) throw new SyntaxError("there is no packages.json");
  const document = parseJson(await tree.read("packages.json"), "packages.json");
  if (!isObject(document)) throw new SyntaxError("packages.json is no object");
  const metadataUrl = document["metadata-url"];
  if (typeof metadataUrl !== "string" || !metadataUrl.includes("%package%"))
    throw new SyntaxError("packages.json has no metadata-url with %package%");
  // Composer would read these packages from here, and their files in p2/ never.
  if (!isEmptyTable(document.packages)) throw new SyntaxError('packages.json has "packages" of its own');
  const list = document["available-packages"];
  const patterns = document["available-package-patterns"] ?? [];
  if (!isTexts(patterns)) throw new SyntaxError("available-package-patterns is no list of texts");
  if (list === undefined && patterns.length === 0)
    throw new SyntaxError("packages.json has no available-packages");
  if (list !== undefined) checkList(list);
  const includes = includesIn(document.includes);
  const included = new Map<string, Map<string, string>>();
  for (const { path, sha1 } of includes) await readInclude(tree, path, sha1, included);
  return {
    metadataUrl,
    ...(list === undefined ? {} : { list }),
    patterns,
    includes: includes.map(({ path }) => path),
    included,
  };
}

/** PHP writes an empty table as an empty list. */
function isEmptyTable(value: unknown): boolean {
  return (
    value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0)
  );
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function checkList(list: unknown): asserts list is string[] {
  if (!isTexts(list)) throw new SyntaxError("available-packages is no list of texts");
  const wrong = list.find((name) => !isPackageName(name));
  if (wrong !== undefined)
    throw new SyntaxError(`available-packages has ${quoted(wrong)}, which is no package name`);
  if (new Set(list).size !== list.length) throw new SyntaxError("available-packages names a package twice");
}

function includesIn(value: unknown): { path: string; sha1: string }[] {
  if (isEmptyTable(value)) return [];
  if (!isObject(value)) throw new SyntaxError('"includes" is no table');
  return Object.entries(value).map(([path, entry]) => {
    const sha1 = isObject(entry) ? entry.sha1 : undefined;
    if (typeof sha1 !== "string") throw new SyntaxError(`the include ${quoted(path)} has no sha1`);
    return { path, sha1 };
  });
}

async function readInclude(
  tree: Tree,
  path: string,
  sha1: string,
  into: Map<string, Map<string, string>>,
): Promise<void> {
  if (!tree.has(path)) throw new SyntaxError(`the include ${quoted(path)} is not there`);
  const content = await tree.read(path);
  if (createHash("sha1").update(content).digest("hex") !== sha1)
    throw new SyntaxError(`the include ${quoted(path)} has another sha1 than packages.json says`);
  const document = parseJson(content, path);
  const packages = isObject(document) ? document.packages : undefined;
  if (!isObject(packages) && !isEmptyTable(packages)) throw new SyntaxError(`${path} has no "packages"`);
  for (const [name, versions] of Object.entries(packages ?? {})) {
    if (typeof versions !== "object" || versions === null)
      throw new SyntaxError(`${path} has no versions for ${quoted(name)}`);
    const digests = into.get(name) ?? new Map<string, string>();
    for (const value of Object.values(versions)) {
      const problem = versionProblem(value);
      if (!isObject(value) || problem !== undefined)
        throw new SyntaxError(`${path}: ${quoted(name)}: ${problem}`);
      digests.set(String(value.version), versionDigest(value));
    }
    into.set(name, digests);
  }
}
