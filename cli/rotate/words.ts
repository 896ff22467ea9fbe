/** What a rotation came to. */
export interface Rotated {
  /** Secrets that hold the new token. */
  readonly secrets: number;
  /** Those of them that this run has written. */
  readonly updated: number;
  /** File with the stack's configuration. */
  readonly configFile: string;
  /** Whether the configuration held the token before. */
  readonly resumed: boolean;
}

/** Says who holds the new token. @param left secrets that do not yet */
export function standing(secrets: number, left: number): string {
  if (left === 0) return secrets === 1 ? "the one secret holds it" : `all ${secrets} secrets hold it`;
  return `${secrets - left} of ${secrets} secrets hold it, ${left} ${left === 1 ? "does" : "do"} not yet`;
}

/** Says how far the token has come where it fails and nothing is put back. @param left `undefined`: not known */
export function unfinished(secrets: number, left: number | undefined): string {
  if (left === undefined) return "how many secrets hold this token is not known: run it again";
  return `the configuration keeps this token; ${standing(secrets, left)}: run it again, or rotate to another one`;
}

/** Says what of the other secrets where the canary was put back. @param holding those that held the new token before this run */
export function untouched(others: number, holding: number): string {
  if (holding === 0) return "no other repository was given the new token";
  return `${holding} of ${others} other secrets held the new token before, and still do`;
}

/** Says what to do now. The next update from the committed file would write the old token back, and once it is revoked nobody could notify. */
export function conclusion({ secrets, updated, configFile, resumed }: Rotated): string {
  const commit = `commit ${configFile}, for an update from the committed one writes the old token back`;
  if (updated === 0) {
    const nothing = `nothing to write: ${standing(secrets, 0)} already`;
    return resumed ? nothing : `${nothing}; ${commit}`;
  }
  const done = `done: ${secrets} ${secrets === 1 ? "secret holds" : "secrets hold"} the new token`;
  return `${done}; ${commit}; then revoke the old one`;
}
