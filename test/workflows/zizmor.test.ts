import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { everyFile } from "./support.ts";

/** Findings that are as they are meant to be, by zizmor's name of the check. */
const ACCEPTED: Readonly<Record<string, string>> = {
  // An environment's secrets reach a called workflow only where the caller inherits (actions/runner#1490).
  "secrets-inherit": "build.yml and partial-build.yml call registry.yml of the same commit",
  // `$/` is not known to GitHub Enterprise Server, nor to actionlint; `./` is the same file of the same commit.
  "self-repository": "build.yml and partial-build.yml call registry.yml of the same commit",
};

const version = spawnSync("zizmor", ["--version"], { encoding: "utf8" });
const missing = version.error !== undefined || version.status !== 0;

interface Finding {
  readonly ident: string;
  readonly locations: readonly {
    readonly symbolic: { readonly key: Readonly<Record<string, { readonly given_path?: string }>> };
    readonly concrete: { readonly location: { readonly start_point: { readonly row: number } } };
  }[];
}

/** What zizmor finds in these files, as `check file:line`; it makes no call. */
function findings(...paths: readonly string[]): Promise<readonly { check: string; text: string }[]> {
  return new Promise((resolve, reject) => {
    const options = ["--offline", "--no-config", "--no-exit-codes", "--format", "json-v1", ...paths];
    execFile("zizmor", options, { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error) return reject(new Error(stderr));
      const found = (JSON.parse(stdout) as Finding[]).map(({ ident, locations }) => {
        const [first] = locations;
        const path = Object.values(first?.symbolic.key ?? {})[0]?.given_path ?? "";
        return {
          check: ident,
          text: `${ident} ${path}:${(first?.concrete.location.start_point.row ?? 0) + 1}`,
        };
      });
      resolve(found);
    });
  });
}

describe.skipIf(missing)(missing ? "zizmor (skipped: it is not on the PATH)" : "zizmor", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "satis-fleet-zizmor-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("finds nothing in this repository's workflows", async () => {
    expect(await findings(fileURLToPath(new URL("../../.github/workflows", import.meta.url)))).toEqual([]);
  });

  test("finds nothing in any rendered workflow but what is meant to be", async () => {
    // One path has several shapes: each file gets a folder of its own.
    const folders = everyFile().map(({ path, content }, index) => {
      const base = join(folder, String(index));
      mkdirSync(dirname(join(base, path)), { recursive: true });
      writeFileSync(join(base, path), content);
      return base;
    });
    const found = await findings(...folders);
    expect(found.filter(({ check }) => ACCEPTED[check] === undefined).map(({ text }) => text)).toEqual([]);
    const unused = Object.keys(ACCEPTED).filter((name) => !found.some(({ check }) => check === name));
    expect(unused, "accepted, and found no more").toEqual([]);
  });

  test("would find a fault", async () => {
    const path = join(folder, "fault", ".github/workflows/fault.yml");
    mkdirSync(dirname(path), { recursive: true });
    const run = 'echo "${{ github.event.issue.title }}"';
    writeFileSync(
      path,
      `on: issues\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: ${run}\n`,
    );
    expect((await findings(path)).map(({ check }) => check)).toContain("template-injection");
  });
});
