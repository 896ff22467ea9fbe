import { styleText } from "node:util";
import type { Operations, Step } from "./story.ts";

const KINDS = ["create", "update", "replace", "delete", "same"] as const;

/** What each step shows, for somebody who watches it the first time. */
const STORY: Readonly<Record<string, string>> = {
  preview: "what an update would do",
  create: "the update",
  settle: "a second update changes nothing",
  tamper: "a stranger edits a workflow, deletes one, deletes a secret",
  detect: "a preview with refresh finds exactly that",
  repair: "an update with refresh brings it back",
  edit: "one package leaves satis.json, one joins",
};

/** A line for people. */
export function say(text: string): void {
  console.log(text);
}

/** One finished step, on one line. */
export function showStep(step: Step): void {
  const done = styleText("green", "✓");
  say(
    `${done} ${styleText("bold", step.name.padEnd(8))} ${counts(step.operations).padEnd(44)} ${STORY[step.name] ?? ""}`,
  );
}

/** The table at the end. */
export function showSummary(packages: number, steps: readonly Step[]): void {
  const header = ["step", ...KINDS, "API calls", "per package", "seconds"];
  const rows = steps.map((step) => [
    step.name,
    ...KINDS.map((kind) => String(step.operations[kind])),
    String(step.apiCalls),
    packages > 0 ? (step.apiCalls / packages).toFixed(1) : "-",
    step.seconds.toFixed(1),
  ]);
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
  say("");
  say(styleText("bold", line(header)));
  for (const row of rows) say(line(row));
}

function counts(operations: Operations): string {
  const parts = KINDS.filter((kind) => operations[kind] > 0).map((kind) => `${operations[kind]} ${kind}`);
  return parts.length > 0 ? parts.join(", ") : "-";
}
