import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type EngineName, makeProject, openFleetStack, RunFailure } from "../../cli/engine.ts";
import { openWorld, SANDBOX_TOKENS, sandboxConfig, type World } from "../../demo/world.ts";
import { BAD_SATIS, LITERAL, STACK_TRACE } from "../support/bad-input.ts";
import { leaks } from "../support/leaks.ts";
import { satisOf, Teller } from "../support/teller.ts";

const engine: EngineName = process.env.ENGINE === "pulumi" ? "pulumi" : "sandbox";

/** Fails unless `text` says all of this in this order, each after the one before. */
function expectInOrder(text: string, says: readonly string[]): void {
  let at = 0;
  for (const said of says) {
    const found = text.indexOf(said, at);
    expect(found, `${said}\nis not said after character ${at} of\n${text}`).toBeGreaterThanOrEqual(0);
    at = found + said.length;
  }
}

describe(`on ${engine}, a fleet that exists`, () => {
  let world: World;
  let teller: Teller;
  let before: string;
  let satisFile: string;

  const writes = () => world.github.calls.log.filter(({ method }) => method !== "GET");
  const present = () => JSON.stringify(world.github.snapshot());

  beforeAll(async () => {
    world = await openWorld({
      engine,
      owner: "acme",
      satis: satisOf("lib", "tool"),
      repositories: [{ name: "lib" }, { name: "tool" }],
    });
    satisFile = join(world.home, "satis.json");
    teller = new Teller(world);
    await teller.run("up");
    before = present();
  });

  afterEach(async () => {
    expect(present()).toBe(before);
    await rm(satisFile, { recursive: true, force: true });
  });

  afterAll(async () => {
    await teller.nothingLeaked();
    await world.close();
  });

  for (const { name, text, folder, says } of BAD_SATIS) {
    test(`is left alone when satis.json ${name}`, async () => {
      await rm(satisFile, { recursive: true, force: true });
      if (folder) await mkdir(satisFile);
      if (text !== undefined) await world.writeSatis(text);
      let events = "";
      const message = await teller.fails("up", {
        onEvent: (event) => {
          events += JSON.stringify(event);
        },
      });
      expect(writes()).toEqual([]);
      expectInOrder(
        message,
        says.map((said) => (said.startsWith(":") && !said.endsWith(":") ? `satis.json${said}` : said)),
      );
      expect(message).toContain("nothing was changed");
      expect(message).not.toMatch(STACK_TRACE);
      expect(leaks(message + events, { LITERAL, ...SANDBOX_TOKENS })).toEqual([]);
    });
  }

  test("warns of two entries for one repository and manages it once; free text stays text", async () => {
    const twice = [
      { type: "vcs", url: "https://github.com/acme/lib" },
      { type: "git", url: "git@github.com:Acme/Lib.git" },
      "tool",
    ];
    const satis = JSON.parse(satisOf(...twice));
    const title = "$(id) ${{ secrets.X }} \"'\n- run: id";
    await world.writeSatis(
      JSON.stringify({ ...satis, name: title, archive: { directory: "dist" }, requireAll: true }, null, 2),
    );
    const warnings: string[] = [];
    const files: string[] = [];
    await teller.run("preview", {
      onEvent: ({ diagnosticEvent, resourcePreEvent }: EngineEvent) => {
        if (diagnosticEvent?.severity === "warning") warnings.push(diagnosticEvent.message);
        const { urn = "", op = "", new: after } = resourcePreEvent?.metadata ?? {};
        if (urn.includes("RepositoryFile") && op !== "same") files.push(String(after?.inputs.file));
        if (urn.endsWith("-token")) files.push(urn.slice(urn.lastIndexOf("::") + 2));
      },
    });
    expect(files.sort()).toEqual(["acme/lib-token", "acme/tool-token", "composer-read-token", "satis.json"]);
    expect(warnings.join("\n")).toMatch(/satis\.json:\d+:\d+: warning: .*acme\/lib/i);
    expect(warnings.join("\n")).toMatch(/warning: archive would publish/);
    expect(warnings.join("\n")).toMatch(/"requireAll": did you mean "require-all"/);
  });

  test("is left alone when the configuration is wrong, all of it told at once, and satis.json's faults with it", async () => {
    await world.writeSatis("{");
    const {
      "github:owner": _owner,
      "satis-fleet:dispatchToken": _token,
      ...config
    } = sandboxConfig("acme", world.github.url, satisFile);
    const tooLong = "0ver48kB".repeat(6 * 1024 + 1);
    const home = join(world.home, "wrong");
    await makeProject({ home });
    const stack = await openFleetStack(
      engine,
      { ...world.settings, stack: "wrong", home },
      {
        ...config,
        "satis-fleet:readToken": { value: tooLong, secret: true },
        "satis-fleet:secretScop": { value: "organization" },
        "satis-fleet:plan": { value: "gold" },
      },
    );
    world.github.resetCalls();
    const failure = await stack.up().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RunFailure);
    const { message } = failure as RunFailure;
    expect(world.github.calls.log).toEqual([]);
    expect(message).toMatch(/stack config: fault: github:owner is missing: pulumi config set github:owner /);
    expect(message).toMatch(
      /satis-fleet:dispatchToken.*pulumi config set --secret satis-fleet:dispatchToken/,
    );
    expect(message).toMatch(/satis-fleet:readToken is longer than the 48 kB.*pulumi config set --secret/);
    expect(message).toMatch(/satis-fleet:secretScop.*did you mean .*secretScope/);
    expect(message).toMatch(/satis-fleet:plan is none of free, team, enterprise/);
    expect(message).toMatch(/satis\.json:1:\d+: fault: /);
    expect(message).not.toMatch(STACK_TRACE);
    expect(leaks(message, { tooLong: "0ver48kB0ver48kB", ...SANDBOX_TOKENS })).toEqual([]);
  });
});

describe("npm start", () => {
  const start = fileURLToPath(new URL("../../demo/start.ts", import.meta.url));
  const run = (...args: readonly string[]) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, [start, "--engine", "sandbox", ...args], (error, stdout, stderr) =>
        resolve({ code: error?.code, stdout, stderr }),
      );
    });

  test("ends with 1 and one line on standard error when the file is missing", async () => {
    const { code, stdout, stderr } = await run("--satis", "/nowhere/satis.json", "--json");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^\/nowhere\/satis\.json: fault: does not exist: .+\n$/);
  });

  test("ends with 1 and every fault on standard error when the file is broken", async () => {
    const broken = fileURLToPath(new URL("./bad-input.test.ts", import.meta.url));
    const { code, stdout, stderr } = await run("--satis", broken, "--json");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/bad-input\.test\.ts:1:1: fault: .+\n$/);
    expect(stderr).not.toMatch(STACK_TRACE);
  });
});
