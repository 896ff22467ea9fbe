import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LintOptions, lint } from "../../cli/commands/lint.ts";
import { Said } from "../support/cli.ts";
import { satisOf } from "../support/teller.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "satis-fleet-lint-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function linted(text: string | undefined, options: LintOptions = {}, name = "satis.json") {
  if (text !== undefined) writeFileSync(join(folder, name), text);
  const said = new Said();
  const code = await lint(text === undefined ? [name] : [], { cwd: folder, ...options }, said);
  return { code, said };
}

describe("fleet lint", () => {
  test("is silent on a file without a fault", async () => {
    const { code, said } = await linted(satisOf("lib"));
    expect([code, said.results, said.notes]).toEqual([0, [], ["satis.json: 0 faults, 0 warnings"]]);
  });

  test("takes subscriptions.json along where it is, comments and all", async () => {
    const text = `// ours\n{"subscriptions": [{"repository": "acme/website", "packages": ["acme/*"], "pased": true},]}`;
    writeFileSync(join(folder, "satis.json"), satisOf("lib"));
    writeFileSync(join(folder, "subscriptions.json"), text);
    const said = new Said();
    expect(await lint([], { cwd: folder }, said)).toBe(2);
    expect(said.results).toEqual([
      'subscriptions.json:2:75: fault: there is no key "pased" in subscriptions[0]: did you mean "paused"?',
    ]);
    rmSync(join(folder, "subscriptions.json"));
    expect((await linted(undefined, {}, "subscriptions.json")).said.results).toEqual([
      "subscriptions.json: fault: does not exist: write it, or name another",
    ]);
  });

  test("says every fault at once, with line and column, and gives 2", async () => {
    const { code, said } = await linted(
      satisOf(
        { type: "vcs", url: "https://user:hunter2secret@github.com/acme/lib" },
        { type: "vcs" },
        { url: "x" },
      ),
    );
    expect(code).toBe(2);
    expect(said.results.length).toBeGreaterThanOrEqual(3);
    expect(said.results[0]).toMatch(/^satis\.json:\d+:\d+: fault: /);
    expect(said.all).not.toContain("hunter2secret");
  });

  test("warnings are none of its business unless it is strict", async () => {
    const text = satisOf("lib").replace('"require-all"', '"requireall": 1, "require-all"');
    expect((await linted(text)).code).toBe(0);
    const { code, said } = await linted(text, { strict: true, json: true });
    expect(code).toBe(2);
    expect(said.json).toMatchObject({ files: ["satis.json"], faults: 0, warnings: 1 });
    expect(said.json.findings).toMatchObject([
      { severity: "warning", file: "satis.json", text: expect.any(String) },
    ]);
  });

  test("a file that is missing, a folder, and no JSON are faults, not errors", async () => {
    for (const name of ["missing.json", "."]) expect((await linted(undefined, {}, name)).code).toBe(2);
    expect((await linted("{,}")).code).toBe(2);
  });
});
