import { type Finding, formatFinding, safeText } from "../../fleet/findings.ts";
import { type FleetDiff, isEmptyDiff } from "./compare.ts";
import { countSubscriptions } from "./subscriptions.ts";

/** First line of every comment: by it the next run finds the comment that it replaces. */
export const MARKER = "<!-- satis-fleet: diff -->";

/** Lines of one list: GitHub takes comments of 65,536 characters. */
const SHOWN = 100;

/** What is told of a change. */
export interface DiffReport {
  readonly base: string;
  /** Whether package repositories are written to at all. */
  readonly dispatches: boolean;
  readonly diff: FleetDiff;
  /** Faults and warnings that the change brings with it. */
  readonly findings: readonly Finding[];
  /** What could not be compared, in a sentence each. */
  readonly notes: readonly string[];
}

/** The report as a pull request's comment. Whatever the files say stands in code spans: no link, mention or markup comes out of it. */
export function renderMarkdown({ base, dispatches, diff, findings, notes }: DiffReport): string {
  const { added, removed, renamed, changed, unmanaged, settings, composer, subscriptions } = diff;
  const parts = [
    list(dispatches ? "Added: each gets the secret and the notify workflow" : "Added", added.map(code)),
    list(
      dispatches ? "Removed: secret and workflow are deleted, the repository stays" : "Removed",
      removed.map(code),
    ),
    list(
      "Renamed",
      renamed.map(({ from, to }) => `${code(from)} is ${code(to)} now`),
    ),
    list(
      dispatches ? "Changed: the workflow is written anew" : "Changed",
      changed.map(
        ({ id, dispatches: [was, is] }) =>
          `${code(id)} tells of ${code(is)}, and not of ${code(was)} any more`,
      ),
    ),
    list(
      "Built, not managed: new",
      unmanaged.added.map(({ url, type, reason }) => `${code(url ?? type)}: ${code(reason)}`),
    ),
    list(
      "Built, not managed: gone",
      unmanaged.removed.map(({ url, type }) => code(url ?? type)),
    ),
    list("Settings of Satis that differ: everything is built", settings.map(code)),
    list("Subscribed: each gets the update workflow, unless it has its own", subscriptions.added.map(code)),
    list("Not subscribed any more: what the fleet put there is deleted", subscriptions.removed.map(code)),
    list(
      "Subscriptions that change",
      subscriptions.changed.map(({ id, keys }) => `${code(id)}: ${keys.map(code).join(", ")}`),
    ),
    composer
      ? `**The composer repository is another one**: ${code(composer.from)} is ${code(composer.to)} now\n`
      : "",
    list(
      "Faults and warnings",
      findings.map((finding) => code(formatFinding(finding))),
    ),
    ...notes.map((note) => `${note}\n`),
  ];
  const nothing = isEmptyDiff(diff)
    ? "What satis.json and subscriptions.json say of the fleet is the same.\n"
    : "";
  const title = `### Fleet: ${summary(diff)}\n`;
  const footer = `${diff.packages} packages afterwards, compared with ${code(base)}\n`;
  return [MARKER, title, nothing, ...parts, footer].filter((part) => part !== "").join("\n");
}

/** The change in numbers. */
export function summary({ added, removed, renamed, changed, subscriptions }: FleetDiff): string {
  const counts = [
    [added.length, "added"],
    [removed.length, "removed"],
    [renamed.length, "renamed"],
    [changed.length, "changed"],
  ] as const;
  const some = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  const subscribed = countSubscriptions(subscriptions);
  return [some.length > 0 ? some.join(", ") : "no package changes", ...subscribed].join("; ");
}

function list(title: string, items: readonly string[]): string {
  if (items.length === 0) return "";
  const more = items.length - SHOWN;
  const shown = items.slice(0, SHOWN).map((item) => `- ${item}`);
  return [`**${title}** (${items.length})\n`, ...shown, ...(more > 0 ? [`- and ${more} more`] : []), ""].join(
    "\n",
  );
}

/** Text as a code span: the fence is longer than any run of backticks inside (CommonMark, "Code spans"). */
export function code(text: string): string {
  const safe = safeText(text);
  const longest = Math.max(0, ...[...safe.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = /^`|`$|^\s|^$/.test(safe) ? " " : "";
  return `${fence}${pad}${safe}${pad}${fence}`;
}
