import { quoted } from "../../fleet/findings.ts";
import type { Fault } from "../fault.ts";
import { RECORD_FILE } from "../record.ts";
import { packageFiles, type Tree } from "../tree.ts";
import { packageFault } from "./context.ts";
import type { Gate } from "./gate.ts";
import { isDev, type Metadata, packageOf, readMetadata, type VersionFacts } from "./metadata.ts";
import type { Root } from "./root.ts";
import { fits } from "./selection.ts";

/** Files of a registry that Composer never asks for. */
const OTHER_FILES: readonly string[] = [
  "packages.json",
  "index.html",
  "README.md",
  RECORD_FILE,
  ".nojekyll",
  "CNAME",
];

const BY = "files-match-list";
const REBUILD = "it is built again at the next run";

/** The list, the files in p2/ and the include file say the same; see {@link Gate.guarantees}. */
export const filesMatchList: Gate = {
  name: BY,
  guarantees:
    "available-packages and the files in p2/ are one to one (NAME.json with the stable versions, NAME~dev.json with the development ones, under their own name), the include file holds the same versions, and no file is left that nothing refers to",
  async check({ tree }) {
    const metadata = await readMetadata(tree);
    const { root } = metadata;
    if (root === undefined) return [];
    const broken = new Set(metadata.faults.map(({ package: name }) => name));
    const list = new Set(root.list ?? metadata.packages.keys());
    return [
      ...[...list].filter((name) => !broken.has(name)).flatMap((name) => faultsOf(name, metadata, tree)),
      ...(root.list === undefined ? unmatched(metadata, root) : []),
      ...includeStrangers(root, list),
      ...strays(tree, root, list),
    ];
  },
};

function faultsOf(name: string, { packages, root }: Metadata, tree: Tree): Fault[] {
  const missing = packageFiles(name).filter((path) => !tree.has(path));
  if (missing.length > 0)
    return [packageFault(BY, name, `listed, and ${missing.join(" and ")} is not there`, REBUILD)];
  const versions = packages.get(name) ?? [];
  const message =
    wrongVersion(name, versions) ?? (root === undefined ? undefined : includeDiffers(name, versions, root));
  return message === undefined ? [] : [packageFault(BY, name, message, REBUILD)];
}

function wrongVersion(name: string, versions: readonly VersionFacts[]): string | undefined {
  if (versions.length === 0) return "listed without any version";
  const other = versions.find((version) => version.name.toLowerCase() !== name);
  if (other !== undefined) return `its files hold versions of ${quoted(other.name)}`;
  const misplaced = versions.find((version) => version.inDevFile !== isDev(version));
  if (misplaced !== undefined) {
    const { version, inDevFile } = misplaced;
    return `${quoted(version)} stands in ${inDevFile ? "the file of development versions" : "the file of stable versions"}`;
  }
  return undefined;
}

/** Composer 1 and Satis's next partial build read the include file: what is missing there is lost at the next build. */
function includeDiffers(
  name: string,
  versions: readonly VersionFacts[],
  { includes, included }: Root,
): string | undefined {
  if (includes.length === 0) return "there is no include file, so the next partial build would lose it";
  const digests = included.get(name) ?? new Map<string, string>();
  const differing = versions.find(({ version, digest }) => digests.get(version) !== digest);
  if (differing !== undefined)
    return `the include file differs from its own files at ${quoted(differing.version)}`;
  return digests.size === versions.length
    ? undefined
    : "the include file has more versions than its own files";
}

function unmatched({ packages }: Metadata, { patterns }: Root): Fault[] {
  return [...packages.keys()]
    .filter((name) => !patterns.some((pattern) => fits(name, pattern)))
    .map((name) =>
      packageFault(
        BY,
        name,
        "no pattern of available-package-patterns names it, so Composer never asks for it",
        "name it there in satis.json, or leave available-package-patterns out",
      ),
    );
}

function includeStrangers({ included }: Root, list: ReadonlySet<string>): Fault[] {
  return [...included.keys()]
    .filter((name) => !list.has(name))
    .map((name) => packageFault(BY, name, "the include file has it and the list does not", REBUILD));
}

function strays(tree: Tree, { includes }: Root, list: ReadonlySet<string>): Fault[] {
  const known = new Set([...OTHER_FILES, ...includes]);
  return tree.files
    .filter((path) => !known.has(path) && !list.has(packageOf(path) ?? ""))
    .map((path) => {
      const name = packageOf(path);
      const message = `nothing refers to ${quoted(path)}`;
      const remedy = "remove it, or build everything again";
      return name === undefined ? { by: BY, message, remedy } : packageFault(BY, name, message, remedy);
    });
}
