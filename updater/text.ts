import { code, table, text } from "../publisher/markdown.ts";
import type { Input } from "./input.ts";
import { type PullState, stateComment } from "./pulls.ts";
import type { Change, Update } from "./work.ts";

/** GitHub takes 65,536 characters; the rest of the room is for the state. */
const MAX_ROWS = 150;
const MAX_LINES = 30;

/** What the pull request brings, for the next run. */
export function stateOf({ changes }: Update): PullState {
  const brought = changes.flatMap(({ name, to, reference, wanted }) =>
    wanted && to !== undefined
      ? [[name, { version: to, ...(reference === undefined ? {} : { reference }) }] as const]
      : [],
  );
  return { packages: Object.fromEntries(brought) };
}

/**
 * One line for the pull request and the commit, which neither reads as Markdown. A version is shown only where it is made of harmless
 * characters: a commit's message would notify whom it mentions.
 */
export function titleOf({ changes }: Update, { settings }: Input): string {
  const wanted = changes.filter((one) => one.wanted);
  if (wanted.length > 3) return `Update ${wanted.length} packages of ${settings.registry}`;
  const parts = wanted.map(({ name, to = "" }) => (/^[\w.+-]{1,40}$/.test(to) ? `${name} to ${to}` : name));
  return `Update ${new Intl.ListFormat("en").format(parts)}`;
}

/** The pull request's text; the same for the same update. */
export function bodyOf(update: Update, { settings }: Input): string {
  const { changes, raised, audit } = update;
  const rows = changes.slice(0, MAX_ROWS).map(rowOf);
  const more = changes.length - rows.length;
  return [
    `${text(settings.registry)} has published versions that this project uses.`,
    table(["Package", "From", "To", "Commit"], rows) +
      (more > 0 ? `\n\nAnd ${more} more, see the diff.` : ""),
    ...raised.map(
      ({ name, from, to }) =>
        `The constraint of ${code(name)} in composer.json is raised from ${code(from)} to ${code(to)}.`,
    ),
    auditText(audit),
    "Later versions are added to this pull request while it is open. What you commit on its branch is kept. Closed without merging, it is not opened again for the same versions.",
    ...(settings.notify.length === 0 ? [] : [`For ${settings.notify.join(" ")}`]),
    stateComment(stateOf(update)),
  ].join("\n\n");
}

function rowOf({ name, from, to, reference, wanted }: Change): readonly string[] {
  const shown = (version: string | undefined, none: string) =>
    version === undefined ? none : code(version, 60);
  return [
    `${code(name, 100)}${wanted ? "" : " (dependency)"}`,
    shown(from, "new"),
    shown(to, "removed"),
    reference === undefined ? "" : code(reference.slice(0, 10)),
  ];
}

function auditText(audit: readonly string[] | undefined): string {
  if (audit === undefined) return "Composer could not tell whether vulnerabilities are known.";
  if (audit.length === 0) return "No vulnerability is known in what would be installed (`composer audit`).";
  const lines = audit.slice(0, MAX_LINES).map((line) => `- ${text(line, 300)}`);
  const more = audit.length - lines.length;
  return [
    `Vulnerabilities known in what would be installed (\`composer audit\`): ${audit.length}`,
    [...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join("\n"),
  ].join("\n\n");
}

/** Comments that are made once; each has a mark by which the next run knows it. */
export const NOTES = {
  people: {
    mark: "<!-- satis-fleet people -->",
    text: "People have committed on this branch. Their commits are kept: updates are added on top, and the branch is not renewed any more.",
  },
  conflict: {
    mark: "<!-- satis-fleet conflict -->",
    text: "This branch conflicts with its base. People have committed on it, so it is not renewed: please merge the base, take its composer.lock and run `composer update` for the packages above.",
  },
} as const;
