import { announcementSchema } from "../../fleet/announcement.ts";
import { type Subscription, wantsPackage } from "../../fleet/subscription.ts";
import { compareVersions } from "../verify/constraint.ts";
import type { VersionFacts } from "../verify/metadata.ts";
import { normalize, stabilityOf } from "../verify/version.ts";
import type { Pending, Versions } from "./state.ts";

/** Digits of a commit's id that tell that a version moved. */
const DIGITS = 12;
/** Untold releases of one package that are kept, the newest: an update goes to the newest that a consumer can take anyway. */
export const KEPT_VERSIONS = 20;

const versionSchema = announcementSchema.shape.versions.element;

/**
 * The versions of a tree with their commits.
 *
 * One that no announcement could carry (a branch named with characters that nobody should print) is left out: no consumer is told of it.
 */
export function versionsOf(packages: ReadonlyMap<string, readonly VersionFacts[]>): Versions {
  const entries = [...packages].map(([name, list]) => {
    const versions = list.flatMap(({ version, source, dist }) => {
      const given = source?.reference ?? dist?.reference ?? "";
      const reference = /^[0-9a-f]{40,64}$/.test(given) ? given : "";
      const told = { package: name, version, ...(reference === "" ? {} : { reference }) };
      return versionSchema.safeParse(told).success ? [[version, reference] as const] : [];
    });
    return [name, Object.fromEntries(versions)] as const;
  });
  return Object.fromEntries(entries);
}

/** What is remembered of a tree. */
export function seenOf(versions: Versions): Versions {
  return mapVersions(versions, (reference) => reference.slice(0, DIGITS));
}

function mapVersions(versions: Versions, map: (reference: string) => string): Versions {
  return Object.fromEntries(
    Object.entries(versions).map(([name, list]) => [
      name,
      Object.fromEntries(Object.entries(list).map(([version, reference]) => [version, map(reference)])),
    ]),
  );
}

/** The versions of `now` that were not seen, or were seen at another commit. */
export function newVersions(seen: Versions, now: Versions): Versions {
  const changed = Object.entries(now).flatMap(([name, list]) => {
    const before = seen[name] ?? {};
    const fresh = Object.entries(list).filter(
      ([version, reference]) => before[version] !== reference.slice(0, DIGITS),
    );
    return fresh.length === 0 ? [] : [[name, Object.fromEntries(fresh)] as const];
  });
  return Object.fromEntries(changed);
}

/** What the pending versions of all consumers become. */
export interface Arrivals {
  readonly pending: Readonly<Record<string, Pending>>;
  readonly fresh: Versions;
  /** Versions that there are: what is gone needs not be told, what moved is told at its new commit. */
  readonly now: Versions;
  readonly subscriptions: readonly Subscription[];
  /** Whether a package comes from a consumer's own repository. */
  readonly isOwn: (subscription: Subscription, name: string) => boolean;
  /** ISO 8601. */
  readonly time: string;
}

/**
 * Adds what is new to what each consumer is still to be told.
 *
 * Whatever waits, for however long, stays small: versions that are gone, subscriptions that ended and packages that they no longer ask
 * for are dropped, and of one package the newest {@link KEPT_VERSIONS} releases remain. Branches are told only where `development` asks
 * for them, and then each of them: a lock file follows its own branch and no other.
 */
export function addPending(arrivals: Arrivals): Record<string, Pending> {
  const { pending, fresh, now, subscriptions, isOwn, time } = arrivals;
  const entries = subscriptions.flatMap((subscription) => {
    const before = pending[subscription.id];
    const names = new Set([...Object.keys(before?.versions ?? {}), ...Object.keys(fresh)]);
    const versions = [...names]
      .filter((name) => wantsPackage(subscription, name) && !isOwn(subscription, name))
      .map((name) => {
        const wanted = { ...before?.versions[name], ...fresh[name] };
        return [name, current(now[name], wanted, subscription.development)] as const;
      })
      .filter(([, list]) => Object.keys(list).length > 0);
    if (versions.length === 0) return [];
    return [
      [subscription.id, { since: before?.since ?? time, versions: Object.fromEntries(versions) }] as const,
    ];
  });
  return Object.fromEntries(entries);
}

/** A release is a tag; a branch moves with every push, and few want a run for each. */
function current(
  now: Readonly<Record<string, string>> = {},
  wanted: Readonly<Record<string, string>>,
  development: boolean,
): Record<string, string> {
  const kept = Object.entries(now).filter(([version]) => Object.hasOwn(wanted, version));
  const isBranch = ([version]: readonly [string, string]) => stabilityOf(version) === "dev";
  const releases = kept
    .filter((one) => !isBranch(one))
    .sort(([a], [b]) => compareVersions(normalize(b) ?? b, normalize(a) ?? a))
    .slice(0, KEPT_VERSIONS);
  return Object.fromEntries([...releases, ...(development ? kept.filter(isBranch) : [])]);
}

/** What remains untold after `told` was told; `undefined` where nothing does. */
export function withoutTold(pending: Pending, told: Versions): Pending | undefined {
  const versions = Object.entries(pending.versions).flatMap(([name, list]) => {
    const rest = Object.entries(list).filter(([version, reference]) => told[name]?.[version] !== reference);
    return rest.length === 0 ? [] : [[name, Object.fromEntries(rest)] as const];
  });
  return versions.length === 0 ? undefined : { ...pending, versions: Object.fromEntries(versions) };
}
