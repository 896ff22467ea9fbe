import type { Fault } from "../fault.ts";
import { code, table, text } from "../markdown.ts";
import type { Outcome, VersionChange } from "../outcome.ts";
import type { Plan } from "../plan.ts";
import type { BuildRecord } from "../record.ts";

/** What a run did, for the job summary. */
export interface SummaryInput {
  readonly plan?: Plan;
  readonly outcome?: Outcome;
  /** What is held now: of the staged record, or of the published one where nothing was built. */
  readonly held?: BuildRecord["held"];
  /** Faults that stopped the run. */
  readonly faults?: readonly Fault[];
  /** What became of it, in the words of the one who ran it: `published`, `nothing was stale`. */
  readonly result: string;
}

/** Entries of each list; GitHub takes 1 MiB a step, and nobody reads more. */
const LISTED = 100;

/** The run in Markdown: what happened first, then what is to be done, then what changed. */
export function summaryText(input: SummaryInput): string {
  const { plan, outcome, held = {}, faults = [], result } = input;
  const sections = [
    `## Registry: ${text(result, 200)}`,
    plan === undefined ? "" : planSection(plan),
    faultSection("Stopped by", faults),
    heldSection(held),
    outcome === undefined ? "" : changeSection(outcome.changes),
    outcome === undefined ? "" : leftOutSection(outcome.leftOut),
    plan === undefined ? "" : hintSection(plan.hints),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function planSection({ build, action, reasons, repositories, cost }: Plan): string {
  const stale = repositories.filter((one) => one.stale).length;
  const lines = [
    `Build ${code(build)}: ${code(action)}, ${stale} of ${repositories.length} repositories stale, about ${cost.calls} calls to GitHub.`,
  ];
  for (const reason of reasons.slice(0, 20)) lines.push(`- ${text(reason, 300)}`);
  if (reasons.length > 20) lines.push(`- ${reasons.length - 20} more reasons`);
  return lines.join("\n");
}

function faultSection(title: string, faults: readonly Fault[]): string {
  if (faults.length === 0) return "";
  const rows = faults
    .slice(0, LISTED)
    .map((one) => [
      code(one.by, 60),
      one.package === undefined ? "" : code(one.package, 210),
      text(one.message, 500),
      text(one.remedy, 500),
    ]);
  return `### ${title}\n\n${table(["By", "Package", "What", "What to do"], rows)}${more(faults.length)}`;
}

function heldSection(held: BuildRecord["held"]): string {
  const entries = Object.entries(held);
  if (entries.length === 0) return "";
  const rows = entries
    .slice(0, LISTED)
    .map(([name, one]) => [
      code(name, 210),
      one.published ? "older files" : "nothing",
      text(one.reason, 500),
      text(one.remedy, 500),
      one.since,
    ]);
  return `### Held\n\n${table(["Package", "Published", "Why", "What to do", "Since"], rows)}${more(entries.length)}`;
}

function changeSection(changes: readonly VersionChange[]): string {
  if (changes.length === 0) return "";
  const rows = changes
    .slice(0, LISTED)
    .map((one) => [
      code(one.package, 210),
      code(one.version, 100),
      one.kind,
      one.reference === undefined ? "" : code(one.reference.slice(0, 12)),
    ]);
  return `### Versions\n\n${table(["Package", "Version", "Change", "Commit"], rows)}${more(changes.length)}`;
}

function leftOutSection(leftOut: Outcome["leftOut"]): string {
  if (leftOut.length === 0) return "";
  const rows = leftOut
    .slice(0, LISTED)
    .map((one) => [code(one.package, 210), code(one.tag, 100), text(one.reason, 300)]);
  return `### Tags that are no version\n\n${table(["Package", "Tag", "Why"], rows)}${more(leftOut.length)}`;
}

function hintSection(hints: Plan["hints"]): string {
  if (hints.length === 0) return "";
  const rows = hints.slice(0, LISTED).map((one) => [code(one.text, 100), one.verdict]);
  return `### Asked for\n\n${table(["Name", "It is"], rows)}${more(hints.length)}`;
}

function more(count: number): string {
  return count > LISTED ? `\n\n${count - LISTED} more.` : "";
}
