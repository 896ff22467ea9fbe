import { describe, expect, test } from "vitest";
import type { Context } from "../../cli/context.ts";
import { splitIntoBatches, totalSeconds } from "../../cli/up/batches.ts";
import { describePlan, describeRefresh, planResult } from "../../cli/up/describe.ts";
import {
  batchSeconds,
  costOf,
  duration,
  HOUR,
  LIMITS,
  paceOf,
  refreshCalls,
  refreshSeconds,
  totalCost,
} from "../../cli/up/estimate.ts";
import { overwrittenSecrets } from "../../cli/up/overwritten.ts";
import { packageOf, repositoryOf } from "../../cli/up/steps.ts";
import { withResources } from "../../cli/up/takeover.ts";
import { apply } from "../../cli/up/update.ts";
import { CONSUMER, FILE, fleetOf, NOTIFIER, packageSteps, SECRET } from "./up-steps.ts";

const PUBLIC = paceOf(1000);

describe("the estimate", () => {
  test("costs a new package the ten calls that were measured, two of them writes, one a commit", () => {
    expect(totalCost(packageSteps("acme/lib", "create"), PUBLIC)).toMatchObject({
      calls: 10,
      writes: 2,
      content: 1,
    });
  });

  test("counts a replacement once, and components, the provider and what is drawn by chance not at all", () => {
    const secret = { urn: "", type: SECRET };
    expect(costOf({ ...secret, op: "replace" }, PUBLIC).calls).toBe(0);
    expect(costOf({ ...secret, op: "delete-replaced" }, PUBLIC).writes).toBe(1);
    for (const type of [
      "satisfleet:index:Fleet",
      "pulumi:providers:github",
      "random:index/randomInteger:RandomInteger",
    ]) {
      expect(costOf({ urn: "", op: "create", type }, PUBLIC)).toMatchObject({ calls: 0, writes: 0 });
    }
  });

  test("never promises more than a write a second, 80 writes a minute and 500 commits an hour", () => {
    const cost = totalCost(fleetOf(100), PUBLIC);
    expect(PUBLIC.parallel).toBe(1);
    expect(batchSeconds(cost, PUBLIC)).toBeGreaterThanOrEqual(cost.writes);
    // However many side by side, the minute holds.
    expect(batchSeconds(cost, paceOf(1000, 64))).toBeGreaterThanOrEqual(
      (cost.writes / LIMITS.writesAMinute) * 60,
    );
    const batches = splitIntoBatches(fleetOf(1000), [], PUBLIC);
    expect(totalSeconds(batches, PUBLIC)).toBeGreaterThan(2 * HOUR);
    // A server of one's own has no such limits.
    expect(totalSeconds(batches, paceOf(1))).toBeLessThan(HOUR);
  });

  test.each([
    [1, "1 s"],
    [89, "89 s"],
    [91, "2 min"],
    [3600, "1 h"],
    [7500, "2 h 5 min"],
  ])("says %i seconds as %s", (seconds, words) => expect(duration(seconds)).toBe(words));
});

describe("a refresh", () => {
  const packages = (count: number, ...types: string[]) =>
    Array.from({ length: count }, () => types.map((type) => ({ type }))).flat();
  const said = (calls: number, delay = 1000) => describeRefresh(calls, paceOf(delay));

  test("costs what was measured: three calls a package, two with the organization's secret, nothing for components", () => {
    expect(refreshCalls(packages(1000, "satisfleet:index:PackageNotifier", SECRET, FILE))).toBe(3000);
    expect(refreshCalls(packages(1000, "satisfleet:index:PackageNotifier", FILE))).toBe(2000);
  });

  test("is announced with the hours that GitHub's limit makes of it", () => {
    expect(said(3020)).toBe("refreshing first: about 3020 calls, 48 s");
    expect(said(15_020)).toBe("refreshing first: about 15020 calls, 3 h, for GitHub allows 5000 an hour");
    expect(said(15_020, 1)).toBe("refreshing first: about 15020 calls, 4 min");
    expect(refreshSeconds(15_020, PUBLIC)).toBe(3 * HOUR);
  });

  test("is told with the plan and counts in its time, for people and for machines", () => {
    const steps = packageSteps("acme/new", "create");
    const plan = (refreshed: number, pace = PUBLIC) => ({
      steps,
      warnings: [],
      overwritten: [],
      pace,
      refreshCalls: refreshed,
      batches: splitIntoBatches(steps, [], pace, undefined, { refreshCalls: refreshed }),
    });
    const used = "the refresh has used about 3020 calls of GitHub's 5000 an hour: counted in";
    expect(describePlan(plan(3020))).toContain(used);
    expect(describePlan(plan(3020, paceOf(1))).join()).not.toContain("refresh");
    expect(planResult(plan(3020))).toMatchObject({ estimate: { calls: 10, refreshCalls: 3020 } });
    expect(planResult(plan(4995))).toMatchObject({
      estimate: { seconds: expect.toSatisfy((s) => s > HOUR) },
    });
  });
});

