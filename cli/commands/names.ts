import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { safeText } from "../../fleet/findings.ts";
import { registrySettings } from "../../fleet/registry-settings.ts";
import { EXIT, type Output, runAction, type StackFlags, TERMINAL, withStack } from "../command.ts";
import { type Context, loadContext, requireToken } from "../context.ts";
import { openReader } from "../drift/reader.ts";
import { connect } from "../github.ts";
import { confirmable } from "../names/claims.ts";
import { insertNames, packagesWithoutName } from "../names/insert.ts";
import { type NamesRead, readNames } from "../names/read.ts";
import { readRecord } from "../outdated/registry.ts";

/** The command's options. */
export interface NamesOptions {
  /** Say the names and write nothing. @default false */
  readonly dryRun?: boolean;
  /** @default false */
  readonly json?: boolean;
}

/**
 * Writes the packages' names into satis.json, where an entry has none, from their composer.json.
 *
 * Only names are added: formatting and everything else stay, to the byte. A name that the publisher would hold until somebody confirms
 * it is left to people. Writes nothing to GitHub. Gives 2 where a package stays without a name; the others are written all the same.
 */
export async function names(context: Context, options: NamesOptions, output: Output): Promise<number> {
  requireToken(context);
  const { config, rawConfig, satis, satisFile, fleet, settings } = context;
  const { host } = config.github;
  const github = connect(config, rawConfig, { onlyReads: true });
  const reader = await openReader(github, join(settings.home, ".satis-fleet", "names-cache.json"));
  const found = await readNames(reader, fleet, packagesWithoutName(satis.text, host));
  const read =
    found.names.size === 0
      ? found
      : confirmable(found, satis, {
          vendors: registrySettings(fleet.composer, config, satis).vendors,
          previous: await readRecord(github, fleet.composer),
          githubHost: host,
        });
  const written = await write(satisFile, read, host, options.dryRun ?? false);
  if (options.json) {
    const all = [...read.names].map(([id, name]) => ({ id, name }));
    output.out(JSON.stringify({ names: all, unnamed: read.unnamed, written, file: satisFile }));
  } else describe(read, { written, dryRun: options.dryRun ?? false }, output);
  return read.unnamed.length > 0 ? EXIT.found : EXIT.ok;
}

/** Gives how many entries were written to; replaced in one step, so that a kill leaves the old file or the new one. */
async function write(
  file: string,
  { names: found }: NamesRead,
  host: string,
  dryRun: boolean,
): Promise<number> {
  if (found.size === 0 || dryRun) return 0;
  const before = await readFile(file, "utf8");
  const mark = before.startsWith("\ufeff") ? "\ufeff" : "";
  const { text, inserted } = insertNames(before.slice(mark.length), found, host);
  const beside = `${file}.new`;
  await writeFile(beside, mark + text);
  await rename(beside, file);
  return inserted;
}

function describe(
  { names: found, unnamed }: NamesRead,
  { written, dryRun }: { readonly written: number; readonly dryRun: boolean },
  output: Output,
): void {
  for (const [id, name] of found) output.out(`${id} is ${name}`);
  for (const { id, reason } of unnamed) output.err(safeText(`${id}: no name: ${reason}`));
  if (found.size === 0) output.err(unnamed.length > 0 ? "no name to write" : "every package has its name");
  else if (dryRun) output.err(`${found.size} names found, nothing written`);
  else
    output.err(
      `wrote names into ${written} entries; the next update writes the workflow of ${found.size} packages anew`,
    );
}

const EXAMPLES = `
Examples:
  fleet names --dry-run    say the names
  fleet names              write them into satis.json

A name of a vendor that is neither in satis-fleet:vendors nor in satis.json yet, of another repository, or other than the published
one is not written: composer.json is whoever's may push there, and a name in satis.json is what confirms it.

Exit codes: 0 every package has its name, 1 an error, 2 some packages have none yet.`;

/** `fleet names`. */
export function namesCommand(output: Output = TERMINAL): Command {
  return withStack(new Command("names"))
    .description("write the packages' names into satis.json, from their composer.json; its formatting stays")
    .option("-n, --dry-run", "say the names and write nothing")
    .option("--json", "one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action((flags: StackFlags & NamesOptions) =>
      runAction(async () => names(await loadContext(flags), flags, output), output),
    );
}
