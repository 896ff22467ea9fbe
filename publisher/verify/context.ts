import type { Fault } from "../fault.ts";
import type { PlannedRepository } from "../plan.ts";
import type { Candidate } from "./gate.ts";
import { type Metadata, readMetadata, type VersionFacts } from "./metadata.ts";
import { leftOutBy, leftOutByEntries } from "./selection.ts";

/** Metadata of both trees; `published` only where there is a published tree that can be read. */
export interface Both {
  readonly now: Metadata;
  readonly before?: Metadata;
}

export async function readBoth({ tree, published }: Candidate): Promise<Both> {
  const now = await readMetadata(tree);
  return published === undefined ? { now } : { now, before: await readMetadata(published) };
}

/** Packages that are as they were, or not there, because something holds them: no gate asks them for anything new. */
export function isHeld({ held, record }: Candidate, name: string): boolean {
  return held?.has(name) === true || (record !== undefined && Object.hasOwn(record.held, name));
}

/** Gives the repository of a package by the record, else by the plan, else by the previous record. */
export function repositoryFinder({
  record,
  plan,
}: Candidate): (name: string) => PlannedRepository | undefined {
  const repositories = plan?.repositories ?? [];
  const byId = new Map(repositories.map((repository) => [repository.id, repository]));
  const byName = new Map(
    repositories.flatMap((repository) =>
      repository.packageName === undefined
        ? []
        : [[repository.packageName.toLowerCase(), repository] as const],
    ),
  );
  const claimed = (from: Candidate["record"], name: string) =>
    from !== undefined && Object.hasOwn(from.packages, name)
      ? byId.get(from.packages[name]?.repository ?? "")
      : undefined;
  return (name) => claimed(record, name) ?? byName.get(name) ?? claimed(plan?.previous, name);
}

/** Says why satis.json leaves a version out; `undefined` where it takes it, or there is no satis.json to ask. */
export function whyLeftOut(
  { satis, settings }: Candidate,
  version: { readonly package: string; readonly normalized: string; readonly type?: string },
  repository: PlannedRepository | undefined,
): string | undefined {
  if (satis === undefined) return undefined;
  const bySelection = leftOutBy(satis, version);
  if (bySelection !== undefined || repository === undefined) return bySelection;
  return leftOutByEntries(satis, version.package, { id: repository.id, githubHost: settings?.githubHost });
}

/** A fault of one package. */
export function packageFault(by: string, name: string, message: string, remedy: string): Fault {
  return { by, package: name, message, remedy };
}

/** Versions by their normalized form. */
export function byNormalized(versions: readonly VersionFacts[]): Map<string, VersionFacts> {
  return new Map(versions.map((version) => [version.normalized, version]));
}
