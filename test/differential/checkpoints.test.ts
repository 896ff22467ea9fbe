import { expect, test } from "vitest";
import { type EngineName, makeProject, openFleetStack } from "../../cli/engine.ts";
import { openWorld, sandboxConfig } from "../../demo/world.ts";
import { satisOf } from "../support/teller.ts";

const PAIRS: readonly (readonly [EngineName, EngineName])[] = [
  ["sandbox", "pulumi"],
  ["pulumi", "sandbox"],
];

for (const [from, to] of PAIRS) {
  test(`a checkpoint made on ${from} is taken over by ${to}: nothing to change, nothing written`, async () => {
    const world = await openWorld({
      engine: from,
      owner: "acme",
      satis: satisOf("lib", "tool"),
      repositories: [{ name: "lib" }, { name: "tool" }],
    });
    try {
      await world.stack.up();
      const home = `${world.home}/other`;
      await makeProject({ home });
      const config = sandboxConfig("acme", world.github.url, `${world.home}/satis.json`);
      const other = await openFleetStack(to, { ...world.settings, stack: "other", home }, config);
      // The stack's name is part of every URN.
      const exported = JSON.stringify(await world.stack.exportStack());
      await other.importStack(
        JSON.parse(
          exported.replaceAll("urn:pulumi:dev::", "urn:pulumi:other::").replaceAll('-dev"', '-other"'),
        ),
      );
      world.github.resetCalls();
      for (const refresh of [false, true]) {
        const { operations } = await other.preview({ refresh });
        expect(Object.keys(operations)).toEqual(["same"]);
      }
      expect(world.github.calls.log.filter(({ method }) => method !== "GET")).toEqual([]);
    } finally {
      await world.close();
    }
  });
}
