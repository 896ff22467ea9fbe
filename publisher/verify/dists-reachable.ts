import { quoted } from "../../fleet/findings.ts";
import type { Fault } from "../fault.ts";
import { inParallel } from "../parallel.ts";
import { isHeld, packageFault } from "./context.ts";
import type { Candidate, Gate, World } from "./gate.ts";
import { readMetadata } from "./metadata.ts";

/** How much is asked, and how patiently. */
export interface Asking {
  readonly most: number;
  readonly atOnce: number;
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubled before each further one. */
  readonly pause: number;
}

export const ASKING: Asking = { most: 200, atOnce: 8, attempts: 3, pause: 500 };
/** Answers that say of the dist itself that nobody can have it. */
const REFUSED = new Set([401, 403, 404, 410]);
/** So many in a row without an answer, and it is the network: nothing more is asked. */
const GIVE_UP = 16;

/** Makes the gate for other limits than {@link ASKING}. */
export function distsReachableGate(asking: Asking = ASKING): Gate {
  return {
    name: "dists-reachable",
    guarantees: `the dists of rebuilt packages, the newest ${asking.most} over all, can be fetched; trouble of the network is a warning`,
    async check(candidate, world) {
      const { head } = world;
      return head === undefined ? [] : ask(await newestDists(candidate, asking.most), head, world, asking);
    },
  };
}

interface Dist {
  readonly name: string;
  readonly version: string;
  readonly url: string;
  readonly time: string;
}

async function newestDists(candidate: Candidate, most: number): Promise<Dist[]> {
  const { packages } = await readMetadata(candidate.tree);
  const dists = [...(candidate.rebuilt ?? [])]
    .filter((name) => !isHeld(candidate, name))
    .flatMap((name) =>
      (packages.get(name) ?? []).flatMap(({ version, dist, time = "" }): Dist[] =>
        dist === undefined ? [] : [{ name, version, url: dist.url, time: instant(time) }],
      ),
    );
  dists.sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0));
  return [...new Map(dists.map((dist) => [dist.url, dist])).values()].slice(0, most);
}

/** Times carry zones, so as texts they do not sort. */
function instant(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

async function ask(
  dists: readonly Dist[],
  head: NonNullable<World["head"]>,
  { warn }: World,
  asking: Asking,
): Promise<Fault[]> {
  let silent = 0;
  let unanswered = 0;
  const faults = await inParallel(
    dists,
    asking.atOnce,
    async ({ name, version, url }): Promise<Fault | undefined> => {
      const status = silent >= GIVE_UP ? undefined : await patiently(head, url, asking);
      if (status === undefined) {
        silent++;
        unanswered++;
        return undefined;
      }
      silent = 0;
      if (!REFUSED.has(status)) return undefined;
      return packageFault(
        "dists-reachable",
        name,
        `the dist of ${quoted(version)} answers ${status}`,
        "see that the repository and that commit are there, and that the build's read token may read it",
      );
    },
  );
  if (unanswered > 0)
    warn?.(`${unanswered} of ${dists.length} dists gave no answer, so they are not known to be there`);
  const found = faults.filter((fault) => fault !== undefined);
  return [...new Map(found.reverse().map((fault) => [fault.package, fault])).values()].reverse();
}

/** Status of the first answer that is one; `undefined` where all attempts ended in 429, 5xx or nothing. */
async function patiently(
  head: NonNullable<World["head"]>,
  url: string,
  { attempts, pause }: Asking,
): Promise<number | undefined> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, pause * 2 ** (attempt - 1)));
    const status = await head(url).catch(() => undefined);
    if (status !== undefined && status !== 429 && status < 500) return status;
  }
  return undefined;
}
