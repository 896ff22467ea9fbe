import { safeText } from "../../fleet/findings.ts";
import type { Adoption } from "./look.ts";

/** Diffs that a person reads before the list gets longer than its use; the JSON has all of them. */
const SHOWN_DIFFS = 5;
const SHOWN_LINES = 40;

/** What was found and what comes next, for people; nothing of it could act on a terminal. */
export function describeAdoption(adoption: Adoption): readonly string[] {
  const { found, created, rewritten, settings, notes, problems } = adoption;
  return [
    `found: ${found.repositories} repositories, ${found.files} files of equal content, ${found.secrets} secrets, ${found.settings} settings`,
    `the first update creates ${created} and writes over ${rewritten.length} files`,
    ...rewritten.flatMap((file, index) => [
      `  ${safeText(`${file.repository} ${file.path}`)}: ${file.why}`,
      ...(index < SHOWN_DIFFS ? shownDiff(file.diff) : []),
    ]),
    ...notes.map((note) => `note: ${note}`),
    ...problems.map(({ repository, reason }) => `not adopted: ${safeText(`${repository}: ${reason}`)}`),
    ...(settings.length > 0
      ? ["set this first, or the first update would change it (--configure does):"]
      : []),
    ...settings.map(({ command, why }) => `  ${command}    # ${why}`),
  ];
}

function shownDiff(diff: string | undefined): readonly string[] {
  if (diff === undefined) return [];
  const lines = diff.split("\n");
  const more = lines.length - SHOWN_LINES;
  return [
    ...lines.slice(0, SHOWN_LINES).map((line) => `    ${line}`),
    ...(more > 0 ? [`    ... ${more} more lines`] : []),
  ];
}

/** The commands that adopt by hand what {@link describeAdoption} describes. */
export function byHand(adoption: Pick<Adoption, "prepare">, file: string, stack: string): readonly string[] {
  const targets = adoption.prepare.map((urn) => ` --target '${urn}'`).join("");
  return [
    ...(targets === "" ? [] : [`pulumi up --stack ${stack} --yes --skip-preview${targets}`]),
    `pulumi import --stack ${stack} --file ${file} --yes --generate-code=false --skip-preview`,
    "fleet up",
  ];
}
