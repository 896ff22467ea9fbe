import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadPolicies, readPolicyConfig } from "../../cli/policies.ts";
import { formatFinding } from "../../fleet/findings.ts";
import { RULES } from "../../policy/rules.ts";

const folder = mkdtempSync(join(tmpdir(), "satis-fleet-policies-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function reading(text: string): readonly string[] {
  const path = join(folder, `${files++}.json`);
  writeFileSync(path, text);
  return readPolicyConfig(path, "policy-config.json").map(formatFinding);
}

describe("the policies' configuration", () => {
  test("takes a level or options for every rule, and a level for all of them", () => {
    const levels = RULES.map(({ name }, index) => [name, ["advisory", "mandatory", "disabled"][index % 3]]);
    expect(reading(JSON.stringify({ all: "advisory", ...Object.fromEntries(levels) }))).toEqual([]);
    const defaults = RULES.map(({ name, options }) => [
      name,
      {
        enforcementLevel: "advisory",
        ...Object.fromEntries(Object.entries(options).map(([key, option]) => [key, option.default])),
      },
    ]);
    expect(reading(JSON.stringify(Object.fromEntries(defaults)))).toEqual([]);
  });

  test("names every fault with its line, and what was probably meant", () => {
    expect(
      reading(`{
  "repository-visability": "advisory",
  "repository-visibility": { "allowed": ["publik"], "alowed": [] },
  "workflow-has-timeouts": { "maximumMinutes": 0 },
  "pages-https": "optional",
  "package-owner": true
}`),
    ).toEqual([
      'policy-config.json:2:3: fault: the pack has no rule "repository-visability": did you mean "repository-visibility"?',
      'policy-config.json:3:42: fault: repository-visibility.allowed[0] is the text "publik": write "private", "internal", "public"',
      'policy-config.json:3:53: fault: repository-visibility has no option "alowed": did you mean "allowed"?',
      "policy-config.json:4:48: fault: workflow-has-timeouts.maximumMinutes is 0: write 1 or more",
      'policy-config.json:5:18: fault: pages-https is the text "optional": write "advisory", "mandatory", "disabled" or an object {...}',
      'policy-config.json:6:20: fault: package-owner is true: write "advisory", "mandatory", "disabled" or an object {...}',
    ]);
  });

  test.each([
    ["", /^policy-config\.json:1:1: fault: /],
    ["{", /^policy-config\.json:1:2: fault: a closing brace/],
    ["[]", /^policy-config\.json:1:1: fault: the document is a list: write an object/],
    ['{"all": "advisory",}', /^policy-config\.json:1:19: fault: a comma before/],
  ])("refuses %j with its place", (text, told) => {
    expect(reading(text)).toEqual([expect.stringMatching(told)]);
  });

  test("a file that was named must be there", () => {
    const { findings } = loadPolicies("nowhere/policies.json", join(folder, "satis.json"));
    expect(findings.map(formatFinding)).toEqual([
      "nowhere/policies.json: fault: does not exist: write it, or name another: --policy-config FILE",
    ]);
  });

  test("the one beside satis.json is found, and may be missing", () => {
    const satis = join(folder, "satis.json");
    expect(loadPolicies(undefined, satis)).toMatchObject({
      policies: { policyPackConfigs: [] },
      findings: [],
    });
    writeFileSync(join(folder, "policy-config.json"), "{}");
    expect(loadPolicies(undefined, satis)).toMatchObject({
      policies: { policyPackConfigs: [join(folder, "policy-config.json")] },
      findings: [],
    });
  });
});
