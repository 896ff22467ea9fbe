import { EXIT, PublishError } from "../fault.ts";
import type { Session } from "../session.ts";
import { buildCommand } from "./build.ts";
import { confirmCommand, type Report, type Results } from "./confirm.ts";
import { writeFailure } from "./files.ts";
import { type PlanFlags, planCommand } from "./plan.ts";
import { publishCommand } from "./publish.ts";

/** Plans of one run: a push that lost a race is planned again, on top of what won it. */
const ATTEMPTS = 3;

/**
 * Plans, builds, publishes and confirms on one machine.
 *
 * `deploy` carries the site to where it is served; without it, a deployment is the business of whoever serves the branch.
 */
export async function runCommand(
  session: Session,
  flags: PlanFlags,
  options: { readonly deploy?: (site: string) => Promise<void>; readonly patienceMs?: number } = {},
): Promise<Report> {
  const results = { build: "skipped", publish: "skipped", deploy: "none" };
  try {
    await untilPublished(session, flags, results);
    const { settings, teller, work } = session;
    if (results.publish === "success" && settings.hosting === "pages") {
      if (options.deploy === undefined) {
        teller.say(`Nothing here deploys the site: start the workflow Build, or serve ${work.site}.`);
      } else {
        results.deploy = "failure";
        await options.deploy(work.site);
        results.deploy = "success";
      }
    }
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    await writeFailure(session.work, error.faults);
    for (const job of ["build", "publish"] as const) if (results[job] === "running") results[job] = "failure";
  }
  return confirmCommand(session, results, options.patienceMs);
}

async function untilPublished(
  session: Session,
  flags: PlanFlags,
  results: { -readonly [Job in keyof Results]: Results[Job] },
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    results.build = "running";
    const { action } = await planCommand(session, flags);
    if (action === "partial" || action === "full") await buildCommand(session);
    results.build = "success";
    if (action === "none") return;
    results.publish = "running";
    try {
      await publishCommand(session);
      results.publish = "success";
      return;
    } catch (error) {
      const raced = error instanceof PublishError && error.exitCode === EXIT.raced;
      if (!raced || attempt === ATTEMPTS) throw error;
      session.teller.say("Somebody else published in between: planning again.");
    }
  }
}
