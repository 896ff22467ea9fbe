import { dispatchPath, PARTIAL_BUILD_FILE } from "../../workflows/notify.ts";
import { messageIn, type Prober, repositoryPath } from "../doctor/probe.ts";

/** A notification to send. */
export interface Notification {
  readonly composer: { readonly owner: string; readonly repository: string; readonly branch: string };
  /** What it names as changed. */
  readonly dispatchName: string;
}

/** Looks at the list of runs before the dispatch counts as lost. */
const LOOKS = 30;
/** Milliseconds between two of them: GitHub lists a run a few seconds after it accepted the dispatch. */
const PAUSE = 2000;

/**
 * Sends what a package repository sends, and sees that a run comes of it.
 *
 * @param probe makes requests with the token that is tried
 * @throws Error with GitHub's words where it refuses, and where no run appears within a minute.
 */
export async function tryDispatch(
  probe: Prober,
  { composer, dispatchName }: Notification,
  wait: (milliseconds: number) => Promise<unknown>,
): Promise<void> {
  const known = new Set(await runsOf(probe, composer));
  const path = dispatchPath(composer.owner, composer.repository);
  const answer = await probe("POST", path, { ref: composer.branch, inputs: { package: dispatchName } });
  // 204, and 200 with the run's id from API version 2026-03-10 on.
  if (answer.status !== 204 && answer.status !== 200) {
    throw new Error(`GitHub refuses the dispatch: ${answer.status} ${messageIn(answer)}`.trim());
  }
  for (let looks = 0; looks < LOOKS; looks++) {
    const runs = await runsOf(probe, composer);
    if (runs.some((id) => !known.has(id))) return;
    await wait(PAUSE);
  }
  throw new Error(`GitHub accepted the dispatch, and no run appeared in ${(LOOKS * PAUSE) / 1000} seconds`);
}

async function runsOf(
  probe: Prober,
  { owner, repository }: Notification["composer"],
): Promise<readonly number[]> {
  const path = `/actions/workflows/${PARTIAL_BUILD_FILE}/runs?event=workflow_dispatch&per_page=100`;
  const answer = await probe("GET", repositoryPath(owner, repository, path));
  if (answer.status !== 200) {
    throw new Error(
      `the runs of ${PARTIAL_BUILD_FILE} cannot be listed: ${answer.status} ${messageIn(answer)}`.trim(),
    );
  }
  const { workflow_runs: runs = [] } = (answer.body ?? {}) as { workflow_runs?: { id: number }[] };
  return runs.map(({ id }) => id);
}
