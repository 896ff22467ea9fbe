import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { untouched } from "../../../publisher/verify/untouched.ts";
import { candidateOf, type Fixture, goodFixture, version } from "../support/tree.ts";

async function faultsAfter(change: (fixture: Fixture) => void) {
  const fixture = goodFixture();
  change(fixture);
  return untouched.check(await candidateOf(fixture), {});
}

test("one byte more in a package that nobody built is its fault", async () => {
  const faults = await faultsAfter((fixture) => {
    fixture.edit = (root) => appendFileSync(join(root, "p2/acme/two.json"), " ");
  });
  expect(faults).toMatchObject([{ package: "acme/two", message: expect.stringContaining("changed") }]);
});

test("a package that is held must be as it was, although it was built", async () => {
  expect(await faultsAfter(({ held }) => held.add("acme/one"))).toMatchObject([{ package: "acme/one" }]);
});

test("a package that nobody built cannot be new", async () => {
  const faults = await faultsAfter(({ now }) => {
    now["acme/three"] = [version("acme/three", "1.0.0")];
  });
  expect(faults).toMatchObject([{ package: "acme/three", message: expect.stringContaining("is new") }]);
});
