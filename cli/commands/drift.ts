import { Command, Option } from "commander";
import { safeText } from "../../fleet/findings.ts";
import {
  EXIT,
  messageOf,
  type Output,
  runAction,
  type StackFlags,
  TERMINAL,
  withPolicies,
} from "../command.ts";
import { type Context, loadContext, requireToken } from "../context.ts";
import { look } from "../drift/look.ts";
import { asMarkdown } from "../drift/markdown.ts";
import { repair } from "../drift/repair.ts";
import { asJson, asText, hasFailed, isClean, type Report } from "../drift/report.ts";

/** Options of `fleet drift`. */
export interface DriftOptions {
  readonly repair?: boolean;
  readonly deep?: boolean;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

const EXAMPLES = `
Read-only without --repair. Compares every managed file, secret and setting with GitHub: files by their content, secrets by the time of
their last write (a value cannot be read), settings with what the last update set. Costs one request for 100 repositories, and one
conditional request for each secret (free where nothing changed since the last look).

--repair is an update as fleet up makes it: judged by the policies, in batches and at the pace that GitHub allows. It leaves repositories
alone that need a person or could not be read, and says what GitHub refused; the rest is brought back.

Exit codes: 0 no drift, 2 drift, 1 an error, a repair or second look that failed, or nothing found but not everything could be read.

Examples:
  fleet drift                              what differs, with diffs
  fleet drift --stack prod --json          one document for scripts
  fleet drift --markdown > issue.md        text for an issue
  fleet drift --deep                       also workflows that somebody disabled: a request each
  fleet drift --repair                     brings it back, overwritten secrets included, and looks again`;

/** The command line of {@link drift}. */
export function driftCommand(output: Output = TERMINAL): Command {
  return withPolicies(new Command("drift"))
    .description("say where GitHub no longer looks like the fleet, and bring it back")
    .option("--repair", "bring it back by an update, then look again")
    .option("--deep", "also look for disabled workflows: a request each")
    .addOption(new Option("--json", "one document on standard output").conflicts("markdown"))
    .addOption(new Option("--markdown", "text for an issue"))
    .addHelpText("after", EXAMPLES)
    .action((options: DriftOptions & StackFlags) =>
      runAction(async () => drift(await loadContext(options), options, output), output),
    );
}

/** Looks at GitHub, repairs where asked to, and reports; gives the exit code. */
export async function drift(context: Context, options: DriftOptions, output: Output): Promise<number> {
  requireToken(context);
  const stack = context.settings.stack;
  const deep = options.deep ?? false;
  const first = await look(context, { deep });
  let report: Report = { stack, first };
  if (options.repair && first.drift.length > 0) {
    const repaired = await repair(context, first, output);
    report = { ...report, repair: repaired, ...(await lookAgain(context, deep)) };
  }
  output.out(options.json ? asJson(report) : options.markdown ? asMarkdown(report) : asText(report));
  return exitOf(report);
}

/** What a repair did is told even where GitHub cannot be looked at afterwards. */
async function lookAgain(context: Context, deep: boolean): Promise<Pick<Report, "second" | "secondError">> {
  try {
    return { second: await look(context, { deep }) };
  } catch (error) {
    return { secondError: safeText(messageOf(error)) };
  }
}

function exitOf(report: Report): number {
  if (isClean(report)) return EXIT.ok;
  const last = report.second ?? report.first;
  return !hasFailed(report) && last.drift.length > 0 ? EXIT.found : EXIT.error;
}
