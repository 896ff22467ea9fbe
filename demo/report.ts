import { styleText } from "node:util";
import type { ShownPull } from "./consumer.ts";
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
  publish: "the composer repository's workflows build, verify and serve the registry",
  release: "a tag is pushed: its workflow notifies, the registry follows",
  update: "the release becomes a pull request where it is used; the next one reuses it",
};

/** What steps without resources of their own came to. */
function notes({ name, result }: Step): string | undefined {
  const told = (result ?? {}) as Record<string, unknown>;
  if (name === "publish") return `${told.packages} packages served`;
  if (name === "release") return `${told.version}; Composer: ${told.composer}`;
  if (name !== "update") return undefined;
  return told.skipped === undefined ? "1 pull request, reused" : `skipped: ${told.skipped}`;
}

/** A line for people. */
export function say(text: string): void {
  console.log(text);
}

/** One finished step, on one line. */
export function showStep(step: Step): void {
  const done = styleText("green", "✓");
  const what = notes(step) ?? counts(step.operations);
  say(`${done} ${styleText("bold", step.name.padEnd(8))} ${what.padEnd(44)} ${STORY[step.name] ?? ""}`);
}

/** The registry's page, and the pull request that the releases came to. */
export function showRegistry(steps: readonly Step[], kept: boolean): void {
  const results = new Map(
    steps.map(({ name, result }) => [name, result as Record<string, unknown> | undefined]),
  );
  const page = results.get("publish")?.page;
  if (typeof page === "string") {
    say(`\nThe registry's page: ${page}${kept ? "" : " (stays up with --keep)"}`);
  }
  const update = results.get("update");
  const pulls = [update?.first, update?.second] as (ShownPull | undefined)[];
  if (typeof update?.skipped === "string") say(`No pull request: ${update.skipped}.`);
  for (const [index, pull] of pulls.entries()) {
    if (pull === undefined) continue;
    say(
      `${index === 0 ? "The release" : "The next release"}: pull request #${pull.number}, ${styleText("bold", pull.title)}`,
    );
    for (const line of pull.table) say(`  ${line}`);
  }
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
