import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BATCH_SIZE, hoursOf, splitIntoBatches, totalSeconds } from "../../cli/up/batches.ts";
import { batchSeconds, costOf, duration, HOUR, LIMITS, paceOf, totalCost } from "../../cli/up/estimate.ts";
import { overwrittenSecrets } from "../../cli/up/overwritten.ts";
import { packageOf, type Step } from "../../cli/up/steps.ts";
import { withResources } from "../../cli/up/takeover.ts";

const FLEET = "urn:pulumi:dev::satis-fleet::satisfleet:index:Fleet";
const NOTIFIER = `${FLEET}$satisfleet:index:PackageNotifier`;
const SECRET = "github:index/actionsSecret:ActionsSecret";
const FILE = "github:index/repositoryFile:RepositoryFile";
const PUBLIC = paceOf(1000);

const packageSteps = (id: string, op: string): Step[] => [
  { urn: `${NOTIFIER}::${id}`, op, type: "satisfleet:index:PackageNotifier" },
  { urn: `${NOTIFIER}$${SECRET}::${id}-token`, op, type: SECRET },
  { urn: `${NOTIFIER}$${FILE}::${id}-workflow`, op, type: FILE },
];
const COMPOSER: readonly Step[] = [
  {
    urn: "urn:pulumi:dev::satis-fleet::pulumi:pulumi:Stack::satis-fleet-dev",
    op: "create",
    type: "pulumi:pulumi:Stack",
  },
  { urn: `${FLEET}::fleet`, op: "create", type: "satisfleet:index:Fleet" },
  {
    urn: `${FLEET}$satisfleet:index:ComposerRepository$${FILE}::composer-satis.json`,
    op: "create",
    type: FILE,
  },
];
const fleetOf = (count: number): Step[] => [
  ...COMPOSER,
  ...Array.from({ length: count }, (_, index) => packageSteps(`acme/p${index}`, "create")).flat(),
];

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

describe("batches", () => {
  test("are one of everything where the change fits into an hour", () => {
    expect(splitIntoBatches(fleetOf(10), ["x"], PUBLIC)).toMatchObject([{ target: [], replace: ["x"] }]);
  });

  test("of any fleet keep packages whole, fit the size, do everything and end with a run of the whole program", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9 }), (count, content) => {
        const steps = fleetOf(count);
        const batches = splitIntoBatches(steps, [], PUBLIC, { content, calls: 1000 });
        if (batches.length === 1) return;
        expect(batches.at(-1)?.target).toEqual([]);
        const targets = batches.flatMap(({ target }) => target);
        expect([...targets].sort()).toEqual(steps.map(({ urn }) => urn).sort());
        for (const { target, cost } of batches.slice(1)) {
          expect(cost.content).toBeLessThanOrEqual(content);
          for (const urn of target) expect(target).toContain(`${NOTIFIER}::${packageOf(urn)}`);
        }
      }),
    );
  });

  test("follow each other without a pause while GitHub's hour has room", () => {
    const batches = splitIntoBatches(fleetOf(1000), [], PUBLIC);
    const hours = hoursOf(batches, PUBLIC);
    expect(hours.flat()).toEqual(batches);
    // The composer repository and the first packages; more packages; the rest and the run of everything.
    expect(hours.map((hour) => hour.length)).toEqual([2, 1, 2]);
    for (const hour of hours) {
      expect(hour.reduce((sum, { cost }) => sum + cost.content, 0)).toBeLessThanOrEqual(BATCH_SIZE.content);
      expect(hour.reduce((sum, { cost }) => sum + cost.calls, 0)).toBeLessThanOrEqual(BATCH_SIZE.calls);
    }
    expect(totalSeconds(batches, PUBLIC)).toBeLessThan(2.5 * HOUR);
    expect(hoursOf(batches, paceOf(1))).toEqual([batches]);
  });

  test("never target what would delete others: deletes, changed components and the organization's secret come last", () => {
    const steps: Step[] = [
      { urn: `${FLEET}::fleet`, op: "update", type: "satisfleet:index:Fleet" },
      ...packageSteps("acme/old", "delete"),
      {
        urn: `${FLEET}$x::organization-token`,
        op: "update",
        type: "github:index/actionsOrganizationSecret:ActionsOrganizationSecret",
      },
      ...Array.from({ length: 5 }, (_, index) => packageSteps(`acme/p${index}`, "create")).flat(),
    ];
    const batches = splitIntoBatches(steps, [], PUBLIC, { content: 2, calls: 1000 });
    const targets = batches
      .flatMap(({ target }) => target)
      .map((urn) => urn.slice(urn.lastIndexOf("::") + 2));
    expect(targets.filter((name) => !name.startsWith("acme/p"))).toEqual([]);
    expect(batches.at(-1)?.cost.writes).toBe(3);
  });

  test("are not made where the provider changes and something is deleted", () => {
    const provider = {
      urn: "urn:pulumi:dev::satis-fleet::pulumi:providers:github::github",
      op: "update",
      type: "pulumi:providers:github",
    };
    const steps = [provider, ...fleetOf(10), ...packageSteps("acme/old", "delete")];
    expect(splitIntoBatches(steps, [], PUBLIC, { content: 2, calls: 1000 })).toHaveLength(1);
  });

  test("replace each overwritten secret once", () => {
    const replaced = `${NOTIFIER}$${SECRET}::acme/p3-token`;
    const batches = splitIntoBatches(fleetOf(9), [replaced, "elsewhere"], PUBLIC, {
      content: 2,
      calls: 1000,
    });
    expect(batches.flatMap(({ replace }) => replace)).toEqual([replaced, "elsewhere"]);
    expect(batches.at(-1)?.replace).toEqual(["elsewhere"]);
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
