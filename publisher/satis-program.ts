import { open } from "node:fs/promises";

/** A program and the arguments that come before one's own. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Whether PHP runs it. */
  readonly php: boolean;
}

/**
 * Gives the command that runs the Satis at `bin`: PHP where it is a PHP program (a `.phar`, a script that asks for PHP, Composer's
 * `vendor/bin`), else the file itself.
 */
export async function satisCommand(bin: string): Promise<Command> {
  const php = bin.endsWith(".phar") || /(?:^|\/)vendor\/bin\/[^/]+$/.test(bin) || (await asksForPhp(bin));
  return php ? { program: "php", args: [bin], php } : { program: bin, args: [], php };
}

async function asksForPhp(bin: string): Promise<boolean> {
  try {
    const file = await open(bin);
    try {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(128), length: 128, position: 0 });
      const [first = ""] = buffer.toString("latin1", 0, bytesRead).split("\n");
      return /^#!.*\bphp[\d.]*(?:\s|$)/.test(first) || first.startsWith("<?php");
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}
