import { parseRepositoryUrl } from "../fleet/repository-url.ts";
import type { Lock, Locked } from "./lock.ts";

/** A package that would come from somewhere else than before. */
export interface Moved {
  readonly name: string;
  readonly from: readonly string[];
  readonly to: string;
}

/**
 * Gives the packages whose dist or source would come from another host or owner than the lock had before.
 *
 * Whoever can publish a package's metadata could otherwise lead every consumer to code of theirs in a pull request that reads like any
 * other. A package that is new has no place to compare with; it stands in the pull request as new.
 */
export function movedPackages(before: Lock, after: Lock): readonly Moved[] {
  return [...after].flatMap(([name, now]) => {
    const old = before.get(name);
    if (old === undefined) return [];
    const from = originsOf(old);
    const wrong = originsOf(now).find((origin) => !from.includes(origin));
    return wrong === undefined ? [] : [{ name, from, to: wrong }];
  });
}

function originsOf({ source, dist }: Locked): string[] {
  const places = [source, dist].filter((place) => place !== undefined && place !== null);
  return [...new Set(places.map(({ type, url }) => (type === "path" ? `path ${url}` : originOf(url))))];
}

/** Host and owner, the same for GitHub's repositories and archives: `github.com/acme`. */
export function originOf(url: string): string {
  const { url: repository } = parseRepositoryUrl(url);
  const address = repository === undefined ? url : `https://${repository.host}/${repository.path}`;
  if (!URL.canParse(address)) return url;
  const { host, pathname } = new URL(address);
  // On other hosts somebody may own the name "repos", and would otherwise speak for every owner.
  const api = host.startsWith("api.") ? /^\/repos\/([^/]+)\// : /^\/api\/v3\/repos\/([^/]+)\//;
  const [, owner = ""] = api.exec(pathname) ?? /^\/([^/]+)/.exec(pathname) ?? [];
  return `${host.replace(/^(?:api|codeload)\./, "")}/${owner}`.toLowerCase();
}
