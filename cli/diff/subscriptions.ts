import type { Fleet } from "../../fleet/derive.ts";
import type { Subscription } from "../../fleet/subscriptions.ts";

/** A subscription that stays and says something else. */
export interface ChangedSubscription {
  readonly id: string;
  /** Keys whose value differs. */
  readonly keys: readonly string[];
}

/** What a change of subscriptions.json does. */
export interface SubscriptionDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly ChangedSubscription[];
  /** Afterwards. */
  readonly count: number;
}

/** Compares two fleets' subscriptions by id; order, letter case and what `defaults` gives are no difference. */
export function compareSubscriptions(before: Fleet | undefined, after: Fleet): SubscriptionDiff {
  const old = byId(before);
  const now = byId(after);
  return {
    added: [...now.keys()].filter((id) => !old.has(id)),
    removed: [...old.keys()].filter((id) => !now.has(id)),
    changed: [...now].flatMap(([id, one]) => {
      const keys = differing(old.get(id) ?? one, one);
      return keys.length === 0 ? [] : [{ id, keys }];
    }),
    count: now.size,
  };
}

/** One line for each difference, for a terminal. */
export function describeSubscriptions({ added, removed, changed }: SubscriptionDiff): readonly string[] {
  return [
    ...added.map((id) => `+ ${id} is subscribed`),
    ...removed.map((id) => `- ${id} is not subscribed any more`),
    ...changed.map(({ id, keys }) => `~ the subscription of ${id}: ${keys.join(", ")}`),
  ];
}

/** The difference in a few words; none where there is none. */
export function countSubscriptions({ added, removed, changed }: SubscriptionDiff): readonly string[] {
  const counts = [
    [added.length, "added"],
    [removed.length, "removed"],
    [changed.length, "changed"],
  ] as const;
  return counts.flatMap(([count, word]) =>
    count === 0 ? [] : [`${count} ${count === 1 ? "subscription" : "subscriptions"} ${word}`],
  );
}

function byId(fleet: Fleet | undefined): ReadonlyMap<string, Subscription> {
  const all = fleet?.consumers.flatMap(({ updated, dispatched }) => [...updated, ...dispatched]) ?? [];
  return new Map(
    all.map((one): [string, Subscription] => [one.id, one]).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function differing(before: Subscription, after: Subscription): readonly string[] {
  const was = new Map<string, unknown>(Object.entries(before));
  const is = new Map<string, unknown>(Object.entries(after));
  const keys = [...new Set([...was.keys(), ...is.keys()])].sort();
  return keys.filter((key) => JSON.stringify(was.get(key)) !== JSON.stringify(is.get(key)));
}
