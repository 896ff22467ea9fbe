import { Command } from "commander";
import { formatFinding } from "../../fleet/findings.ts";
import { EXIT, type Output, runAction, type StackFlags, TERMINAL, withPolicies } from "../command.ts";
import { type Context, loadContext } from "../context.ts";
import { type Budget, checkBudget } from "../doctor/budget.ts";
import { type Check, formatCheck, isHealthy, note, unread } from "../doctor/check.ts";
import { checkConsumers } from "../doctor/consumers.ts";
import { checkPlan, checkSettings } from "../doctor/settings.ts";
import { checkState } from "../doctor/state.ts";
import { checkDispatch, checkProvider, checkRead } from "../doctor/tokens.ts";
import { resourcesOf } from "../up/overwritten.ts";

/** The command's options. */
export interface DoctorOptions {
  /** Machine-readable result. @default false */
  readonly json?: boolean;
}

/**
 * Says what stands in the way of the next update, and changes nothing.
 *
 * Tokens, each permission that this fleet needs, their end, the plan, Actions and Pages, consumers, lock and state, and what the next update costs.
 * What could not be looked at is told and never counted as right. Gives the exit code: 0 nothing is wrong, 2 something is, or was not seen.
 */
export async function doctor(context: Context, options: DoctorOptions, output: Output): Promise<number> {
  const checks: Check[] = context.warnings.map((finding) => note("configuration", formatFinding(finding)));
  const deployment = await context.stack.exportStack();
  checks.push(...(await checkState(context, deployment)));
  const state = resourcesOf(deployment);
  const wasMade = state.some(({ type }) => type === "github:index/repository:Repository");
  const provider = await checkProvider(context, wasMade);
  checks.push(...provider.checks);
  const composerExists = provider.composerExists ?? true;
  checks.push(
    ...(await checkDispatch(context, composerExists)),
    ...(await checkRead(context, provider.sight)),
  );
  let budget: Budget = { checks: [unread("change", "there is no token that works")] };
  if (provider.probe && provider.account) {
    checks.push(checkPlan(context, provider.account));
    if (composerExists) checks.push(...(await checkSettings(context, provider.probe)));
    checks.push(...(await checkConsumers(context, provider.probe, composerExists)));
    budget = await checkBudget(context, provider.account, state, output);
  }
  checks.push(...budget.checks);
  const healthy = isHealthy(checks);
  if (options.json) {
    const { calls, writes, seconds } = budget;
    output.out(JSON.stringify({ ok: healthy, checks, budget: { calls, writes, seconds } }, null, 2));
  } else {
    for (const check of checks) output.out(formatCheck(check));
    const bad = checks.filter(({ state }) => state === "wrong" || state === "unread").length;
    output.out(healthy ? "nothing is wrong" : `${bad} to look at`);
  }
  return healthy ? EXIT.ok : EXIT.found;
}

type Flags = StackFlags & DoctorOptions;

const EXAMPLES = `
Examples:
  fleet doctor                    before the first update, and when something fails
  fleet doctor --json | jq '.checks[] | select(.state == "wrong")'

Changes nothing: permissions are asked with requests that GitHub has to refuse for what they lack; those of a
composer repository that is not there yet, of a package repository in its place. What nothing shows yet is listed.
Exit codes: 0 nothing is wrong, 2 something is wrong or could not be seen, 1 an error.`;

/** `fleet doctor`. */
export function doctorCommand(output: Output = TERMINAL): Command {
  return withPolicies(new Command("doctor"))
    .description(
      "say what stands in the way of the next update: tokens, permissions, plan, limits, settings, state",
    )
    .option("--json", "one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action((flags: Flags) => runAction(async () => doctor(await loadContext(flags), flags, output), output));
}
