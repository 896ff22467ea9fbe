import { redactCredentials } from "./credentials.ts";

/** One thing that is wrong (`fault`: nothing is done) or worth knowing (`warning`), where it is and what to write instead. */
export interface Finding {
  readonly severity: "fault" | "warning";
  /** File as the user named it, or `stack config`. */
  readonly file: string;
  /** Counted from 1. */
  readonly line?: number;
  /** Counted from 1, in UTF-16 code units, as editors count. */
  readonly column?: number;
  readonly message: string;
  readonly remedy: string;
}

/** Splits findings into those that stop the program and those that do not. */
export function hasFault(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === "fault");
}

/**
 * Gives one line that is safe to print, such as `satis.json:3:7: fault: what is wrong: what to do`.
 *
 * Text from files reaches terminals and CI logs through here only: control, format and separator characters are escaped, and anything
 * shaped like a credential is replaced, whoever wrote the message.
 */
export function formatFinding(finding: Finding): string {
  const { file, line, column, severity, message, remedy } = finding;
  const place = [file, line, column].filter((part) => part !== undefined).join(":");
  return safeText(`${place}: ${severity}: ${message}: ${remedy}`);
}

/** Makes untrusted text one printable line without credentials. */
export function safeText(text: string): string {
  return redactCredentials(text).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escapeCharacter);
}

/** Quotes untrusted text for a message: printable, without credentials, cut at 80 characters. */
export function quoted(text: string): string {
  // Redacted before it is cut: half a token has no shape to recognise.
  const characters = [...safeText(text)];
  const shown = characters.length > 80 ? `${characters.slice(0, 79).join("")}…` : characters.join("");
  return `"${shown}"`;
}

function escapeCharacter(character: string): string {
  const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
  return short ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Every fault of a program's input in one readable message; warnings are left to the caller. */
export class FaultsError extends Error {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    const faults = findings.filter(({ severity }) => severity === "fault");
    const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
    super(
      [`${count}, nothing was changed`, ...faults.map((fault) => `  ${formatFinding(fault)}`)].join("\n"),
    );
    this.name = "FaultsError";
    this.findings = faults;
  }
}
