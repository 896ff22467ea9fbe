import { safeText } from "../../fleet/findings.ts";
import { dispatchPath, NOTIFY_PATH, PARTIAL_BUILD_FILE } from "../../workflows/notify.ts";
import { MANAGED_HEADER } from "../../workflows/render.ts";
import { type Answer, messageIn, type Prober, repositoryPath } from "../doctor/probe.ts";
import { dataOf, textOf } from "../drift/state.ts";

/** A notification to send. */
export interface Notification {
  readonly composer: { readonly owner: string; readonly repository: string; readonly branch: string };
  /** What it names as changed. */
  readonly dispatchName: string;
}

/** Waits so many milliseconds. */
type Wait = (milliseconds: number) => Promise<unknown>;

/** Looks at the list of runs before the dispatch counts as lost. */
const LOOKS = 30;
/** Milliseconds between two of them: GitHub lists a run a few seconds after it accepted the dispatch. */
const PAUSE = 2000;

/** Looks at a run before it counts as one that does not end: a runner may be minutes away. */
const RUN_LOOKS = 60;
/** Milliseconds between two of them. */
const RUN_PAUSE = 5000;

/**
 * Sends what a package repository sends, and sees that a run comes of it.
 *
 * @param probe makes requests with the token that is tried
 * @throws Error with GitHub's words where it refuses, and where no run appears within a minute.
 */
export async function tryDispatch(
  probe: Prober,
  { composer, dispatchName }: Notification,
  wait: Wait,
): Promise<void> {
  const { owner, repository, branch } = composer;
  const path = dispatchPath(owner, repository);
  const body = { ref: branch, inputs: { package: dispatchName } };
  await startRun(probe, { owner, repository, file: PARTIAL_BUILD_FILE, path, body }, wait);
}

/** What came of starting a package repository's own workflow. */
export type Trial =
  | { readonly outcome: "success" | "failure"; readonly url: string }
  /** Neither: why, fit to print. */
  | { readonly outcome: "untried"; readonly reason: string };

/**
 * Starts a package repository's own notify workflow, which has nothing but the secret there, and waits until its run ends.
 *
 * @param probe makes requests with a token that may start workflows there
 */
export async function tryNotifier(
  probe: Prober,
  { owner, repository }: { readonly owner: string; readonly repository: string },
  wait: Wait,
): Promise<Trial> {
  try {
    const branch = await branchOf(probe, owner, repository);
    const file = NOTIFY_PATH.slice(NOTIFY_PATH.lastIndexOf("/") + 1);
    const path = repositoryPath(owner, repository, `/actions/workflows/${file}/dispatches`);
    const id = await startRun(probe, { owner, repository, file, path, body: { ref: branch } }, wait);
    return await endOf(probe, repositoryPath(owner, repository, `/actions/runs/${id}`), wait);
  } catch (error) {
    // Whatever stands in the way of looking says nothing of the token.
    return { outcome: "untried", reason: safeText(error instanceof Error ? error.message : String(error)) };
  }
}

/** The default branch, from which alone GitHub starts a workflow by hand. @throws Error where the fleet's workflow is not on it */
async function branchOf(probe: Prober, owner: string, repository: string): Promise<string> {
  const answer = await probe("GET", repositoryPath(owner, repository));
  const branch = textOf(dataOf(answer.body).default_branch);
  if (answer.status !== 200 || branch === undefined) throw refusal("it cannot be read", answer);
  const file = await probe("GET", repositoryPath(owner, repository, `/contents/${NOTIFY_PATH}`));
  if (file.status === 404) throw new Error(`there is no ${NOTIFY_PATH} on its default branch`);
  if (file.status !== 200) throw refusal(`${NOTIFY_PATH} cannot be read`, file);
  const text = Buffer.from(textOf(dataOf(file.body).content) ?? "", "base64").toString();
  if (!text.startsWith(`# ${MANAGED_HEADER}`)) throw new Error(`its ${NOTIFY_PATH} is not the fleet's`);
  return branch;
}

async function endOf(probe: Prober, path: string, wait: Wait): Promise<Trial> {
  let url = "";
  for (let looks = 0; looks < RUN_LOOKS; looks++) {
    const answer = await probe("GET", path);
    if (answer.status !== 200) throw refusal("its run cannot be read", answer);
    const { status, conclusion, html_url } = dataOf(answer.body);
    url = safeText(String(html_url));
    if (status === "completed") {
      if (conclusion === "success" || conclusion === "failure") return { outcome: conclusion, url };
      throw new Error(`its run ended as ${String(conclusion)}: ${url}`);
    }
    await wait(RUN_PAUSE);
  }
  throw new Error(`its run did not end in ${(RUN_LOOKS * RUN_PAUSE) / 60_000} minutes: ${url}`);
}

/** A workflow that is started by hand. */
interface Start {
  readonly owner: string;
  readonly repository: string;
  /** The workflow's file name. */
  readonly file: string;
  /** Path of the dispatch call. */
  readonly path: string;
  readonly body: object;
}

/**
 * Starts a workflow and gives its run's id: GitHub's answer, or else the first run that was not there before.
 *
 * @throws Error with GitHub's words where it refuses, and where no run appears within a minute.
 */
async function startRun(probe: Prober, start: Start, wait: Wait): Promise<number> {
  const known = new Set(await runsOf(probe, start));
  const asked = await probe("POST", start.path, { ...start.body, return_run_details: true });
  // A GitHub Enterprise Server that does not know the key takes the body for faulty.
  const answer = asked.status === 422 ? await probe("POST", start.path, start.body) : asked;
  if (answer.status !== 204 && answer.status !== 200) throw refusal("GitHub refuses the dispatch", answer);
  const { workflow_run_id: id } = dataOf(answer.body);
  if (typeof id === "number") return id;
  for (let looks = 0; looks < LOOKS; looks++) {
    const started = (await runsOf(probe, start)).find((run) => !known.has(run));
    if (started !== undefined) return started;
    await wait(PAUSE);
  }
  throw new Error(`GitHub accepted the dispatch, and no run appeared in ${(LOOKS * PAUSE) / 1000} seconds`);
}

async function runsOf(probe: Prober, { owner, repository, file }: Start): Promise<readonly number[]> {
  const path = `/actions/workflows/${file}/runs?event=workflow_dispatch&per_page=100`;
  const answer = await probe("GET", repositoryPath(owner, repository, path));
  if (answer.status !== 200) throw refusal(`the runs of ${file} cannot be listed`, answer);
  const { workflow_runs: runs = [] } = (answer.body ?? {}) as { workflow_runs?: { id: number }[] };
  return runs.map(({ id }) => id);
}

/** An error with what GitHub says, safe to print. */
function refusal(what: string, answer: Answer): Error {
  return new Error(safeText(`${what}: ${answer.status} ${messageIn(answer)}`.trim()));
}
