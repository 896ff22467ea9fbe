import { MANAGED_HEADER } from "../../workflows/render.ts";
import { type Reader, reasonOf } from "../drift/reader.ts";
import {
  blobId,
  type Found,
  placeKey,
  type Question,
  readRepositories,
  readTexts,
} from "../drift/repositories.ts";
import { dataOf, textOf } from "../drift/state.ts";
import type { GitHub } from "../github.ts";
import type { Wanted, WantedFile } from "./wanted.ts";

/** What became of one repository. */
export interface Proposal {
  readonly id: string;
  readonly role: Wanted["role"];
  readonly outcome: /** The branch has what it should have; no pull request is open. */
    | "up to date"
    | "opened"
    | "updated"
    /** An open pull request says it all already. */
    | "open"
    /** An open pull request is not needed any more. */
    | "closed"
    | "failed";
  /** Whether it takes the workflow away. */
  readonly removal: boolean;
  readonly url?: string;
  readonly reason?: string;
}

interface Access {
  readonly github: GitHub;
  readonly reader: Reader;
  /** Say what would be done, and write nothing. */
  readonly dryRun: boolean;
}

/**
 * Opens a pull request in each repository, or brings the open one up to date; does nothing where the branch has the file already.
 *
 * A repository that fails does not stop the others. Run twice, it writes nothing the second time.
 *
 * @throws GitHubRefused where no request would succeed
 */
export async function proposeAll(access: Access, wanted: readonly Wanted[]): Promise<readonly Proposal[]> {
  const [owner] = wanted.map((one) => one.owner);
  if (owner === undefined) return [];
  const answers = await readRepositories(access.reader, owner, questionsOf(wanted));
  const proposals: Proposal[] = [];
  // One after another: GitHub asks for a pause between writes, and a person sees how far it is.
  for (const one of wanted) {
    const { id, role, removal } = one;
    const answer = answers.get(one.repository.toLowerCase());
    const refused = reasonAgainst(answer, one);
    if (answer?.status !== "there" || refused !== undefined) {
      const reason = refused ?? "is not there";
      proposals.push({ id, role, removal, outcome: "failed", reason });
      continue;
    }
    try {
      proposals.push({ id, role, removal, ...(await proposeOne(access, one, answer)) });
    } catch (error) {
      proposals.push({ id, role, removal, outcome: "failed", reason: reasonOf(error) });
    }
  }
  return proposals;
}

/** A repository that is both package and consumer is asked for once. */
function questionsOf(wanted: readonly Wanted[]): Question[] {
  return [...Map.groupBy(wanted, ({ repository }) => repository)].map(([repository, all]) => ({
    repository,
    files: all.flatMap(({ branch, head, files }) =>
      files.flatMap(({ path }) => [
        { branch, path },
        { branch: head, path },
      ]),
    ),
  }));
}

function reasonAgainst(
  answer: Found | { status: string; reason?: string } | undefined,
  { id }: Wanted,
): string | undefined {
  if (answer === undefined || answer.status === "gone") return "is not there, or the token may not see it";
  if (answer.status === "unread") return (answer as { reason?: string }).reason ?? "could not be read";
  const { owner, name, archived } = answer as Found;
  if (`${owner}/${name}`.toLowerCase() !== id)
    return `is ${owner}/${name} now: write that in satis.json or subscriptions.json`;
  return archived ? "is archived: nothing can be written there" : undefined;
}

type Outcome = Omit<Proposal, "id" | "role" | "removal">;

async function proposeOne(access: Access, one: Wanted, found: Found): Promise<Outcome> {
  const base = one.branch ?? found.defaultBranch;
  if (base === undefined) return { outcome: "failed", reason: "has no branch yet" };
  const repo = { owner: found.owner, repo: found.name };
  const open = await openPull(access.github, repo, base, one.head);
  const isOn = (branch: string | undefined) =>
    one.files.every(({ path, content }) => {
      const oid = found.objects.get(placeKey({ branch, path }));
      return content === undefined ? oid === undefined : oid === blobId(content);
    });
  if (isOn(one.branch)) return open === undefined ? { outcome: "up to date" } : closePull(access, repo, open);
  const refused = one.removal ? await reasonAgainstRemoval(access.reader, one, found) : undefined;
  if (refused !== undefined) return { outcome: "failed", reason: refused };
  const said = isOn(one.head);
  const text = textOfPull(one);
  if (open && said && open.title === text.title && open.body === text.body)
    return { outcome: "open", url: open.url };
  if (access.dryRun) return { outcome: open ? "updated" : "opened", ...(open ? { url: open.url } : {}) };
  if (!open) await resetBranch(access.github, repo, base, one.head);
  if (!open || !said) {
    for (const file of one.files) await commit(access.github, repo, one.head, file);
  }
  return open
    ? { outcome: "updated", url: await editPull(access.github, repo, open.number, text) }
    : { outcome: "opened", url: await createPull(access.github, repo, { ...text, base, head: one.head }) };
}

interface Repo extends Record<string, unknown> {
  readonly owner: string;
  readonly repo: string;
}

interface Pull {
  readonly number: number;
  readonly url: string;
  readonly title: string;
  readonly body: string;
}

async function openPull(github: GitHub, repo: Repo, base: string, branch: string): Promise<Pull | undefined> {
  const head = `${repo.owner}:${branch}`;
  const { data } = await github.request("GET /repos/{owner}/{repo}/pulls", {
    ...repo,
    state: "open",
    head,
    base,
  });
  const [pull] = data;
  if (pull === undefined) return undefined;
  return { number: pull.number, url: pull.html_url, title: pull.title, body: pull.body ?? "" };
}

