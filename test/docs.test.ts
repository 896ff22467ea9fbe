import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderReadme } from "../docs/render.ts";

test("README.md's configuration table is what the program reads (npm run docs renders it)", () => {
  const text = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  expect(renderReadme(text)).toBe(text);
  expect(text).toContain("`satis-fleet:dispatchToken`");
});
