import {
  type ComposerRepositoryPlan,
  deriveComposer,
  deriveFeatures,
  type FleetFeatures,
} from "./composer.ts";
import type { Delivery, FleetConfig } from "./config.ts";
import { configFault, configWarning, setCommand } from "./config-reader.ts";
import { type Consumer, deriveConsumers } from "./consumers.ts";
import { type Finding, hasFault, quoted, safeText } from "./findings.ts";
import { isPackageName } from "./grammar.ts";
import { parseRepositoryUrl } from "./repository-url.ts";
import type { Satis, SatisEntry } from "./satis.ts";
import type { Subscriptions } from "./subscriptions.ts";

export type { ComposerRepositoryPlan, FleetFeatures } from "./composer.ts";
export type { Consumer } from "./consumers.ts";

/** Everything the fleet is to be, as data. */
export interface Fleet {
  readonly composer: ComposerRepositoryPlan;
  /** Sorted by id, one for each repository however often it is named. */
  readonly packages: readonly ManagedPackage[];
  /** Repositories of subscriptions.json, sorted by id. */
  readonly consumers: readonly Consumer[];
  /** In the file's order. */
  readonly unmanaged: readonly UnmanagedEntry[];
  /** Entries that name a repository which an earlier one names. */
  readonly duplicates: number;
  readonly features: FleetFeatures;
}

/** A package repository that the fleet keeps notifying. */
export interface ManagedPackage {
  /** `owner/repo` in lower case: the identity of its resources, the same however the entry is written. */
  readonly id: string;
  readonly owner: string;
  readonly repository: string;
  /** What the notify workflow sends: the package's name where the entry gives one, else the id. */
  readonly dispatchName: string;
  /** Package name that the entry gives, in lower case. */
  readonly name?: string;
  readonly delivery: Delivery;
  /** Branch of the workflow file; the repository's default branch where not set. */
  readonly branch?: string;
  /** Id before a declared rename. */
  readonly renamedFrom?: string;
}

/** An entry that Satis builds and the fleet leaves alone. */
export interface UnmanagedEntry {
  /** Safe to print. */
  readonly url?: string;
  readonly type: string;
  readonly reason: string;
  readonly line: number;
  readonly column: number;
}

const NO_SUBSCRIPTIONS: Subscriptions = { file: "subscriptions.json", list: [] };

/**
 * Gives the fleet that satis.json, subscriptions.json and a configuration describe, or the faults that stand in the way.
 *
 * Nothing in it depends on the order of entries, on the form of their URLs or on letter case.
 */
export function deriveFleet(
  satis: Satis,
  config: FleetConfig,
  subscriptions: Subscriptions = NO_SUBSCRIPTIONS,
): { fleet?: Fleet; findings: Finding[] } {
  const { composer, findings } = deriveComposer(satis, config);
  const sorted = sortOut(satis, config, composer);
  findings.push(...sorted.findings);
  const renamedFrom = new Map([...config.renames].map(([from, to]) => [to, from]));
  const { names, findings: nameFindings } = packageNames(satis, sorted.managed);
  const { consumers, findings: consumerFindings } = deriveConsumers(subscriptions, config, composer);
  // A key of the configuration may name a repository in either role.
  const known = new Set([...sorted.managed.keys(), ...consumers.map(({ id }) => id)]);
  findings.push(
    ...nameFindings,
    ...referenceFindings(config, known),
    ...renameFindings(config, known),
    ...consumerFindings,
  );
  if (hasFault(findings)) return { findings };
  const packages = [...sorted.managed.keys()]
    .sort()
    .map((id) => managedPackage(id, config, { names, renamedFrom }));
  if (packages.length === 0) findings.push(nothingManaged(satis, config));
  const { unmanaged, duplicates } = sorted;
  return {
    fleet: { composer, packages, consumers, unmanaged, duplicates, features: deriveFeatures(config) },
    findings,
  };
}

