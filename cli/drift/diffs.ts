import { createTwoFilesPatch } from "diff";
import { redactPrivateKeys } from "../../fleet/credentials.ts";
import { safeText } from "../../fleet/findings.ts";
import type { Changed } from "./compare-repositories.ts";
import type { Drift } from "./finding.ts";
import { BATCH, placeKey, type Question, type Repositories } from "./repositories.ts";

/** Changed files whose text one look reads: with the composer repository, which may be asked for again, they fit one request. */
export const SHOWN = BATCH - 1;

/** Lines that may differ: the time of a comparison grows with their square, and nobody reads as many. */
const MAX_EDITS = 1000;

/** Questions for the texts of the first {@link SHOWN} changed files. */
export function textQuestions(changed: readonly Changed[]): Question[] {
  const groups = Map.groupBy(changed.slice(0, SHOWN), ({ repository }) => repository.toLowerCase());
  return [...groups].map(([repository, all]) => ({
    repository,
    files: all.map(({ branch, path }) => ({ branch, path, withText: true })),
  }));
}

/** Adds diffs to the findings on changed files, or why there is none. */
export function withDiffs(
  drift: readonly Drift[],
  changed: readonly Changed[],
  texts: Repositories,
): readonly Drift[] {
  const diffs = new Map(changed.map((file) => [file.finding, diffOfChanged(file, texts)]));
  return drift.map((one, index) => ({ ...one, ...diffs.get(index) }));
}

function diffOfChanged(file: Changed, texts: Repositories): Pick<Drift, "diff" | "noDiff"> {
  const answer = texts.get(file.repository.toLowerCase());
  if (answer?.status === "unread") return { noDiff: `its text could not be read: ${answer.reason}` };
  const given = answer?.status === "there" ? answer.texts.get(placeKey(file)) : undefined;
  if (given === undefined) return { noDiff: `only the first ${SHOWN} changed files are shown` };
  if (given.text === undefined) return { noDiff: `its text could not be read: ${given.reason}` };
  const diff = diffOf(file.path, file.content, given.text);
  return diff === undefined ? { noDiff: "too different to show" } : { diff };
}

/** A unified diff, safe to print: the text on GitHub is whoever's. `undefined` where more than {@link MAX_EDITS} lines differ. */
export function diffOf(
  path: string,
  before: string,
  after: string,
  [from, to]: readonly [string, string] = ["fleet", "GitHub"],
): string | undefined {
  const options = { maxEditLength: MAX_EDITS };
  const patch = createTwoFilesPatch(
    path,
    path,
    redactPrivateKeys(before),
    redactPrivateKeys(after),
    from,
    to,
    options,
  );
  const lines = patch?.split("\n").filter((line) => !/^(=+$|Index: )/.test(line));
  return lines?.map(safeLine).join("\n").trimEnd();
}

/** A tab separates a diff's header and indents files; everything else that is no character is escaped. */
function safeLine(line: string): string {
  return line.split("\t").map(safeText).join("\t");
}
