import { styleText } from "node:util";
import { Command } from "commander";
import { safeText } from "../../fleet/findings.ts";
import { EXIT, type Output, runAction, type StackFlags, TERMINAL, withStack } from "../command.ts";
import { type Context, loadContext, requireToken } from "../context.ts";
import type { Behind } from "../outdated/compare.ts";
import { lookAtConsumers, type NotRead, type Outdated } from "../outdated/look.ts";

/** The command's options. */
export interface OutdatedOptions {
  /** @default false */
  readonly json?: boolean;
}

/**
 * Says which consumer is how far behind the registry, and which pull request is open for it; writes nothing.
 *
 * Gives 2 where one is behind, 1 where something could not be read, which is never as good as up to date.
 */
export async function outdated(context: Context, options: OutdatedOptions, output: Output): Promise<number> {
  requireToken(context);
  const report = await lookAtConsumers(context);
  const behind = report.consumers.filter((one) => one.behind.length > 0);
  if (options.json) {
    output.out(
      JSON.stringify({ behind: behind.length, complete: report.unread.length === 0, ...report }, null, 2),
    );
  } else {
    for (const one of behind) for (const line of linesOf(one)) output.out(line);
    for (const one of report.unread) output.err(`${styleText("yellow", "not read:")} ${notRead(one)}`);
    const total = report.consumers.length;
    output.out(
      total === 0 && report.unread.length === 0
        ? "nothing is subscribed"
        : `${behind.length} of ${total} behind${report.unread.length > 0 ? `, ${report.unread.length} not read` : ""}`,
    );
  }
  if (behind.length > 0) return EXIT.found;
  return report.unread.length > 0 ? EXIT.error : EXIT.ok;
}

function linesOf({ id, branch, paused, behind, pulls }: Outdated): readonly string[] {
  const title = `${styleText("bold", safeText(id))} (${safeText(branch)}${paused ? ", paused" : ""})`;
  const names = Math.max(...behind.map((one) => one.package.length));
  return [
    title,
    ...behind.map((one) => `  ${safeText(one.package).padEnd(names)}  ${versionsOf(one)}`),
    ...(pulls.length === 0
      ? ["  no pull request is open"]
      : pulls.map(({ title: said, url }) => `  ${styleText("cyan", url)} ${said}`)),
  ];
}

function versionsOf({ locked, newest, withinConstraint, constraint }: Behind): string {
  const steps = `${locked} -> ${newest}`;
  if (withinConstraint === undefined || withinConstraint === newest) return safeText(steps);
  const reach = withinConstraint === locked ? "no newer one" : withinConstraint;
  return safeText(`${steps} (${constraint} lets in ${reach})`);
}

function notRead({ id, branch, reason }: NotRead): string {
  return safeText(`${id}${branch === undefined ? "" : ` (${branch})`}: ${reason}`);
}

const EXAMPLES = `
Examples:
  fleet outdated
  fleet outdated --json | jq '.consumers[] | select(.behind != [] and .pulls == [])'

Reads composer.lock of every repository of subscriptions.json and what is published; writes nothing.

Exit codes: 0 nobody is behind, 2 some are, 1 an error, or something could not be read.`;

/** `fleet outdated`. */
export function outdatedCommand(output: Output = TERMINAL): Command {
  return withStack(new Command("outdated"))
    .description("say which consumer is how far behind the registry, and which pull request is open for it")
    .option("--json", "one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action((flags: StackFlags & OutdatedOptions) =>
      runAction(async () => outdated(await loadContext(flags), flags, output), output),
    );
}