interface SortedEntries {
  /** Entries by package id. */
  readonly managed: ReadonlyMap<string, readonly SatisEntry[]>;
  readonly unmanaged: readonly UnmanagedEntry[];
  readonly duplicates: number;
  readonly findings: readonly Finding[];
}

function sortOut(satis: Satis, config: FleetConfig, composer: ComposerRepositoryPlan): SortedEntries {
  const managed = new Map<string, SatisEntry[]>();
  const unmanaged: UnmanagedEntry[] = [];
  const findings: Finding[] = [];
  let duplicates = 0;
  for (const entry of satis.entries) {
    const placed = place(entry, config, composer);
    if (placed.refused !== undefined) {
      findings.push({ severity: "fault", ...at(satis, entry), ...placed.refused });
    } else if (placed.id === undefined) {
      const { line, column, type } = entry;
      unmanaged.push({
        ...(placed.url === undefined ? {} : { url: placed.url }),
        type,
        reason: placed.reason,
        line,
        column,
      });
    } else {
      const known = managed.get(placed.id);
      if (known === undefined) managed.set(placed.id, [entry]);
      else {
        duplicates++;
        known.push(entry);
        const message = `${placed.id} is already named on line ${known[0]?.line}`;
        findings.push({
          severity: "warning",
          ...at(satis, entry),
          message,
          remedy: "keep one of the two entries",
        });
      }
    }
  }
  return { managed, unmanaged, duplicates, findings };
}

type Placed =
  | { readonly id: string; readonly refused?: undefined }
  | { readonly id?: undefined; readonly url?: string; readonly reason: string; readonly refused?: undefined }
  | { readonly refused: { readonly message: string; readonly remedy: string } };

/** Types under which Composer reads a repository of GitHub with its history. */
export const GITHUB_TYPES = new Set(["vcs", "git", "github"]);

function place(entry: SatisEntry, config: FleetConfig, composer: ComposerRepositoryPlan): Placed {
  const shown = entry.url === undefined ? {} : { url: withoutUser(entry.url) };
  if (!entry.vcs || entry.url === undefined)
    return { ...shown, reason: `type ${safeText(entry.type)} is not a git repository` };
  const parsed = parseRepositoryUrl(entry.url, config.github.host);
  if (parsed.url === undefined)
    return { refused: { message: parsed.refused.message, remedy: parsed.refused.remedy } };
  const { kind, host, path, printable: url } = parsed.url;
  if (kind === "local") return { url, reason: "a path on the machine that builds" };
  if (kind === "other") return { url, reason: `on ${host}, not on ${config.github.host}` };
  if (!GITHUB_TYPES.has(entry.type)) return { url, reason: `type ${entry.type} is not a git repository` };
  const [owner = ""] = path.split("/");
  if (owner !== config.github.owner.toLowerCase())
    return { url, reason: `owner ${owner} is not ${config.github.owner}` };
  if (path === idOf(composer)) return { url, reason: "the composer repository itself" };
  return { id: path };
}

interface PackageNames {
  readonly name: ReadonlyMap<string, string>;
  /** Names that this package may be dispatched under: where two repositories give one name, the first by id has it. */
  readonly claimed: ReadonlyMap<string, string>;
}

/** Settles each package's name from all of its entries, the same in whatever order they stand. */
function packageNames(
  satis: Satis,
  managed: SortedEntries["managed"],
): { names: PackageNames; findings: Finding[] } {
  const findings: Finding[] = [];
  const name = new Map<string, string>();
  const claimed = new Map<string, string>();
  for (const id of [...managed.keys()].sort()) {
    const named = (managed.get(id) ?? []).filter((entry) => entry.name !== undefined);
    const valid = [
      ...new Set(named.flatMap(({ name = "" }) => (isPackageName(name) ? [name.toLowerCase()] : []))),
    ].sort();
    const warn = (entry: SatisEntry | undefined, message: string, remedy: string) =>
      findings.push({ severity: "warning", ...at(satis, entry), message, remedy });
    for (const entry of named.filter(({ name = "" }) => !isPackageName(name))) {
      warn(
        entry,
        `${quoted(entry.name ?? "")} is no package name and is ignored`,
        'write "vendor/package", or leave name out',
      );
    }
    const [first] = valid;
    if (first === undefined) continue;
    if (valid.length > 1) {
      warn(named.at(-1), `${id} has several names: ${valid.join(", ")}`, "keep the one in its composer.json");
    }
    name.set(id, first);
    const owner = claimed.get(first);
    if (owner === undefined) claimed.set(first, id);
    else
      warn(
        named[0],
        `${id} and ${owner} both have the name ${first}`,
        "a name is claimed once: correct one of them",
      );
  }
  return { names: { name, claimed }, findings };
}

