import type { Drift } from "./finding.ts";
import { type Report, summary, unreadLines } from "./report.ts";

/** Items of one list. */
const SHOWN = 100;

/** Bytes of the report's parts: GitHub takes issues of 65,536 characters, and the whole stays below 60,000. */
const BYTES = { table: 24_000, unread: 6000, error: 3000, diffs: 20_000, diff: 4000 } as const;

/** Characters of a cell, or of a line of a diff. */
const WIDTH = 300;

const OTHERS = "`fleet drift --json` lists them";

/**
 * The report for an issue or a pull request, short enough for either: what is left out is counted.
 *
 * What was not read stands before the diffs, which are the longest part and the one that a reader can do without.
 */
export function asMarkdown({ stack, first, repair, second, secondError }: Report): string {
  const last = second ?? first;
  return [
    `### Drift of the fleet \`${stack}\``,
    "",
    summary(last),
    ...(repair === undefined ? [] : repairLines(repair.error)),
    ...(secondError === undefined
      ? []
      : ["", "The second look failed:", "", fenced(secondError, BYTES.error)]),
    ...table(last.drift),
    ...unreadList(last.unread),
    ...diffs(last.drift),
  ].join("\n");
}

function repairLines(error: string | undefined): string[] {
  if (error === undefined) return ["", "Repaired by an update."];
  return ["", "The repair failed, what was done stays done:", "", fenced(error, BYTES.error)];
}

function table(drift: readonly Drift[]): string[] {
  if (drift.length === 0) return [];
  const rows = drift.map(({ repository, kind, name, detail, noDiff, remedy }) => {
    const said = [detail, noDiff && `no diff: ${noDiff}`, remedy].filter(Boolean).join("; ");
    return `| ${[repository, kind, name ?? "", said].map(cell).join(" | ")} |`;
  });
  const { shown, more } = fitting(rows, BYTES.table);
  const rest = more > 0 ? ["", `and ${more} more: ${OTHERS}`] : [];
  return ["", "| repository | what | | |", "| --- | --- | --- | --- |", ...shown, ...rest];
}

function unreadList(unread: Report["first"]["unread"]): string[] {
  if (unread.length === 0) return [];
  const lines = unreadLines(unread).map((line) => `- ${escaped(short(line, 2 * WIDTH))}`);
  const { shown, more } = fitting(lines, BYTES.unread);
  const rest = more > 0 ? [`- and ${more} more: ${OTHERS}`] : [];
  return ["", "Not read, and so neither clean nor drifted:", "", ...shown, ...rest];
}

function diffs(drift: readonly Drift[]): string[] {
  const blocks = drift.flatMap(({ repository, name = "", diff }) => {
    if (diff === undefined) return [];
    const title = `<details><summary>${inHtml(`${repository} ${name}`)}</summary>`;
    return [["", title, "", fenced(diff, BYTES.diff, "diff"), "", "</details>"].join("\n")];
  });
  const { shown, more } = fitting(blocks, BYTES.diffs);
  const rest = more > 0 ? ["", `and ${more} more diffs: ${OTHERS}`] : [];
  return [...shown, ...rest];
}

/** As many of the items as a list may hold, and how many it may not. */
function fitting(
  items: readonly string[],
  bytes: number,
  count = SHOWN,
): { readonly shown: readonly string[]; readonly more: number } {
  let left = bytes;
  const end = items.findIndex((item, index) => {
    left -= Buffer.byteLength(item) + 1;
    return left < 0 || index >= count;
  });
  const shown = end === -1 ? items : items.slice(0, end);
  return { shown, more: items.length - shown.length };
}

/** A text in at most so many characters. */
function short(text: string, width: number): string {
  if (text.length <= width) return text;
  // By characters, of which each takes two units at most: none is cut in half.
  return `${[...text.slice(0, 2 * width)].slice(0, width - 1).join("")}…`;
}

/** Text inside a table: no cell's end, no markup, no mention of anybody. */
function cell(text: string): string {
  return escaped(short(text, WIDTH)).replaceAll("|", "\\|");
}

function escaped(text: string): string {
  return text.replace(/[\\`*_[\]<>~#]/g, "\\$&").replaceAll("@", "@\u200b");
}

/** Text inside an HTML block, in which Markdown escapes nothing. */
function inHtml(text: string): string {
  return short(text, WIDTH).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("@", "@\u200b");
}

/** The first lines of a text, in a fence longer than any in it. */
function fenced(text: string, bytes: number, language = ""): string {
  const lines = text.split("\n").map((line) => short(line, WIDTH));
  const { shown, more } = fitting(lines, bytes, lines.length);
  const kept = [...shown, ...(more > 0 ? [`… and ${more} more lines`] : [])].join("\n");
  const longest = Math.max(2, ...[...kept.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${kept}\n${fence}`;
}
