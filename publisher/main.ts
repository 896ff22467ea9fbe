import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { announceCommand } from "./commands/announce.ts";
import { buildCommand } from "./commands/build.ts";
import { confirmCommand } from "./commands/confirm.ts";
import { writeFailure } from "./commands/files.ts";
import { planCommand } from "./commands/plan.ts";
import { publishCommand } from "./commands/publish.ts";
import { rollbackCommand } from "./commands/rollback.ts";
import { runCommand } from "./commands/run.ts";
import { EXIT, faultText, PublishError } from "./fault.ts";
import { type Teller, teller } from "./runner.ts";
import { DEFAULT_INPUTS, openReporting, openSession, type Session, type SessionOptions } from "./session.ts";
import { verifyDirectory } from "./verify/index.ts";
import { workIn } from "./work.ts";

const HELP = `publisher COMMAND [OPTIONS]

Builds, verifies and publishes a Composer registry, in a checkout of the composer repository.

  plan              find out what is stale, and why
  build             build what the plan says, and verify it
  verify DIRECTORY  check a registry's directory by itself
  publish           push what was verified to the registry's branch
  confirm           wait until the live registry shows it; tell the outcome
  announce          tell the consumers of what came since they were last told
  rollback [BUILD]  publish an earlier build again (the one before the last)
  run               all of it on one machine

  --work DIRECTORY   what the commands hand to each other (default: .satis-fleet/registry)
  --satis FILE       default: ${DEFAULT_INPUTS.satisFile}
  --settings FILE    default: ${DEFAULT_INPUTS.settingsFile}
  --hint NAME        what somebody waits for: a package, or owner/repository (plan, run; may be repeated)
  --full             build everything (plan, run)
  --deploy           deploy even what the site already shows (plan, run)
  --json             the result as one JSON document on standard output; {faults} where there is none
  --help

Environment: READ_TOKEN reads the package repositories; PUSH_TOKEN writes the composer repository (contents, issues);
ANNOUNCE_TOKEN starts the consumers' workflows; SATIS_BIN is the path of Satis; GITHUB_SERVER_URL is https://github.com unless set.

Exit codes: 0 done; 1 failed, and the last good registry stays; 2 published, and something is held, or a consumer could
not be told; 75 somebody else published in between: plan again.`;

const OPTIONS = {
  work: { type: "string", default: ".satis-fleet/registry" },
  satis: { type: "string", default: DEFAULT_INPUTS.satisFile },
  settings: { type: "string", default: DEFAULT_INPUTS.settingsFile },
  hint: { type: "string", multiple: true, default: [] as string[] },
  full: { type: "boolean", default: false },
  deploy: { type: "boolean", default: false },
  "build-result": { type: "string", default: "success" },
  "publish-result": { type: "string", default: "success" },
  "deploy-result": { type: "string", default: "none" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>["values"];

/** What a command did, for `--json`, and how it ended. */
interface Done {
  readonly exitCode: number;
  readonly result: unknown;
}

type Options = Omit<SessionOptions, "builds">;
type Command = (options: Options, values: Values, argument: string | undefined) => Promise<Done>;

const done = (result: unknown): Done => ({ exitCode: EXIT.done, result });

/** A command that starts from a whole session. */
function command(
  act: (session: Session, values: Values, argument: string | undefined) => Promise<Done>,
  { builds = false } = {},
): Command {
  return async (options, values, argument) =>
    act(await openSession({ ...options, builds }), values, argument);
}

const COMMANDS = new Map<string, Command>([
  [
    "plan",
    command(async (session, { full, deploy, hint }) => {
      const {
        repositories,
        previous: _,
        ...plan
      } = await planCommand(session, { full, deploy, hints: hint });
      const stale = repositories.filter((one) => one.stale).map(({ id }) => id);
      return done({ ...plan, repositories: repositories.length, stale });
    }),
  ],
  [
    "build",
    command(
      async (session) => {
        const { record, ...outcome } = await buildCommand(session);
        return done({ ...outcome, held: record.held });
      },
      { builds: true },
    ),
  ],
  ["publish", command(async (session) => done(await publishCommand(session)))],
  [
    "confirm",
    async (options, values) => {
      const report = await confirmCommand(await openReporting(options), {
        build: values["build-result"],
        publish: values["publish-result"],
        deploy: values["deploy-result"],
      });
      return { exitCode: report.exitCode, result: report };
    },
  ],
  ["announce", command((session) => announceCommand(session))],
  ["rollback", command(async (session, _, build) => done(await rollbackCommand(session, build)))],
  [
    "run",
    command(
      async (session, { full, deploy, hint }) => {
        const report = await runCommand(session, { full, deploy, hints: hint });
        return { exitCode: report.exitCode, result: report };
      },
      { builds: true },
    ),
  ],
]);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const [name, argument, ...more] = positionals;
  if (values.help || name === undefined) {
    console.log(HELP);
    return values.help ? EXIT.done : EXIT.failed;
  }
  const takesArgument = name === "verify" || name === "rollback";
  if (more.length > 0 || (argument !== undefined && !takesArgument)) {
    throw usage(`${name} takes ${takesArgument ? "one argument" : "no argument"}`);
  }
  const told = teller(process.env);
  if (name === "verify") return verifyCommand(argument, values, told);
  const found = COMMANDS.get(name);
  if (found === undefined) throw usage(`there is no command ${JSON.stringify(name)}`);
  await mkdir(values.work, { recursive: true });
  const options = {
    work: values.work,
    satisFile: values.satis,
    settingsFile: values.settings,
    variables: process.env,
    program: process.argv[1] ?? fileURLToPath(import.meta.url),
    teller: told,
  };
  try {
    const { exitCode, result } = await found(options, values, argument);
    if (values.json) console.log(JSON.stringify(result, null, 2));
    return exitCode;
  } catch (error) {
    if (error instanceof PublishError) {
      // The job that reports runs on another machine, and reads there what went wrong here.
      await writeFailure(workIn(values.work), error.faults);
      if (values.json) console.log(JSON.stringify({ faults: error.faults }, null, 2));
    }
    throw error;
  }
}

async function verifyCommand(directory: string | undefined, values: Values, told: Teller): Promise<number> {
  if (directory === undefined) throw usage("verify takes the directory of a registry");
  const faults = await verifyDirectory(directory);
  for (const fault of faults) told.fail(faultText(fault));
  if (values.json) console.log(JSON.stringify({ faults }, null, 2));
  else if (faults.length === 0) told.say(`${directory} is sound.`);
  return faults.length === 0 ? EXIT.done : EXIT.failed;
}

function usage(message: string): PublishError {
  return new PublishError([{ by: "publisher", message, remedy: "see publisher --help" }]);
}

function reported(error: unknown): number {
  const told = teller(process.env);
  if (error instanceof PublishError) {
    for (const fault of error.faults) told.fail(faultText(fault));
    return error.exitCode;
  }
  const wrongOption =
    error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  told.fail(
    error instanceof Error ? (wrongOption ? error.message : (error.stack ?? error.message)) : String(error),
  );
  return EXIT.failed;
}

process.exitCode = await main().catch(reported);
