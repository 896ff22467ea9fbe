import { type Fleet, GITHUB_TYPES } from "./derive.ts";
import { parseRepositoryUrl } from "./repository-url.ts";
import type { Satis } from "./satis.ts";
import { isObject } from "./satis-entries.ts";
import { SATIS_KEYS } from "./satis-schema.ts";

/**
 * Gives the text that the composer repository holds, the same for every satis.json that means the same fleet.
 *
 * Its push starts a build of everything, so sorting, formatting or respelling an entry must not change it: managed entries come first, by
 * identity, once each and in one URL form (https, which a token can read), the others after them in the file's order.
 * `archive` is left out, since it would publish private source, and so are keys that Satis stops on.
 */
export function canonicalSatis(
  satis: Satis,
  { packages }: Pick<Fleet, "packages">,
  githubHost: string,
): string {
  const written = JSON.parse(satis.text) as Record<string, unknown>;
  const kept = Object.entries(written).filter(
    ([key]) => SATIS_KEYS.includes(key) && key !== "archive" && key !== "$schema",
  );
  const managed = new Set(packages.map(({ id }) => id));
  const document = Object.fromEntries(
    kept.map(([key, value]) => [
      key,
      key === "repositories" ? canonicalRepositories(value, managed, githubHost) : value,
    ]),
  );
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** A list stays a list; an object's names of entries stay with them. */
function canonicalRepositories(value: unknown, managed: ReadonlySet<string>, githubHost: string): unknown {
  const isList = Array.isArray(value);
  const own = new Map<string, [string, string]>();
  const others: [string, unknown][] = [];
  for (const [key, entry] of Object.entries(value ?? {})) {
    const id = managedId(entry, managed, githubHost);
    if (id === undefined) {
      others.push([key, entry]);
      continue;
    }
    // Of several entries for one repository the same one stays, whichever comes first in the file.
    const text = JSON.stringify(canonicalEntry(entry, id, githubHost));
    const known = own.get(id);
    if (known === undefined || text < known[1]) own.set(id, [key, text]);
  }
  const sorted = [...own].sort(([a], [b]) => (a < b ? -1 : 1));
  const entries: [string, unknown][] = [
    ...sorted.map(([, [key, text]]): [string, unknown] => [key, JSON.parse(text)]),
    ...others,
  ];
  return isList ? entries.map(([, entry]) => entry) : Object.fromEntries(entries);
}

function managedId(entry: unknown, managed: ReadonlySet<string>, githubHost: string): string | undefined {
  if (!isObject(entry) || typeof entry.url !== "string" || typeof entry.type !== "string") return undefined;
  if (!GITHUB_TYPES.has(entry.type.toLowerCase())) return undefined;
  const { url } = parseRepositoryUrl(entry.url, githubHost);
  return url?.kind === "github" && managed.has(url.path) ? url.path : undefined;
}

function canonicalEntry(entry: unknown, id: string, githubHost: string): Record<string, unknown> {
  const { name, type, url: _, ...rest } = entry as Record<string, unknown>;
  const sorted = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...(typeof name === "string" ? { name: name.toLowerCase() } : {}),
    type,
    url: `https://${githubHost}/${id}.git`,
    ...Object.fromEntries(sorted),
  };
}
