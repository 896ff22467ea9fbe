import { expect, test } from "vitest";
import { expectedPackages } from "../../../publisher/verify/expected-packages.ts";
import { candidateOf, type Fixture, goodFixture, planned, recordOf } from "../support/tree.ts";

async function packagesAfter(
  change: (fixture: Fixture) => void,
  record?: (fixture: Fixture) => Fixture["now"],
) {
  const fixture = goodFixture();
  change(fixture);
  const candidate = await candidateOf(fixture);
  const expected =
    record === undefined
      ? candidate.record
      : recordOf(record(fixture), fixture.repositories, fixture.recordHeld);
  const faults = await expectedPackages.check(
    { ...candidate, ...(expected === undefined ? {} : { record: expected }) },
    {},
  );
  return faults.map(({ package: name }) => name);
}

test("a package of the record that the tree lost is its fault, and one that the record does not know too", async () => {
  const whole = goodFixture().now;
  expect(
    await packagesAfter(
      ({ now }) => delete now["acme/two"],
      () => whole,
    ),
  ).toEqual(["acme/two"]);
  expect(
    await packagesAfter(
      () => {},
      ({ now }) => ({ "acme/one": now["acme/one"] ?? [] }),
    ),
  ).toEqual(["acme/two"]);
});

test("a package that is held without a published version is not expected", async () => {
  const held = { reason: "r", remedy: "r", since: "2026-11-20T10:00:00.000Z", published: false };
  const add = (fixture: Fixture) => {
    fixture.repositories.push(planned("acme/three", []));
    fixture.recordHeld = { "acme/three": held };
  };
  expect(await packagesAfter(add)).toEqual([]);
  expect(await packagesAfter(add, ({ now }) => ({ ...now, "acme/three": [] }))).toEqual([]);
});

test("what satis.json leaves out is not expected of the plan", async () => {
  const third = (satis: Record<string, unknown>) => (fixture: Fixture) => {
    fixture.repositories.push(planned("acme/three", ["1.0.0"]));
    fixture.entries.push({
      type: "vcs",
      url: "https://github.com/acme/three",
      ...(satis.entry as object | undefined),
    });
    const { entry: _, ...rest } = satis;
    fixture.satis = rest;
  };
  expect(await packagesAfter(third({}))).toEqual(["acme/three"]);
  expect(await packagesAfter(third({ require: { "acme/one": "*", "acme/two": "*" } }))).toEqual([]);
  expect(await packagesAfter(third({ "minimum-stability": "stable" }))).toEqual([]);
  expect(await packagesAfter(third({ blacklist: { "acme/three": "*" } }))).toEqual([]);
  expect(await packagesAfter(third({ entry: { exclude: ["acme/th*"] } }))).toEqual([]);
});