/** Only a file that says so itself is the fleet's to take away; gives why the first that does not stays. */
async function reasonAgainstRemoval(
  reader: Reader,
  { branch, files }: Wanted,
  { owner, name, objects }: Found,
): Promise<string | undefined> {
  const there = files.filter(({ path }) => objects.has(placeKey({ branch, path })));
  const texts = await readTexts(
    reader,
    there.map(({ path }) => ({ owner, name, branch, path })),
  );
  const isOurs = (text: string) => text.startsWith(`# ${MANAGED_HEADER}`) || UPDATER_BANNER.test(text);
  const reasons = there.map(({ path }, index) => {
    const { text, reason = "it is not there any more" } = texts.get(index) ?? {};
    if (text === undefined) return `${path} could not be read: ${reason}`;
    return isOurs(text) ? undefined : `${path} is not the fleet's: take it out by hand`;
  });
  return reasons.find((reason) => reason !== undefined);
}

/** First line of the updater's file. */
const UPDATER_BANNER = /^\/\/ The updater of satis-fleet, bundled/;

/** Makes the branch start from the base as it is now; what a merged or closed pull request left of it is dropped. */
async function resetBranch(github: GitHub, repo: Repo, base: string, head: string): Promise<void> {
  const { data } = await github.request("GET /repos/{owner}/{repo}/git/ref/{ref}", {
    ...repo,
    ref: `heads/${base}`,
  });
  const { sha } = data.object;
  try {
    await github.request("POST /repos/{owner}/{repo}/git/refs", {
      ...repo,
      ref: `refs/heads/${head}`,
      sha,
    });
  } catch (error) {
    if (dataOf(error).status !== 422) throw error;
    const ref = `heads/${head}`;
    await github.request("PATCH /repos/{owner}/{repo}/git/refs/{ref}", { ...repo, ref, sha, force: true });
  }
}

async function commit(
  github: GitHub,
  repo: Repo,
  branch: string,
  { path, content }: WantedFile,
): Promise<void> {
  const at = { ...repo, path, branch };
  const sha = await shaOnBranch(github, repo, branch, path);
  if (content !== undefined && sha === blobId(content)) return;
  // No skip marker: GitHub would also skip the workflows of the next tag on this commit.
  if (content === undefined) {
    if (sha === undefined) return;
    const message = `chore: remove ${path} (satis-fleet)`;
    await github.request("DELETE /repos/{owner}/{repo}/contents/{path}", { ...at, message, sha });
    return;
  }
  await github.request("PUT /repos/{owner}/{repo}/contents/{path}", {
    ...at,
    message: `chore: update ${path} (satis-fleet)`,
    content: Buffer.from(content).toString("base64"),
    ...(sha === undefined ? {} : { sha }),
  });
}

async function shaOnBranch(
  github: GitHub,
  repo: Repo,
  ref: string,
  path: string,
): Promise<string | undefined> {
  try {
    const place = { ...repo, path, ref };
    const { data } = await github.request("GET /repos/{owner}/{repo}/contents/{path}", place);
    return textOf(dataOf(data).sha);
  } catch (error) {
    if (dataOf(error).status === 404) return undefined;
    throw error;
  }
}

interface PullText extends Record<string, unknown> {
  readonly title: string;
  readonly body: string;
}

function textOfPull({ id, role, removal, files }: Wanted): PullText {
  const paths = files.map(({ path }) => `\`${path}\``).join(" and ");
  const again = "managed by satis-fleet: this pull request is brought up to date when that changes.";
  if (role === "update") {
    return removal
      ? {
          title: "Stop updating Composer packages",
          body: `\`${id}\` is not subscribed to the organization's Composer registry any more. This takes ${paths} away.`,
        }
      : {
          title: "Update Composer packages by pull request",
          body: `\`${id}\` is subscribed to the organization's Composer registry. With ${paths} it opens a pull request when its packages are released.\n\nThe files are ${again}`,
        };
  }
  return removal
    ? {
        title: "Stop notifying the composer repository",
        body: `\`${id}\` left the organization's Composer registry. This takes ${paths} away; its secret is deleted by the fleet's next update.`,
      }
    : {
        title: "Notify the composer repository of updates",
        body: `\`${id}\` is a package of the organization's Composer registry. With ${paths} it tells the registry of pushes, tags and releases; the secret that it uses is in place.\n\nThe file is ${again}`,
      };
}

async function createPull(
  github: GitHub,
  repo: Repo,
  proposed: PullText & { readonly base: string; readonly head: string },
): Promise<string> {
  const pull = { ...repo, ...proposed };
  return (await github.request("POST /repos/{owner}/{repo}/pulls", pull)).data.html_url;
}

async function editPull(github: GitHub, repo: Repo, number: number, text: PullText): Promise<string> {
  const pull = { ...repo, ...text, pull_number: number };
  return (await github.request("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", pull)).data.html_url;
}

/** An open one whose change the base has already, or needs no more. */
async function closePull({ github, dryRun }: Access, repo: Repo, { number, url }: Pull): Promise<Outcome> {
  const pull = { ...repo, pull_number: number, state: "closed" as const };
  if (!dryRun) await github.request("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", pull);
  return { outcome: "closed", url };
}
