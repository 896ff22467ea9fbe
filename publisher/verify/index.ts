import { type Fault, PublishError } from "../fault.ts";
import { openTree, type Tree } from "../tree.ts";
import { composerResolves } from "./composer-resolves.ts";
import { distsReachableGate } from "./dists-reachable.ts";
import { expectedPackages } from "./expected-packages.ts";
import { filesMatchList } from "./files-match-list.ts";
import type { Candidate, Gate, World } from "./gate.ts";
import { noCredential } from "./no-credential.ts";
import { parses } from "./parses.ts";
import { recorded } from "./recorded.ts";
import { sizeGate } from "./size.ts";
import { sourcesAllowed } from "./sources-allowed.ts";
import { tagsAreVersions } from "./tags-are-versions.ts";
import { untouched } from "./untouched.ts";
import { versionsKept } from "./versions-kept.ts";

/** Every gate in the order in which it is asked: what the others stand on first, what asks the network last. */
export const GATES: readonly Gate[] = [
  parses,
  sizeGate(),
  filesMatchList,
  recorded,
  expectedPackages,
  untouched,
  versionsKept,
  tagsAreVersions,
  sourcesAllowed,
  noCredential,
  distsReachableGate(),
  composerResolves,
];

/** Gates that a tree answers by itself, in little more time than reading it takes. */
const ALONE: readonly Gate[] = [parses, filesMatchList, recorded];

/**
 * Asks every gate and gives all faults.
 *
 * The gates do not depend on each other; where the registry as a whole does not parse, none after `parses` is asked. What does not parse
 * of one package is that package's fault, and the other gates leave it out.
 */
export async function verify(
  candidate: Candidate,
  world: World = {},
  gates: readonly Gate[] = GATES,
): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const gate of gates) {
    faults.push(...(await gate.check(candidate, world)));
    if (gate === parses && faults.some(({ package: name }) => name === undefined)) break;
  }
  return faults;
}

/**
 * Verifies a tree by itself: it parses, its files are those of its list, and those of its build.json where it has one.
 *
 * Never throws for what the directory holds: a link in it, or no directory at all, is a fault too.
 */
export async function verifyDirectory(directory: string): Promise<Fault[]> {
  let tree: Tree;
  try {
    tree = await openTree(directory);
  } catch (error) {
    if (error instanceof PublishError) return [...error.faults];
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return [
      {
        by: "tree",
        message: `the directory cannot be read (${code})`,
        remedy: "name a directory that holds a registry",
      },
    ];
  }
  return verifyTree(tree);
}

/** {@link verifyDirectory} for a tree that is open; what it reads of the packages is there for who reads the same tree next. */
export function verifyTree(tree: Tree): Promise<Fault[]> {
  return verify({ tree }, {}, ALONE);
}
