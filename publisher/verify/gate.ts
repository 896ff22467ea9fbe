import type { RegistrySettings } from "../../fleet/registry-settings.ts";
import type { Satis } from "../../fleet/satis.ts";
import type { Fault } from "../fault.ts";
import type { Plan } from "../plan.ts";
import type { BuildRecord } from "../record.ts";
import type { Tree } from "../tree.ts";

/** What a gate may look at. Only `tree` is there when a directory is verified by itself (`verify DIR`, or a published tree). */
export interface Candidate {
  readonly tree: Tree;
  readonly record?: BuildRecord;
  /** The last good tree; absent before the first publish. */
  readonly published?: Tree;
  readonly plan?: Plan;
  readonly satis?: Satis;
  readonly settings?: RegistrySettings;
  /** Packages built anew, in lower case; all others must be as they were. */
  readonly rebuilt?: ReadonlySet<string>;
  /** Packages carried over or left out. */
  readonly held?: ReadonlySet<string>;
  /** Values of the environment that must appear nowhere. */
  readonly secrets?: readonly string[];
}

/** What a gate may use of the world; none of it writes. */
export interface World {
  /** Asks for the headers of a dist; `undefined` where the network is not to be used. */
  readonly head?: (url: string) => Promise<number>;
  /** Takes what is worth saying and no fault. */
  readonly warn?: (message: string) => void;
  /** Path of a Composer to resolve with. */
  readonly composer?: string;
}

/** One question to a tree. Gates do not depend on each other, and one that needs what is not there finds nothing. */
export interface Gate {
  /** Short, in kebab case: `parses`, `versions-kept`. */
  readonly name: string;
  /** What holds when it finds nothing, for documentation. */
  readonly guarantees: string;
  check(candidate: Candidate, world: World): Promise<readonly Fault[]>;
}
