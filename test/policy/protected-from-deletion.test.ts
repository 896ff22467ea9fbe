import { expect, test } from "vitest";
import { protectedFromDeletion as rule } from "../../policy/rules/protected-from-deletion.ts";
import { judge } from "./support/fleet.ts";

test("a protected repository with a protected site is lawful", () => {
  expect(judge(rule)).toEqual([]);
});

test("an unprotected composer repository is refused", () => {
  expect(judge(rule, { repository: { protect: false } })).toEqual([
    "the composer repository is not protected: write protect: true in its options",
  ]);
});

test("an unprotected Pages site is refused", () => {
  expect(judge(rule, { pages: { protect: false } })).toEqual([
    "the Pages site is not protected: write protect: true in its options",
  ]);
});
