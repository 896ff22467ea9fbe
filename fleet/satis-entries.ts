import { type Finding, quoted } from "./findings.ts";
import type { JsonDocument, JsonPath, Position } from "./json.ts";
import { parseRepositoryUrl } from "./repository-url.ts";
import { pathText } from "./schema-findings.ts";
import { suggest } from "./suggest.ts";

/** Types of entries that are a repository with history, of which a fleet can manage those on its GitHub. */
const VCS_TYPES = new Set([
  "vcs",
  "git",
  "github",
  "gitlab",
  "git-bitbucket",
  "bitbucket",
  "forgejo",
  "hg",
  "svn",
  "fossil",
  "perforce",
]);
/** The rest of what Composer's RepositoryFactory knows. */
const OTHER_TYPES = ["composer", "package", "path", "artifact", "pear"];

/** One repository that satis.json names. */
export interface SatisEntry extends Position {
  /** In lower case: `vcs`, `composer`, ... */
  readonly type: string;
  /** Set on entries with history. */
  readonly vcs: boolean;
  readonly url?: string;
  /** As written; a package's name where it is one. */
  readonly name?: string;
}

/** Findings of one file, by path. */
export interface Places {
  fault(path: JsonPath, message: string, remedy: string): Finding;
  warning(path: JsonPath, message: string, remedy: string): Finding;
}

/** Makes findings at the place of a path: faults at the value, warnings at its key. */
export function placesIn(document: JsonDocument, file: string): Places {
  const finding = (severity: Finding["severity"]) => (path: JsonPath, message: string, remedy: string) => ({
    severity,
    file,
    ...(severity === "fault" ? document.positionOf(path) : document.keyPositionOf(path)),
    message,
    remedy,
  });
  return { fault: finding("fault"), warning: finding("warning") };
}

/** Reads the entries of `repositories`, list or object, in the file's order; entries that only switch Packagist off are no entries. */
export function readEntries(
  document: JsonDocument,
  at: Places,
  githubHost: string | undefined,
): { entries: SatisEntry[]; findings: Finding[] } {
  const entries: SatisEntry[] = [];
  const findings: Finding[] = [];
  const repositories = isObject(document.value) ? document.value.repositories : undefined;
  const items: [string | number, unknown][] = Array.isArray(repositories)
    ? [...repositories.entries()]
    : Object.entries(isObject(repositories) ? repositories : {});
  for (const [key, value] of items) {
    const path = ["repositories", key];
    // What is no object the schema has reported, or it switches a repository off.
    if (!isObject(value) || isSwitch(value)) continue;
    const entry = readEntry(value, document.positionOf(path));
    findings.push(...entryFindings(value, entry, path, at, githubHost));
    entries.push(entry);
  }
  return { entries, findings };
}

function readEntry(value: Record<string, unknown>, position: Position): SatisEntry {
  const type = typeof value.type === "string" ? value.type.toLowerCase() : "";
  return {
    ...position,
    type,
    vcs: VCS_TYPES.has(type),
    ...(typeof value.url === "string" ? { url: value.url } : {}),
    ...(typeof value.name === "string" ? { name: value.name } : {}),
  };
}

function entryFindings(
  value: Record<string, unknown>,
  entry: SatisEntry,
  path: JsonPath,
  at: Places,
  githubHost: string | undefined,
): Finding[] {
  const findings: Finding[] = [];
  if (value.type === undefined) {
    findings.push(at.fault(path, `${pathText(path)} has no type`, 'write "type": "vcs"'));
  } else if (entry.type !== "" && !entry.vcs && !OTHER_TYPES.includes(entry.type)) {
    const meant = suggest(entry.type, [...VCS_TYPES, ...OTHER_TYPES]) ?? "vcs";
    const message = `Composer knows no type ${quoted(entry.type)}`;
    findings.push(at.warning([...path, "type"], message, `did you mean ${quoted(meant)}?`));
  }
  if (entry.vcs && value.url === undefined) {
    findings.push(
      at.fault(path, `${pathText(path)} has no url`, 'write "url": "https://github.com/OWNER/REPOSITORY"'),
    );
  }
  if (entry.url !== undefined)
    findings.push(...urlFindings(entry.url, entry.vcs, [...path, "url"], at, githubHost));
  if (entry.name !== undefined && entry.vcs && isHostileName(entry.name)) {
    const message = `the name ${quoted(entry.name)} holds characters that no package name has`;
    findings.push(
      at.fault([...path, "name"], message, 'write the package\'s name, "vendor/package", or leave it out'),
    );
  }
  return findings;
}

function urlFindings(
  url: string,
  vcs: boolean,
  path: JsonPath,
  at: Places,
  githubHost: string | undefined,
): Finding[] {
  if (!vcs) {
    if (!/\p{Cc}/u.test(url)) return [];
    return [at.fault(path, `the URL ${quoted(url)} holds control characters`, "remove them")];
  }
  const { refused } = parseRepositoryUrl(url, githubHost);
  // Credentials are reported for the whole document already.
  return refused === undefined || refused.credential ? [] : [at.fault(path, refused.message, refused.remedy)];
}

/** Free text is legal as an entry's name; what could act in a shell line, a workflow or a path is not. */
function isHostileName(name: string): boolean {
  return /[\p{C}"'`$;|&<>\\{}()*!^#]|^-|(?:^|\/)\.{1,2}(?:\/|$)/u.test(name);
}

/** `{"packagist.org": false}`, and the older `{"packagist": false}`. */
function isSwitch(value: Record<string, unknown>): boolean {
  const values = Object.values(value);
  return values.length === 1 && values[0] === false;
}

/** Tells objects from lists and null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
