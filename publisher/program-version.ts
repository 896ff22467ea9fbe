/** A finding about a program, without the file that findings of settings have. */
export interface VersionFinding {
  readonly severity: "fault" | "warning";
  readonly message: string;
  readonly remedy: string;
}

/** Oldest versions that the publisher works with. */
export const OLDEST = {
  /** Partial clones by filter and `push --force-with-lease` without surprises. */
  git: "2.30",
  /** What Satis asks for. */
  php: "8.4",
  /** Older ones may print a token of GitHub's newer format (CVE-2026-45793). */
  composer: "2.9.8",
} as const;

/** Tells which of two versions is older by their numbers; a pre-release comes before its release. */
export function isOlder(version: string, than: string): boolean {
  const [ours, theirs] = [numbersOf(version), numbersOf(than)];
  for (let index = 0; index < Math.max(ours.length, theirs.length); index++) {
    const difference = (ours[index] ?? 0) - (theirs[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return isPreRelease(version) && !isPreRelease(than);
}

function numbersOf(version: string): number[] {
  return (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? "0").split(".").map(Number);
}

function isPreRelease(version: string): boolean {
  return /\d-?(?:alpha|beta|rc|dev)/i.test(version);
}

/**
 * Judges the Composer on the PATH: one that can leak the token is refused where there is a token, and warned of where there is none.
 *
 * @param said output of `composer --version`
 */
export function composerFinding(said: string, hasToken: boolean): VersionFinding | undefined {
  const version = /^Composer (?:version )?(\d+\.\d+\S*)/m.exec(said)?.[1];
  const remedy = `install Composer ${OLDEST.composer} or later: composer self-update --stable`;
  const severity = hasToken ? "fault" : "warning";
  if (version === undefined) {
    return { severity, message: "the Composer on the PATH does not tell its version", remedy };
  }
  if (!isOlder(version, OLDEST.composer)) return undefined;
  const message = `Composer ${version} can print tokens in its output (CVE-2026-45793)`;
  return { severity, message, remedy };
}
