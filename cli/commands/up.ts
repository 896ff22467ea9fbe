import { createInterface } from "node:readline/promises";
import { Command, InvalidArgumentError } from "commander";
import { EXIT, type Output, runAction, type StackFlags, TERMINAL, withPolicies } from "../command.ts";
import { type Context, loadContext, requireToken } from "../context.ts";
import { describePlan, planResult, summary } from "../up/describe.ts";
import { apply, planned, refreshed, type UpdateOptions } from "../up/update.ts";

/** The command's options. */
export interface UpOptions extends UpdateOptions {
  /** Do not ask. @default false */
  readonly yes?: boolean;
  /** Say what would be done, and stop. @default false */
  readonly previewOnly?: boolean;
  /** Machine-readable result. @default false */
  readonly json?: boolean;
  /** Asks a person; for tests. @default the terminal */
  readonly confirm?: (question: string) => Promise<boolean>;
}

/**
 * Brings GitHub to what satis.json says, and says beforehand what that takes.
 *
 * What a killed update left behind is cleared first. Then the state is refreshed, the change previewed with the policies, its time
 * estimated against GitHub's limits, confirmed, and made; a large one in batches. A run that was stopped goes on where
 * it was: everything done is in the state. Gives the exit code.
 */
export async function up(context: Context, options: UpOptions, output: Output): Promise<number> {
  requireToken(context);
  const hasHeldLock = await refreshed(context, options, output);
  const plan = await planned(context, options, output);
  const result = planResult(plan);
  for (const warning of plan.warnings) output.err(warning);
  if (plan.steps.length === 0) {
    output.out(options.json ? JSON.stringify({ ...result, done: true }) : "nothing to do");
    return EXIT.ok;
  }
  for (const line of describePlan(plan)) output.err(line);
  if (options.previewOnly || !(await confirmed(options))) {
    output.out(options.json ? JSON.stringify({ ...result, done: false }) : "nothing was changed");
    return options.previewOnly ? EXIT.ok : EXIT.error;
  }
  const unlock = (options.unlock ?? false) && !hasHeldLock;
  await apply(context, plan, { ...options, unlock }, output);
  output.out(options.json ? JSON.stringify({ ...result, done: true }) : `done: ${summary(plan, "done")}`);
  return EXIT.ok;
}

async function confirmed({ yes, confirm }: UpOptions): Promise<boolean> {
  if (yes) return true;
  const question = "Do this?";
  if (confirm) return confirm(question);
  if (!process.stdin.isTTY) throw new Error("not confirmed: there is nobody to ask; add --yes");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

type Flags = StackFlags & Omit<UpOptions, "confirm" | "wait">;

const EXAMPLES = `
Examples:
  fleet up                        say what changes and how long it takes, ask, do it
  fleet up --preview-only         say it and stop
  fleet up --yes --json           in CI
  fleet up --unlock               after a run that died on another machine

It refreshes first, which costs about three calls a package of the 5,000 that GitHub allows an hour: that is said beforehand, and counted.

Exit codes: 0 done or nothing to do, 1 an error or not confirmed. What was done is recorded: run it again to go on.`;

/** `fleet up`. */
export function upCommand(output: Output = TERMINAL): Command {
  return withPolicies(new Command("up"))
    .description(
      "bring GitHub to what satis.json says: refreshed, checked by the policies, estimated, in batches",
    )
    .option("-y, --yes", "do not ask")
    .option("--preview-only", "say what would be done, and stop")
    .option("--unlock", "remove the stack's lock whoever holds it, once, before the first run")
    .option("--parallel <number>", "operations side by side (default: 1 on github.com, else 16)", positive)
    .option(
      "--batch-size <commits>",
      "commits in one batch (default: what GitHub allows in an hour)",
      positive,
    )
    .option("--json", "one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action((flags: Flags) => runAction(async () => up(await loadContext(flags), flags, output), output));
}

/** A whole number of an option, from 1. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError("a whole number from 1 is wanted");
  return value;
}
