import { expect, test } from "vitest";
import { ASKING, distsReachableGate } from "../../../publisher/verify/dists-reachable.ts";
import { candidateOf, type Fixture, goodFixture, version } from "../support/tree.ts";

const QUICK = { ...ASKING, pause: 1 };
const URL_OF = (text: string) => version("acme/one", text).dist?.url ?? "";

async function check(
  head: (url: string) => Promise<number>,
  change: (fixture: Fixture) => void = () => {},
  asking = QUICK,
) {
  const fixture = goodFixture();
  change(fixture);
  const warnings: string[] = [];
  const gate = distsReachableGate(asking);
  const faults = await gate.check(await candidateOf(fixture), {
    head,
    warn: (message) => warnings.push(message),
  });
  return { faults, warnings };
}

test("only dists of rebuilt packages are asked, the newest first", async () => {
  const asked: string[] = [];
  const head = async (url: string) => asked.push(url) && 200;
  const newest = (fixture: Fixture) => {
    fixture.now["acme/one"] = ["1.0.0", "1.1.0", "dev-main"].map((text, index) =>
      version("acme/one", text, { time: `2026-11-0${[2, 3, 1][index]}T10:00:00+00:00` }),
    );
  };
  expect((await check(head, newest, { ...QUICK, atOnce: 1, most: 2 })).faults).toEqual([]);
  expect(asked).toEqual([URL_OF("1.1.0"), URL_OF("1.0.0")]);
});

test("an answer that says nobody can have it is the package's fault, said once", async () => {
  for (const status of [401, 403, 404, 410]) {
    const { faults, warnings } = await check(async () => status);
    expect(faults).toMatchObject([
      { package: "acme/one", message: expect.stringContaining(`answers ${status}`) },
    ]);
    expect(warnings).toEqual([]);
  }
});

test("trouble of the network is asked again, and then a warning", async () => {
  const calls = new Map<string, number>();
  const once = await check(async (url) => {
    calls.set(url, (calls.get(url) ?? 0) + 1);
    if (calls.get(url) === 1) throw new Error("ECONNRESET");
    return 302;
  });
  expect(once).toEqual({ faults: [], warnings: [] });
  expect([...calls.values()]).toEqual([2, 2, 2]);
  const { faults, warnings } = await check(async () => 503);
  expect(faults).toEqual([]);
  expect(warnings).toEqual(["3 of 3 dists gave no answer, so they are not known to be there"]);
});

test("without a network nothing is asked", async () => {
  expect(await distsReachableGate(QUICK).check(await candidateOf(goodFixture()), {})).toEqual([]);
});
