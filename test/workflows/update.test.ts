import { describe, expect, test } from "vitest";
import { UPDATE_WORKFLOW_PATH } from "../../fleet/announcement.ts";
import { updateWorkflow } from "../../workflows/update.ts";
import {
  evaluate,
  faults,
  type ParsedStep,
  parseWorkflow,
  stepsOf,
  UPDATE,
  UPDATE_PRIVATE,
} from "./support.ts";

describe.each([
  ["public", UPDATE],
  ["private, with a token and a directory of its own", UPDATE_PRIVATE],
])("the update workflow, %s", (_, options) => {
  const text = updateWorkflow(options);
  const workflow = parseWorkflow(text);
  const steps = stepsOf(workflow);

  test("passes actionlint", async () => {
    expect(await faults(text, UPDATE_WORKFLOW_PATH)).toEqual([]);
  });

  test("gives no job more than its duty needs, and Composer no right to write", () => {
    expect(workflow.permissions).toEqual({});
    expect(workflow.jobs.update?.permissions).toEqual({ contents: "read", "pull-requests": "read" });
    expect(workflow.jobs.publish?.permissions).toEqual({ contents: "write", "pull-requests": "write" });
    const names = (job: string) => workflow.jobs[job]?.steps?.map(({ name }) => name);
    expect(names("publish")).toEqual([
      "Check out",
      "Check the updater",
      "Take over the update",
      "Open or refresh the pull request",
    ]);
    for (const job of Object.values(workflow.jobs)) expect(job["timeout-minutes"]).toBeGreaterThan(0);
  });

  test("starts by hand or by the registry alone, on the default branch alone, and drops no run", () => {
    expect(Object.keys(workflow.on)).toEqual(["workflow_dispatch"]);
    expect(workflow.jobs.update?.if).toBe("github.ref_name == github.event.repository.default_branch");
    expect(workflow.concurrency).toMatchObject({ "cancel-in-progress": false, queue: "max" });
  });

  test("has no expression in a script, and runs nothing before its digest is checked", () => {
    for (const { run } of steps) expect(run ?? "").not.toContain("${{");
    for (const job of Object.values(workflow.jobs)) {
      const at = (name: (step: ParsedStep) => boolean) => job.steps?.findIndex(name) ?? -1;
      const check = at(({ name }) => name === "Check the updater");
      expect(check).toBeGreaterThan(0);
      expect(at(({ run }) => run?.includes('"$NODE" "$UPDATER"') === true)).toBeGreaterThan(check);
    }
  });

  test("asks for a Composer that keeps tokens to itself, in a step of its own, before Composer runs", () => {
    const names = steps.map(({ name }) => name);
    expect(names.indexOf("Check Composer's version")).toBeLessThan(names.indexOf("Update composer.lock"));
    expect(steps.find(({ name }) => name === "Check Composer's version")?.env?.COMPOSER_FLOOR).toBe("2.9.8");
  });

  test("hands a token only to the steps that need it", () => {
    const withToken = steps.filter(({ env }) =>
      Object.values(env ?? {}).some((value) => /^\$\{\{ (?:secrets\.|github\.token)/.test(value)),
    );
    const registry =
      options.composer.hosting === "private"
        ? ["Wait for the registry", "Update composer.lock", "Verify the update"]
        : [];
    expect(withToken.map(({ name }) => name)).toEqual([
      "Check the announcement",
      ...registry,
      "Open or refresh the pull request",
    ]);
    const own = steps.at(-1)?.env?.JOB_TOKEN;
    expect(own).toBe(
      options.subscription.token ? "${{ secrets.COMPOSER_UPDATE_TOKEN }}" : "${{ github.token }}",
    );
  });

  test("carries the subscription's texts as they are, expressions included", () => {
    const value = String(steps.find(({ name }) => name === "Check the announcement")?.env?.SETTINGS);
    expect(JSON.parse(evaluate(value))).toMatchObject({
      labels: ["${{ secrets.X }}"],
      registry: "acme/composer",
    });
  });
});

test("the update workflow asks no GitHub Enterprise Server for queues, which it may not know and would refuse", () => {
  const { composer } = UPDATE;
  const on = (githubHost: string) =>
    parseWorkflow(updateWorkflow({ ...UPDATE, composer: { ...composer, githubHost } })).concurrency;
  expect(on("github.example.com")).not.toHaveProperty("queue");
  expect(on("acme.ghe.com")).toHaveProperty("queue", "max");
});
