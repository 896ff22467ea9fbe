import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { AdoptStory } from "../../demo/adopt.ts";
import { ENGINE } from "../support/cli.ts";
import { leaks } from "../support/leaks.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a demonstration the way the README says; one document on standard output, and nothing else there. */
function demo(name: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const command = ["run", "--silent", `demo:${name}`, "--", "--engine", ENGINE, ...args];
    execFile("npm", command, { cwd: ROOT, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      expect(leaks(stdout + stderr)).toEqual([]);
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

interface Named {
  readonly repository: string;
  readonly kind: string;
}

const inOrder = (some: readonly Named[]) =>
  some.map(({ repository, kind }) => `${repository}: ${kind}`).sort();

describe(`on ${ENGINE}`, () => {
  test("demo:drift finds exactly the twelve things that a stranger did in eight ways, repairs them, and then finds none", async () => {
    const { code, stdout, stderr } = await demo("drift", "--json");
    expect(code, stderr).toBe(0);
    const told = JSON.parse(stdout) as {
      found: Named[];
      expected: Named[];
      repaired: boolean;
      clean: boolean;
      apiCalls: number;
    };
    expect(Object.keys(told)).toEqual(["found", "expected", "repaired", "clean", "apiCalls"]);
    expect(inOrder(told.expected)).toEqual([
      "acme/composer: Pages off",
      "acme/composer: environment changed",
      "acme/composer: file changed",
      "acme/composer: repository changed",
      "acme/composer: ruleset changed",
      "acme/package-001: file changed",
      "acme/package-002: file changed",
      "acme/package-003: file missing",
      "acme/package-004: file missing",
      "acme/package-005: secret missing",
      "acme/package-006: secret overwritten",
      "acme/package-007: secret overwritten",
    ]);
    expect(inOrder(told.found)).toEqual(inOrder(told.expected));
    expect(told).toMatchObject({ repaired: true, clean: true });
    // A conditional request for each of a hundred secrets, and N/50 + 10 for everything else.
    expect(told.apiCalls).toBeLessThanOrEqual(100 + 100 / 50 + 10);
  });

  test("demo:adopt takes over what a script made: nothing deleted, no equal file committed again, each secret written once", async () => {
    const { code, stdout, stderr } = await demo("adopt", "--json");
    expect(code, stderr).toBe(0);
    const told = JSON.parse(stdout) as AdoptStory;
    expect(told).toEqual({
      engine: ENGINE,
      deletes: 0,
      fileCommitsOfEqualContent: 0,
      secretWrites: told.secrets,
      secrets: 13,
      updated: ["01", "02", "03"].map(
        (number) => `acme/package-${number} .github/workflows/notify-composer-update.yml`,
      ),
      settled: true,
    });
  });

  test.each(["drift", "adopt"])("demo:%s without --json tells people, and ends well", async (name) => {
    const { code, stdout } = await demo(name);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      name === "drift" ? /found exactly what was tampered with/ : /settle .*changes nothing/,
    );
  });

  test("an unknown option is one line and exit code 1", async () => {
    expect(await demo("drift", "--nonsense")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Unknown option '--nonsense'[^\n]*\n--help lists the options\.\n$/),
    });
  });
});
