import { safeText } from "../../fleet/findings.ts";
import { parseRepositoryUrl } from "../../fleet/repository-url.ts";
import type { Fault } from "../fault.ts";

/** A package that Satis was to build. */
export interface Target {
  /** Repository id. */
  readonly id: string;
  /** In lower case. */
  readonly packageName: string;
}

/** What Satis said that is worth knowing. */
export interface SatisSaid {
  /** Faults of single packages, one for each. */
  readonly faults: readonly Fault[];
  /** Tags that Composer takes for no version, and why. */
  readonly leftOut: readonly { readonly package: string; readonly tag: string; readonly reason: string }[];
  /** Packages of which it left out versions because satis.json says so. */
  readonly unselected: ReadonlySet<string>;
  /** Complaints that name no package: the reason where Satis failed. */
  readonly complaints: readonly string[];
}

/** What Satis and Composer say while everything is well; other lines may tell of a fault. */
const CHATTER =
  /^(?:Reading composer\.json|Importing |Selected |Skipped (?:tag|branch|parsing) |Scanning |Wrote |Writing |Pruning |Deleted |No explicit requires)/;
/** A version that minimum-stability, blacklist, include-types or exclude-types leave out. */
const SELECTION = /^(?:Skipped|Blacklisted|Excluded) ([^\s/]+\/\S+) \([^)]*\)(?: because|$)/;
/** What makes a line a complaint. `outdated` and `did not match` come with exit code 0. */
const COMPLAINT =
  /did not match any package|Skipping Exception|may be outdated|no source left|No valid composer\.json|No driver found|fail(?:ed|ure)|could not|cannot|can not|unable|not found|denied|invalid|fatal:|error|exhausted|does not/i;

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /did not match any package/,
    "check the package's name and constraint in satis.json, and its tags and branches",
  ],
  [/No valid composer\.json/, "push a composer.json that `composer validate` accepts, or remove the entry"],
  [/no source left/, "check strip-hosts in satis.json"],
  [
    /outdated|not found|404|denied|could not|clone/i,
    "check that the repository exists and that the read token may read it",
  ],
];

/**
 * Reads what Satis said, run with -vv, into faults of packages.
 *
 * Most of its faults end with code 0, so every run is read. A complaint belongs to the packages whose name or repository its
 * line holds; Satis writes each on a line of its own where COLUMNS is wide enough.
 */
export function readOutput(output: string, targets: readonly Target[], githubHost: string): SatisSaid {
  const byId = new Map(targets.map((target) => [target.id, target]));
  const byName = new Map(targets.map((target) => [target.packageName, target]));
  const faults = new Map<string, Fault>();
  const complaints: string[] = [];
  const leftOut: { package: string; tag: string; reason: string }[] = [];
  const unselected = new Set<string>();
  let current = "";
  for (const line of output.split(/[\r\n\b]+/).map((text) => text.trim())) {
    current = /^Reading composer\.json of (\S+) \(/.exec(line)?.[1]?.toLowerCase() ?? current;
    const [, tag, reason] = /^Skipped tag ([^\s,]+), (.*)$/.exec(line) ?? [];
    if (tag !== undefined && reason !== undefined && byName.has(current)) {
      leftOut.push({ package: current, tag: safeText(tag), reason: safeText(reason) });
    }
    const leaves = SELECTION.exec(line)?.[1]?.toLowerCase();
    if (leaves !== undefined && byName.has(leaves)) unselected.add(leaves);
    if (leaves !== undefined || CHATTER.test(line) || !COMPLAINT.test(line)) continue;
    const named = [...namesIn(line, byName), ...urlsIn(line, byId, githubHost)];
    if (named.length === 0) complaints.push(safeText(line));
    for (const { packageName } of named) {
      if (!faults.has(packageName)) faults.set(packageName, faultOf(packageName, line));
    }
  }
  return { faults: [...faults.values()], leftOut, unselected, complaints };
}

function faultOf(packageName: string, line: string): Fault {
  const remedy =
    REMEDIES.find(([pattern]) => pattern.test(line))?.[1] ?? "see what Satis says in the run's log";
  return { by: "satis", package: packageName, message: safeText(line), remedy };
}

/** The two places where Satis names a package: a requirement, and `name-version` before a complaint about hosts. */
function namesIn(line: string, byName: ReadonlyMap<string, Target>): Target[] {
  const [, required] = /^The (\S+) .*requirement did not match any package/.exec(line) ?? [];
  const [, unique] = /^(\S+) has no source left/.exec(line) ?? [];
  const prefixes = [...byName.keys()].filter((name) => unique?.startsWith(`${name}-`));
  // "acme/core-ui-1.0" begins with "acme/core-" too.
  const longest = prefixes.sort((a, b) => b.length - a.length)[0];
  const found = byName.get(required?.toLowerCase() ?? longest ?? "");
  return found === undefined ? [] : [found];
}

function urlsIn(line: string, byId: ReadonlyMap<string, Target>, githubHost: string): Target[] {
  const texts = line.match(/(?:[a-z+]+:\/\/|git@)[^\s"'<>,;)]+/gi) ?? [];
  const ids = texts.flatMap((text) => {
    const bare = text.replace(/[.:]+$/, "").replace(/\/\/[^/@\s]*@/, "//");
    const [, api] = /^https?:\/\/[^/]+(?:\/api\/v3)?\/repos\/([^/?#]+\/[^/?#]+)/.exec(bare) ?? [];
    if (api !== undefined) return [`${githubHost}/${api.toLowerCase()}`];
    const { url } = parseRepositoryUrl(bare, githubHost);
    return url === undefined ? [] : [`${url.host}/${url.path}`];
  });
  return [...new Set(ids)].flatMap((id) => byId.get(id) ?? []);
}