/** Keys of `delivery` and `branches` that name no package are most likely misspelt. */
function referenceFindings(config: FleetConfig, managed: ReadonlySet<string>): Finding[] {
  const references: readonly [string, Iterable<string>][] = [
    ["satis-fleet:delivery", config.delivery.byRepository.keys()],
    ["satis-fleet:branches", config.branches.keys()],
  ];
  return references.flatMap(([name, ids]) =>
    [...ids]
      .filter((id) => !managed.has(id))
      .map((id) => configWarning(`${name} names ${id}, which is no managed package`, setCommand(name))),
  );
}

function renameFindings(config: FleetConfig, managed: ReadonlySet<string>): Finding[] {
  const key = "satis-fleet:renames";
  const targets = new Map<string, string>();
  const findings: Finding[] = [];
  for (const [from, to] of [...config.renames].sort()) {
    const fault = (message: string, remedy: string) =>
      findings.push(configFault(`${key}: ${message}`, remedy));
    const other = targets.get(to);
    targets.set(to, from);
    if (from === to) fault(`${from} is renamed to itself`, "take it out");
    else if (config.renames.has(to))
      fault(`${from} -> ${to} is one of a chain`, "write the oldest name and the newest one");
    else if (other !== undefined)
      fault(`${other} and ${from} are both renamed to ${to}`, "keep one of the two");
    else if (managed.has(from))
      fault(`${from} is still in satis.json`, `write ${to} in satis.json, or take the rename out`);
    else if (!managed.has(to))
      fault(`${to} is no managed package of satis.json`, `write ${to} in satis.json, or take the rename out`);
  }
  return findings;
}

function managedPackage(
  id: string,
  config: FleetConfig,
  { names, renamedFrom }: { readonly names: PackageNames; readonly renamedFrom: ReadonlyMap<string, string> },
): ManagedPackage {
  const [owner = "", repository = ""] = id.split("/");
  const name = names.name.get(id);
  const branch = config.branches.get(id);
  const before = renamedFrom.get(id);
  return {
    id,
    owner,
    repository,
    dispatchName: name !== undefined && names.claimed.get(name) === id ? name : id,
    ...(name === undefined ? {} : { name }),
    delivery: config.delivery.byRepository.get(id) ?? config.delivery.default,
    ...(branch === undefined ? {} : { branch }),
    ...(before === undefined ? {} : { renamedFrom: before }),
  };
}

function nothingManaged(satis: Satis, { github }: FleetConfig): Finding {
  return {
    severity: "warning",
    file: satis.file,
    message: `no entry is a repository of ${github.owner} on ${github.host}; the fleet is the composer repository alone`,
    remedy: setCommand("github:owner", "OWNER"),
  };
}

function idOf(composer: ComposerRepositoryPlan): string {
  return `${composer.owner}/${composer.repository}`.toLowerCase();
}

function at(satis: Satis, entry: SatisEntry | undefined): { file: string; line?: number; column?: number } {
  return { file: satis.file, ...(entry === undefined ? {} : { line: entry.line, column: entry.column }) };
}

/** The URL of an entry that is not parsed, fit to print. */
function withoutUser(url: string): string {
  return safeText(url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, "$1").replace(/[?#].*$/s, ""));
}
