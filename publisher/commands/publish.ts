import { fetchPublished, openRegistry, remoteState } from "../branch.ts";
import { PublishError } from "../fault.ts";
import { type PublishStep, publish } from "../publish.ts";
import type { Session } from "../session.ts";
import { writeSite } from "../site.ts";
import { readOutcome, readPlan } from "./files.ts";

/** What is published now. */
export interface PublishedBuild {
  readonly build: string;
  readonly commit: string;
  /** Whether this made a new build, or there was none to make. */
  readonly pushed: boolean;
}

/**
 * Publishes the staged tree where the plan built one, and writes the site that is to be deployed; for a plan of `deploy`, the site
 * of what is published already.
 */
export async function publishCommand(
  session: Session,
  onStep?: (step: PublishStep) => Promise<void>,
): Promise<PublishedBuild> {
  const { work, environment, settings, teller } = session;
  const plan = await readPlan(work);
  if (plan.action === "deploy") return deployAgain(session);
  const outcome = await readOutcome(work);
  if (outcome === undefined) {
    const message = "no build came to an end in this working directory";
    throw new PublishError([{ by: "publish", message, remedy: "run build first, with the same --work" }]);
  }
  if (outcome.unchanged && plan.publishedCommit !== undefined && plan.previous !== undefined) {
    teller.say("The build came to what is published already: nothing to publish.");
    const { marker } = await remoteState(await openRegistry(work, environment, settings));
    if (marker !== undefined) return deployAgain(session);
    await teller.output("deploy", "false");
    return { build: plan.previous.build, commit: plan.publishedCommit, pushed: false };
  }
  const { commit } = await publish({
    work,
    environment,
    settings,
    outcome,
    publishedCommit: plan.publishedCommit,
    ...(onStep === undefined ? {} : { onStep }),
  });
  if (settings.hosting === "pages") await writeSite(work.staged, work.site);
  await teller.output("deploy", String(settings.hosting === "pages"));
  teller.say(`Published build ${outcome.build} to the branch ${settings.registryBranch}.`);
  return { build: outcome.build, commit, pushed: true };
}

/** Writes the site of what is published. */
async function deployAgain({ work, environment, settings, teller }: Session): Promise<PublishedBuild> {
  const published = await fetchPublished(await openRegistry(work, environment, settings), work.published);
  if (published?.record === undefined) {
    const message = "there is nothing to deploy: the branch has no build";
    throw new PublishError([{ by: "publish", message, remedy: "run plan --full" }]);
  }
  if (settings.hosting === "pages") await writeSite(work.published, work.site);
  await teller.output("deploy", String(settings.hosting === "pages"));
  teller.say(`Deploying build ${published.record.build} again.`);
  return { build: published.record.build, commit: published.commit, pushed: false };
}
