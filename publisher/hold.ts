import { rm } from "node:fs/promises";
import { join } from "node:path";
import { safeText } from "../fleet/findings.ts";
import type { Fault } from "./fault.ts";
import type { Packages } from "./packages-json.ts";
import type { BuildRecord, Held } from "./record.ts";
import { copyFiles } from "./stage.ts";
import { packageFiles, type Tree } from "./tree.ts";

/** What is published, and what is to be. */
export interface HoldInput {
  readonly staged: string;
  readonly published: Tree | undefined;
  readonly publishedPackages: Packages;
  /** Packages of the staged tree; changed by a hold. */
  readonly packages: Packages;
}

/**
 * Puts a package back to what is published, byte for byte, or takes it out where nothing is; tells whether something is.
 *
 * Its versions in the include file go with it. The rest of the tree knows nothing of it.
 */
export async function hold(name: string, input: HoldInput): Promise<boolean> {
  const { staged, published, publishedPackages, packages } = input;
  const versions = publishedPackages.get(name);
  const paths = packageFiles(name).filter((path) => published?.has(path));
  if (published === undefined || versions === undefined || paths.length === 0) {
    packages.delete(name);
    await Promise.all(packageFiles(name).map((path) => rm(join(staged, path), { force: true })));
    return false;
  }
  await copyFiles(published, paths, staged);
  packages.set(name, versions);
  return true;
}

/** The record's entry for a hold; `since` stays as long as the package, or its repository, is held without interruption. */
export function heldEntry(
  key: string,
  fault: Pick<Fault, "message" | "remedy">,
  {
    repository,
    published,
    previous,
    now,
  }: {
    readonly repository: string | undefined;
    readonly published: boolean;
    readonly previous: BuildRecord | undefined;
    readonly now: string;
  },
): Held {
  const before = previous?.held ?? {};
  const earlier =
    before[key] ??
    Object.values(before).find((held) => repository !== undefined && held.repository === repository);
  return {
    ...(repository === undefined ? {} : { repository }),
    reason: safeText(fault.message),
    remedy: safeText(fault.remedy),
    since: earlier?.since ?? now,
    published,
  };
}
