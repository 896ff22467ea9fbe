import { isDeepStrictEqual } from "node:util";
import type { Packages } from "./packages-json.ts";
import type { Plan } from "./plan.ts";
import type { BuildRecord } from "./record.ts";
import { packageFiles, sha256, type Tree } from "./tree.ts";

/** What build.json is made from. */
export interface RecordInput {
  readonly plan: Plan;
  /** Packages of the staged tree. */
  readonly packages: Packages;
  /** Repository id by package name, for what was rebuilt and is not held. */
  readonly rebuilt: ReadonlyMap<string, string | undefined>;
  /** Package name by repository id, of which nothing is selected: there is nothing to build again, and the claim stays. */
  readonly unselected: ReadonlyMap<string, string>;
  readonly held: BuildRecord["held"];
  readonly staged: Pick<Tree, "has" | "read">;
}

/**
 * Says what the staged tree was built from.
 *
 * A repository that is held keeps the digest of the refs that its published files come from, so that it stays stale until
 * it is built with success.
 */
export async function makeRecord(input: RecordInput): Promise<BuildRecord> {
  const { plan, held } = input;
  const packages: BuildRecord["packages"] = {};
  for (const name of [...input.packages.keys()].sort()) packages[name] = await packageEntry(name, input);
  return {
    schema: 1,
    build: plan.build,
    builtAt: plan.now,
    fullBuiltAt: plan.action === "full" ? plan.now : (plan.previous?.fullBuiltAt ?? plan.now),
    kind: plan.action === "full" ? "full" : "partial",
    inputs: plan.inputs,
    repositories: repositoryEntries(input, packages),
    packages,
    held,
  };
}

async function packageEntry(name: string, input: RecordInput): Promise<BuildRecord["packages"][string]> {
  const { plan, rebuilt, staged } = input;
  const before = plan.previous?.packages[name];
  const repository = rebuilt.has(name) ? rebuilt.get(name) : before?.repository;
  const owner = repository === undefined ? {} : { repository };
  if (before !== undefined && !rebuilt.has(name)) return { ...owner, files: before.files };
  const files: Record<string, string> = {};
  for (const path of packageFiles(name)) if (staged.has(path)) files[path] = sha256(await staged.read(path));
  return { ...owner, files };
}

function repositoryEntries(
  { plan, rebuilt, unselected }: RecordInput,
  packages: BuildRecord["packages"],
): BuildRecord["repositories"] {
  const claims = new Map<string, string[]>();
  for (const [name, { repository }] of Object.entries(packages)) {
    if (repository !== undefined) claims.set(repository, [...(claims.get(repository) ?? []), name]);
  }
  const built = new Set([...rebuilt.values(), ...unselected.keys()]);
  for (const [id, name] of unselected) claims.set(id, [name]);
  const entries = plan.repositories.map(({ id, url, digest = "" }) => {
    const before = plan.previous?.repositories[id];
    const made = built.has(id)
      ? { refs: digest, builtAt: plan.now, build: plan.build }
      : { ...before, refs: before?.refs ?? "" };
    const earlier = (before?.packages ?? []).filter((name) => !Object.hasOwn(packages, name));
    return [id, { ...made, url, packages: claims.get(id) ?? earlier }];
  });
  return Object.fromEntries(entries);
}

const DAY = 24 * 3_600_000;

/**
 * Whether a build came to what is published already, its own id and times aside.
 *
 * What is held is tried again at every run, and must not make a commit and a deployment of it every hour. A build of everything is
 * worth recording once a day, or it would be due again at once.
 */
export function saysTheSame(record: BuildRecord, previous: BuildRecord | undefined): boolean {
  if (previous === undefined) return false;
  const rested = Date.parse(record.fullBuiltAt) - Date.parse(previous.fullBuiltAt) < DAY;
  return rested && isDeepStrictEqual(comparable(record), comparable(previous));
}

function comparable({ inputs, repositories, packages, held }: BuildRecord): unknown {
  const each = <T>(map: Readonly<Record<string, T>>, keep: (one: T) => unknown) =>
    Object.fromEntries(Object.entries(map).map(([id, one]) => [id, keep(one)]));
  return {
    inputs,
    repositories: each(repositories, ({ builtAt: _, build: __, ...rest }) => rest),
    packages,
    held: each(held, ({ since: _, ...rest }) => rest),
  };
}
