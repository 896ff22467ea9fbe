import type { RegistrySettings } from "../../fleet/registry-settings.ts";
import type { Fault } from "../fault.ts";
import type { GitHub } from "../github.ts";
import { code, table, text } from "../markdown.ts";
import type { BuildRecord } from "../record.ts";

const ISSUE_LABEL = "satis-fleet";
export const ISSUE_TITLE = "The registry needs attention";
/** Tells the publisher's own issue from all others, whoever opened it and whatever its title became. */
const ISSUE_MARKER = "<!-- satis-fleet: registry -->";

/** What is wrong with the registry after a run; nothing where both are empty. */
export interface Trouble {
  readonly held: BuildRecord["held"];
  /** Faults that stopped the run; the last good build stays published then. */
  readonly faults: readonly Fault[];
}

export interface IssueInput {
  readonly github: GitHub;
  readonly settings: Pick<RegistrySettings, "owner" | "repository">;
  readonly trouble: Trouble;
  /** Address of the run, from the runner's own variables. */
  readonly runUrl?: string | undefined;
  readonly now: Date;
}

/** What was done; `unavailable` where issues are switched off or the token may not write them. */
export interface IssueResult {
  readonly action: "none" | "opened" | "updated" | "closed" | "unavailable";
  readonly number?: number;
}

/** One open issue, as GitHub lists it. */
interface Issue {
  readonly number: number;
  readonly body: string;
  readonly created: string;
}

/** Statuses of a repository without issues, or of a token without permission: no reason to fail a run. */
const UNAVAILABLE = [403, 404, 410];

/**
 * Keeps the one issue of the registry true: opens it on trouble, rewrites it while trouble lasts, closes it with a comment on recovery.
 *
 * There is never a second one: should two runs have opened one each, the older stays and the other is closed.
 */
export async function syncIssue(input: IssueInput): Promise<IssueResult> {
  const open = await openIssues(input);
  if (open === undefined) return { action: "unavailable" };
  const [issue, ...others] = open;
  for (const other of others) await close(input, other, `Continued in #${issue?.number}.`);
  const troubled = input.trouble.faults.length > 0 || Object.keys(input.trouble.held).length > 0;
  if (issue === undefined) return troubled ? create(input) : { action: "none" };
  if (!troubled) {
    await close(input, issue, `The registry is well again. ${runLink(input.runUrl)}`.trim());
    return { action: "closed", number: issue.number };
  }
  const body = issueText(input, issue.created);
  if (body === issue.body) return { action: "none", number: issue.number };
  await input.github.request("PATCH", [...path(input), String(issue.number)], { body: { body } });
  return { action: "updated", number: issue.number };
}

function path({ settings }: IssueInput): string[] {
  return ["repos", settings.owner, settings.repository, "issues"];
}

/** Pages of a hundred issues that are looked through. */
const PAGES = 20;

/** The publisher's own open issues, oldest first; `undefined` where there are no issues to be had. */
async function openIssues(input: IssueInput): Promise<Issue[] | undefined> {
  const found: Issue[] = [];
  for (let page = 1; page <= PAGES; page++) {
    const query = { state: "open", per_page: "100", page: String(page), sort: "created", direction: "asc" };
    const { status, body } = await input.github.request("GET", path(input), { query, allow: UNAVAILABLE });
    if (status >= 400 || !Array.isArray(body)) return undefined;
    found.push(...body.flatMap(ownIssue));
    if (body.length < 100) break;
  }
  return found.sort((a, b) => a.number - b.number);
}

/** An issue with the marker that somebody with rights in the repository wrote, or labelled: a stranger's text proves nothing. */
function ownIssue(listed: unknown): Issue[] {
  const { number, body, created_at, labels, user, author_association, pull_request } = (listed ??
    {}) as Record<string, unknown>;
  if (typeof number !== "number" || typeof body !== "string" || pull_request !== undefined) return [];
  if (!body.includes(ISSUE_MARKER)) return [];
  const labelled =
    Array.isArray(labels) && labels.some((label) => label === ISSUE_LABEL || label?.name === ISSUE_LABEL);
  const bot = (user as { type?: unknown } | null | undefined)?.type === "Bot";
  const member = ["OWNER", "MEMBER", "COLLABORATOR"].includes(String(author_association));
  return labelled || bot || member ? [{ number, body, created: String(created_at) }] : [];
}

