import { randomUUID } from "node:crypto";
import { appendFile } from "node:fs/promises";
import { safeText } from "../fleet/findings.ts";

/** What GitHub's runner, or a person's terminal, is told. */
export interface Teller {
  /** One line of progress. */
  say(line: string): void;
  /** Raw output of a program. */
  pass(text: string): void;
  warn(line: string): void;
  fail(line: string): void;
  /** A value for the steps that follow. */
  output(name: string, value: string): Promise<void>;
  /** Markdown for the run's page. */
  summary(markdown: string): Promise<void>;
}

/**
 * Tells people by standard error, so that standard output holds nothing but what `--json` prints.
 *
 * On GitHub's runner, lines that begin with `::` are commands: warnings and failures are made of them, and nothing that others wrote
 * ever begins a line.
 */
export function teller(
  variables: Readonly<Record<string, string | undefined>>,
  write: (text: string) => void = (text) => void process.stderr.write(text),
): Teller {
  const onRunner = variables.GITHUB_ACTIONS === "true";
  const append = async (file: string | undefined, text: string) => {
    if (onRunner && file !== undefined && file !== "") await appendFile(file, text);
  };
  const command = (kind: "warning" | "error", line: string) =>
    write(onRunner ? `::${kind}::${escapeData(safeText(line))}\n` : `${kind}: ${safeText(line)}\n`);
  return {
    say: (line) => write(`${safeText(line).replace(/^\s*::/, "| ::")}\n`),
    pass: (text) => write(text.replace(/^/gm, "| ").replace(/\| $/, "")),
    warn: (line) => command("warning", line),
    fail: (line) => command("error", line),
    output: (name, value) => {
      const end = randomUUID();
      return append(variables.GITHUB_OUTPUT, `${name}<<${end}\n${value}\n${end}\n`);
    },
    summary: (markdown) => append(variables.GITHUB_STEP_SUMMARY, `${markdown}\n`),
  };
}

/** `%` starts an escape in a command's data. */
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
