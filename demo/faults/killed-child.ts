// Builds or publishes the session on standard input and kills itself at the step that is named: a fault story's child.
import { text } from "node:stream/consumers";
import { buildCommand } from "../../publisher/commands/build.ts";
import { publishCommand } from "../../publisher/commands/publish.ts";
import { teller } from "../../publisher/runner.ts";
import type { Session } from "../../publisher/session.ts";

const session = JSON.parse(await text(process.stdin)) as Omit<Session, "teller">;
const die = () => process.kill(process.pid, "SIGKILL");
if (process.argv[2] === "building") {
  // Satis's first line comes when it has begun.
  await buildCommand({ ...session, teller: { ...teller({}, () => {}), say: die } });
} else {
  await publishCommand({ ...session, teller: teller({}, () => {}) }, async (step) => {
    if (step === process.argv[2]) die();
  });
}
