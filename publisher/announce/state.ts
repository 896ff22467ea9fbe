import * as z from "zod";

/** Commit of each version, by version and package; in what was seen, the beginning of the commit's id. */
const versions = z.record(z.string(), z.record(z.string(), z.string()));
export type Versions = z.infer<typeof versions>;

/** What one consumer is still to be told. */
const pending = z.strictObject({
  /** When the oldest of it became known. */
  since: z.iso.datetime(),
  versions,
});
export type Pending = z.infer<typeof pending>;

/** `seen.json`: the versions of the tree that was announced last; changes once a run. */
const seenSchema = z.strictObject({ schema: z.literal(1), build: z.string(), versions });
/** `pending.json`: what is untold, by the subscription's id; small, since it is saved again and again. */
const pendingSchema = z.strictObject({ schema: z.literal(1), consumers: z.record(z.string(), pending) });

/** What is known of announcements, as the ref keeps it. */
export interface State {
  readonly build: string;
  readonly seen: Versions;
  readonly pending: Readonly<Record<string, Pending>>;
}

/** Reads the two files; `undefined` where they are none of ours. */
export function parseState(seenText: string, pendingText: string): State | undefined {
  try {
    const seen = seenSchema.parse(JSON.parse(seenText));
    const { consumers } = pendingSchema.parse(JSON.parse(pendingText));
    return { build: seen.build, seen: seen.versions, pending: consumers };
  } catch {
    return undefined;
  }
}

export function seenText({ build, seen }: State): string {
  return `${JSON.stringify({ schema: 1, build, versions: sorted(seen, sorted) })}\n`;
}

export function pendingText({ pending }: State): string {
  const consumers = sorted(pending, (one) => ({ since: one.since, versions: sorted(one.versions, sorted) }));
  return `${JSON.stringify({ schema: 1, consumers })}\n`;
}

/** Equal states are equal texts: keys in one order. */
function sorted<T>(map: Readonly<Record<string, T>>, each: (value: T) => unknown = (value) => value) {
  const entries = Object.entries(map).map(([key, value]) => [key, each(value)] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
