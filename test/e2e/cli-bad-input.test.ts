import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SANDBOX_TOKENS, type World } from "../../demo/world.ts";
import { ENGINE, holdLock, openPackages, writesOf } from "../support/cli.ts";
import { leaks } from "../support/leaks.ts";
import { satisOf } from "../support/teller.ts";

const MAIN = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));

/** Every command that needs a stack, as it is called where nobody is there to ask. */
const COMMANDS = {
  doctor: [],
  names: [],
  adopt: ["--import", "--out", "/dev/null"],
  propose: ["--repository", "acme/lib"],
  up: ["--yes"],
  drift: ["--repair"],
  rotate: [],
  outdated: [],
} as const;
type Name = keyof typeof COMMANDS;
const ALL = Object.keys(COMMANDS) as Name[];

interface Ended {
  readonly code: number;
  readonly text: string;
}

/** Runs a command as a process of its own: what it says is readable and holds no token. */
function fleet({ settings }: World, name: Name, stack = "dev"): Promise<Ended> {
  const { GITHUB_TOKEN: _, ...environment } = process.env;
  const args = [MAIN, name, ...COMMANDS[name], "--engine", ENGINE, "--cwd", settings.home, "--stack", stack];
  const child = spawn(process.execPath, args, { env: { ...environment, ...settings.env } });
  child.stdin.end("a-new-dispatch-token\n");
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (text += String(part)));
  return new Promise((resolve) => {
    child.once("close", (code) => {
      expect(leaks(text)).toEqual([]);
      expect(text, `${name} tells of its own code`).not.toMatch(/^\s+at .*(node:|\.ts:)/m);
      resolve({ code: code ?? 1, text });
    });
  });
}

describe(`on ${ENGINE}`, () => {
  let world: World;

  beforeAll(async () => {
    world = await openPackages(["lib", "tool"]);
    await world.stack.up({ parallel: 16 });
    world.github.resetCalls();
  });

  afterAll(() => world.close());

  /** Each command ends with one of these codes and words, and writes nothing to GitHub. */
  async function each(said: Partial<Record<Name, RegExp>>): Promise<void> {
    const before = JSON.stringify(world.github.snapshot());
    for (const name of ALL) {
      const words = said[name];
      if (words === undefined) continue;
      const { code, text } = await fleet(world, name);
      expect(text, name).toMatch(words);
      expect(code, `${name}: ${text}`).toBe(name === "doctor" ? 2 : 1);
    }
    // Permissions are probed with requests that GitHub refuses: what counts is that nothing is another.
    expect(JSON.stringify(world.github.snapshot())).toBe(before);
  }

  /** No command comes as far as to ask GitHub or to run the engine: all of them at once. */
  async function none(words: RegExp, stack?: string): Promise<void> {
    world.github.resetCalls();
    const ended = await Promise.all(
      ALL.map(async (name) => [name, await fleet(world, name, stack)] as const),
    );
    for (const [name, { code, text }] of ended) {
      expect(text, name).toMatch(words);
      expect(code, name).toBe(1);
    }
    expect(world.github.calls.total).toBe(0);
  }

  test("an unknown stack is named by every command", () => none(/^error: no stack nowhere/m, "nowhere"));

  test("a satis.json that is broken is named by every command, with its place", async () => {
    await world.writeSatis('{"name": "acme/composer",}');
    await none(/satis\.json:1:25: fault: a comma before the closing bracket: remove/);
    await world.writeSatis(satisOf("lib", "tool"));
  });

  test("a satis.json that is missing is named by every command, with how to name another", async () => {
    await rm(join(world.home, "satis.json"));
    await none(/satis\.json: fault: does not exist: write it, or name another/);
    await world.writeSatis(satisOf("lib", "tool"));
  });

  test("a token that GitHub does not know is said by every command that asks with it", async () => {
    world.github.setToken(SANDBOX_TOKENS.provider, { revoked: true });
    const refused = /401|does not know the token/;
    await each(Object.fromEntries(ALL.map((name) => [name, refused])));
    world.github.setToken(SANDBOX_TOKENS.provider, {});
  });

  test("a stack at which somebody is at work is left to them, and they are named", async () => {
    const file = await holdLock(world);
    const held = /(locked|held) by somebody@/;
    await each({ doctor: held, adopt: held, up: held, rotate: held });
    await rm(file);
  });
});

describe(`on ${ENGINE}, a fleet without a token`, () => {
  test("is told by every command how to set one, and nothing is written", async () => {
    const world = await openPackages(["lib"], { config: { "github:token": { value: "", secret: true } } });
    const before = JSON.stringify(world.github.snapshot());
    try {
      const ended = await Promise.all(ALL.map(async (name) => [name, await fleet(world, name)] as const));
      for (const [name, { code, text }] of ended) {
        expect(text, name).toMatch(/there is no token: pulumi config set --secret github:token/);
        expect(code, name).toBe(name === "doctor" ? 2 : 1);
      }
      expect(JSON.stringify(world.github.snapshot())).toBe(before);
    } finally {
      await world.close();
    }
  });
});

describe(`on ${ENGINE}, a stack that was never updated`, () => {
  test("is told so by what compares with the last update, and is nothing to the others", async () => {
    const world = await openPackages(["lib"]);
    try {
      expect(await fleet(world, "drift")).toEqual({
        code: 1,
        text: expect.stringMatching(/nothing was deployed to the stack dev yet: fleet up/),
      });
      expect(await fleet(world, "rotate")).toEqual({
        code: 1,
        text: expect.stringMatching(/no secret holds a dispatch token yet: fleet up makes them/),
      });
      expect(writesOf(world)).toEqual([]);
      expect(await fleet(world, "doctor")).toEqual({
        code: 0,
        text: expect.stringMatching(/state.*is empty: the first fleet up makes everything/),
      });
      expect((await fleet(world, "up")).code).toBe(0);
    } finally {
      await world.close();
    }
  });
});
