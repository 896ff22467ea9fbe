import { join } from "node:path";
import { Command } from "commander";
import { FaultsError, quoted, safeText } from "../../fleet/findings.ts";
import { isRepositoryId } from "../../fleet/grammar.ts";
import { readUpdaterBundle } from "../../fleet/publisher-bundle.ts";
import { EXIT, type Output, runAction, type StackFlags, TERMINAL, withStack } from "../command.ts";
import { type Context, loadContext, requireToken } from "../context.ts";
import { openReader } from "../drift/reader.ts";
import { type Proposal, proposeAll } from "../propose/propose.ts";
import { wantedProposals } from "../propose/wanted.ts";

/** The command's options. */
export interface ProposeOptions {
  /** `owner/repository`, whatever its delivery, left or not. @default all with delivery pull-request, and those of them that left */
  readonly repository?: readonly string[];
  /** @default false */
  readonly dryRun?: boolean;
  /** @default false */
  readonly json?: boolean;
}

/**
 * Proposes the notify workflow of packages, and the update workflow of consumers, where a branch takes changes by pull request only.
 *
 * One pull request a repository, opened or brought up to date; none where the branch has the file. Where the package left satis.json,
 * it proposes to take the file away. Gives 2 where a repository could not be done; the others are.
 */
export async function propose(context: Context, options: ProposeOptions, output: Output): Promise<number> {
  requireToken(context);
  const { stack, config, fleet, github, settings } = context;
  const only = options.repository ?? [];
  checkNames(only, config.github.owner);
  const { deployment } = await stack.exportStack();
  const isUpdated = fleet.consumers.some(({ updated }) => updated.length > 0);
  const { updater, findings } = isUpdated ? readUpdaterBundle() : { findings: [] };
  if (findings.length > 0) throw new FaultsError(findings);
  const wanted = wantedProposals(fleet, config, deployment, only, updater);
  const reader = await openReader(github, join(settings.home, ".satis-fleet", "propose-cache.json"));
  const proposals = await proposeAll({ github, reader, dryRun: options.dryRun ?? false }, wanted);
  if (options.json) output.out(JSON.stringify({ dryRun: options.dryRun ?? false, proposals }));
  else {
    if (proposals.length === 0) output.err("no repository has delivery pull-request: nothing to propose");
    for (const one of proposals) output.out(describe(one));
  }
  return proposals.some(({ outcome }) => outcome === "failed") ? EXIT.found : EXIT.ok;
}

function checkNames(names: readonly string[], owner: string): void {
  for (const name of names) {
    if (!isRepositoryId(name)) throw new Error(`--repository ${quoted(name)}: owner/repository is wanted`);
    if (name.split("/")[0]?.toLowerCase() !== owner.toLowerCase())
      throw new Error(`--repository ${quoted(name)}: this stack's owner is ${owner}`);
  }
}

function describe({ id, role, outcome, removal, url, reason }: Proposal): string {
  const what = `${outcome} (${removal ? "removal of the " : ""}${role} workflow)`;
  return safeText([`${id}: ${what}`, reason, url].filter((part) => part !== undefined).join(": "));
}

const EXAMPLES = `
Examples:
  fleet propose                             all repositories with delivery pull-request
  fleet propose --repository acme/library   one, whatever its delivery
  fleet propose --dry-run --json            what would be done

The token needs Contents, Pull requests and Workflows: write on those repositories.
What left satis.json or subscriptions.json is known until the next update; after it, name its repository: then what the fleet may have
put into its root is looked for.

Exit codes: 0 done, 1 an error, 2 a repository could not be done.`;

/** `fleet propose`. */
export function proposeCommand(output: Output = TERMINAL): Command {
  return withStack(new Command("propose"))
    .description(
      "open or update one pull request with the managed workflow where a branch takes nothing else",
    )
    .option("-r, --repository <owner/repository...>", "these repositories, whatever their delivery")
    .option("-n, --dry-run", "say what would be done and write nothing")
    .option("--json", "one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action((flags: StackFlags & ProposeOptions) =>
      runAction(async () => propose(await loadContext(flags), flags, output), output),
    );
}
