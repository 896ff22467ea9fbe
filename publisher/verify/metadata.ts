import { quoted } from "../../fleet/findings.ts";
import { isObject } from "../../fleet/satis-entries.ts";
import type { Fault } from "../fault.ts";
import { inParallel } from "../parallel.ts";
import { packageFiles, type Tree, type Version } from "../tree.ts";
import { type Root, readRoot } from "./root.ts";
import { expandMinified, isVersion, parseJson, versionDigest, versionProblem } from "./shape.ts";
import { normalize, stabilityOf } from "./version.ts";

/** What the gates need to know of one version; the rest of it is a digest, so that a large registry fits into memory. */
export interface VersionFacts {
  readonly name: string;
  readonly version: string;
  readonly normalized: string;
  /** Stands in `name~dev.json`. */
  readonly inDevFile: boolean;
  readonly type: string;
  readonly time?: string;
  readonly source?: Place;
  readonly dist?: Place;
  /** Names of what it requires. */
  readonly requires: readonly string[];
  readonly defaultBranch: boolean;
  readonly digest: string;
}

/** Where a version's code is. */
export interface Place {
  readonly url: string;
  readonly reference?: string;
  /** Composer would ask these first. */
  readonly mirrored: boolean;
}

/** What a tree says, each file read and parsed once for all gates. */
export interface Metadata {
  /** Absent where packages.json does not parse. */
  readonly root?: Root;
  /** By the name that the file's path gives. */
  readonly packages: ReadonlyMap<string, readonly VersionFacts[]>;
  /** What does not parse; packages with such a fault are not in `packages`. */
  readonly faults: readonly Fault[];
}

const FILES_AT_ONCE = 16;
const known = new WeakMap<Tree, Promise<Metadata>>();

/**
 * Reads a tree's metadata, once for each {@link Tree} object: open the tree anew after its files have changed.
 *
 * Files are parsed one after the other and reduced to {@link VersionFacts}, so memory grows with the number of versions and not with
 * what is written in them.
 */
export function readMetadata(tree: Tree): Promise<Metadata> {
  const reading = known.get(tree) ?? read(tree);
  known.set(tree, reading);
  return reading;
}

async function read(tree: Tree): Promise<Metadata> {
  const { root, faults } = await readRoot(tree);
  const paths = [...new Set(tree.files.map(packageOf).filter((name) => name !== undefined))];
  const packages = new Map<string, readonly VersionFacts[]>();
  const found: Fault[] = [...faults];
  await inParallel(paths, FILES_AT_ONCE, async (name) => {
    const [stable, dev] = packageFiles(name);
    const files = [stable, dev].filter((path) => tree.has(path));
    try {
      const versions: VersionFacts[] = [];
      for (const path of files) versions.push(...versionsIn(await tree.read(path), name, path === dev));
      packages.set(name, versions);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      found.push({
        by: "parses",
        package: name,
        message: error.message,
        remedy: "build the package again; if it stays, its composer.json is what Composer cannot read",
      });
    }
  });
  return { ...(root === undefined ? {} : { root }), packages, faults: found };
}

/** Name of the package that a path is a file of; `undefined` for other files. */
export function packageOf(path: string): string | undefined {
  return /^p2\/(.+?)(?:~dev)?\.json$/.exec(path)?.[1];
}

/** @throws SyntaxError that says what is wrong, fit to print */
function versionsIn(content: Buffer, name: string, inDevFile: boolean): VersionFacts[] {
  const file = `its ${inDevFile ? "~dev.json" : ".json"}`;
  const document = parseJson(content, file);
  const packages = isObject(document) ? document.packages : undefined;
  if (!isObject(document) || !isObject(packages)) throw new SyntaxError(`${file} has no "packages"`);
  const { minified } = document;
  if (minified !== undefined && minified !== "composer/2.0")
    throw new SyntaxError(`${file} is minified in a way that Composer does not know`);
  return Object.entries(packages).flatMap(([key, versions]) => {
    if (!Array.isArray(versions)) throw new SyntaxError(`${file} has no list of versions for ${quoted(key)}`);
    return (minified === undefined ? versions : expandMinified(versions)).map((value) => {
      if (!isVersion(value)) throw new SyntaxError(`${file}: ${versionProblem(value)}`);
      // A file that holds another package's versions is for files-match-list to tell, which compares names.
      return factsOf(value, { name: key === name ? value.name : key, inDevFile, file });
    });
  });
}

function factsOf(
  value: Version,
  { name, inDevFile, file }: { readonly name: string; readonly inDevFile: boolean; readonly file: string },
): VersionFacts {
  const normalized = value.version_normalized ?? normalize(value.version);
  if (normalized === undefined)
    throw new SyntaxError(`${file}: ${quoted(value.version)} is no version that Composer can read`);
  const source = placeOf(value.source);
  const dist = placeOf(value.dist);
  return {
    name,
    version: value.version,
    normalized,
    inDevFile,
    type: typeof value.type === "string" ? value.type : "library",
    ...(value.time === undefined ? {} : { time: value.time }),
    ...(source === undefined ? {} : { source }),
    ...(dist === undefined ? {} : { dist }),
    requires: Object.keys(value.require ?? {}),
    defaultBranch: value["default-branch"] === true,
    digest: versionDigest(value),
  };
}

function placeOf(value: Version["source"] | Version["dist"] | null): Place | undefined {
  if (value === undefined || value === null) return undefined;
  const { url, reference } = value;
  return { url, ...(typeof reference === "string" ? { reference } : {}), mirrored: "mirrors" in value };
}

/** Stability `dev`, which decides in which of the two files a version stands. */
export function isDev({ version }: Pick<VersionFacts, "version">): boolean {
  return stabilityOf(version) === "dev";
}
