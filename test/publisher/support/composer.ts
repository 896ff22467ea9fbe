import { execFileSync } from "node:child_process";

/** Path of a Composer, where one is installed: tests that need it are skipped elsewhere. */
export const COMPOSER = findComposer();

function findComposer(): string | undefined {
  try {
    return execFileSync("/bin/sh", ["-c", "command -v composer"], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}
