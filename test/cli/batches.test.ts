import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BATCH_SIZE, type Batch, hoursOf, splitIntoBatches, totalSeconds } from "../../cli/up/batches.ts";
import { HOUR, LIMITS, paceOf, refreshCalls } from "../../cli/up/estimate.ts";
import { nameOf, repositoryOf, type Step } from "../../cli/up/steps.ts";
import {
  CONSUMER,
  consumerSteps,
  FILE,
  FLEET,
  fleetOf,
  NOTIFIER,
  organizationSecret,
  packageSteps,
  SECRET,
  stateOf,
} from "./up-steps.ts";

const PUBLIC = paceOf(1000);
const SMALL = { content: 2, calls: 1000 };

/** Every package of a fleet of so many, with one operation. */
const packages = (count: number, op: string): readonly Step[][] =>
  Array.from({ length: count }, (_, index) => packageSteps(`acme/p${index}`, op));

const targetsOf = (batches: readonly Batch[]) => batches.flatMap(({ target }) => target);

function expectWithinLimits(batches: readonly Batch[]): void {
  for (const hour of hoursOf(batches, PUBLIC)) {
    expect(hour.reduce((sum, { cost }) => sum + cost.content, 0)).toBeLessThanOrEqual(BATCH_SIZE.content);
    expect(hour.reduce((sum, { cost }) => sum + cost.calls, 0)).toBeLessThanOrEqual(BATCH_SIZE.calls);
  }
}

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
          for (const urn of target) expect(target).toContain(`${NOTIFIER}::${repositoryOf(urn)}`);
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
    expectWithinLimits(batches);
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

  test.each([
    { op: "update", made: "more than one, of which the provider is no target: every run updates it" },
    { op: "replace", made: "one: it takes along everything that it made" },
  ])("where the provider's step is $op are $made", ({ op }) => {
    const type = "pulumi:providers:github";
    const provider = { urn: `urn:pulumi:dev::satis-fleet::${type}::github`, op, type };
    const steps = [provider, ...fleetOf(10), ...packageSteps("acme/old", "delete")];
    const batches = splitIntoBatches(steps, [], PUBLIC, SMALL);
    expect(batches.length > 1).toBe(op === "update");
    expect(targetsOf(batches)).not.toContain(provider.urn);
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

describe("batches of what else may be much", () => {
  test("hold consumers whole, as many as an hour of commits has room for", () => {
    const steps = Array.from({ length: 600 }, (_, index) => consumerSteps(`acme/my-app-${index}`, "create"));
    const batches = splitIntoBatches(steps.flat(), [], PUBLIC);
    expectWithinLimits(batches);
    expect(batches).toHaveLength(5);
    expect([...targetsOf(batches)].sort()).toEqual(
      steps
        .flat()
        .map(({ urn }) => urn)
        .sort(),
    );
    for (const { target } of batches)
      for (const urn of target) expect(target).toContain(`${CONSUMER}::${repositoryOf(urn)}`);
  });

  test("hold a repository that is package and consumer once: its commits follow each other", () => {
    const steps = ["acme/a", "acme/b", "acme/c"].flatMap((id) => [
      ...packageSteps(id, "create"),
      ...consumerSteps(id, "create"),
    ]);
    const batches = splitIntoBatches(steps, [], PUBLIC, { content: 4, calls: 1000 });
    expect(batches.map(({ target }) => new Set(target.map(repositoryOf)).size)).toEqual([1, 1, 1, 0]);
  });

  test("cut deletes after everything else, repositories whole, and leave to the last run what fits into none", () => {
    const removed = packages(2000, "delete");
    const steps = [...packageSteps("acme/new", "create"), ...removed.flat()];
    const batches = splitIntoBatches(steps, [], PUBLIC, BATCH_SIZE, { state: removed.flatMap(stateOf) });
    expectWithinLimits(batches);
    expect(batches[0]?.target.map(repositoryOf)).toEqual(["acme/new", "acme/new", "acme/new"]);
    expect(batches.at(-1)).toMatchObject({ target: [], cost: { writes: 0 } });
    const targets = targetsOf(batches);
    expect(new Set(targets).size).toBe(targets.length);
    expect([...targets].sort()).toEqual(steps.map(({ urn }) => urn).sort());
    for (const { target } of batches.slice(0, -1))
      for (const urn of target) expect(target).toContain(`${NOTIFIER}::${repositoryOf(urn)}`);
    expect(totalSeconds(batches, PUBLIC)).toBeGreaterThan(3 * HOUR);
  });

  test("that cannot be cut are told with the hours that they take", () => {
    const batches = splitIntoBatches(packages(2000, "delete").flat(), [], PUBLIC);
    expect(batches).toHaveLength(1);
    expect(totalSeconds(batches, PUBLIC)).toBeGreaterThanOrEqual(3 * HOUR);
  });

  test("change the organization's secret before what it took the place of is deleted, and name it once", () => {
    const secrets = packages(9, "delete").map((steps) => steps.filter(({ type }) => type === SECRET));
    const state = packages(9, "").flatMap(stateOf);
    const organization = organizationSecret("create");
    const steps = [...secrets.flat(), organization];
    const batches = splitIntoBatches(steps, [], PUBLIC, { content: 2, calls: 7 }, { state });
    expect(batches[0]?.target[0]).toBe(organization.urn);
    expect(targetsOf(batches).filter((urn) => urn === organization.urn)).toHaveLength(1);
    // The workflows stay, and named their secrets: their records are written without them.
    const named = targetsOf(batches)
      .filter((urn) => urn !== organization.urn)
      .map(nameOf);
    expect(named.sort()).toEqual(
      packages(9, "")
        .flat()
        .filter(({ type }) => type === SECRET || type === FILE)
        .map(({ urn }) => nameOf(urn))
        .sort(),
    );
    expect(batches.flatMap(({ cost }) => cost.writes).reduce((sum, one) => sum + one)).toBe(10);
  });

  test("name what stays and depends on what is deleted, and replace it in none of them for that", () => {
    const gone = packageSteps("acme/app", "delete");
    const [component, ...files] = consumerSteps("acme/app", "");
    const state = [
      ...stateOf(gone),
      ...stateOf([...(component ? [component] : []), ...files]).map((one, index) =>
        index === 1 ? { ...one, propertyDependencies: { after: [gone[2]?.urn ?? ""] } } : one,
      ),
    ];
    const steps = [...gone, ...packages(5, "delete").flat()];
    const first = files[0]?.urn ?? "";
    const batches = splitIntoBatches(steps, [first], PUBLIC, SMALL, { state });
    const [with_] = batches.filter(({ target }) => target.includes(first));
    expect(with_?.target).toEqual(expect.arrayContaining(gone.map(({ urn }) => urn)));
    expect(with_?.replace).toEqual([]);
    expect(batches.at(-1)?.replace).toEqual([first]);
  });

  test("keep a change back that would take a delete along, and not what is new beside it", () => {
    const [component, token, workflow] = packageSteps("acme/app", "update");
    if (!component || !token || !workflow) throw new Error("three steps");
    const state = stateOf([component, token, workflow]);
    const file = { urn: `${NOTIFIER}$${FILE}::acme/app-other`, op: "create", type: FILE };
    const steps = [...packages(5, "create").flat(), file, token, { ...workflow, op: "delete" }];
    const whole = splitIntoBatches(steps, [token.urn], PUBLIC, SMALL, { state });
    const early = targetsOf(whole);
    expect(early).toContain(file.urn);
    expect(early).not.toContain(token.urn);
    expect(whole.at(-1)).toMatchObject({ replace: [token.urn] });
    // Where deletes are cut, both are named in one run.
    const many = [
      ...steps,
      ...packages(9, "delete")
        .flat()
        .map((step) => ({ ...step, urn: `${step.urn}9` })),
    ];
    const cut = splitIntoBatches(many, [token.urn], PUBLIC, SMALL, { state });
    const [own] = cut.filter(({ target }) => target.includes(token.urn));
    expect(own?.target).toContain(workflow.urn);
    expect(own?.replace).toEqual([token.urn]);
  });

  test("hold no more targets than a system takes as arguments of one process", () => {
    const secrets = packages(4000, "delete").map((steps) => steps.filter(({ type }) => type === SECRET));
    const state = packages(4000, "").flatMap(stateOf);
    const steps = [...secrets.flat(), ...packages(200, "create").flat()];
    const batches = splitIntoBatches(steps, [], PUBLIC, BATCH_SIZE, { state });
    expect(Math.max(...batches.map(({ target }) => target.length))).toBeLessThanOrEqual(2000);
  });
});

describe("a refresh", () => {
  const changed = packages(1000, "update").map((steps) => steps.filter(({ type }) => type === SECRET));
  const state = packages(1000, "").flatMap(stateOf);

  test("counts in the first hour: a change that would fit into an hour of its own is split", () => {
    expect(splitIntoBatches(changed.flat(), [], PUBLIC)).toHaveLength(1);
    const before = { refreshCalls: refreshCalls(state), state };
    expect(before.refreshCalls).toBe(3000);
    const batches = splitIntoBatches(changed.flat(), [], PUBLIC, BATCH_SIZE, before);
    const [first = [], ...later] = hoursOf(batches, PUBLIC, before.refreshCalls);
    const calls = (hour: readonly Batch[]) => hour.reduce((sum, { cost }) => sum + cost.calls, 0);
    expect(calls(first)).toBeGreaterThan(0);
    expect(calls(first) + before.refreshCalls).toBeLessThanOrEqual(LIMITS.callsAnHour);
    expect(later.map(calls).every((used) => used > 0 && used <= BATCH_SIZE.calls)).toBe(true);
    expect(totalSeconds(batches, PUBLIC, before.refreshCalls)).toBeGreaterThan(HOUR);
  });

  test("leaves a small change alone, and one that its hour has no room for waits for the next", () => {
    const small = changed.slice(0, 5).flat();
    for (const refreshed of [3000, 15_020]) {
      const batches = splitIntoBatches(small, [], PUBLIC, BATCH_SIZE, { refreshCalls: refreshed });
      expect(hoursOf(batches, PUBLIC, refreshed)).toEqual([batches]);
    }
    const one = changed.slice(0, 1).flat();
    const batches = splitIntoBatches(one, [], PUBLIC, BATCH_SIZE, { refreshCalls: 4999 });
    expect(hoursOf(batches, PUBLIC, 4999)).toEqual([[], batches]);
    expect(totalSeconds(batches, PUBLIC, 4999)).toBeGreaterThan(HOUR);
    expect(hoursOf(batches, PUBLIC, 10_000)).toEqual([[], batches]);
  });

  test("lets what fits no hour begin at once", () => {
    const all = splitIntoBatches(changed.flat(), [], PUBLIC, { content: 1e9, calls: 1e9 }).map((one) => ({
      ...one,
      cost: { ...one.cost, calls: LIMITS.callsAnHour + 1 },
    }));
    expect(hoursOf(all, PUBLIC, 600)).toEqual([all]);
  });

  test("counts nothing on a server of one's own", () => {
    const own = paceOf(1);
    expect(splitIntoBatches(changed.flat(), [], own, BATCH_SIZE, { refreshCalls: 3000 })).toHaveLength(1);
    expect(hoursOf([], own, 4990)).toEqual([[]]);
  });
});
