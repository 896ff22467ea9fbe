import { styleText } from "node:util";
import { type Command, Option } from "commander";
import { FaultsError } from "../fleet/findings.ts";
import type { ContextOptions } from "./context.ts";

/** Exit codes of every command: 0 as wished, 1 an error, 2 something found. */
export const EXIT = { ok: 0, error: 1, found: 2 } as const;

/** Where a command writes: results to `out`, what it is doing and errors to `err`. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** The terminal. */
export const TERMINAL: Output = {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
};

/** Adds the options with which a command finds its stack. */
export function withStack(command: Command): Command {
  return command
    .option("-s, --stack <name>", "stack to work on", process.env.PULUMI_STACK ?? "dev")
    .option("-C, --cwd <folder>", "folder with Pulumi.yaml")
    .addOption(
      new Option("--engine <engine>", "engine to run on").choices(["pulumi", "sandbox"]).default("pulumi"),
    );
}

/** Adds the same, and the configuration of the policies that a command judges a change by. */
export function withPolicies(command: Command): Command {
  return withStack(command).option(
    "--policy-config <file>",
    "configuration of the policies (default: policy-config.json beside satis.json)",
  );
}

/** The options of {@link withStack} and {@link withPolicies}, as {@link loadContext} takes them. */
export type StackFlags = Pick<ContextOptions, "stack" | "cwd" | "engine" | "policyConfig">;

/** Runs a command's action: its result is the exit code; errors are one message, never a stack trace. */
export async function runAction(action: () => Promise<number>, output: Output = TERMINAL): Promise<void> {
  try {
    process.exitCode = await action();
  } catch (error) {
    output.err(`${styleText("red", "error:", { stream: process.stderr })} ${messageOf(error)}`);
    process.exitCode = EXIT.error;
  }
}

/** What to tell of an error. */
export function messageOf(error: unknown): string {
  if (error instanceof FaultsError) return error.message;
  return error instanceof Error ? error.message : String(error);
}
