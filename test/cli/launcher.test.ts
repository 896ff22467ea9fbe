import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const LAUNCHER = fileURLToPath(new URL("../../cli/fleet.js", import.meta.url));

/** Children of a process. */
function childrenOf(pid: number | undefined): readonly number[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  return rows
    .map((row) => row.trim().split(/\s+/).map(Number))
    .flatMap(([child = 0, parent]) => (parent === pid ? [child] : []));
}

describe("the linked command", () => {
  let folder = "";
  let linked = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "satis-fleet-launcher-"));
    linked = join(folder, "fleet");
    symlinkSync(LAUNCHER, linked);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const start = (
    file: string,
    args: readonly string[],
    input: "ignore" | Readable = "ignore",
  ): ChildProcess => spawn(process.execPath, [file, ...args], { stdio: [input, "pipe", "pipe"] });

  test.each(["itself", "a symbolic link"])("called by %s, ends with its command's exit code", async (how) => {
    const file = how === "itself" ? LAUNCHER : linked;
    const ended = async (...args: string[]) => (await once(start(file, args), "close"))[0] as number;
    const broken = join(folder, "satis.json");
    writeFileSync(broken, "{");
    expect(await Promise.all([ended("--help"), ended("lint", broken)])).toEqual([0, 2]);
  });

  test("lets Pulumi find the Node of this package first, which runs TypeScript", () => {
    const tell = join(folder, "tell.mjs");
    writeFileSync(tell, "console.log(process.env.PATH);\n");
    const env = { ...process.env, PATH: "/usr/bin:/bin", NODE_OPTIONS: `--import="${tell}"` };
    const told = execFileSync(process.execPath, [linked, "--help"], { encoding: "utf8", env });
    const [launcher, command = ""] = told.split("\n");
    expect(launcher).toBe("/usr/bin:/bin");
    expect(command).toMatch(/^[^:]*node_modules\/node\/bin:\/usr\/bin:\/bin$/);
  });

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "hands %s on, leaves nobody behind, and ends by it as well",
    async (signal) => {
      // Waits for its standard input, which another process keeps open whatever becomes of the launcher.
      const holder = spawn("cat", { stdio: ["pipe", "pipe", "ignore"] });
      const launcher = start(linked, ["rotate"], holder.stdout);
      try {
        while (childrenOf(launcher.pid).length === 0) await sleep(50);
        launcher.kill(signal);
        // The streams close when nobody holds them any more: a command that is left behind would.
        expect(await once(launcher, "close")).toEqual([null, signal]);
      } finally {
        holder.kill();
        launcher.kill("SIGKILL");
      }
    },
  );
});
