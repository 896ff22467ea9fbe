import * as z from "zod";
import { PublishError } from "../publisher/fault.ts";
import type { Teller } from "../publisher/runner.ts";
import type { Input } from "./input.ts";
import { listPulls, type Pull, type PullPlace, pullOf } from "./pulls.ts";
import { NOTES } from "./text.ts";

/** A pull request as it should be. */
export interface WantedPull extends PullPlace {
  readonly title: string;
  readonly body: string;
}

interface Result {
  readonly pull: Pull;
  readonly did: "opened" | "updated" | "unchanged";
}

/** Opens the pull request, with its labels; one that another run has opened in between is taken over. */
export async function openPull(wanted: WantedPull, input: Input, tell: Teller): Promise<Result> {
  const { owner, repository, branch, base, title, body } = wanted;
  const answer = await input.github.request("POST", ["repos", owner, repository, "pulls"], {
    body: { title, head: branch, base, body, maintainer_can_modify: true },
    allow: [403, 422],
  });
  if (answer.status === 403) throw notAllowed(answer.body);
  if (answer.status === 422) {
    const [open] = await listPulls(input.github, wanted, "open");
    if (open !== undefined) return refreshPull(open, wanted, input);
    throw fault(
      `GitHub refuses to open a pull request from ${branch} into ${base}${said(answer.body)}`,
      "start this run again",
    );
  }
  const pull = pullOf(answer.body);
  await label(pull, input, tell);
  return { pull, did: "opened" };
}

/** Puts title and text right, where they are not. */
export async function refreshPull(open: Pull, wanted: WantedPull, { github }: Input): Promise<Result> {
  const { owner, repository, title, body } = wanted;
  if (open.title === title && open.body === body) return { pull: open, did: "unchanged" };
  const path = ["repos", owner, repository, "pulls", String(open.number)];
  const answer = await github.request("PATCH", path, { body: { title, body } });
  return { pull: pullOf(answer.body), did: "updated" };
}

/** A label that fails costs nothing but itself. */
async function label(
  pull: Pull,
  { github, settings, owner, repository }: Input,
  tell: Teller,
): Promise<void> {
  if (settings.labels.length === 0) return;
  const path = ["repos", owner, repository.slice(owner.length + 1), "issues", String(pull.number), "labels"];
  const { status } = await github.request("POST", path, {
    body: { labels: settings.labels },
    allow: [403, 404, 422],
  });
  if (status >= 400)
    tell.warn(`GitHub answered ${status} to the labels of #${pull.number}: they are missing`);
}

const comments = z.array(z.looseObject({ body: z.string().nullish() }));

/** Says something once in the life of a pull request. */
export async function comment(pull: Pull, note: keyof typeof NOTES, input: Input): Promise<void> {
  const { github, owner, repository } = input;
  const path = [
    "repos",
    owner,
    repository.slice(owner.length + 1),
    "issues",
    String(pull.number),
    "comments",
  ];
  const { mark, text } = NOTES[note];
  for (let page = 1; ; page++) {
    const { body } = await github.request("GET", path, { query: { per_page: "100", page: String(page) } });
    const list = comments.parse(body);
    if (list.some((one) => one.body?.includes(mark))) return;
    if (list.length < 100) break;
  }
  await github.request("POST", path, { body: { body: `${text}\n\n${mark}` } });
}

function notAllowed(body: unknown): PublishError {
  const forbidden = /not permitted to create/i.test(said(body));
  const remedy = forbidden
    ? "allow it under Settings > Actions > General > Allow GitHub Actions to create and approve pull requests (run: fleet doctor), or give the subscription a token of its own"
    : "give the token the permission Pull requests: write";
  return fault(`GitHub does not let this run open a pull request${said(body)}`, remedy);
}

function said(body: unknown): string {
  if (typeof body !== "object" || body === null || !("message" in body)) return "";
  const details = "errors" in body ? ` ${JSON.stringify(body.errors)}` : "";
  return `: ${String(body.message)}${details}`.slice(0, 500);
}

function fault(message: string, remedy: string): PublishError {
  return new PublishError([{ by: "publish", message, remedy }]);
}
