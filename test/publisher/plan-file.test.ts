import { describe, expect, it } from "vitest";
import { makePlan, type PlanInput } from "../../publisher/plan.ts";
import { planFileText, readPlanFile } from "../../publisher/plan-file.ts";
import { changedLib, inputOf, LIB, unpublished } from "./support/plans.ts";

const planOf = (more: Partial<PlanInput> = {}) => makePlan(inputOf(more));

describe("plan.json", () => {
  const plan = planOf({ ...changedLib, remaining: 5000, hints: ["acme/lib", "?"] });
  it("is read back as it was written", () => {
    expect(readPlanFile(planFileText(plan))).toEqual(plan);
    const error = { kind: "gone", message: "x" } as const;
    const other = makePlan({ ...unpublished, refs: new Map([[LIB.id, { error }]]) });
    expect(readPlanFile(planFileText(other))).toEqual(other);
  });

  it("takes the address of a repository at the top of its host", () => {
    const repository = { ...plan.repositories[0], id: "git.example/tool", url: "git@git.example:tool.git" };
    const other = { ...plan, repositories: [repository] };
    expect(readPlanFile(planFileText(other as typeof plan))).toEqual(other);
  });

  it.each<[string, (one: Record<string, never>) => object | string]>([
    ["no JSON", () => "{"],
    ["something else", () => ({})],
    ["a plan with a build id that could be a path", (one) => ({ ...one, build: "../../x" })],
    ["a plan with a package name that could be a path", () => broken({ packageName: "../x" })],
    ["a plan with a package name in capitals", () => broken({ packageName: "Acme/Lib" })],
    ["a plan with a URL that is an option", () => broken({ url: "--upload-pack=x/y" })],
    ["a plan with a sha that is none", () => broken({ refs: { heads: { main: "HEAD" }, tags: {} } })],
    ["a plan with keys that nobody knows", (one) => ({ ...one, extra: 1 })],
  ])("that is %s is refused with a remedy", (_, change) => {
    const text = change(JSON.parse(planFileText(plan)));
    expect(() => readPlanFile(typeof text === "string" ? text : JSON.stringify(text))).toThrow(
      /^plan: plan\.json is no plan: .*: run the plan again/,
    );
  });
  const broken = (change: object) => ({ ...plan, repositories: [{ ...plan.repositories[0], ...change }] });
});
