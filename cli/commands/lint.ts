import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { Command } from "commander";
import { type Finding, formatFinding } from "../../fleet/findings.ts";
import { readSatis } from "../../fleet/satis.ts";
import { readSubscriptions } from "../../fleet/subscriptions.ts";
import { EXIT, type Output, runAction, TERMINAL } from "../command.ts";
import { POLICY_CONFIG, readPolicyConfig } from "../policies.ts";

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

/** A file that is named has to be there; the fleet itself takes one that is missing for no subscriptions. */
const subscriptionsReader: Reader = (path, shown) =>
  existsSync(path)
    ? readSubscriptions(path, shown).findings
    : [{ severity: "fault", file: shown, message: "does not exist", remedy: "write it, or name another" }];

/** Readers by file name: another of the fleet's files is checked once its parser stands here. Any other name is a satis.json. */
const READERS: ReadonlyMap<string, Reader> = new Map([
  ["satis.json", satisReader],
  ["subscriptions.json", subscriptionsReader],
  [POLICY_CONFIG, readPolicyConfig],
]);

/** The files that are checked where none is named: satis.json, and others where they are. */
function defaultFiles(folder: string): readonly string[] {
  const others = [...READERS.keys()].filter((name) => name !== "satis.json");
  return ["satis.json", ...others.filter((name) => existsSync(resolve(folder, name)))];
}

/**
 * Checks files without a stack, a network or a credential, and says every fault at once.
 *
 * What only the stack's configuration can tell (owner, renames, delivery) is the business of `fleet diff` and of the program. Gives 2
 * where there is a fault.
 */
export async function lint(files: readonly string[], options: LintOptions, output: Output): Promise<number> {
  const names = files.length > 0 ? files : defaultFiles(options.cwd ?? ".");
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
  fleet lint                     satis.json of this folder; subscriptions.json and policy-config.json where they are
  fleet lint other/satis.json    a file elsewhere, as pre-commit names them
  fleet lint --json --strict     for editors and CI, warnings count

Editors check them as they are written, with the files in schemas/

Exit codes: 0 no fault, 1 an error, 2 a fault.`;

/** `fleet lint`. */
export function lintCommand(output: Output = TERMINAL): Command {
  return new Command("lint")
    .description("check the fleet's files without a stack: every fault at once, with line, column and remedy")
    .argument(
      "[files...]",
      "files to check (default: satis.json; subscriptions.json and policy-config.json where they are)",
    )
    .option("-C, --cwd <folder>", "folder that the names are in")
    .option("--strict", "warnings count as faults")
    .option("--json", "one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action((files: string[], options: LintOptions) => runAction(() => lint(files, options, output), output));
}
