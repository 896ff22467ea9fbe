import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MARKER_REF } from "../../publisher/branch.ts";
import { buildCommand } from "../../publisher/commands/build.ts";
import { planCommand } from "../../publisher/commands/plan.ts";
import { publishCommand } from "../../publisher/commands/publish.ts";
import type { Session } from "../../publisher/session.ts";
import { type FaultStory, healthy, must, serves } from "./story.ts";
import type { FaultWorld } from "./world.ts";

const CHILD = fileURLToPath(new URL("killed-child.ts", import.meta.url));
const FLAGS = { full: false, deploy: false, hints: [] };

/** Where the process is killed, and what the branch has by then. */
const MOMENTS = [
  { at: "building", fault: "killed while it builds", marker: false, pushed: false },
  { at: "committed", fault: "killed before the marker", marker: false, pushed: false },
  { at: "marked", fault: "killed between marker and push", marker: true, pushed: false },
  { at: "pushed", fault: "killed after the push", marker: true, pushed: true },
  { at: "deployed", fault: "killed before the confirmation", marker: true, pushed: true },
] as const;

export const KILLED: readonly FaultStory[] = MOMENTS.map(({ at, fault, marker, pushed }) => ({
  fault,
  ...(at === "deployed" ? { changes: ["anvil"] } : {}),
  async happen(world) {
    await world.packages.anvil.release("v1.1.0");
    const tip = tipOf(world);
    const session = await world.session();
    await planCommand(session, FLAGS);
    if (at === "building") await die(session, at);
    else {
      await buildCommand(session);
      if (at === "deployed") {
        await publishCommand(session);
        await world.deploy(session.work.site);
      } else await die(session, at);
    }
    must((tipOf(world) !== tip) === pushed, `the branch was ${pushed ? "not " : ""}pushed`);
    const found = world.github.repository("composer").refs.has(MARKER_REF);
    must(found === marker, `the marker is ${found ? "there" : "missing"}`);
    return `the branch ${pushed ? "has" : "has not"} the new build, the marker is ${marker ? "set" : "not set"}`;
  },
  async heal(world) {
    const tip = tipOf(world);
    await healthy(world);
    await serves(world, "anvil", ["v1.0.0", "v1.1.0"]);
    must(!world.github.repository("composer").refs.has(MARKER_REF), "the marker is still set");
    if (pushed) must(tipOf(world) === tip, "the same build was made again");
    return pushed ? "the next run deploys the same build again" : "the next run builds and publishes";
  },
}));

function tipOf(world: FaultWorld): string | undefined {
  return world.github.repository("composer").refs.get("refs/heads/registry");
}

/** The real build or publish, in a process that kills itself at a step. */
async function die(session: Session, step: string): Promise<void> {
  const { teller: _, ...plain } = session;
  const child = spawn(process.execPath, [CHILD, step], { stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(JSON.stringify(plain));
  const signal = await new Promise((resolve) => child.on("close", (_code, by) => resolve(by)));
  must(signal === "SIGKILL", `the publisher ended by ${signal}, not by SIGKILL`);
}
