import { stat } from "node:fs/promises";
import { join } from "node:path";
import { quoted } from "../../fleet/findings.ts";
import type { Fault } from "../fault.ts";
import { inParallel } from "../parallel.ts";
import type { Tree } from "../tree.ts";
import type { Gate } from "./gate.ts";

/** What GitHub takes: a Pages site of 1 GB, and in git a file of 100 MB (docs.github.com, "GitHub Pages limits", "About large files"). */
export interface Budget {
  readonly siteBytes: number;
  readonly fileBytes: number;
  /** Far more than 5,000 packages need; beyond it something else than a registry is being published. */
  readonly files: number;
}

const BUDGET: Budget = { siteBytes: 1_000_000_000, fileBytes: 100_000_000, files: 50_000 };

/** Makes the gate for other limits than {@link BUDGET}. */
export function sizeGate(budget: Budget = BUDGET): Gate {
  return {
    name: "size",
    guarantees: `the tree is within what GitHub takes: ${megabytes(budget.siteBytes)} in all, ${megabytes(budget.fileBytes)} a file, ${budget.files.toLocaleString("en")} files`,
    check: async ({ tree }) => faultsOf(await sizes(tree), budget),
  };
}

interface Sized {
  readonly path: string;
  readonly bytes: number;
}

/** Largest first. */
async function sizes(tree: Tree): Promise<Sized[]> {
  const all = await inParallel(tree.files, 16, async (path) => ({
    path,
    bytes: (await stat(join(tree.root, path))).size,
  }));
  return all.sort((a, b) => b.bytes - a.bytes);
}

function faultsOf(files: readonly Sized[], budget: Budget): Fault[] {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const large = files.filter(({ bytes }) => bytes > budget.fileBytes);
  const fewer =
    "fewer versions would do: minimum-stability, blacklist or require in satis.json, or a second registry";
  const faults: [boolean, string][] = [
    [
      total > budget.siteBytes,
      `the registry has ${megabytes(total)}, and a site may have ${megabytes(budget.siteBytes)}; the largest files: ${named(files)}`,
    ],
    [large.length > 0, `git takes files up to ${megabytes(budget.fileBytes)}: ${named(large)}`],
    [
      files.length > budget.files,
      `the registry has ${files.length.toLocaleString("en")} files, more than ${budget.files.toLocaleString("en")}`,
    ],
  ];
  return faults.filter(([wrong]) => wrong).map(([, message]) => ({ by: "size", message, remedy: fewer }));
}

function named(files: readonly Sized[]): string {
  return files
    .slice(0, 3)
    .map(({ path, bytes }) => `${quoted(path)} (${megabytes(bytes)})`)
    .join(", ");
}

function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString("en")} MB`;
}
