import { expect, test } from "vitest";
import { versionsKept } from "../../../publisher/verify/versions-kept.ts";
import { candidateOf, type Fixture, goodFixture, planned, sha, version } from "../support/tree.ts";

async function faultsAfter(change: (fixture: Fixture) => void) {
  const fixture = goodFixture();
  change(fixture);
  return versionsKept.check(await candidateOf(fixture), {});
}

function lose(fixture: Fixture, text: string): void {
  fixture.now["acme/one"] = (fixture.now["acme/one"] ?? []).filter((one) => one.version !== text);
}

/** acme/one with as many versions as tags, of which the first ones are deleted. */
function deleting(fixture: Fixture, tags: number, deleted: number): void {
  const texts = Array.from({ length: tags }, (_, index) => `1.${index}.0`);
  const versions = texts.map((text) => version("acme/one", text));
  fixture.before["acme/one"] = versions;
  fixture.now["acme/one"] = versions.slice(deleted);
  fixture.repositories[0] = planned("acme/one", texts.slice(deleted));
}

test("a version may go with its tag or its branch", async () => {
  expect(
    await faultsAfter((fixture) => {
      lose(fixture, "1.0.0");
      lose(fixture, "dev-main");
      fixture.repositories[0] = planned("acme/one", ["1.1.0"], ["trunk"]);
    }),
  ).toEqual([]);
});

test("a version whose ref is there must stay, even where the ref moved", async () => {
  expect(await faultsAfter((fixture) => lose(fixture, "dev-main"))).toMatchObject([
    { package: "acme/one", message: 'it would lose "dev-main" although its ref is there' },
  ]);
  const moved = await faultsAfter((fixture) => {
    lose(fixture, "1.0.0");
    const [one] = fixture.repositories;
    if (one?.refs === undefined) throw new Error("the fixture has no refs");
    fixture.repositories[0] = { ...one, refs: { ...one.refs, tags: { "1.0.0": sha("elsewhere") } } };
  });
  expect(moved).toMatchObject([{ package: "acme/one", message: expect.stringContaining('"1.0.0"') }]);
});

test("a repository that could not be read loses nothing", async () => {
  const faults = await faultsAfter((fixture) => {
    lose(fixture, "1.0.0");
    const [one] = fixture.repositories;
    if (one === undefined) throw new Error("the fixture has no repository");
    const { refs: _, ...unread } = one;
    fixture.repositories[0] = { ...unread, error: { kind: "unreachable", message: "timeout" } };
  });
  expect(faults).toMatchObject([
    { package: "acme/one", message: expect.stringContaining("could not be read") },
  ]);
});

test("what satis.json leaves out may go", async () => {
  for (const satis of [
    { blacklist: { "acme/one": "1.0.0" } },
    { require: { "acme/one": "^1.1", "acme/two": "*" } },
    { "include-types": ["project"] },
  ]) {
    expect(
      await faultsAfter((fixture) => {
        lose(fixture, "1.0.0");
        fixture.satis = satis;
      }),
    ).toEqual([]);
  }
});

test("a package goes with its entry, or with its name, and not otherwise", async () => {
  const drop = (fixture: Fixture) => delete fixture.now["acme/two"];
  expect(await faultsAfter(drop)).toMatchObject([{ package: "acme/two" }]);
  expect(
    await faultsAfter((fixture) => {
      drop(fixture);
      fixture.repositories.pop();
      fixture.entries.pop();
    }),
  ).toEqual([]);
  expect(
    await faultsAfter((fixture) => {
      drop(fixture);
      fixture.repositories[1] = { ...planned("acme/two", ["v2.0.0"]), packageName: "acme/renamed" };
    }),
  ).toEqual([]);
});

test("what is held is left alone", async () => {
  const faults = await faultsAfter((fixture) => {
    lose(fixture, "dev-main");
    fixture.held.add("acme/one");
  });
  expect(faults).toEqual([]);
});

test("more deleted refs than the budget stop everything", async () => {
  expect(await faultsAfter((fixture) => deleting(fixture, 98, 10))).toEqual([]);
  const [fault, ...others] = await faultsAfter((fixture) => deleting(fixture, 98, 11));
  expect(others).toEqual([]);
  expect(fault?.package).toBeUndefined();
  expect(fault?.message).toContain("11 of 100 published versions");
});

test("a small registry may lose a few, and none where the budget is zero", async () => {
  expect(await faultsAfter((fixture) => deleting(fixture, 6, 5))).toEqual([]);
  const none = await faultsAfter((fixture) => {
    deleting(fixture, 6, 1);
    fixture.settings = { ...fixture.settings, maxDeletedPercent: 0 };
  });
  expect(none).toHaveLength(1);
});
