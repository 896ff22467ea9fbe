import { isComponent, type Step } from "./steps.ts";

/** What GitHub allows a token (docs.github.com, "Rate limits for the REST API"). */
export const LIMITS = {
  callsAnHour: 5000,
  /** Requests that make content. */
  contentAnHour: 500,
  writesAMinute: 80,
} as const;

/** Milliseconds between two writes below which GitHub's public limits are not meant: an Enterprise Server of one's own. */
const PUBLIC_DELAY = 1000;

/** What an update asks of GitHub. */
export interface Cost {
  readonly calls: number;
  readonly writes: number;
  /** Writes that make content: commits and repositories. */
  readonly content: number;
  /** Seconds with one write at a time. */
  readonly seconds: number;
}

/** How the updates of a stack are paced. */
export interface Pace {
  /** Whether GitHub's public limits hold. */
  readonly limited: boolean;
  readonly writeDelayMs: number;
  /** Operations side by side; one keeps the second between writes that GitHub asks for. */
  readonly parallel: number;
}

/** Gives the pace that the configuration's pause between writes stands for. */
export function paceOf(writeDelayMs: number, parallel?: number): Pace {
  const limited = writeDelayMs >= PUBLIC_DELAY;
  return { limited, writeDelayMs, parallel: parallel ?? (limited ? 1 : 16) };
}

/** Calls of one operation (measured, provider 6.15); one of them writes, but for those of a refresh, which reads. */
const CALLS: Readonly<Record<string, Readonly<Record<"create" | "update" | "delete" | "read", number>>>> = {
  "github:index/repositoryFile:RepositoryFile": { create: 6, update: 6, delete: 3, read: 2 },
  "github:index/actionsSecret:ActionsSecret": { create: 4, update: 4, delete: 1, read: 1 },
};
const OTHER_CALLS = { create: 4, update: 4, delete: 2, read: 1 };

const CONTENT = new Set(["github:index/repositoryFile:RepositoryFile", "github:index/repository:Repository"]);

/** Seconds that a call takes besides pauses: what api.github.com usually needs. */
const CALL_SECONDS = 0.25;

/** What one step asks of GitHub: nothing for components, the provider and what is drawn by chance. */
export function costOf(step: Step, { writeDelayMs }: Pick<Pace, "writeDelayMs">): Cost {
  const kind = KINDS[step.op];
  if (kind === undefined || isComponent(step) || !step.type.startsWith("github:")) return NOTHING;
  const calls = (CALLS[step.type] ?? OTHER_CALLS)[kind];
  // The provider waits a second of its own after it has made a secret (measured).
  const own = kind === "create" && /Secret$/.test(step.type) ? 1 : 0;
  return {
    calls,
    writes: 1,
    content: CONTENT.has(step.type) ? 1 : 0,
    seconds: calls * CALL_SECONDS + writeDelayMs / 1000 + own,
  };
}

const KINDS: Readonly<Record<string, "create" | "update" | "delete">> = {
  create: "create",
  "create-replacement": "create",
  update: "update",
  delete: "delete",
  "delete-replaced": "delete",
};
const NOTHING: Cost = { calls: 0, writes: 0, content: 0, seconds: 0 };

/** The sum of what steps ask of GitHub. */
export function totalCost(steps: readonly Step[], pace: Pick<Pace, "writeDelayMs">): Cost {
  return steps
    .map((step) => costOf(step, pace))
    .reduce(
      (sum, one) => ({
        calls: sum.calls + one.calls,
        writes: sum.writes + one.writes,
        content: sum.content + one.content,
        seconds: sum.seconds + one.seconds,
      }),
      NOTHING,
    );
}

/** Seconds of the window in which GitHub counts. */
export const HOUR = 3600;

/**
 * Seconds that one batch takes: side by side where that is allowed, and never over the writes of a minute. One that holds more than an
 * hour may waits inside the run, as the provider does (RateLimitTransport), until GitHub's next hour.
 */
export function batchSeconds({ seconds, writes, content, calls }: Cost, { limited, parallel }: Pace): number {
  const byWork = seconds / parallel;
  if (!limited) return Math.ceil(byWork);
  const hours = Math.max(hoursBefore(content, LIMITS.contentAnHour), hoursBefore(calls, LIMITS.callsAnHour));
  return Math.ceil(Math.max(byWork, (writes / LIMITS.writesAMinute) * 60, hours * HOUR));
}

/** Full hours that pass before the last of so many is made. */
function hoursBefore(count: number, anHour: number): number {
  return Math.max(0, Math.ceil(count / anHour) - 1);
}

/** Reads of a refresh side by side: far below the hundred that GitHub allows. */
export const READS = 16;

/** Calls that a refresh of these resources of the state makes: three for a package with a secret of its own, two without. */
export function refreshCalls(resources: readonly { readonly type: string }[]): number {
  return resources
    .filter(({ type }) => type.startsWith("github:"))
    .reduce((sum, { type }) => sum + (CALLS[type] ?? OTHER_CALLS).read, 0);
}

/** Seconds that so many calls of a refresh take, the wait for GitHub's next hours among them. */
export function refreshSeconds(calls: number, { limited }: Pick<Pace, "limited">): number {
  const reading = (calls * CALL_SECONDS) / READS;
  return Math.ceil(limited ? Math.max(reading, hoursBefore(calls, LIMITS.callsAnHour) * HOUR) : reading);
}

/** A duration as people say it: `40 s`, `12 min`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}
