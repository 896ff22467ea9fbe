import { rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "../build.ts";
import { distHead } from "../dist-head.ts";
import { PublishError } from "../fault.ts";
import { onPath } from "../on-path.ts";
import type { Outcome } from "../outcome.ts";
import { pagesOf } from "../pages.ts";
import type { Session } from "../session.ts";
import type { World } from "../verify/gate.ts";
import { verify } from "../verify/index.ts";
import { readPlan, writeOutcome } from "./files.ts";

/** Builds what the plan says, verifies it, and leaves the tree that is to be published in the working directory. */
export async function buildCommand(session: Session): Promise<Outcome> {
  const { work, satis, settings, environment, teller } = session;
  const { variables } = environment;
  const plan = await readPlan(work);
  await rm(work.outcome, { force: true });
  await rm(work.failure, { force: true });
  const composer = await onPath("composer", variables.PATH ?? "");
  const world: World = {
    head: distHead(environment, settings),
    ...(composer === undefined ? {} : { composer }),
    warn: teller.warn,
  };
  const outcome = await build({
    work,
    plan,
    satis,
    settings,
    environment,
    program: {
      bin: satisBin(variables),
      home: join(work.root, "composer-home"),
      cache: variables.COMPOSER_CACHE_DIR ?? join(work.root, "composer-cache"),
    },
    verify: (candidate) => verify(candidate, world),
    pages: pagesOf(satis, settings),
    progress: teller.say,
  });
  await writeOutcome(work, outcome);
  tell(session, outcome);
  return outcome;
}

function tell({ teller }: Session, { rebuilt, changes, record }: Outcome): void {
  teller.say(`Built ${rebuilt.length} packages: ${changes.length} versions came, went or moved.`);
  for (const [name, { reason, remedy }] of Object.entries(record.held)) {
    teller.warn(`${name} is held: ${reason}: ${remedy}`);
  }
}

function satisBin({ SATIS_BIN }: Readonly<Record<string, string | undefined>>): string {
  if (SATIS_BIN !== undefined && SATIS_BIN !== "") return SATIS_BIN;
  throw new PublishError([
    { by: "build", message: "nobody says where Satis is", remedy: "set SATIS_BIN to the path of Satis" },
  ]);
}
