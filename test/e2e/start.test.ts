import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { hasComposer } from "../../demo/composer.ts";
import { leaks } from "../support/leaks.ts";

const engine = process.env.ENGINE === "pulumi" ? "pulumi" : "sandbox";
const START = fileURLToPath(new URL("../../demo/start.ts", import.meta.url));
const composer = await hasComposer();
const folder = mkdtempSync(join(tmpdir(), "satis-fleet-start-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Document {
  engine: string;
  packages: number;
  unmanaged: number;
  warnings: number;
  steps: {
    name: string;
    operations: Record<string, number>;
    apiCalls: number;
    seconds: number;
    result?: unknown;
  }[];
}

function start(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [START, "--engine", engine, ...args], (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

describe(`npm start on ${engine}`, () => {
  test("prints one document whose counts tell the story, and no token", async () => {
    const { code, stdout, stderr } = await start("--json");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(leaks(stdout)).toEqual([]);
    const told = JSON.parse(stdout) as Document;
    expect(told).toMatchObject({ engine, packages: 5, unmanaged: 2, warnings: 0 });
    const counts = Object.fromEntries(told.steps.map(({ name, operations }) => [name, operations]));
    const zero = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };
    expect(counts).toEqual({
      preview: { ...zero, create: 38 },
      create: { ...zero, create: 38 },
      settle: { ...zero, same: 38 },
      tamper: zero,
      detect: { ...zero, create: 2, update: 1, same: 35 },
      repair: { ...zero, create: 2, update: 1, same: 35 },
      edit: { ...zero, create: 3, update: 2, delete: 3, same: 33 },
      publish: zero,
      release: zero,
      update: zero,
    });
    for (const { apiCalls, seconds } of told.steps) {
      expect(Number.isInteger(apiCalls)).toBe(true);
      expect(seconds).toBeGreaterThanOrEqual(0);
    }
    const result = (step: string) => told.steps.find(({ name }) => name === step)?.result;
    expect(result("detect")).toMatchObject({
      found: expect.arrayContaining([{ resource: "acme/http-client-workflow", operation: "update" }]),
    });
    expect(result("publish")).toMatchObject({
      packages: 5,
      jobs: { build: "success", publish: "success", deploy: "success", confirm: "success" },
    });
    expect(result("release")).toMatchObject({ package: "acme/satis-fleet-newcomer", version: "v1.1.0" });
    expect(result("update")).toEqual(
      composer ? expect.objectContaining({ reused: true }) : { skipped: expect.any(String) },
    );
  });
});

describe("npm start says what is wrong, with exit code 1 and nothing on standard output", () => {
  test.each([
    ["a missing file", ["--satis", join(folder, "missing.json")], /missing\.json.*(no such|not|missing)/i],
    ["an engine that is none", ["--engine", "terraform"], /sandbox or pulumi/],
    ["a number that is none", ["--packages", "many"], /whole number/],
    ["two fleets at once", ["--packages", "3", "--satis", "satis.json"], /not both/],
    ["an unknown option", ["--colour"], /--colour/],
  ])("%s", async (_, args, message) => {
    const { code, stdout, stderr } = await start("--json", ...args);
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
