import { expect, test } from "vitest";
import { type ImportFile, importResources } from "../../../sandbox/engine/import-file.ts";
import { type Bench, bench, failure } from "./support.ts";

const PROVIDER = "urn:pulumi:dev::gen::pulumi:providers:fake::default_1_0_0";

async function imports(on: Bench, resources: ImportFile["resources"], nameTable: Record<string, string>) {
  const target = {
    project: "gen",
    stack: "dev",
    stateFile: on.stateFile,
    providers: { fake: on.world.provider },
  };
  await importResources(await on.open([]), target, { nameTable, resources });
}

/** The provider that the program's first update made. */
async function providerOf(on: Bench): Promise<string> {
  const { deployment } = await (await on.open([])).exportStack();
  const found = (deployment.resources as { type: string; urn: string }[]).find(({ type }) =>
    type.includes("providers:fake"),
  );
  return found?.urn ?? PROVIDER;
}

const thing = (name: string, id: string) => ({ type: "fake:index:Thing", name, id, provider: "fake" });

test("what exists is in the state afterwards, protected, and the program finds it there", async () => {
  const on = bench();
  await on.up([{ name: "a" }]);
  const fake = await providerOf(on);
  const [id = "", inputs = {}] = [...on.world.things][0] ?? [];
  on.world.things.set("made-by-hand", { ...inputs, name: "b" });
  await imports(on, [thing("b", "made-by-hand")], { fake });
  expect(await on.state("b")).toMatchObject({ id: "made-by-hand", protect: true, custom: true });
  expect(await on.state("a")).toMatchObject({ id });
  expect(await on.up([{ name: "a" }, { name: "b" }])).not.toHaveProperty("create");
});

test("one that is not there is named, the others are imported", async () => {
  const on = bench();
  await on.up([{ name: "a" }]);
  const fake = await providerOf(on);
  on.world.things.set("real", { name: "b" });
  const { stderr } = await failure(imports(on, [thing("c", "dream"), thing("b", "real")], { fake }));
  expect(stderr).toContain("dream");
  expect(await on.state("b")).toBeDefined();
  expect(await on.state("c")).toBeUndefined();
});

test("what the document refers to must be there, and what it names must not", async () => {
  const on = bench();
  await on.up([{ name: "a" }]);
  const fake = await providerOf(on);
  on.world.things.set("real", { name: "b" });
  const before = JSON.stringify(await (await on.open([])).exportStack());
  await expect(imports(on, [thing("a", "real")], { fake })).rejects.toThrow(/already exists/);
  await expect(imports(on, [thing("b", "real")], {})).rejects.toThrow(/neither in its resources nor/);
  await expect(imports(on, [thing("b", "real")], { fake: PROVIDER })).rejects.toThrow(/not in the state/);
  expect(JSON.stringify(await (await on.open([])).exportStack())).toBe(before);
});
