import { styleText } from "node:util";
import { safeText } from "../../fleet/findings.ts";

/** What was looked at, and what came of it. */
export interface Check {
  /** What was looked at, in a word or two. */
  readonly name: string;
  /** `unread`: it could not be looked at, which is never as good as `ok`; `note`: worth knowing, and right. */
  readonly state: "ok" | "wrong" | "unread" | "note";
  readonly message: string;
  /** What to do; on everything that is wrong. */
  readonly remedy?: string;
}

export function ok(name: string, message: string): Check {
  return { name, state: "ok", message };
}

export function note(name: string, message: string): Check {
  return { name, state: "note", message };
}

export function wrong(name: string, message: string, remedy: string): Check {
  return { name, state: "wrong", message, remedy };
}

export function unread(name: string, reason: string): Check {
  return { name, state: "unread", message: `not known: ${reason}`, remedy: "run fleet doctor again" };
}

/** Whether nothing is wrong, and nothing was left unseen. */
export function isHealthy(checks: readonly Check[]): boolean {
  return checks.every(({ state }) => state === "ok" || state === "note");
}

const SIGNS = {
  ok: ["✓", "green"],
  wrong: ["✗", "red"],
  unread: ["?", "yellow"],
  note: ["·", "dim"],
} as const;

/** One line a check, safe to print. */
export function formatCheck({ name, state, message, remedy }: Check): string {
  const [sign, colour] = SIGNS[state];
  const text = safeText(`${name}: ${message}${remedy === undefined ? "" : `: ${remedy}`}`);
  return `${styleText(colour, sign, { stream: process.stdout })} ${text}`;
}
