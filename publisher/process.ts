import { type ChildProcess, spawn } from "node:child_process";

/** How a program is run. */
export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** Milliseconds after which it is killed. @default ten minutes */
  readonly timeout?: number;
  /** Called with each piece of output as it comes, for progress. */
  readonly onOutput?: (text: string) => void;
}

/** What a program did. */
export interface Finished {
  /** `undefined` where a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Set where it could not be started, or took too long. */
  readonly error?: string;
}

/** Bytes of each stream that are kept; a program that says more is cut in the middle. */
const KEPT = 64 * 1024 * 1024;

/** Programs that run now; one that dies with the publisher must not be left behind by it. */
const running = new Set<ChildProcess>();
process.on("exit", () => running.forEach(killGroup));

/**
 * Ends a program with all that it has started. git leaves its transfer to a helper, which would hold the pipes open, and so the
 * result back, for as long as a dead server keeps it waiting.
 */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

/** Runs a program without a shell and never throws: how it ended is the result. It has no terminal, so it can ask for nothing. */
export function run(program: string, args: readonly string[], options: RunOptions): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: Object.fromEntries(Object.entries(options.env).filter(([, value]) => value !== undefined)),
      stdio: ["pipe", "pipe", "pipe"],
      // A group of its own, so that it can be ended with all that it has started.
      detached: true,
    });
    running.add(child);
    let tooLong = false;
    const timer = setTimeout(() => {
      tooLong = true;
      killGroup(child);
    }, options.timeout ?? 600_000);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let size = 0;
    const keep = (into: Buffer[]) => (chunk: Buffer) => {
      options.onOutput?.(chunk.toString("utf8"));
      size += chunk.length;
      if (size <= KEPT) into.push(chunk);
    };
    child.stdout.on("data", keep(out));
    child.stderr.on("data", keep(err));
    // A program that ends before it has read everything is judged by how it ends.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
    const finish = (code: number | null, error?: string) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({
        code: code ?? undefined,
        stdout: Buffer.concat(out).toString("utf8"),
        stderr: Buffer.concat(err).toString("utf8"),
        ...(error === undefined ? {} : { error }),
      });
    };
    child.on("error", (error) => finish(null, error.message));
    child.on("close", (code, signal) =>
      finish(code, signal === null ? undefined : `ended by ${signal}${tooLong ? ", after too long" : ""}`),
    );
  });
}
