import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderPublisher, renderReadme } from "../docs/render.ts";

test("README.md's configuration table is what the program reads (npm run docs renders it)", () => {
  const text = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  expect(renderReadme(text)).toBe(text);
  expect(text).toContain("`satis-fleet:dispatchToken`");
});

test("docs/publisher.md's table of gates is what the publisher asks (npm run docs renders it)", () => {
  const text = readFileSync(new URL("../docs/publisher.md", import.meta.url), "utf8");
  expect(renderPublisher(text)).toBe(text);
  expect(text).toContain("`no-credential`");
});
