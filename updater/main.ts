import { mkdir } from "node:fs/promises";
import { parseArgs } from "node:util";
import { EXIT, faultText, PublishError } from "../publisher/fault.ts";
import { type Teller, teller } from "../publisher/runner.ts";
import { type Input, readInput } from "./input.ts";
import { makePlan } from "./plan.ts";
import { publishUpdates } from "./publish.ts";
import { makeUpdates } from "./update.ts";
import { verifyUpdates } from "./verify.ts";
import { waitForVersions } from "./wait.ts";
import { type Work, workIn } from "./work.ts";

const HELP = `updater COMMAND [--work DIRECTORY]

Brings published versions of a Composer registry into this repository's composer.lock, as a pull request.

  check    check the announcement; find out which of its packages this repository has
  wait     wait until the registry shows the announced versions
  update   let Composer update composer.lock
  verify   check the result; tell its digest
  publish  push what was verified, and open or refresh the pull request

  --work DIRECTORY  what the commands hand to each other (default: .satis-fleet/updates)
  --help

Environment: ANNOUNCEMENT and SETTINGS (JSON); JOB_TOKEN reads the repository and, for publish, writes it;
COMPOSER_REGISTRY_TOKEN reads a private registry; DEFAULT_BRANCH; DIGEST (publish).

Exit codes: 0 done; 1 failed; 75 somebody else pushed in between: start the run again.`;

type Command = (input: Input, work: Work, tell: Teller) => Promise<unknown>;

const COMMANDS: Readonly<Record<string, Command>> = {
  check: makePlan,
  wait: waitForVersions,
  update: makeUpdates,
  verify: verifyUpdates,
  publish: (input, work, tell) => publishUpdates(input, work, tell, process.env.DIGEST ?? ""),
};

async function main(tell: Teller): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      work: { type: "string", default: ".satis-fleet/updates" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [name, ...more] = positionals;
  if (values.help || name === undefined) {
    console.log(HELP);
    return values.help ? EXIT.done : EXIT.failed;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined || more.length > 0) {
    const message =
      command === undefined ? `there is no command ${JSON.stringify(name)}` : `${name} takes no argument`;
    throw new PublishError([{ by: "updater", message, remedy: "see updater --help" }]);
  }
  const input = readInput(process.env);
  await mkdir(values.work, { recursive: true });
  await command(input, workIn(values.work), tell);
  return EXIT.done;
}

const tell = teller(process.env);
process.exitCode = await main(tell).catch((error: unknown) => {
  if (error instanceof PublishError) {
    for (const fault of error.faults) tell.fail(faultText(fault));
    return error.exitCode;
  }
  const wrongOption =
    error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  tell.fail(wrongOption ? text.replace(/\n.*/s, "") : text);
  return EXIT.failed;
});
