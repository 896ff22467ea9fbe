import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { quoted } from "../../fleet/findings.ts";
import { isPackageName } from "../../fleet/grammar.ts";
import { parseRepositoryUrl } from "../../fleet/repository-url.ts";
import type { Fault } from "../fault.ts";
import { type PackageFiles, readPackage } from "../packages-json.ts";
import { inParallel } from "../parallel.ts";
import { FILES_AT_ONCE } from "../stage.ts";
import { openTree, type Tree, type Version } from "../tree.ts";
import type { Built } from "./attempts.ts";
import type { Target } from "./output.ts";

/** What is taken from Satis, and what is not. */
export interface Collected {
  /** By package name: its files as Satis wrote them, and its versions. */
  readonly packages: ReadonlyMap<string, Required<PackageFiles>>;
  /** Packages of which satis.json selects no version. */
  readonly unselected: readonly string[];
  readonly faults: readonly Fault[];
}

/** What {@link collect} judges by. */
export interface CollectContext {
  readonly githubHost: string;
  /** Ids of all repositories of the plan. */
  readonly repositories: ReadonlySet<string>;
  /** Whether packages that no entry with refs stands for are taken too; their names must not be in `claimed`. */
  readonly whole: boolean;
  readonly claimed: ReadonlySet<string>;
}

/**
 * Takes from Satis's trees the packages that were asked for, each with two files that hold versions of it from its own
 * repository, and nothing else: what Satis loses, adds or leaves half written stays there.
 */
export async function collect(built: readonly Built[], context: CollectContext): Promise<Collected> {
  const packages = new Map<string, Required<PackageFiles>>();
  const faults: Fault[] = [];
  const unselected: string[] = [];
  for (const { run, targets, said } of built) {
    faults.push(...said.faults);
    const faulty = new Set(said.faults.map((fault) => fault.package));
    const tree = await openTree(run.out);
    const listed = await listedIn(run.out);
    const wanted = targets.filter(({ packageName }) => !faulty.has(packageName));
    const asked = new Set(targets.map(({ packageName }) => packageName));
    const others = listed.filter((name) => !asked.has(name));
    await inParallel(wanted, FILES_AT_ONCE, async (target) => {
      const read = await readPackage(tree, target.packageName);
      const { files, versions = [] } = read;
      const { packageName } = target;
      const isEmpty = versions.length === 0;
      const problem = problemOf(target, read, context);
      if (problem === undefined && isEmpty && said.unselected.has(packageName)) unselected.push(packageName);
      else if (problem === undefined && !isEmpty) packages.set(packageName, { files, versions });
      else faults.push(faultOf(packageName, problem ?? (await missing(tree, target, others, context))));
    });
    if (context.whole) faults.push(...(await collectOthers(tree, others, context, packages)));
  }
  return { packages, unselected, faults };
}

/** Packages of registries, archives and `package` entries, whose names nobody claims. */
async function collectOthers(
  tree: Tree,
  names: readonly string[],
  { claimed }: CollectContext,
  into: Map<string, Required<PackageFiles>>,
): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  await inParallel(
    names.filter((name) => !claimed.has(name)),
    FILES_AT_ONCE,
    async (name) => {
      const { files, versions } = await readPackage(tree, name);
      if (versions !== undefined && versions.length > 0) into.set(name, { files, versions });
      else faults.push(faultOf(name, "its files do not hold its versions"));
    },
  );
  return faults;
}

/** Names that Satis lists, as far as they are names; none where packages.json is no JSON. */
async function listedIn(out: string): Promise<readonly string[]> {
  try {
    const root = JSON.parse(await readFile(join(out, "packages.json"), "utf8"));
    const names: unknown[] = Array.isArray(root["available-packages"]) ? root["available-packages"] : [];
    return names.filter((name) => typeof name === "string").filter((name) => isPackageName(name));
  } catch {
    return [];
  }
}

function problemOf(
  target: Target,
  { files, versions }: PackageFiles,
  context: CollectContext,
): string | undefined {
  if (files.length === 0) return undefined;
  if (versions === undefined) return "Satis wrote files that do not hold its versions";
  const strange = versions.find((one) => {
    const id = repositoryOf(one, context.githubHost);
    return id !== undefined && id !== target.id && context.repositories.has(id);
  });
  return strange === undefined ? undefined : `Satis took ${quoted(strange.version)} from another repository`;
}

/** Says why there is nothing: often its composer.json got another name since the plan. */
async function missing(
  tree: Tree,
  target: Target,
  others: readonly string[],
  { githubHost }: CollectContext,
): Promise<string> {
  for (const name of others) {
    const { versions = [] } = await readPackage(tree, name);
    if (versions.some((one) => repositoryOf(one, githubHost) === target.id)) {
      return `its repository now gives the name ${quoted(name)}`;
    }
  }
  return "Satis built no version of it, and did not say why";
}

function repositoryOf({ source }: Version, githubHost: string): string | undefined {
  if (typeof source?.url !== "string") return undefined;
  const { url } = parseRepositoryUrl(source.url, githubHost);
  return url === undefined || url.kind === "local" ? undefined : `${url.host}/${url.path}`;
}

function faultOf(name: string, message: string): Fault {
  const remedy = "see what Satis says in the run's log; it is built again at the next run";
  return { by: "satis", package: name, message, remedy };
}
