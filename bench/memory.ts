import { readdirSync, readFileSync } from "node:fs";

/** Peak resident memory in MB of the processes below this one. */
export interface Peaks {
  /** The program: Node with `@pulumi/pulumi/cmd/run`. */
  readonly program: number;
  /** The engine: the `pulumi` process, or this one where the engine runs in it. */
  readonly engine: number;
}

const EVERY_MS = 100;

/** Watches descendants by /proc while `act` runs; zeros where there is no /proc. */
export async function watchMemory<T>(act: () => Promise<T>): Promise<{ value: T; peaks: Peaks }> {
  const peaks = { program: 0, engine: 0 };
  const look = () => {
    for (const pid of descendants(process.pid)) {
      const kind = kindOf(pid);
      if (kind) peaks[kind] = Math.max(peaks[kind], peakMegabytes(pid));
    }
  };
  const timer = setInterval(look, EVERY_MS);
  try {
    const value = await act();
    if (peaks.engine === 0) peaks.engine = Math.round(process.memoryUsage.rss() / 1e6);
    return { value, peaks };
  } finally {
    clearInterval(timer);
  }
}

function kindOf(pid: number): "program" | "engine" | undefined {
  const command = read(`/proc/${pid}/cmdline`).split("\0");
  if (command.some((word) => word.includes("pulumi/cmd/run"))) return "program";
  return command[0]?.endsWith("pulumi") ? "engine" : undefined;
}

function peakMegabytes(pid: number): number {
  const kilobytes = /VmHWM:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1];
  return Math.round(Number(kilobytes ?? 0) / 1000);
}

/** Every process whose chain of parents leads to `root`. */
function descendants(root: number): number[] {
  const parents = new Map<number, number>();
  try {
    for (const name of readdirSync("/proc")) {
      const pid = Number(name);
      if (!Number.isInteger(pid)) continue;
      const parent = /\) \S (\d+)/.exec(read(`/proc/${pid}/stat`))?.[1];
      if (parent) parents.set(pid, Number(parent));
    }
  } catch {
    return [];
  }
  const below = (pid: number): boolean => {
    for (let at = parents.get(pid); at !== undefined; at = parents.get(at)) if (at === root) return true;
    return false;
  };
  return [...parents.keys()].filter(below);
}

/** Text of a /proc file; empty when the process has just ended. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