async function create(input: IssueInput): Promise<IssueResult> {
  const body = {
    title: ISSUE_TITLE,
    body: issueText(input, input.now.toISOString()),
    labels: [ISSUE_LABEL],
  };
  const answer = await input.github.request("POST", path(input), { body, allow: UNAVAILABLE });
  if (answer.status >= 400) return { action: "unavailable" };
  const { number } = answer.body as { number: number };
  // Another run may have opened one at the same moment.
  const [first, ...others] = (await openIssues(input)) ?? [];
  for (const other of others) await close(input, other, `Continued in #${first?.number}.`);
  return { action: "opened", number: first?.number ?? number };
}

async function close(input: IssueInput, issue: Issue, comment: string): Promise<void> {
  const at = [...path(input), String(issue.number)];
  await input.github.request("POST", [...at, "comments"], { body: { body: comment } });
  await input.github.request("PATCH", at, { body: { state: "closed", state_reason: "completed" } });
}

/** Entries of each list: GitHub takes 65,536 characters. */
const LISTED = 60;

/** The issue's body: what, why, since when, what to do, and where it was seen. */
export function issueText(
  { trouble: { held, faults }, runUrl }: Pick<IssueInput, "trouble" | "runUrl">,
  since: string,
): string {
  const sections = [ISSUE_MARKER];
  if (faults.length > 0) {
    const rows = faults
      .slice(0, LISTED)
      .map((one) => [
        one.package === undefined ? "all" : code(one.package, 210),
        text(one.message, 300),
        text(one.remedy, 200),
      ]);
    const title = `The last run published nothing; the last good build stays. This issue is open since ${text(since, 40)}.`;
    sections.push(
      `${title}\n\n${table(["Package", "Why", "What to do"], rows)}${more(faults.length, "faults")}`,
    );
  }
  const entries = Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length > 0) {
    const rows = entries
      .slice(0, LISTED)
      .map(([name, one]) => [
        code(name, 210),
        one.published ? "as before" : "nothing",
        text(one.reason, 300),
        text(one.remedy, 200),
        one.since,
      ]);
    const title = `${entries.length} held: everything else is published.`;
    sections.push(
      `${title}\n\n${table(["Package", "Published", "Why", "What to do", "Since"], rows)}${more(entries.length, "are held")}`,
    );
  }
  sections.push(`${runLink(runUrl)} The publisher keeps this text and closes the issue by itself.`.trim());
  const body = sections.join("\n\n");
  return body.length <= 60_000
    ? body
    : `${sections[0]}\n\n${faults.length} faults and ${entries.length} held; the job summary lists them. ${runLink(runUrl)}`;
}

function more(count: number, what: string): string {
  return count > LISTED ? `\n\n${count - LISTED} more ${what}.` : "";
}

/** The runner's own address; anything else is no link. */
function runLink(url: string | undefined): string {
  return url !== undefined &&
    /^https?:\/\/[\w.:-]+\/[\w.-]+\/[\w.-]+\/actions\/runs\/\d+(?:\/attempts\/\d+)?$/.test(url)
    ? `[Run](${url}).`
    : "";
}

/** Address of the run on GitHub's runner; `undefined` elsewhere. */
export function runUrl(variables: Readonly<Record<string, string | undefined>>): string | undefined {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } = variables;
  if (!GITHUB_SERVER_URL || !GITHUB_REPOSITORY || !GITHUB_RUN_ID) return undefined;
  return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
}

/** Whether the publisher's issue is open; `false` where nobody can say. One request where there are few issues. */
export async function hasOpenIssue(
  github: GitHub,
  settings: Pick<RegistrySettings, "owner" | "repository">,
): Promise<boolean> {
  const input = { github, settings, trouble: { held: {}, faults: [] }, now: new Date(0) };
  return ((await openIssues(input)) ?? []).length > 0;
}
