/** The lock of a state file, as Pulumi's file backend keeps it: a killed process leaves it, `pulumi cancel` removes it. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";

interface Holder {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  readonly timestamp: string;
}

/** @throws with Pulumi's text when another process, or one that was killed, holds the lock. */
export function lock(stateFile: string): void {
  const file = `${stateFile}.lock`;
  const holder: Holder = {
    pid: process.pid,
    username: userInfo().username,
    hostname: hostname(),
    timestamp: new Date().toISOString(),
  };
  try {
    writeFileSync(file, JSON.stringify(holder), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new Error(
      "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file " +
        `with \`pulumi cancel\`.\n  file://${file}: ${describe(file)}`,
    );
  }
}

function describe(file: string): string {
  try {
    const holder = JSON.parse(readFileSync(file, "utf8")) as Holder;
    return `created by ${holder.username}@${holder.hostname} (pid ${holder.pid}) at ${holder.timestamp}`;
  } catch {
    return "created by a process that was killed while it wrote this file";
  }
}

export function unlock(stateFile: string): void {
  rmSync(`${stateFile}.lock`, { force: true });
}
