import { type PolicyResource, type ResourceValidationArgs, unknownCheckingProxy } from "@pulumi/policy";
import { describe, expect, test } from "vitest";
import { policiesOf } from "../../policy/pack.ts";
import { FLEET, githubType, type Resource, UNKNOWN } from "../../policy/resource.ts";
import type { Options, ResourceRule, Rule, Stack, StackRule } from "../../policy/rule.ts";

/** What the SDK puts in the place of a text that a preview does not know. */
const UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const OPTS = {
  protect: true,
  deleteBeforeReplace: true,
  parent: "urn:parent",
  ignoreChanges: [],
  aliases: [],
  additionalSecretOutputs: [],
  customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
};

function args(type: string, props: object, config: Options = {}): ResourceValidationArgs & PolicyResource {
  return {
    type,
    urn: `urn:${type}`,
    name: "x",
    opts: OPTS,
    props: unknownCheckingProxy(props),
    stackTags: new Map(),
    isType: () => false,
    asType: () => undefined,
    getConfig: <T extends object>() => config as T,
    notApplicable: () => {
      throw new Error("not expected");
    },
    dependencies: [],
    propertyDependencies: {},
  };
}

const resourceRule = (check: ResourceRule["check"], options: ResourceRule["options"] = {}): Rule => ({
  kind: "resource",
  name: "one",
  description: "One.",
  reason: "",
  options,
  check,
});
const stackRule = (check: StackRule["check"]): Rule => ({
  kind: "stack",
  name: "all",
  description: "All.",
  reason: "",
  options: {},
  check,
});

/** Runs the policies as the engine does: each resource through all of them, then the stack. */
async function run(
  rules: readonly Rule[],
  resources: readonly ResourceValidationArgs[],
  stack: readonly PolicyResource[] = [],
): Promise<readonly string[]> {
  const said: string[] = [];
  const report = (message: string, urn?: string) =>
    void said.push(urn === undefined ? message : `${urn}: ${message}`);
  const policies = policiesOf(rules);
  for (const one of resources) {
    for (const policy of policies) {
      if ("validateResource" in policy && typeof policy.validateResource === "function") {
        await policy.validateResource(one, report);
      }
    }
  }
  for (const policy of policies) {
    if (!("validateStack" in policy)) continue;
    const { getConfig, notApplicable, stackTags } = args("x", {});
    await policy.validateStack({ resources: [...stack], getConfig, notApplicable, stackTags }, report);
  }
  return said;
}

describe("a rule about a resource", () => {
  test("knows nothing of a new resource that --target leaves out", async () => {
    const seen: Resource[] = [];
    const rule = resourceRule((resource) => {
      seen.push(resource);
      return [];
    });
    await run([rule], [args(githubType("ActionsSecret"), {})]);
    expect(seen[0]?.inputs.repository).toBe(UNKNOWN);
    expect(Object.keys(seen[0]?.inputs ?? {})).toEqual([]);
  });

  test("sees inputs and options, and UNKNOWN in the place of what a preview does not know", async () => {
    const seen: Resource[] = [];
    const rule = resourceRule((resource) => {
      seen.push(resource);
      return [];
    });
    await run(
      [rule],
      [args(FLEET, { owner: UNKNOWN_TEXT, list: ["a", { deep: UNKNOWN_TEXT }], flag: false, none: null })],
    );
    expect(seen).toEqual([
      {
        urn: `urn:${FLEET}`,
        type: FLEET,
        inputs: { owner: UNKNOWN, list: ["a", { deep: UNKNOWN }], flag: false, none: null },
        protect: true,
        deleteBeforeReplace: true,
        parent: "urn:parent",
      },
    ]);
  });

  test("is given the pack's configuration over its defaults", async () => {
    const options = {
      low: { type: "number" as const, description: "", default: 1 },
      high: { type: "number" as const, description: "", default: 9 },
    };
    const rule = resourceRule((_, config) => [JSON.stringify(config)], options);
    expect(await run([rule], [args(FLEET, {}, { high: 5 })])).toEqual(['{"low":1,"high":5}']);
  });

  test("finds the component that was registered before", async () => {
    const rule = resourceRule((resource, _, earlier) => [
      `${earlier.parent({ ...resource, parent: `urn:${FLEET}` })?.type} ${earlier.ofType(FLEET).length}`,
    ]);
    expect(await run([rule], [args(FLEET, {}), args("child", {})])).toEqual([`${FLEET} 1`, `${FLEET} 1`]);
  });

  test("never gets a secret out, whatever it says", async () => {
    const secret = args(githubType("ActionsSecret"), { value: "dispatch-token-3f81" });
    const rule = resourceRule(({ inputs }) => [`told ${String(inputs.value)} twice ${String(inputs.value)}`]);
    expect(await run([rule], [secret])).toEqual(["told *** twice ***"]);
  });
});

describe("a rule about the stack", () => {
  const note = resourceRule(() => []);

  test("sees the inputs of components, which the stack at the end does not have, and the state's outputs", async () => {
    const stacks: Stack[] = [];
    const rule = stackRule((stack) => {
      stacks.push(stack);
      return [{ urn: "urn:x", message: "wrong" }];
    });
    const said = await run(
      [note, rule],
      [args(FLEET, { owner: "acme" })],
      [args(FLEET, { minute: UNKNOWN_TEXT })],
    );
    expect(said).toEqual(["urn:x: wrong"]);
    expect(stacks).toMatchObject([
      { complete: true, resources: [{ inputs: { owner: "acme" }, outputs: { minute: UNKNOWN } }] },
    ]);
  });

  test("is told where a run leaves resources out", async () => {
    const stacks: Stack[] = [];
    const rule = stackRule((stack) => {
      stacks.push(stack);
      return [];
    });
    await run([note, rule], [args("a", {})], [args("a", {}), args("b", { file: "x" }), args(FLEET, {})]);
    // A component has nothing in the state that a rule could start from.
    expect(stacks).toMatchObject([
      { complete: false, resources: [{ type: "a" }, { type: "b", inputs: { file: "x" } }] },
    ]);
  });

  test("says so where it was shown nothing, instead of finding nothing", async () => {
    expect(await run([stackRule(() => [])], [], [args("a", {})])).toEqual([
      "nothing of the stack was shown: enable a rule about single resources",
    ]);
  });
});

test("a policy has its rule's name, description and level, and a schema only where there are options", () => {
  const advisory: Rule = { ...resourceRule(() => []), level: "advisory" };
  const schema = { type: "number" as const, description: "A number.", default: 1 };
  const policies = policiesOf([advisory, resourceRule(() => [], { size: schema })]);
  expect(policies).toMatchObject([
    { name: "one", description: "One.", enforcementLevel: "advisory" },
    { enforcementLevel: "mandatory", configSchema: { properties: { size: schema } } },
  ]);
  expect(policies[0]).not.toHaveProperty("configSchema");
});
