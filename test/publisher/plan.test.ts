import { describe, expect, it } from "vitest";
import { makePlan, type PlanInput } from "../../publisher/plan.ts";
import type { BuildRecord, Held } from "../../publisher/record.ts";
import { refsDigest } from "../../publisher/refs/index.ts";
import type { RefsResult } from "../../publisher/refs/source.ts";
import { sha256 } from "../../publisher/tree.ts";
import { CHANGED, changedLib, inputOf, LIB, onGitHub, REFS, recordOf, TOOL } from "./support/plans.ts";

const with_ = (refs: Record<string, RefsResult>) => new Map([...inputOf().refs, ...Object.entries(refs)]);
const planOf = (more: Partial<PlanInput> = {}) => makePlan(inputOf(more));
const staleIds = (plan: ReturnType<typeof makePlan>) =>
  plan.repositories.filter(({ stale }) => stale).map(({ id }) => id);
const previousWith = (more: Partial<BuildRecord>) => recordOf([LIB, TOOL], more);
const heldBecause = (more: Partial<Held> = {}): Held => ({
  reason: "a gate said no",
  remedy: "release it again",
  since: "2026-01-01T00:00:00.000Z",
  published: true,
  ...more,
});
/** An input without one of its keys. */
const without = (key: "previous" | "publishedCommit") => {
  const { [key]: _, ...rest } = inputOf();
  return rest;
};

describe("nothing is done", () => {
  it("where all refs are those of the published tree", () => {
    expect(planOf()).toMatchObject({ action: "none", reasons: ["nothing is stale"], cost: { calls: 0 } });
    expect(planOf().repositories).toMatchObject([
      { id: LIB.id, stale: false, packageName: "acme/lib", digest: refsDigest(REFS) },
      { id: TOOL.id, stale: false, packageName: "acme/tool" },
    ]);
  });

  it("where the only news is that a repository cannot be read: nobody knows whether it is stale", () => {
    const error = { kind: "gone", message: "not found" } as const;
    const plan = planOf({ refs: with_({ [LIB.id]: { error } }) });
    expect(plan.action).toBe("none");
    expect(plan.repositories[0]).toEqual({ ...LIB, error, stale: false, packageName: "acme/lib" });
  });

  it("where the composer repository is a package itself and only its registry branch moved", () => {
    const self = onGitHub("composer");
    const refs = (registry: string) => ({ ...REFS, heads: { ...REFS.heads, registry } });
    const input = inputOf({
      sources: { repositories: [self], wholeOnly: [] },
      previous: recordOf([self]),
      refs: new Map([[self.id, { refs: refs("4".repeat(40)) }]]),
    });
    expect(makePlan(input)).toMatchObject({ action: "none", repositories: [{ refs: REFS }] });
  });

  it("before a week has gone by", () => {
    expect(planOf({ now: new Date("2026-01-07T23:59:59Z") }).action).toBe("none");
  });
});

describe("what is stale is built, and nothing else", () => {
  it("where the refs of a repository changed", () => {
    const plan = planOf(changedLib);
    expect(plan).toMatchObject({
      action: "partial",
      reasons: ["1 repository changed: github.com/acme/lib"],
    });
    expect(staleIds(plan)).toEqual([LIB.id]);
  });

  it("where a repository was never built with success", () => {
    const { repositories } = recordOf([LIB, TOOL]);
    const first = { ...repositories[LIB.id], url: "", refs: "" as const, packages: [] };
    const plan = planOf({ previous: previousWith({ repositories: { ...repositories, [LIB.id]: first } }) });
    expect(plan.reasons).toEqual(["1 repository never built with success: github.com/acme/lib"]);
  });

  it.each([
    ["because the record keeps the digest of the last good build", changedLib.refs, "changed"],
    ["although its refs are those of the record", inputOf().refs, "held, and tried again"],
  ])("where a package is held, at each run, %s", (_, refs, words) => {
    const previous = previousWith({ held: { "acme/lib": heldBecause() } });
    const [first, second] = [1, 2].map((hour) =>
      planOf({ previous, refs, now: new Date(`2026-01-01T0${hour}:00:00Z`) }),
    );
    expect(first).toMatchObject({ action: "partial", reasons: [`1 repository ${words}: ${LIB.id}`] });
    expect(second?.reasons).toEqual(first?.reasons);
  });

  it("where a package is held under its repository's id, having no name yet", () => {
    const held = { [LIB.id]: heldBecause({ published: false }) };
    const plan = planOf({
      previous: previousWith({ held }),
      names: new Map([[LIB.id, { name: "acme/lib" }]]),
    });
    expect(staleIds(plan)).toEqual([LIB.id]);
  });

  it("and not a held package whose repository cannot be read", () => {
    const previous = previousWith({ held: { "acme/lib": heldBecause() } });
    const error = { kind: "unreachable", message: "no route" } as const;
    expect(planOf({ previous, refs: with_({ [LIB.id]: { error } }) }).action).toBe("none");
  });

  it("whatever the hints say", () => {
    const plan = planOf({ ...changedLib, hints: ["acme/tool"] });
    expect(staleIds(plan)).toEqual([LIB.id]);
  });
});

