import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { EngineName } from "../../cli/engine.ts";
import type { World } from "../../demo/world.ts";
import type { EmulatedGitHub } from "../../sandbox/github/index.ts";
import type { ChildOrder } from "./kill-child.ts";

const CHILD = fileURLToPath(new URL("./kill-child.ts", import.meta.url));

/** How long requests are held back before the kill, in milliseconds: time to see them and to act. */
const HELD = 400;

/** A call at which an update dies: the so manieth of all, or of a route (the first, where that is not said). */
export type KillPoint = number | { readonly method: string; readonly route: string; readonly nth?: number };

/** A killed update, as its owner finds it. */
export interface Killed {
  /** Everything that it printed. */
  readonly said: string;
  /** `false` where the update was done before it could be killed. */
  readonly inTime: boolean;
}

/**
 * Starts an update in processes of its own and kills all of them with SIGKILL in the middle of a call to GitHub.
 *
 * The call itself still reaches GitHub, as it would from a machine that dies: what it made is in no state.
 *
 * @param batchSize commits in one batch of `fleet up`. @default the engine's own update, without batches
 */
export async function killUpdate(
  world: World,
  engine: EngineName,
  point: KillPoint,
  batchSize?: number,
): Promise<Killed> {
  const { github } = world;
  github.resetCalls();
  github.inject(
    typeof point === "number"
      ? { skip: point - 1, latencyMs: HELD, times: Number.POSITIVE_INFINITY }
      : { method: point.method, path: point.route, skip: (point.nth ?? 1) - 1, latencyMs: HELD },
  );
  const child = spawn(process.execPath, [CHILD], { detached: true, stdio: ["pipe", "pipe", "pipe"] });
  const ended = once(child, "exit");
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += String(chunk)));
  const order: ChildOrder = {
    engine,
    settings: world.settings,
    ...(batchSize === undefined ? {} : { batchSize }),
  };
  child.stdin.end(JSON.stringify(order));
  while (!reached(github, point) && child.exitCode === null) await sleep(2);
  const inTime = child.exitCode === null;
  if (child.pid !== undefined) killTree(child.pid);
  await ended;
  await settled(github);
  github.clearFaults();
  return { said, inTime };
}

function reached({ calls }: EmulatedGitHub, point: KillPoint): boolean {
  if (typeof point === "number") return calls.total >= point;
  const { method, route: wanted, nth = 1 } = point;
  return calls.log.filter(({ route }) => route === `${method} ${wanted}`).length >= nth;
}

/** Kills a process and everything it started: Pulumi gives its plugins process groups of their own, and they outlive it. */
function killTree(root: number): void {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number));
  const tree = [root];
  for (const parent of tree) {
    for (const [pid, ppid] of pairs) if (pid !== undefined && ppid === parent) tree.push(pid);
  }
  for (const pid of tree) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Ended by itself meanwhile.
    }
  }
}

/** Waits until GitHub has answered, or tried to answer, every call that it has got. */
async function settled(github: EmulatedGitHub): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (github.calls.log.some(({ status }) => status === 0) && Date.now() < deadline) await sleep(20);
}

/** Whole numbers from 0 up to, not including, `below`: the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