describe("a step", () => {
  test.each([
    { urn: `${NOTIFIER}::acme/my-lib`, package: "acme/my-lib", repository: "acme/my-lib" },
    { urn: `${NOTIFIER}$${SECRET}::acme/my-lib-token`, package: "acme/my-lib", repository: "acme/my-lib" },
    { urn: `${CONSUMER}::acme/my-app`, package: undefined, repository: "acme/my-app" },
    { urn: `${CONSUMER}$${SECRET}::acme/my-app-COMPOSER_UPDATE_TOKEN`, repository: "acme/my-app" },
    { urn: `${CONSUMER}$x::acme/my-app-permissions`, repository: "acme/my-app" },
    {
      urn: `${CONSUMER}$${FILE}::acme/my-app-.github/workflows/update-composer-packages-web-site.yml`,
      repository: "acme/my-app",
    },
    { urn: "urn:pulumi:dev::p::satisfleet:index:Fleet$x::composer-satis.json", repository: undefined },
  ])("of $urn belongs to $repository", ({ urn, package: id, repository }) => {
    expect([packageOf(urn), repositoryOf(urn)]).toEqual([id, repository]);
  });
});

describe("batches are made", () => {
  /** A stack of which somebody takes the lock before the update of this number. */
  function stackLockedBefore(update?: number) {
    const runs: string[] = [];
    const done = (name: string) => async () => {
      runs.push(name);
      return { operations: {} };
    };
    const locks = async () =>
      runs.filter((name) => name === "up").length + 1 === update
        ? [{ holder: "somebody", stale: false }]
        : [];
    const stack = { locks, up: done("up"), preview: done("preview"), cancel: done("cancel") };
    const context = { stack, engine: "sandbox", policies: {} } as unknown as Context;
    const wait = async (milliseconds: number) => {
      runs.push(`wait ${Math.round(milliseconds / 60_000)} min`);
    };
    return { runs, stack, context, wait };
  }
  const batch = (calls: number) => ({
    target: ["x"],
    replace: [],
    cost: { ...totalCost([], PUBLIC), calls },
  });
  const plan = { batches: [batch(4000), batch(400)], pace: PUBLIC };
  const silent = { out: () => undefined, err: () => undefined };

  test("with a lock forced where the first one meets it", async () => {
    const { context, runs } = stackLockedBefore(1);
    await apply(context, plan, { unlock: true }, silent);
    expect(runs).toEqual(["cancel", "up", "preview", "up"]);
  });

  test("up to the lock of somebody who came between two of them", async () => {
    const { context, runs } = stackLockedBefore(2);
    await expect(apply(context, plan, { unlock: true }, silent)).rejects.toThrow(/locked by somebody/);
    expect(runs).toEqual(["up", "preview"]);
  });

  test("telling every fault where the rest goes on, also where a preview between two fails", async () => {
    const { context, stack } = stackLockedBefore();
    const broken = (words: string) => async () => {
      throw new Error(words);
    };
    Object.assign(stack, { up: broken("no up"), preview: broken("no preview") });
    const telling = expect(apply(context, plan, { continueOnError: true }, silent)).rejects;
    await telling.toThrow(/no up[\s\S]*no preview/);
  });

  test("after GitHub's hour where the refresh has used it up, and what was previewed before is previewed again", async () => {
    const { context, runs, wait } = stackLockedBefore();
    await apply(context, { ...plan, refreshCalls: 3020 }, { wait }, silent);
    expect(runs).toEqual(["wait 60 min", "preview", "up", "preview", "up"]);
  });
});

describe("the state", () => {
  const secret = (name: string, outputs: object) => ({ urn: `urn::${name}`, type: SECRET, outputs });
  const exported = (deployment: object) => ({ version: 3, deployment });

  test("tells secrets that were written by somebody else by their two times", () => {
    const resources = [
      secret("fine", { updatedAt: "2026-11-01", remoteUpdatedAt: "2026-11-01" }),
      secret("overwritten", { updatedAt: "2026-11-01", remoteUpdatedAt: "2026-11-02" }),
      secret("imported", { updatedAt: "2026-11-01" }),
      { urn: "urn::file", type: FILE, outputs: { updatedAt: "1", remoteUpdatedAt: "2" } },
    ];
    expect(overwrittenSecrets(exported({ resources }))).toEqual(["urn::overwritten"]);
    expect(overwrittenSecrets(exported({}))).toEqual([]);
  });

  test("takes over what a killed update had made, with the id that GitHub gave it, and nothing else", () => {
    const made = {
      type: "creating",
      resource: { urn: "urn::pages", type: "t", inputs: { a: 1 }, parent: "urn::p" },
    };
    const other = { type: "creating", resource: { urn: "urn::file", type: "t" } };
    const before = exported({ resources: [{ urn: "urn::p" }], pending_operations: [made, other] });
    const after = withResources(before, new Map([["urn::pages", "42"]]));
    expect(after.deployment).toEqual({
      resources: [
        { urn: "urn::p" },
        { urn: "urn::pages", type: "t", inputs: { a: 1 }, outputs: { a: 1 }, parent: "urn::p", id: "42" },
      ],
      pending_operations: [other],
    });
  });
});
