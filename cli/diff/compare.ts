import type { Fleet, ManagedPackage, UnmanagedEntry } from "../../fleet/derive.ts";
import type { Satis } from "../../fleet/satis.ts";
import { compareSubscriptions, type SubscriptionDiff } from "./subscriptions.ts";

/** A package whose workflow is written anew although its repository stays. */
export interface ChangedPackage {
  readonly id: string;
  /** What it tells the composer repository at a push: before, after. */
  readonly dispatches: readonly [string, string];
}

/** What a change of satis.json does to a fleet. */
export interface FleetDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly renamed: readonly { readonly from: string; readonly to: string }[];
  readonly changed: readonly ChangedPackage[];
  /** Entries that are built and not managed. */
  readonly unmanaged: {
    readonly added: readonly UnmanagedEntry[];
    readonly removed: readonly UnmanagedEntry[];
  };
  /** Top-level keys of satis.json, apart from the repositories, whose value differs. */
  readonly settings: readonly string[];
  /** The composer repository, where it is another one. */
  readonly composer?: { readonly from: string; readonly to: string };
  readonly packages: number;
  readonly subscriptions: SubscriptionDiff;
}

/** One side of the comparison. */
export interface Side {
  readonly satis: Satis;
  readonly fleet: Fleet;
}

/** Compares two fleets; `before` is missing where there was none. Order and spelling of entries are no difference. */
export function compareFleets(before: Side | undefined, after: Side): FleetDiff {
  const old = byId(before?.fleet.packages ?? []);
  const now = byId(after.fleet.packages);
  const renamed = after.fleet.packages.flatMap(({ id, renamedFrom }) =>
    renamedFrom !== undefined && old.has(renamedFrom) && !old.has(id) ? [{ from: renamedFrom, to: id }] : [],
  );
  const left = new Set(renamed.map(({ from }) => from));
  const came = new Set(renamed.map(({ to }) => to));
  const unmanaged = (one: Side | undefined) => one?.fleet.unmanaged ?? [];
  const composer = [before?.fleet, after.fleet].map(
    (one) => one && `${one.composer.owner}/${one.composer.repository}`,
  );
  return {
    added: [...now.keys()].filter((id) => !old.has(id) && !came.has(id)),
    removed: [...old.keys()].filter((id) => !now.has(id) && !left.has(id)),
    renamed,
    changed: [...now.values()].flatMap((one) => {
      const was = old.get(one.id);
      const same = was === undefined || was.dispatchName === one.dispatchName;
      return same ? [] : [{ id: one.id, dispatches: [was.dispatchName, one.dispatchName] as const }];
    }),
    unmanaged: {
      added: without(unmanaged(after), unmanaged(before)),
      removed: without(unmanaged(before), unmanaged(after)),
    },
    settings: before ? changedSettings(before.satis.document, after.satis.document) : [],
    ...(composer[0] !== undefined && composer[1] !== undefined && composer[0] !== composer[1]
      ? { composer: { from: composer[0], to: composer[1] } }
      : {}),
    packages: after.fleet.packages.length,
    subscriptions: compareSubscriptions(before?.fleet, after.fleet),
  };
}

/** Whether anything at all is done for it. */
export function isEmptyDiff(diff: FleetDiff): boolean {
  const { added, removed, renamed, changed, unmanaged, settings, composer, subscriptions: subscribed } = diff;
  const ofPackages = [added, removed, renamed, changed, unmanaged.added, unmanaged.removed, settings];
  const lists = [...ofPackages, subscribed.added, subscribed.removed, subscribed.changed];
  return composer === undefined && lists.every(({ length }) => length === 0);
}

function byId(packages: readonly ManagedPackage[]): ReadonlyMap<string, ManagedPackage> {
  return new Map(packages.map((one) => [one.id, one]));
}

function without(
  entries: readonly UnmanagedEntry[],
  others: readonly UnmanagedEntry[],
): readonly UnmanagedEntry[] {
  const key = ({ url, type }: UnmanagedEntry) => `${type} ${url ?? ""}`;
  const known = new Set(others.map(key));
  return entries.filter((entry) => !known.has(key(entry)));
}

function changedSettings(before: object, after: object): readonly string[] {
  const values = [before, after].map((document) => new Map<string, unknown>(Object.entries(document)));
  const keys = new Set(values.flatMap((document) => [...document.keys()]));
  keys.delete("repositories");
  return [...keys]
    .filter((key) => {
      const [was, is] = values.map((document) => JSON.stringify(document.get(key)));
      return was !== is;
    })
    .sort();
}
