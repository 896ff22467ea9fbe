import { expect, test } from "vitest";
import { providers } from "../../../sandbox/provider/index.ts";
import { UNKNOWN } from "../../../sandbox/provider/types.ts";
import { Driver } from "./support.ts";

const TYPE = "random:index/randomInteger:RandomInteger";

async function integer(): Promise<Driver> {
  const { random } = providers;
  if (random === undefined) throw new Error("no provider for random");
  return new Driver(await random({}, new AbortController().signal), TYPE);
}

test("a number lies between its bounds, both included", async () => {
  for (let round = 0; round < 50; round++) {
    const { result } = await (await integer()).up({ min: 3, max: 5 });
    expect([3, 4, 5]).toContain(result);
  }
});

test("a seed always draws the same number", async () => {
  const first = await (await integer()).up({ min: 0, max: 59, seed: "acme" });
  const second = await (await integer()).up({ min: 0, max: 59, seed: "acme" });
  expect(second).toEqual(first);
  expect(first).toMatchObject({ id: String(first.result), min: 0, max: 59, seed: "acme" });
});

test("a seeded number lies between its bounds too", async () => {
  for (const seed of ["a", "b", "c", "d", "e", "f"]) {
    expect(await (await integer()).up({ min: 4, max: 4, seed })).toMatchObject({ result: 4 });
  }
});

test("every change of an input replaces, a keeper's too", async () => {
  const one = await integer();
  const props = { min: 0, max: 59, keepers: { a: "b" } };
  await one.up(props);
  expect(await one.diff(props)).toEqual({ changes: false, diffs: [], replaces: [] });
  expect(await one.diff({ ...props, keepers: { a: "c" } })).toMatchObject({ replaces: ["keepers"] });
  expect(await one.diff({ ...props, max: 58 })).toMatchObject({ replaces: ["max"] });
});

test("a preview does not know the number", async () => {
  expect(await (await integer()).preview({ min: 0, max: 9 })).toMatchObject({ id: UNKNOWN, result: UNKNOWN });
});

test("bounds the wrong way round fail", async () => {
  await expect((await integer()).up({ min: 2, max: 1 })).rejects.toThrow("The minimum (min) value needs");
});

test("an import tells number and bounds", async () => {
  const one = await integer();
  expect(await one.import("7,1,50,s")).toEqual({ id: "7", min: 1, max: 50, seed: "s", result: 7 });
  await expect(one.import("7")).rejects.toThrow("Invalid import usage");
});
