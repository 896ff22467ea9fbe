import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { pagesOf } from "../pages.ts";
import { publish } from "../publish.ts";
import { newBuildId } from "../record.ts";
import { stageRollback } from "../rollback.ts";
import type { Session } from "../session.ts";
import { writeSite } from "../site.ts";
import { writeOutcome } from "./files.ts";
import type { PublishedBuild } from "./publish.ts";

/** Publishes an earlier build's tree as a new build; the next run of the composer repository deploys it, if this is no run of it. */
export async function rollbackCommand(
  session: Session,
  build: string | undefined,
  now = new Date(),
): Promise<PublishedBuild & { readonly from: string; readonly to: string }> {
  const { work, environment, settings, satis, teller } = session;
  await mkdir(work.root, { recursive: true });
  const { from, to, outcome, publishedCommit } = await stageRollback({
    work,
    environment,
    settings,
    build,
    newBuild: newBuildId(now, randomBytes(4).toString("hex")),
    now,
    pages: pagesOf(satis, settings),
  });
  await writeOutcome(work, outcome);
  const { commit } = await publish({ work, environment, settings, outcome, publishedCommit });
  if (settings.hosting === "pages") await writeSite(work.staged, work.site);
  teller.say(`Build ${outcome.build} has the tree of build ${to}, in place of build ${from}.`);
  if (settings.hosting === "pages") {
    teller.say("It is on the branch; the next run of the workflow `Build` deploys it.");
  }
  return { build: outcome.build, commit, pushed: true, from, to };
}
