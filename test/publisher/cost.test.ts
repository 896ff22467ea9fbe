import { describe, expect, it } from "vitest";
import { makePlan, type PlanInput } from "../../publisher/plan.ts";
import type { RefsResult } from "../../publisher/refs/source.ts";
import { changedLib, inputOf, LIB, REFS, SHA, TOOL, unpublished } from "./support/plans.ts";

const planOf = (more: Partial<PlanInput> = {}) => makePlan(inputOf(more));

describe("the cost of a build", () => {
  it("is a call for each list, and two for each commit that Composer has not seen", () => {
    // Repository, heads, tags; main and v1.0.0 are one commit, v1.1.0 another.
    expect(planOf(changedLib).cost).toEqual({ calls: 3 + 2 * 2, clones: false });
    expect(planOf({ ...changedLib, publishedShas: new Set([SHA]) }).cost.calls).toBe(3 + 2);
  });

  it("of everything is nearly none where Composer's cache knows the repositories", () => {
    expect(planOf({ force: { full: true } }).cost.calls).toBe(2 * 3);
    expect(makePlan(unpublished).cost.calls).toBe(2 * (3 + 2));
  });

  it("counts pages of refs, and nothing for other hosts or what cannot be read", () => {
    const tags = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`v${index}`, SHA]));
    const mirror = { id: "git.example/a", url: "https://git.example/a", kind: "git" } as const;
    const refs = new Map<string, RefsResult>([
      [LIB.id, { refs: { heads: {}, tags } }],
      [mirror.id, { refs: REFS }],
    ]);
    const plan = planOf({ sources: { repositories: [LIB, mirror, TOOL], wholeOnly: [] }, refs });
    expect(plan.cost.calls).toBe(1 + 1 + 2 + 2);
  });

  it("that is more than what is left makes Composer read cached clones", () => {
    expect(planOf({ ...changedLib, remaining: 7 }).cost).toEqual({ calls: 7, remaining: 7, clones: false });
    expect(planOf({ ...changedLib, remaining: 6 }).cost).toEqual({ calls: 7, remaining: 6, clones: true });
  });
});
