/** Faults that Satis is documented to have, as the variable SATIS_STANDIN_FAULTS (JSON) asks for them. */
export interface StandInFaults {
  /** Ends with code 1 and this message, where it builds one of `packages`, or always. */
  readonly fail?: { readonly message: string; readonly packages?: readonly string[] };
  /** Built, and not written: no message, code 0. */
  readonly drop?: readonly string[];
  /** Says that the requirement did not match, code 0. */
  readonly unmatched?: readonly string[];
  /** Skips the repositories of these packages with a message, code 0. */
  readonly skip?: readonly string[];
  /** Loses the newest versions of these packages, but for one. */
  readonly shrink?: readonly string[];
  /** Builds a package that nobody asked for. */
  readonly add?: string;
  /** Writes packages.json without its includes. */
  readonly noIncludes?: boolean;
  /** Paths that end up with half a JSON text. */
  readonly garbage?: readonly string[];
  /** Leaves an old include file behind, and `p2` files of a package that is no more. */
  readonly leftovers?: boolean;
  /** Writes this text into the files of a package, as its description. */
  readonly leak?: { readonly package: string; readonly text: string };
  /** Ends by SIGKILL: before it writes, or after a part of the files. */
  readonly killed?: "before" | "middle";
}

export function standInFaults(): StandInFaults {
  return JSON.parse(process.env.SATIS_STANDIN_FAULTS ?? "{}") as StandInFaults;
}
