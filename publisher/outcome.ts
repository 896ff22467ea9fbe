import type { Fault } from "./fault.ts";
import type { BuildRecord } from "./record.ts";

/** A version that came, went or moved, for the report and for consumers. */
export interface VersionChange {
  readonly package: string;
  readonly version: string;
  readonly kind: "added" | "removed" | "moved";
  /** Commit after the change; before it for `removed`. */
  readonly reference?: string;
}

/** What build and verify made of a plan, as `outcome.json` keeps it. */
export interface Outcome {
  readonly build: string;
  /** Packages that Satis built anew. */
  readonly rebuilt: readonly string[];
  readonly changes: readonly VersionChange[];
  /** Tags that are no version, and why. */
  readonly leftOut: readonly { readonly package: string; readonly tag: string; readonly reason: string }[];
  /** Faults that led to a hold. */
  readonly faults: readonly Fault[];
  /** What the staged tree's build.json says. */
  readonly record: BuildRecord;
  /** Nothing that anybody could see is other than what is published, so there is nothing to publish. */
  readonly unchanged: boolean;
  /** SHA-256 over the staged tree's paths and contents: what was verified is what is published. */
  readonly digest: string;
}
