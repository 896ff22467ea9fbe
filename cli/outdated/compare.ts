import { wantsPackage } from "../../fleet/subscriptions.ts";
import { compareVersions, meets } from "../../publisher/verify/constraint.ts";
import { normalize, STABILITIES, stabilityOf } from "../../publisher/verify/version.ts";
import { dataOf, textOf } from "../drift/state.ts";
import type { Registry, Served } from "./registry.ts";

/** A package of a lock file that is behind the registry. */
export interface Behind {
  readonly package: string;
  /** Version that composer.lock has; a branch with the commit. */
  readonly locked: string;
  /** Newest version as stable as the locked one; a branch with the commit. */
  readonly newest: string;
  /** Newest version that composer.json's own constraint lets in; absent where it has none, as for what other packages require. */
  readonly withinConstraint?: string;
  /** As composer.json has it. */
  readonly constraint?: string;
}

/** What a consumer's files say against the registry. */
export interface Compared {
  readonly behind: readonly Behind[];
  /** Packages of the subscription that the lock file has. */
  readonly packages: number;
}

/**
 * Compares a lock file with the registry, as far as the subscription goes.
 *
 * Only versions as stable as the locked one count, so that nobody is behind for a release candidate; a branch is behind where it moved on.
 *
 * @param lock text of composer.lock
 * @param composer text of composer.json; without it nothing is said of constraints
 * @throws Error that says which of the two is no such file
 */
export function compareLock(
  lock: string,
  composer: string | undefined,
  packages: readonly string[],
  registry: Registry,
): Compared {
  const document = parse(lock, "composer.lock");
  const { require, "require-dev": requireDev } =
    composer === undefined ? {} : parse(composer, "composer.json");
  const constraints = lowered({ ...dataOf(requireDev), ...dataOf(require) });
  const locked = [document.packages, document["packages-dev"]].flatMap((list) =>
    Array.isArray(list) ? list : [],
  );
  const mine = locked.map(dataOf).flatMap((one): Locked[] => {
    const name = textOf(one.name)?.toLowerCase();
    const version = textOf(one.version);
    if (name === undefined || version === undefined || !registry.has(name)) return [];
    const reference = textOf(dataOf(one.source).reference) ?? textOf(dataOf(one.dist).reference);
    return wantsPackage({ packages }, name) ? [{ name, version, reference }] : [];
  });
  const behind = mine.flatMap((one) => {
    const found = behindOf(one, registry.get(one.name) ?? [], constraints.get(one.name));
    return found === undefined ? [] : [found];
  });
  return { behind: behind.sort((a, b) => (a.package < b.package ? -1 : 1)), packages: mine.length };
}

interface Locked {
  readonly name: string;
  readonly version: string;
  readonly reference: string | undefined;
}

function behindOf(
  locked: Locked,
  served: readonly Served[],
  constraint: string | undefined,
): Behind | undefined {
  const { name, version, reference } = locked;
  const normalized = normalize(version);
  if (normalized === undefined) return undefined;
  const stability = stabilityOf(version);
  if (stability === "dev") {
    const now = served.find((one) => one.normalized === normalized);
    if (now?.reference === undefined || now.reference === reference) return undefined;
    const at = (commit: string | undefined) => `${version} ${commit?.slice(0, 7) ?? ""}`.trim();
    return { package: name, locked: at(reference), newest: at(now.reference), ...given(constraint) };
  }
  const floor = STABILITIES.indexOf(stability);
  const newer = served
    .filter((one) => STABILITIES.indexOf(one.stability) >= floor)
    .filter((one) => compareVersions(one.normalized, normalized) > 0)
    .sort((a, b) => compareVersions(b.normalized, a.normalized));
  const [newest] = newer;
  if (newest === undefined) return undefined;
  if (constraint === undefined) return { package: name, locked: version, newest: newest.version };
  const within = newer.find((one) => meets(one.normalized, constraint) === true);
  return {
    package: name,
    locked: version,
    newest: newest.version,
    withinConstraint: within?.version ?? version,
    constraint,
  };
}

function given(constraint: string | undefined): { constraint?: string } {
  return constraint === undefined ? {} : { constraint };
}

function lowered(constraints: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(constraints).flatMap(([name, constraint]) =>
      typeof constraint === "string" ? [[name.toLowerCase(), constraint]] : [],
    ),
  );
}

function parse(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ""));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return dataOf(value);
  } catch {
    // Said below, without the text.
  }
  throw new Error(`${file} is no JSON object`);
}
