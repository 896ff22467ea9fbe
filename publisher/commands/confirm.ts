import { fetchPublished, openRegistry } from "../branch.ts";
import { confirm } from "../confirm.ts";
import { EXIT, type Fault, PublishError } from "../fault.ts";
import { connectGitHub } from "../github.ts";
import type { Plan } from "../plan.ts";
import type { BuildRecord } from "../record.ts";
import { runUrl, syncIssue } from "../report/issue.ts";
import { summaryText } from "../report/summary.ts";
import type { Reporting } from "../session.ts";
import { readFailure, readOutcome, readPlan } from "./files.ts";

/** How the jobs before this one ended, in GitHub's words; `none` where there is no such job. */
export interface Results {
  readonly build: string;
  readonly publish: string;
  readonly deploy: string;
}

/** How a run ended, for its exit code and for scripts. */
export interface Report {
  readonly exitCode: number;
  readonly result: string;
  readonly faults: readonly Fault[];
  readonly held: BuildRecord["held"];
}

/**
 * Waits until the live registry shows what was published, then tells how the run ended: in its summary, and in the one issue that
 * is open while something is wrong. Exit code {@link EXIT.held} where something is held, {@link EXIT.failed} where the run failed.
 */
export async function confirmCommand(
  session: Reporting,
  results: Results,
  patienceMs?: number,
): Promise<Report> {
  const { work, environment, settings, teller } = session;
  const failed = failedJobs(results);
  const told = failed.length > 0 ? await readFailure(work) : [];
  const faults: Fault[] = failed.length === 0 ? [] : told.length > 0 ? [...told] : failed;
  const plan = await readPlan(work).catch(() => undefined);
  const outcome = await readOutcome(work).catch(() => undefined);
  const registry = await openRegistry(work, environment, settings);
  const published = await fetchPublished(registry, work.published);
  const acted = plan !== undefined && plan.action !== "none" && failed.length === 0;
  if (acted && published?.record !== undefined) {
    faults.push(...(await confirmFaults(session, published.commit, published.record, patienceMs)));
  } else if (acted) {
    const message = "the branch has no build, although this run published or deployed one";
    faults.push({
      by: "confirm",
      message,
      remedy: "see who changed the branch; the next run builds everything",
    });
  }
  const held = published?.record?.held ?? {};
  const result = resultText(plan, faults, held);
  const link = runUrl(environment.variables);
  await teller.summary(
    summaryText({
      ...(plan === undefined ? {} : { plan }),
      ...(outcome === undefined ? {} : { outcome }),
      held,
      faults,
      result,
    }),
  );
  const issue = await syncIssue({
    github: connectGitHub(settings.apiUrl, environment.pushToken),
    settings,
    trouble: { held, faults },
    runUrl: link,
    now: new Date(),
  });
  if (issue.action !== "none") teller.say(`Issue ${issue.number ?? ""}: ${issue.action}.`.replace(" :", ":"));
  const exitCode = faults.length > 0 ? EXIT.failed : Object.keys(held).length > 0 ? EXIT.held : EXIT.done;
  return { exitCode, result, faults, held };
}

async function confirmFaults(
  { work, environment, settings, teller }: Reporting,
  commit: string,
  record: BuildRecord,
  patienceMs?: number,
): Promise<readonly Fault[]> {
  try {
    const state = await confirm({
      work,
      environment,
      settings,
      record,
      commit,
      ...(patienceMs === undefined ? {} : { patienceMs }),
      onWait: (reason, seconds) => teller.say(`Waiting for the site (${reason}); again in ${seconds} s.`),
    });
    teller.say(
      state === "confirmed" ? `The registry shows build ${record.build}.` : "A later build was published.",
    );
    return [];
  } catch (error) {
    if (error instanceof PublishError) return error.faults;
    throw error;
  }
}

function failedJobs(results: Results): Fault[] {
  return Object.entries(results)
    .filter(([, result]) => result === "failure" || result === "cancelled")
    .map(([job, result]) => ({
      by: "run",
      message: `the job ${job} ended as ${result}`,
      remedy: "look at its log; the next run tries again",
    }));
}

function resultText(plan: Plan | undefined, faults: readonly Fault[], held: BuildRecord["held"]): string {
  if (faults.length > 0) return "failed, and the last good build stays";
  const count = Object.keys(held).length;
  const but = count === 0 ? "" : `, ${count} held`;
  if (plan === undefined || plan.action === "none") return `nothing was stale${but}`;
  return plan.action === "deploy" ? `deployed again${but}` : `build ${plan.build} published${but}`;
}
