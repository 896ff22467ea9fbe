import { describe, expect, it } from "vitest";
import { makePlan, type PlanInput } from "../../publisher/plan.ts";
import { planText } from "../../publisher/plan-text.ts";
import { changedLib, inputOf, onGitHub, REFS, settingsFor, TOOL } from "./support/plans.ts";

const planOf = (more: Partial<PlanInput> = {}) => makePlan(inputOf(more));

describe("what people read of a plan", () => {
  it("is what, why, the cost, the hints and what could not be read", () => {
    const error = { kind: "unreachable", message: "no\nroute" } as const;
    const refs = new Map([...changedLib.refs, [TOOL.id, { error }] as const]);
    const plan = planOf({ ...changedLib, refs, remaining: 5, hints: ["acme/lib", "../x"] });
    expect(planText(plan).split("\n")).toEqual([
      "Build 20260101T010000Z-11111111: what is stale is built",
      "  because 1 repository changed: github.com/acme/lib",
      "2 repositories in satis.json, 1 stale, 1 unreadable",
      "Stale:",
      "  github.com/acme/lib (acme/lib)",
      "Unreadable, so what is published of them stays:",
      "  github.com/acme/tool: not reached: no\\nroute",
      "About 7 calls of GitHub's API of 5 left; that is too many, so cached clones are read instead",
      "Asked for: acme/lib is stale, and part of this build",
      'Asked for: "../x" is no name of a package or repository, and is ignored',
      "",
    ]);
  });

  it("stays short for a large fleet", () => {
    const repositories = Array.from({ length: 1000 }, (_, index) => onGitHub(`lib-${index}`));
    const refs = new Map(repositories.map(({ id }) => [id, { refs: REFS }]));
    const plan = makePlan(
      inputOf({ sources: { repositories, wholeOnly: [] }, refs, settings: settingsFor() }),
    );
    expect(planText(plan).split("\n").length).toBeLessThan(30);
    expect(planText(plan)).toMatch(/and 990 more\n/);
    expect(planText(plan)).toMatch(/ {2}and 980 more\n/);
  });
});
