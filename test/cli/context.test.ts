import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadContext } from "../../cli/context.ts";

test("a folder that is no project is named, with the option that names another", async () => {
  const folder = await mkdtemp(join(tmpdir(), "satis-fleet-"));
  try {
    await expect(loadContext({ stack: "dev", cwd: folder, engine: "sandbox" })).rejects.toThrow(
      `there is no Pulumi.yaml in ${folder}: name the project's folder with --cwd`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
