import { execFileSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { basename, join } from "node:path";

/** One lock of a stack's state, as its holder wrote it down. */
export interface StackLock {
  /** Who, where and since when; safe to print. */
  readonly holder: string;
  /** The holder was a process of this machine and is gone: nobody works under this lock. */
  readonly stale: boolean;
}

/** Pulumi's words in the error of an update that found a lock (backend/diy/lock.go). */
const HOLDER = /created by ([^\s@]+)@(\S+) \(pid (\d+)\) at (\S+)/g;

/** Gives the locks that an engine's error tells of: none where it is about something else. */
export function locksInMessage(message: string): readonly StackLock[] {
  if (!message.includes("the stack is currently locked by")) return [];
  const told = [...message.matchAll(HOLDER)].map(([, user = "", host = "", pid, since = ""]) =>
    describe({ username: user, hostname: host, pid: Number(pid), timestamp: since }),
  );
  return told.length > 0 ? told : [{ holder: "a process that is not named", stale: false }];
}

/** Reads one lock file; `undefined` where there is none. */
export async function readLock(file: string): Promise<StackLock | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return describe(JSON.parse(text) as Holder);
  } catch {
    return { holder: "a process that ended while it wrote the lock", stale: true };
  }
}

/**
 * Gives the locks of a stack on a file backend; `undefined` for any other, which tells only when an update starts.
 *
 * @param url the backend, as `pulumi whoami --json` names it
 */
export async function locksOfBackend(
  url: string,
  project: string,
  stack: string,
): Promise<readonly StackLock[] | undefined> {
  const [, written] = /^file:\/\/([^?]*)/.exec(url) ?? [];
  if (written === undefined) return undefined;
  // Pulumi expands `~` itself, so it is no host of the URL.
  const root = decodeURI(written.replace(/^~/, homedir()));
  const folder = join(root, ".pulumi", "locks", "organization", project, basename(stack));
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const locks = await Promise.all(
    files.filter((file) => file.endsWith(".json")).map((file) => readLock(join(folder, file))),
  );
  return locks.flatMap((lock) => lock ?? []);
}

interface Holder {
  readonly pid: number;
  readonly username: string;
  readonly hostname: string;
  readonly timestamp: string;
}

function describe({ pid, username, hostname: host, timestamp }: Holder): StackLock {
  return {
    holder: `${username}@${host} (process ${pid}) since ${timestamp}`,
    stale: host === hostname() && !isAlive(pid),
  };
}

/** A process that has ended and that nobody has waited for still has its number: only `ps` tells it from a living one. */
function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A process of somebody else cannot be asked, and lives.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  try {
    return !execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).startsWith("Z");
  } catch {
    // Without `ps`, what has a number counts as alive.
    return true;
  }
}
