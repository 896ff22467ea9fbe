import { describe, expect, test } from "vitest";
import type { EngineName } from "../../cli/engine.ts";
import { STORIES } from "../support/stories.ts";
import { tell } from "../support/teller.ts";

const engine: EngineName = process.env.ENGINE === "pulumi" ? "pulumi" : "sandbox";

describe(`on ${engine}`, () => {
  for (const story of STORIES) {
    test(story.name, async () => {
      const told = await tell(story, engine);
      if (engine === "sandbox") return;
      // The differential suite: where the two differ, the sandbox is wrong.
      const sandbox = await tell(story, "sandbox");
      expect(sandbox.github).toEqual(told.github);
      expect(sandbox.trace.map(({ command, ok }) => ({ command, ok }))).toEqual(
        told.trace.map(({ command, ok }) => ({ command, ok })),
      );
      if (!story.races) expect(sandbox.trace).toEqual(told.trace);
    });
  }
});
