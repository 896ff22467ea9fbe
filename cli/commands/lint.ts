import { basename, resolve } from "node:path";
import { Command } from "commander";
import { type Finding, formatFinding } from "../../fleet/findings.ts";
import { readSatis } from "../../fleet/satis.ts";
import { EXIT, type Output, runAction, TERMINAL } from "../command.ts";

/** The command's options. */
export interface LintOptions {
  /** Folder that relative names are in. @default this process's */
  readonly cwd?: string;
  /** Warnings count as faults. @default false */
  readonly strict?: boolean;
  /** @default false */
  readonly json?: boolean;
}

type Reader = (path: string, shown: string) => readonly Finding[];

const satisReader: Reader = (path, shown) => readSatis(path, shown).findings;

/** Readers by file name: another of the fleet's files is checked once its parser stands here. Any other name is a satis.json. */
const READERS: ReadonlyMap<string, Reader> = new Map([["satis.json", satisReader]]);

/** The files that are checked where none is named. */
const DEFAULT_FILES: readonly string[] = [...READERS.keys()];

/**
 * Checks files without a stack, a network or a credential, and says every fault at once.
 *
 * What only the stack's configuration can tell (owner, renames, delivery) is the business of `fleet diff` and of the program. Gives 2
 * where there is a fault.
 */
export async function lint(files: readonly string[], options: LintOptions, output: Output): Promise<number> {
  const names = files.length > 0 ? files : DEFAULT_FILES;
  const findings = names.flatMap((name) => {
    const read = READERS.get(basename(name)) ?? satisReader;
    return read(resolve(options.cwd ?? ".", name), name);
  });
  const faults = findings.filter(({ severity }) => severity === "fault").length;
  const warnings = findings.length - faults;
  const found = faults > 0 || (options.strict === true && warnings > 0);
  if (options.json)
    output.out(JSON.stringify({ files: names, faults, warnings, findings: findings.map(printable) }));
  else {
    for (const finding of findings) output.out(formatFinding(finding));
    output.err(`${names.join(", ")}: ${count(faults, "fault")}, ${count(warnings, "warning")}`);
  }
  return found ? EXIT.found : EXIT.ok;
}

/** The finding with its line for people, which is safe to print; editors place it by line and column. */
function printable(finding: Finding) {
  const { severity, file, line, column } = finding;
  return { severity, file, line, column, text: formatFinding(finding) };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

const EXAMPLES = `
Examples:
  fleet lint                     satis.json of this folder
  fleet lint other/satis.json    a file elsewhere, as pre-commit names them
  fleet lint --json --strict     for editors and CI, warnings count

Editors check the file as it is written with schemas/satis.schema.json: "$schema": "./schemas/satis.schema.json"

Exit codes: 0 no fault, 1 an error, 2 a fault.`;

/** `fleet lint`. */
export function lintCommand(output: Output = TERMINAL): Command {
  return new Command("lint")
    .description("check the fleet's files without a stack: every fault at once, with line, column and remedy")
    .argument("[files...]", "files to check (default: satis.json)")
    .option("-C, --cwd <folder>", "folder that the names are in")
    .option("--strict", "warnings count as faults")
    .option("--json", "one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action((files: string[], options: LintOptions) => runAction(() => lint(files, options, output), output));
}
