import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { RegistrySettings } from "../../fleet/registry-settings.ts";
import type { Subscription } from "../../fleet/subscription.ts";
import { fetchPublished, openRegistry, type Registry, remoteState } from "../branch.ts";
import type { Clock } from "../confirm.ts";
import type { Environment } from "../environment.ts";
import type { Fault } from "../fault.ts";
import { markerState } from "../publish.ts";
import type { BuildRecord } from "../record.ts";
import { openTree } from "../tree.ts";
import { readMetadata } from "../verify/metadata.ts";
import type { Work } from "../work.ts";
import { addPending, newVersions, seenOf, versionsOf } from "./changes.ts";
import { type Due, deliver } from "./deliver.ts";
import { type Pending, pendingText, type State, seenText } from "./state.ts";
import { loadState, type Stored, saveState } from "./store.ts";

/** What an announcement has done so far; a test stops it there. */
export type AnnounceStep = "recorded" | "dispatched";

export interface AnnounceInput {
  readonly work: Work;
  /** With `announceToken` for the consumers and `pushToken` for the ref of the composer repository. */
  readonly environment: Environment;
  readonly settings: Pick<
    RegistrySettings,
    "owner" | "repository" | "registryBranch" | "githubHost" | "apiUrl"
  >;
  readonly subscriptions: readonly Subscription[];
  /** Commit that the live site is known to show. @default the branch's tip, unless its deployment is not confirmed */
  readonly commit?: string | undefined;
  readonly clock?: Clock;
  readonly onStep?: (step: AnnounceStep, consumer?: string) => Promise<void>;
  readonly onProgress?: (line: string) => void;
}

/** Why a consumer is not told yet. */
export type Waiting = "paused" | "delayed" | "failed";

export interface Announced {
  /** Ids of the subscriptions that were told everything, in the order of their telling. */
  readonly told: readonly string[];
  readonly waiting: Readonly<Record<string, Waiting>>;
  /** Set where nothing was known before, so that everything was only recorded. */
  readonly first: boolean;
  /** What could not be told, and what to do; the next run tries again. */
  readonly faults: readonly Fault[];
}

const CLOCK: Clock = { now: Date.now, sleep: pause };
/** Consumers between two records: so many may be told twice where the process is killed. */
const SAVE_EVERY = 50;

/**
 * Tells every consumer once of the versions that came or moved since the last announcement.
 *
 * At least once: what is to be told is recorded before anybody is told, and what was told is taken out afterwards, so a run that is
 * killed, or never happens, loses nothing; consumers that are told twice change nothing. What cannot be told stays recorded. The
 * first time everything is recorded and nobody is told.
 *
 * @throws PublishError where the composer repository cannot be read or written; with exit code `raced` where another run announces
 */
export async function announce(input: AnnounceInput): Promise<Announced> {
  const { subscriptions, clock = CLOCK } = input;
  const registry = await openRegistry(input.work, input.environment, input.settings);
  const stored = await loadState(registry);
  const first = stored?.state === undefined;
  const faults: Fault[] = stored !== undefined && first ? [UNREADABLE] : [];
  const nothing: Announced = { told: [], waiting: {}, first, faults };
  if (stored === undefined && subscriptions.length === 0) return nothing;
  const state = await updatedState(input, registry, stored?.state, new Date(clock.now()).toISOString());
  if (state === undefined) return nothing;
  const keeper = keep(registry, stored, state, input.onStep);
  await keeper.save();
  const { due, waiting } = sortOut(state, subscriptions, clock.now());
  const told: string[] = [];
  let done = 0;
  await deliver({ ...input, clock }, state.build, due, async (id, rest, fault) => {
    keeper.set(id, rest);
    if (rest === undefined) told.push(id);
    else waiting[id] = "failed";
    if (fault !== undefined) faults.push(fault);
    await input.onStep?.("dispatched", id);
    if (++done % SAVE_EVERY === 0) await keeper.save();
  });
  await keeper.save();
  return { told, waiting, first, faults };
}

const UNREADABLE: Fault = {
  by: "announce",
  message:
    "what was announced before cannot be read, so everything that is published now counts as announced",
  remedy: "update by hand what consumers have missed; nothing else is to be done",
};

/** The state with what is published now; `undefined` where nothing is known to be live. */
async function updatedState(
  input: AnnounceInput,
  registry: Registry,
  known: State | undefined,
  time: string,
): Promise<State | undefined> {
  const { subscriptions, settings } = input;
  const remote = await remoteState(registry);
  const live = markerState(remote).state === "absent" ? remote.tip : undefined;
  const commit = input.commit ?? live;
  if (commit === undefined) return known;
  const folder = join(input.work.root, "announced");
  const record = (await fetchPublished(registry, folder, commit))?.record;
  if (record === undefined) return known;
  const now = versionsOf((await readMetadata(await openTree(folder))).packages);
  const pending =
    known === undefined
      ? {}
      : addPending({
          pending: known.pending,
          fresh: newVersions(known.seen, now),
          now,
          subscriptions,
          isOwn: ({ repository }, name) => isFrom(record, name, `${settings.githubHost}/${repository}`),
          time,
        });
  return { build: record.build, seen: seenOf(now), pending };
}

function isFrom({ packages }: BuildRecord, name: string, repository: string): boolean {
  return packages[name.toLowerCase()]?.repository?.toLowerCase() === repository.toLowerCase();
}

/** Holds the state and writes it, one write after the other, and none where nothing changed. */
function keep(registry: Registry, stored: Stored | undefined, state: State, onStep: AnnounceInput["onStep"]) {
  let { commit, state: saved } = stored ?? {};
  let current = state;
  let writing = Promise.resolve();
  const write = async () => {
    const now = current;
    if (saved !== undefined && seenText(now) === seenText(saved) && pendingText(now) === pendingText(saved))
      return;
    commit = await saveState(registry, now, commit);
    saved = now;
    await onStep?.("recorded");
  };
  return {
    set: (id: string, rest: Pending | undefined) => {
      const { [id]: _, ...others } = current.pending;
      current = { ...current, pending: rest === undefined ? others : { ...others, [id]: rest } };
    },
    save: () => {
      writing = writing.then(write);
      return writing;
    },
  };
}

/** Who is to be told now, who waited longest first, and why the others wait. */
function sortOut(state: State, subscriptions: readonly Subscription[], now: number) {
  const waiting: Record<string, Waiting> = {};
  const due: Due[] = [];
  for (const subscription of subscriptions) {
    const pending = state.pending[subscription.id];
    if (pending === undefined) continue;
    const { id, paused, delayMinutes } = subscription;
    if (paused) waiting[id] = "paused";
    // Another machine's clock may be ahead of this one: without a delay that is no reason to wait.
    else if (Math.max(now - Date.parse(pending.since), 0) < delayMinutes * 60_000) waiting[id] = "delayed";
    else due.push({ subscription, pending });
  }
  return { due: due.sort((a, b) => Date.parse(a.pending.since) - Date.parse(b.pending.since)), waiting };
}
