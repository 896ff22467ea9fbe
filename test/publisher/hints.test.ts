import { describe, expect, it } from "vitest";
import { isPackageName } from "../../fleet/grammar.ts";
import { makePlan, type PlanInput } from "../../publisher/plan.ts";
import { changedLib, inputOf, LIB } from "./support/plans.ts";

const planOf = (more: Partial<PlanInput> = {}) => makePlan(inputOf(more));

describe("a hint", () => {
  const verdict = (hint: string) => planOf({ ...changedLib, hints: [hint] }).hints[0];
  it.each([
    ["acme/lib", "stale"],
    ["ACME/Lib", "stale"],
    ["acme/tool", "fresh"],
    ["acme/stranger", "unknown"],
    ["a/b; rm -rf ~", "malformed"],
    ["../x", "malformed"],
    ["--full", "malformed"],
    ["", "malformed"],
    ["acme/lib\n::set-output", "malformed"],
  ])("of %j is %s", (hint, expected) => {
    expect(verdict(hint)?.verdict).toBe(expected);
  });

  it("names a package by its repository too, where the two differ", () => {
    const names = new Map([[LIB.id, { name: "vendor/other" }]]);
    const plan = planOf({ ...changedLib, names, hints: ["acme/lib", "vendor/other"] });
    expect(plan.hints.map((hint) => hint.verdict)).toEqual(["stale", "stale"]);
  });

  it("of any length and with any character comes back short and fit to print", () => {
    const hints = [
      "x".repeat(10_000),
      `\u001b[31m${"y".repeat(1_000_000)}`,
      "ghp_abcdefghijklmnopqrstuvwx; echo",
    ];
    for (const { text } of planOf({ hints }).hints) {
      expect(isPackageName(text)).toBe(false);
      expect(text.length).toBeLessThan(90);
      expect(text).not.toMatch(/\p{Cc}|ghp_/u);
    }
  });
});
