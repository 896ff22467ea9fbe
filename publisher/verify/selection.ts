import { parseRepositoryUrl } from "../../fleet/repository-url.ts";
import type { Satis } from "../../fleet/satis.ts";
import { meets } from "./constraint.ts";
import { STABILITIES, type Stability, stabilityOf } from "./version.ts";

/** A version of which is asked whether satis.json selects it. */
export interface Candidature {
  /** Package name in lower case. */
  readonly package: string;
  readonly normalized: string;
  /** Composer's type; absent where only a tag is known. */
  readonly type?: string;
}

/**
 * Says why satis.json leaves a version out, as Satis reads it; `undefined` where it takes the version.
 *
 * Without a type, a filter of types is a possible reason and so given as one.
 */
export function leftOutBy(satis: Satis, candidature: Candidature): string | undefined {
  return (
    byRequire(satis, candidature) ??
    byStability(satis, candidature) ??
    byBlacklist(satis, candidature) ??
    byType(satis, candidature)
  );
}

function byRequire(satis: Satis, { package: name, normalized }: Candidature): string | undefined {
  if (satis.requireAll) return undefined;
  const constraint = valueFor(satis.document.require ?? {}, name);
  if (constraint === undefined) return "require does not name the package";
  // A branch may be selected under an alias that only its composer.json knows.
  if (normalized.endsWith("-dev") || normalized.startsWith("dev-")) {
    return isEverything(constraint) ? undefined : `require asks for ${constraint}`;
  }
  return meets(normalized, constraint) === false ? `require asks for ${constraint}` : undefined;
}

function isEverything(constraint: string): boolean {
  return /^\s*(?:\*|\*?@dev)\s*$/.test(constraint);
}

function byStability(satis: Satis, { package: name, normalized }: Candidature): string | undefined {
  const { document } = satis;
  const own = satis.requireAll ? undefined : valueFor(document["minimum-stability-per-package"] ?? {}, name);
  const minimum = own ?? document["minimum-stability"] ?? "dev";
  return rankOf(stabilityOf(normalized)) < rankOf(minimum) ? `minimum-stability is ${minimum}` : undefined;
}

function rankOf(stability: string): number {
  return STABILITIES.findIndex((known: Stability) => known.toLowerCase() === stability.toLowerCase());
}

function byBlacklist(satis: Satis, { package: name, normalized }: Candidature): string | undefined {
  const constraint = valueFor(satis.document.blacklist ?? {}, name);
  if (constraint === undefined || meets(normalized, constraint) === false) return undefined;
  return `blacklist names ${constraint}`;
}

function byType(satis: Satis, { type }: Candidature): string | undefined {
  const included = satis.document["include-types"] ?? undefined;
  const excluded = satis.document["exclude-types"] ?? [];
  if (included === undefined && excluded.length === 0) return undefined;
  if (type === undefined) return "include-types or exclude-types may leave its type out";
  if (included !== undefined && !included.includes(type)) return `include-types has no ${type}`;
  return excluded.includes(type) ? `exclude-types has ${type}` : undefined;
}

/** An entry's filters of package names. */
interface Filter {
  readonly only: readonly string[] | undefined;
  readonly exclude: readonly string[] | undefined;
}

const filters = new WeakMap<Satis, ReadonlyMap<string, readonly Filter[]>>();

/**
 * Says why the entries of satis.json leave a package out by `only` or `exclude`; `undefined` where one entry lets it through.
 *
 * @param id of the repository that the package comes from
 */
export function leftOutByEntries(
  satis: Satis,
  name: string,
  { id, githubHost }: { readonly id: string; readonly githubHost: string | undefined },
): string | undefined {
  const known = filters.get(satis) ?? filtersById(satis, githubHost);
  filters.set(satis, known);
  const reasons = (known.get(id) ?? []).map(({ only, exclude }) => {
    if (only !== undefined && !only.some((pattern) => fits(name, pattern)))
      return "only of its entry does not name the package";
    return exclude?.some((pattern) => fits(name, pattern))
      ? "exclude of its entry names the package"
      : undefined;
  });
  return reasons.includes(undefined) ? undefined : reasons[0];
}

function filtersById(satis: Satis, githubHost: string | undefined): Map<string, Filter[]> {
  const found = new Map<string, Filter[]>();
  for (const entry of Object.values(satis.document.repositories ?? {})) {
    if (entry === false || entry.url === undefined) continue;
    const { url } = parseRepositoryUrl(entry.url, githubHost);
    if (url === undefined) continue;
    const id = `${url.host}/${url.path}`;
    found.set(id, [...(found.get(id) ?? []), { only: entry.only, exclude: entry.exclude }]);
  }
  return found;
}

/** Composer's patterns of package names: `*` for any text, compared without case. */
export function fits(name: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[^\w]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "i").test(name);
}

function valueFor<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.entries(table).find(([key]) => key.toLowerCase() === name)?.[1];
}
