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
}

/** Whether the last look read everything and found nothing. */
export function isClean({ first, second }: Report): boolean {
  const { drift, unread } = second ?? first;
  return drift.length === 0 && unread.length === 0;
}

/** One document for programs; the fields of the last look are at its top. */
export function asJson(report: Report): string {
  const { stack, first, repair, second } = report;
  const last = second ?? first;
  return JSON.stringify(
    {
      stack,
      clean: isClean(report),
      complete: last.unread.length === 0,
      drift: last.drift,
      unread: last.unread,
      repositories: last.repositories,
      apiCalls: last.apiCalls,
      freeCalls: last.freeCalls,
      ...(repair ? { found: first.drift, repair } : {}),
    },
    null,
    2,
  );
}

/** The report for a person at a terminal. */
export function asText({ stack, first, repair, second }: Report): string {
  const parts = [lookText(stack, first)];
  if (repair) parts.push(repairText(repair));
  if (second) parts.push(lookText(stack, second));
  else if (first.drift.length > 0) parts.push(`${bold("fleet drift --repair")} brings it back.`);
  return parts.join("\n\n");
}

/** The report for an issue or a pull request. */
export function asMarkdown({ stack, first, repair, second }: Report): string {
  const last = second ?? first;
  const lines = [
    `### Drift of the fleet \`${stack}\``,
    "",
    summary(last),
    ...(repair ? ["", repair.error === undefined ? "Repaired by an update." : "The repair failed."] : []),
  ];
  if (last.drift.length > 0) {
    lines.push("", "| repository | what | | |", "| --- | --- | --- | --- |");
    for (const one of last.drift) {
      const cells = [
        one.repository,
        one.kind,
        one.name ?? "",
        [one.detail, one.remedy].filter(Boolean).join("; "),
      ];
      lines.push(`| ${cells.map(cell).join(" | ")} |`);
    }
    for (const { repository, name, diff } of last.drift) {
      if (diff === undefined) continue;
      lines.push(
        "",
        `<details><summary>${escaped(`${repository} ${name ?? ""}`)}</summary>`,
        "",
        fenced(diff),
        "",
      );
      lines.push("</details>");
    }
  }
  if (last.unread.length > 0) {
    lines.push("", "Not read, and so neither clean nor drifted:", "");
    for (const line of unreadLines(last.unread)) lines.push(`- ${escaped(line)}`);
  }
  return lines.join("\n");
}

function lookText(stack: string, one: Look): string {
  const lines: string[] = [];
  for (const [repository, drift] of Map.groupBy(one.drift, (each) => each.repository)) {
    lines.push(bold(repository), ...drift.flatMap(driftLines), "");
  }
  for (const line of unreadLines(one.unread)) lines.push(`${styleText("yellow", "not read:")} ${line}`);
  return [...lines, `${stack}: ${summary(one)}`].join("\n");
}

function driftLines({ kind, name, detail, diff, remedy }: Drift): string[] {
  const what = name === undefined ? detail : `${name} (${detail})`;
  return [
    `  ${styleText("red", kind)}  ${what}`,
    ...(remedy === undefined ? [] : [`    ${styleText("cyan", remedy)}`]),
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
function unreadLines(unread: readonly Unread[]): string[] {
  const groups = Map.groupBy(unread, ({ what, reason }) => `${what}: ${reason}`);
  return [...groups].map(([said, places]) => {
    const names = places.slice(0, 5).map(({ repository }) => repository);
    const more = places.length > 5 ? ` and ${places.length - 5} more` : "";
    return `${said}: ${names.join(", ")}${more}`;
  });
}

function summary({ drift, unread, repositories, apiCalls, freeCalls }: Look): string {
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

/** Text inside a table: no cell's end, no markup, no mention of anybody. */
function cell(text: string): string {
  return escaped(text).replaceAll("|", "\\|");
}

function escaped(text: string): string {
  return text.replace(/[\\`*_[\]<>~#]/g, "\\$&").replaceAll("@", "@\u200b");
}

/** A fence longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}diff\n${text}\n${fence}`;
}
