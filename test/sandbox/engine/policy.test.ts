import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { bench, failure, urn } from "./support.ts";

vi.setConfig({ testTimeout: 90_000 });

const policyPacks = [fileURLToPath(new URL("./programs/pack", import.meta.url))];
const violations = ({ events }: ReturnType<typeof bench>) =>
  events.flatMap(({ policyEvent }) =>
    policyEvent ? `${policyEvent.policyName}: ${policyEvent.message}` : [],
  );

test("a mandatory violation fails the preview after all of it was looked at, and an up before the step", async () => {
  const stack = bench();
  const things = [
    { name: "a", color: "black" },
    { name: "b", color: "red" },
  ];
  await failure(stack.preview(things, { policyPacks }));
  expect(stack.steps).toEqual(["create a", "create b"]);
  // The stack's policy is asked all the same, as Pulumi does; what a preview does not know it cannot judge.
  expect(violations(stack)).toEqual([
    "no-black: Nothing is black.\nit is black\n",
    expect.stringContaining("can't run policy 'few'"),
  ]);
  expect(stack.events.find((event) => event.policyEvent)?.policyEvent).toMatchObject({
    resourceUrn: urn("a"),
    policyPackName: "test-pack",
    policyPackVersion: "0.1.0",
    enforcementLevel: "mandatory",
  });
  const { exitCode } = await failure(stack.up(things, { policyPacks }));
  expect(exitCode).toBe(1);
  expect(stack.told).toEqual([]);
  expect(stack.world.things.has("a")).toBe(false);
});

test("a remediation changes what is made; a policy of the stack sees all outputs", async () => {
  const stack = bench();
  await stack.up(
    [
      { name: "a", color: "white" },
      { name: "b", color: "red" },
    ],
    { policyPacks },
  );
  expect(stack.world.things.get("a")).toMatchObject({ color: "ivory" });
  expect(violations(stack)).toEqual(["few: There are few things.\n2 are many: no-a,no-b\n"]);
});

test("what --target leaves out is judged as it was, and something new with nothing in it", async () => {
  const stack = bench();
  await stack.up([{ name: "a" }, { name: "b", color: "black" }]);
  const things = [{ name: "a" }, { name: "b", color: "red" }, { name: "c", color: "black" }];
  await failure(stack.preview(things, { policyPacks, target: [urn("a")] }));
  expect(violations(stack).filter((one) => one.startsWith("no-black"))).toEqual([
    "no-black: Nothing is black.\nit is black\n",
  ]);
  expect(stack.events.flatMap(({ policyEvent }) => policyEvent?.resourceUrn ?? [])).toContain(urn("b"));
});

test("a pack that does not start ends the run before anything has run", async () => {
  const stack = bench();
  await failure(stack.up([{ name: "a" }], { policyPacks: [`${policyPacks[0]}-missing`] }));
  expect(stack.told.join()).toContain("no PulumiPolicy.yaml");
  expect(stack.steps).toEqual([]);
});
