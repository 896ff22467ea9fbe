import { safeText } from "../fleet/findings.ts";

/** Something that stands in the way of publishing: one package, or, without `package`, everything. */
export interface Fault {
  /** What found it: `satis`, `claim`, or a gate's name. */
  readonly by: string;
  /** Package in lower case, or the repository's id where no name is known. */
  readonly package?: string;
  /** Fit to print. */
  readonly message: string;
  readonly remedy: string;
}

/** Exit codes of every command; the documentation lists the same. */
export const EXIT = {
  done: 0,
  /** Nothing, or not everything, was done: wrong input, or a fault of the whole fleet. The last good site stays. */
  failed: 1,
  /** Published, and something is held: the run is red so that somebody looks. */
  held: 2,
  /** Somebody else published in between: plan again. */
  raced: 75,
} as const;

/** Ends a command with a message for people and no stack trace. */
export class PublishError extends Error {
  override readonly name = "PublishError";
  readonly faults: readonly Fault[];
  readonly exitCode: number;

  constructor(faults: readonly Fault[], exitCode: number = EXIT.failed) {
    super(faults.map(faultText).join("\n"));
    this.faults = faults;
    this.exitCode = exitCode;
  }
}

/** One line, fit to print. */
export function faultText({ by, package: name, message, remedy }: Fault): string {
  return safeText(`${by}: ${name === undefined ? "" : `${name}: `}${message}: ${remedy}`);
}