describe("everything is built", () => {
  it.each<[string, Omit<PlanInput, "previous"> & { previous?: BuildRecord }, string]>([
    ["nothing is published yet", without("publishedCommit"), "nothing is published yet"],
    [
      "build.json is none of ours",
      without("previous"),
      "the published tree has no build.json that can be read",
    ],
    [
      "the published tree is broken",
      inputOf({ publishedVerifies: false }),
      "the published tree does not verify",
    ],
    ["somebody asked for it", inputOf({ force: { full: true } }), "a build of everything was asked for"],
    [
      "a week has gone by",
      inputOf({ now: new Date("2026-01-08T00:00:00Z") }),
      "everything was last built at 2026-01-01T00:00:00.000Z, a week ago or more",
    ],
  ])("where %s", (_, input, reason) => {
    expect(makePlan(input)).toMatchObject({ action: "full", reasons: expect.arrayContaining([reason]) });
  });

  it.each([
    ["satis", "satis.json"],
    ["settings", "settings.json"],
    ["publisher", "the publisher"],
  ])("where the digest of %s is another", (key, name) => {
    const plan = planOf({ inputs: { ...inputOf().inputs, [key]: sha256("other") } });
    expect(plan).toMatchObject({
      action: "full",
      reasons: [`${name} changed since build 20260101T000000Z-00000000`],
    });
  });

  it("where satis.json cannot be built by name and something is stale", () => {
    const sources = { ...inputOf().sources, wholeOnly: ["it has entries of type composer"] };
    expect(planOf({ ...changedLib, sources })).toMatchObject({
      action: "full",
      reasons: [
        "1 repository changed: github.com/acme/lib",
        "satis.json can only be built as a whole: it has entries of type composer",
      ],
    });
    expect(planOf({ sources }).action).toBe("none");
  });

  it("for every reason that there is, all of them told", () => {
    const plan = planOf({ ...changedLib, publishedVerifies: false, now: new Date("2026-02-01T00:00:00Z") });
    expect(plan.reasons).toHaveLength(3);
  });
});

describe("the published tree is deployed again", () => {
  const build = "20260101T000000Z-00000000";
  it("where the branch carries the marker's build", () => {
    expect(planOf({ marker: { build, published: true } })).toMatchObject({
      action: "deploy",
      reasons: [`build ${build} is published, and the site was never seen to carry it`],
    });
  });

  it("where somebody asked for it", () => {
    expect(planOf({ force: { deploy: true } })).toMatchObject({ action: "deploy" });
  });

  it("and not for a marker whose build was never published, which changes nothing", () => {
    expect(planOf({ marker: { build, published: false } })).toEqual(planOf());
  });

  it("by the build that is due anyway", () => {
    expect(planOf({ ...changedLib, marker: { build, published: true } }).action).toBe("partial");
  });
});

describe("a stale repository's package name", () => {
  const named = (name: string | undefined, packages: string[], given?: string) => {
    const source = given === undefined ? LIB : { ...LIB, packageName: given };
    const repositories = { [LIB.id]: { url: LIB.url, refs: refsDigest(REFS), packages } };
    const claims = packages.map((one) => [one, { repository: LIB.id, files: {} }]);
    const result = name === undefined ? { error: "its composer.json has no name" } : { name };
    return makePlan(
      inputOf({
        sources: { repositories: [source], wholeOnly: [] },
        refs: new Map([[LIB.id, { refs: CHANGED }]]),
        names: new Map([[LIB.id, result]]),
        previous: recordOf([], { repositories, packages: Object.fromEntries(claims) }),
      }),
    );
  };

  it("is that of its composer.json, even where it was another", () => {
    expect(named("acme/new", ["acme/old"], "acme/given").repositories[0]?.packageName).toBe("acme/new");
  });

  it("is the one that it is published under where its composer.json gives none", () => {
    const [one] = named(undefined, ["acme/old"], "acme/given").repositories;
    expect(one).toMatchObject({ packageName: "acme/old", nameError: "its composer.json has no name" });
    const [both] = named(undefined, ["acme/new", "acme/old"], "acme/old").repositories;
    expect(both?.packageName).toBe("acme/old");
  });

  it("is that of satis.json where it never had one", () => {
    expect(named(undefined, [], "acme/given").repositories[0]?.packageName).toBe("acme/given");
  });

  it("is unknown where nobody gives one, and then the build holds it for that reason", () => {
    const plan = named(undefined, []);
    expect(plan).toMatchObject({ action: "partial", cost: { calls: expect.any(Number) } });
    expect(plan.repositories[0]).toMatchObject({ stale: true, nameError: "its composer.json has no name" });
    expect(plan.repositories[0]).not.toHaveProperty("packageName");
  });

  it("that is unknown, and held for it already, starts no build by itself", () => {
    const previous = recordOf([TOOL], { held: { [LIB.id]: heldBecause({ published: false }) } });
    const names = new Map([[LIB.id, { error: "its composer.json has no name" }]]);
    expect(planOf({ previous, names }).action).toBe("none");
    expect(planOf({ previous, names: new Map([[LIB.id, { name: "acme/lib" }]]) }).action).toBe("partial");
  });
});
