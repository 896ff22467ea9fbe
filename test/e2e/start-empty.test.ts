import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { satisOf } from "../support/teller.ts";

const START = fileURLToPath(new URL("../../demo/start.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "satis-fleet-start-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("npm start plays a fleet of the composer repository alone where no entry is managed, and says so", async () => {
  const file = join(folder, "satis.json");
  writeFileSync(file, satisOf({ type: "composer", url: "https://packages.example.com" }));
  const { stdout } = await promisify(execFile)(process.execPath, [
    START,
    "--engine",
    "sandbox",
    "--satis",
    file,
  ]);
  expect(stdout).toContain("the composer repository alone");
});
