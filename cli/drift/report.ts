import { styleText } from "node:util";
import type { Drift, Unread } from "./finding.ts";
import type { Look } from "./look.ts";
import type { Repair } from "./repair.ts";

/** Everything that a run of the command has to tell. */
export interface Report {
  readonly stack: string;
  readonly first: Look;
  readonly repair?: Repair;
  /** The second look, after a repair. */
  readonly second?: Look;
  /** Why there is no second look after a repair, safe to print. */
  readonly secondError?: string;
}

/** Whether the last look read everything and found nothing, and nothing went wrong before it. */
export function isClean(report: Report): boolean {
  const { drift, unread } = report.second ?? report.first;
  return drift.length === 0 && unread.length === 0 && !hasFailed(report);
}

/** Whether the repair, or the look after it, went wrong. */
export function hasFailed({ repair, secondError }: Report): boolean {
  return repair?.error !== undefined || secondError !== undefined;
}

/** One document for programs; the fields of the last look are at its top. */
export function asJson(report: Report): string {
  const { stack, first, repair, second, secondError } = report;
  const last = second ?? first;
  return JSON.stringify(
    {
      stack,
      clean: isClean(report),
      complete: last.unread.length === 0 && secondError === undefined,
      drift: last.drift,
      unread: last.unread,
      repositories: last.repositories,
      apiCalls: last.apiCalls,
      freeCalls: last.freeCalls,
      ...(repair ? { found: first.drift, repair } : {}),
      ...(secondError === undefined ? {} : { secondError }),
    },
    null,
    2,
  );
}

/** The report for a person at a terminal. */
export function asText({ stack, first, repair, second, secondError }: Report): string {
  const parts = [lookText(stack, first)];
  if (repair) parts.push(repairText(repair));
  if (second) parts.push(lookText(stack, second));
  if (secondError !== undefined) parts.push(`${styleText("red", "second look failed:")} ${secondError}`);
  if (!repair && first.drift.length > 0) parts.push(`${bold("fleet drift --repair")} brings it back.`);
  return parts.join("\n\n");
}

function lookText(stack: string, one: Look): string {
  const lines: string[] = [];
  for (const [repository, drift] of Map.groupBy(one.drift, (each) => each.repository)) {
    lines.push(bold(repository), ...drift.flatMap(driftLines), "");
  }
  for (const line of unreadLines(one.unread)) lines.push(`${styleText("yellow", "not read:")} ${line}`);
  return [...lines, `${stack}: ${summary(one)}`].join("\n");
}

function driftLines({ kind, name, detail, diff, noDiff, remedy }: Drift): string[] {
  const what = name === undefined ? detail : `${name} (${detail})`;
  return [
    `  ${styleText("red", kind)}  ${what}`,
    ...(remedy === undefined ? [] : [`    ${styleText("cyan", remedy)}`]),
    ...(noDiff === undefined ? [] : [`    no diff: ${noDiff}`]),
    ...(diff === undefined ? [] : diff.split("\n").map((line) => `    ${coloured(line)}`)),
  ];
}

function coloured(line: string): string {
  if (line.startsWith("+")) return styleText("green", line);
  return line.startsWith("-") ? styleText("red", line) : line;
}

/** What a repair did, in a line or two. */
export function repairText(repair: Repair): string {
  const { operations, error } = repair;
  const counts = Object.entries(operations).filter(([kind, count]) => kind !== "same" && count);
  const done = counts.map(([kind, count]) => `${count} ${kind}`).join(", ") || "nothing to do";
  const lines = [`repair: ${done}`];
  if (repair.enabled.length > 0) lines.push(`enabled again: ${repair.enabled.join(", ")}`);
  if (error !== undefined) lines.push(`${styleText("red", "the repair failed:")} ${error}`);
  return lines.join("\n");
}

/** Reasons with the places they hold for: a token without a permission fails for every repository alike. */
export function unreadLines(unread: readonly Unread[]): string[] {
  const groups = Map.groupBy(unread, ({ what, reason }) => `${what}: ${reason}`);
  return [...groups].map(([said, places]) => {
    const names = places.slice(0, 5).map(({ repository }) => repository);
    const more = places.length > 5 ? ` and ${places.length - 5} more` : "";
    return `${said}: ${names.join(", ")}${more}`;
  });
}

/** A look in a line: what was found, what was not read, what it cost. */
export function summary({ drift, unread, repositories, apiCalls, freeCalls }: Look): string {
  const places = new Set(drift.map(({ repository }) => repository)).size;
  const found =
    drift.length > 0
      ? `${counted(drift.length, "difference")} in ${counted(places, "repository", "repositories")}`
      : unread.length > 0
        ? "no difference in what was read"
        : "as declared";
  const lacking = unread.length > 0 ? `, ${counted(unread.length, "thing")} not read` : "";
  const calls = `${counted(apiCalls, "request")} to GitHub, ${freeCalls} of them free`;
  return `${found}${lacking}; ${counted(repositories, "repository", "repositories")} read, ${calls}`;
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function bold(text: string): string {
  return styleText("bold", text);
}
