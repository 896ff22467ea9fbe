import { quoted } from "../fleet/findings.ts";
import type { Fault } from "./fault.ts";
import type { BuildRecord } from "./record.ts";
import type { SourceRepository } from "./repositories.ts";

/** A repository and the package name that it has. */
export type Claimant = Pick<SourceRepository, "id" | "packageName">;

/** What the claims of package names are judged by. */
export interface ClaimInput {
  readonly repositories: readonly Claimant[];
  readonly previous: BuildRecord | undefined;
  /** Vendors that the fleet may publish, in lower case. */
  readonly vendors: readonly string[];
  /** Names that satis.json gives an entry, by repository id. */
  readonly declared: ReadonlyMap<string, string>;
  /** Keys of satis.json's `require`, in lower case. */
  readonly required: ReadonlySet<string>;
}

/** Who may publish which name. */
export interface Claims {
  /** Package name by repository id, for every repository that may publish the one it has. */
  readonly names: ReadonlyMap<string, string>;
  /** By repository id. */
  readonly refused: ReadonlyMap<string, Fault>;
}

/**
 * Decides which repository may publish which package name: the first to publish one keeps it, until satis.json says otherwise.
 *
 * Without this, whoever may push to one package repository could publish `symfony/http-kernel` for everybody. Refused are a
 * name that another repository has, a name that is not the one a repository published before (so two that swap names are
 * both refused), one that differs from what satis.json gives, and a vendor that is not the fleet's. An entry's `name` in
 * satis.json allows a change, a transfer and a foreign vendor; taking an entry out of satis.json frees its name.
 */
export function judgeClaims(input: ClaimInput): Claims {
  const names = new Map<string, string>();
  const refused = new Map<string, Fault>();
  const owners = ownersOf(input);
  for (const repository of input.repositories) {
    const { id, packageName: name } = repository;
    if (name === undefined) continue;
    const owner = owners.get(name);
    const problem = problemOf(repository, name, owner, input);
    if (problem === undefined) {
      names.set(id, name);
      continue;
    }
    const [message, remedy] = problem;
    refused.set(id, { by: "claim", package: publishedBy(id, input.previous) ?? id, message, remedy });
  }
  return { names, refused };
}

/** The repository that a name belongs to: what satis.json says, else who published it first, else the first that has it. */
function ownersOf({ repositories, previous, declared }: ClaimInput): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  const present = new Set(repositories.map(({ id }) => id));
  const first = (name: string | undefined, id: string) => {
    if (name !== undefined && present.has(id) && !owners.has(name)) owners.set(name, id);
  };
  const isDeclared = (name: string, id: string) => declared.get(id) === name;
  const before = Object.entries(previous?.repositories ?? {}).flatMap(([id, { packages }]) =>
    packages.map((name) => [name, id] as const),
  );
  for (const [name, id] of before) if (isDeclared(name, id)) first(name, id);
  for (const [id, name] of declared) first(name, id);
  for (const [name, id] of before) {
    // A repository that satis.json now gives another name has let go of this one.
    if ((declared.get(id) ?? name) === name) first(name, id);
  }
  for (const { id, packageName } of repositories) {
    const isFree =
      publishedBy(id, previous) === undefined && (declared.get(id) ?? packageName) === packageName;
    if (isFree) first(packageName, id);
  }
  return owners;
}

function problemOf(
  { id }: Claimant,
  name: string,
  owner: string | undefined,
  { previous, declared, vendors, required }: ClaimInput,
): readonly [message: string, remedy: string] | undefined {
  const given = declared.get(id);
  const before = publishedBy(id, previous);
  const accept = `set "name": ${quoted(name)} on its entry in satis.json if that is meant`;
  if (given !== undefined && given !== name) {
    return [
      `satis.json names it ${quoted(given)}, its composer.json ${quoted(name)}`,
      `change the name in its composer.json, or ${accept}`,
    ];
  }
  if (given === undefined && before !== undefined && before !== name) {
    return [
      `${id} published ${quoted(before)} and now has the name ${quoted(name)}`,
      `change the name in its composer.json back, or ${accept}`,
    ];
  }
  if (owner !== undefined && owner !== id) {
    return [
      `${id} has the name ${quoted(name)}, which belongs to ${owner}`,
      `give it another name in its composer.json, or take one of the two out of satis.json`,
    ];
  }
  const vendor = name.slice(0, name.indexOf("/"));
  if (vendors.includes(vendor) || given === name || required.has(name)) return undefined;
  return [
    `${id} has the name ${quoted(name)}, whose vendor is none of this fleet's`,
    `add ${quoted(vendor)} to satis-fleet:vendors, or ${accept}`,
  ];
}

/** The name that a repository has published, and claims. */
export function publishedBy(id: string, previous: BuildRecord | undefined): string | undefined {
  return previous?.repositories[id]?.packages.at(-1);
}
