import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { safeText } from "../../fleet/findings.ts";
import { type Adoption, look } from "../adopt/look.ts";
import { byHand, describeAdoption } from "../adopt/report.ts";
import { EXIT, messageOf, type Output, runAction, type StackFlags, TERMINAL, withStack } from "../command.ts";
import { type Context, type ContextOptions, loadContext, requireToken } from "../context.ts";
import { runEngine } from "../up/run.ts";

/** The command's options. */
export interface AdoptOptions {
  /** Where the import document goes. */
  readonly out: string;
  /** Set the configuration that the fleet needs to stay as it is. @default false */
  readonly configure?: boolean;
  /** Import, and not only write the document. @default false */
  readonly import?: boolean;
  /** @default false */
  readonly json?: boolean;
}

/**
 * Takes a fleet over that a script or hands made: nothing is deleted, and no file of equal content is committed again.
 *
 * Looks for everything that the stack would create, writes the document for `pulumi import --file`, names the configuration without
 * which the first update would change something, and imports when asked to. Writes nothing to GitHub itself. Files of another
 * content are not imported: the first update writes over them, under a commit message of its own (an imported file would repeat its
 * last author's). Gives 2 where something has to be seen to first; nothing is imported then.
 */
export async function adopt(given: Context, options: AdoptOptions, output: Output): Promise<number> {
  requireToken(given);
  let context = given;
  let adoption = await look(context, output);
  if (options.configure && adoption.settings.length > 0) {
    context = await configured(context, adoption, output);
    adoption = await look(context, output);
  }
  await writeFile(options.out, `${JSON.stringify(adoption.document, null, 2)}\n`);
  const ready = adoption.settings.length === 0 && adoption.problems.length === 0;
  const imports = (options.import ?? false) && ready;
  for (const line of describeAdoption(adoption)) output.err(line);
  if (imports) await importInto(context, adoption, output);
  const hand = byHand(adoption, options.out, context.settings.stack);
  if (options.json)
    output.out(JSON.stringify({ ...adoption, imported: imports, file: options.out, commands: hand }));
  else for (const line of conclusion(adoption, options, { ready, imports, hand })) output.out(line);
  return ready ? EXIT.ok : EXIT.found;
}

async function configured(context: Context, { settings }: Adoption, output: Output): Promise<Context> {
  await context.stack.configure(Object.fromEntries(settings.map(({ key, value }) => [key, { value }])));
  for (const { key, value } of settings) output.err(`set ${key} to ${value}`);
  const { stack, home, env } = context.settings;
  const again: ContextOptions = { stack, cwd: home, engine: context.engine, ...(env ? { env } : {}) };
  return loadContext(again);
}

async function importInto(context: Context, { prepare, document }: Adoption, output: Output): Promise<void> {
  const [lock] = (await context.stack.locks()) ?? [];
  if (lock)
    throw new Error(
      `the stack is locked by ${lock.holder}: nothing was imported; fleet up --unlock removes a stale lock`,
    );
  if (prepare.length > 0) {
    output.err("making the provider and the components, nothing of it on GitHub");
    const options = { target: [...prepare] };
    await runEngine(context, { command: "up", name: "up", options }, output);
  }
  if (document.resources.length === 0) return;
  output.err(`importing ${document.resources.length} resources`);
  try {
    await context.stack.importResources(document);
  } catch (error) {
    const faults = faultsOf(messageOf(error)).map((fault) => `  ${safeText(fault)}`);
    throw new Error(
      ["the import failed:", ...faults, "what was imported is recorded: run it again to go on"].join("\n"),
    );
  }
}

/** What an import's output says is wrong, each once: the rest is progress and warnings. */
function faultsOf(message: string): readonly string[] {
  const said = [...message.matchAll(/(?:^|\s)error: (.+)$/gm)].map(([, fault = ""]) => fault.trim());
  const faults = [...new Set(said)].filter((fault) => !/^(?:update|preview) failed/i.test(fault));
  return faults.length > 0 ? faults : [message.trim()];
}

function conclusion(
  { document }: Adoption,
  { out, import: asked }: AdoptOptions,
  { ready, imports, hand }: { ready: boolean; imports: boolean; hand: readonly string[] },
): readonly string[] {
  const count = document.resources.length;
  if (imports) return [`imported ${count} resources; next: fleet up`];
  const written = `wrote ${count} resources to ${out}`;
  if (!ready)
    return [
      asked
        ? `${written}; nothing was imported: see to the above first`
        : `${written}; see to the above first`,
    ];
  return [`${written}; import them with --import, or:`, ...hand.map((command) => `  ${command}`)];
}

const EXAMPLES = `
Examples:
  fleet adopt                          look, and write fleet-import.json
  fleet adopt --configure --import     set what has to be set, and import
  fleet up                             then: one write for each secret, and the files that differ

Exit codes: 0 ready or done, 1 an error, 2 something has to be seen to first.`;

/** `fleet adopt`. */
export function adoptCommand(output: Output = TERMINAL): Command {
  return withStack(new Command("adopt"))
    .description(
      "take over a fleet that a script or hands made: nothing deleted, no equal file committed again",
    )
    .option("--out <file>", "where the document for `pulumi import --file` goes", "fleet-import.json")
    .option("--configure", "set the configuration without which the first update would change something")
    .option("--import", "import, and not only write the document")
    .option("--json", "one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action((flags: StackFlags & AdoptOptions) =>
      runAction(async () => adopt(await loadContext(flags), flags, output), output),
    );
}
