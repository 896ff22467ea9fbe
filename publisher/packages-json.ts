import { createHash } from "node:crypto";
import { isObject } from "../fleet/satis-entries.ts";
import { inParallel } from "./parallel.ts";
import { BUILD_KEY } from "./record.ts";
import { FILES_AT_ONCE, writeBelow } from "./stage.ts";
import { packageFiles, type Tree, type Version } from "./tree.ts";

/** The versions of every package, by name in lower case. */
export type Packages = Map<string, readonly Version[]>;

/** What packages.json says besides the packages. */
export interface RootInput {
  readonly build: string;
  /** Where Composer finds a package's file; the hosting's. */
  readonly metadataUrl: string;
  /** Settings of satis.json that Satis would write there too. */
  readonly document: {
    readonly "notify-batch"?: string | undefined;
    readonly "available-package-patterns"?: readonly string[] | undefined;
  };
}

/** JSON as PHP's json_encode writes it for Satis: four spaces, slashes and Unicode as they are, a line break at the end. */
export function phpJson(value: unknown): string {
  const text = JSON.stringify(value, null, 4);
  return `${text.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029")}\n`;
}

/**
 * Writes the include files of all packages and a packages.json that names them; gives the include files' paths.
 *
 * Each carries its hash in its name, so that all are consistent whoever caches which of them. A small fleet has one. A large one has
 * many: one file would outgrow git's 100 MB at some 2,600 packages, and every build would commit all of it again.
 */
export async function writeRoot(
  staged: string,
  packages: Packages,
  input: RootInput,
): Promise<readonly string[]> {
  const names = [...packages.keys()].sort();
  const includes = includeFiles(names, packages);
  const { document } = input;
  const patterns = document["available-package-patterns"];
  const root = {
    packages: [],
    includes: Object.fromEntries(includes.map(({ path, sha1 }) => [path, { sha1 }])),
    "metadata-url": input.metadataUrl,
    "available-packages": names,
    ...(patterns === undefined ? {} : { "available-package-patterns": patterns }),
    ...(document["notify-batch"] === undefined ? {} : { "notify-batch": document["notify-batch"] }),
    [BUILD_KEY]: input.build,
  };
  for (const { path, content } of includes) await writeBelow(staged, path, content);
  await writeBelow(staged, "packages.json", phpJson(root));
  return includes.map(({ path }) => path);
}

/** Hexadecimal digits of a name's hash that tell its include file: 1, 16 or 256 files. */
function includeDigits(count: number): number {
  return count <= 100 ? 0 : count <= 1000 ? 1 : 2;
}

function includeFiles(
  names: readonly string[],
  packages: Packages,
): readonly { readonly path: string; readonly sha1: string; readonly content: string }[] {
  const digits = includeDigits(names.length);
  const groups = new Map<string, [string, Record<string, Version>][]>(digits === 0 ? [["all", []]] : []);
  for (const name of names) {
    const key = digits === 0 ? "all" : sha1Of(name).slice(0, digits);
    const group = groups.get(key) ?? [];
    const versions = (packages.get(name) ?? []).map((one): [string, Version] => [one.version, one]);
    group.push([name, Object.fromEntries(versions)]);
    groups.set(key, group);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, group]) => {
      const content = phpJson({ packages: Object.fromEntries(group) });
      const sha1 = sha1Of(content);
      return { path: `include/${key}$${sha1}.json`, sha1, content };
    });
}

function sha1Of(content: string | Buffer): string {
  return createHash("sha1").update(content).digest("hex");
}

/**
 * Reads the versions of all packages of a tree: from its include files, each parsed once, and where one is missing or does
 * not have its hash, from the packages' own files.
 */
export async function readPackages(tree: Tree): Promise<Packages> {
  const included = await fromIncludes(tree).catch(() => undefined);
  if (included !== undefined) return included;
  const packages: Packages = new Map();
  const names = tree.files
    .map((path) => /^p2\/(.+?)(?:~dev)?\.json$/.exec(path)?.[1])
    .filter((name) => name !== undefined);
  await inParallel([...new Set(names)], FILES_AT_ONCE, async (name) => {
    const { versions } = await readPackage(tree, name);
    if (versions !== undefined) packages.set(name, versions);
  });
  return packages;
}

async function fromIncludes(tree: Tree): Promise<Packages | undefined> {
  const root: unknown = JSON.parse((await tree.read("packages.json")).toString());
  const includes = isObject(root) && isObject(root.includes) ? Object.entries(root.includes) : [];
  if (includes.length === 0) return undefined;
  const packages: Packages = new Map();
  for (const [path, hash] of includes) {
    const content = await tree.read(path);
    if (!tree.has(path) || !isObject(hash) || hash.sha1 !== sha1Of(content)) return undefined;
    const read = JSON.parse(content.toString()) as { packages: Record<string, Record<string, Version>> };
    for (const [name, versions] of Object.entries(read.packages)) packages.set(name, Object.values(versions));
  }
  return packages;
}

/** A package's two files; without `versions` where they are not what they should be. */
export interface PackageFiles {
  readonly files: readonly (readonly [path: string, content: Buffer])[];
  readonly versions?: readonly Version[];
}

/** Reads the files of one package and looks whether they hold versions of it and of nothing else. */
export async function readPackage(tree: Pick<Tree, "has" | "read">, name: string): Promise<PackageFiles> {
  const paths = packageFiles(name).filter((path) => tree.has(path));
  const files = await Promise.all(paths.map(async (path) => [path, await tree.read(path)] as const));
  const lists = files.map(([, content]) => versionsIn(content.toString(), name));
  const isWhole = files.length === 2 && lists.every((list) => list !== undefined);
  return { files, ...(isWhole ? { versions: lists.flatMap((list) => list ?? []) } : {}) };
}

function versionsIn(text: string, name: string): Version[] | undefined {
  try {
    const { packages } = JSON.parse(text) as { packages: unknown };
    const list: unknown = isObject(packages) ? packages[name] : undefined;
    return Array.isArray(list) && list.every((one) => isVersionOf(one, name)) ? list : undefined;
  } catch {
    return undefined;
  }
}

function isVersionOf(one: unknown, name: string): boolean {
  if (!isObject(one)) return false;
  return typeof one.name === "string" && one.name.toLowerCase() === name && typeof one.version === "string";
}
