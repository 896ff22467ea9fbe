import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { updateWorkflowPath } from "../../fleet/announcement.ts";
import { formatFinding } from "../../fleet/findings.ts";
import {
  dispatchOf,
  parseSubscriptions,
  readSubscriptions,
  readSubscriptionsText,
  subscriptionsText,
  wantsPackage,
} from "../../fleet/subscriptions.ts";
import { TOKEN } from "./support.ts";

const parse = (text: string) => parseSubscriptions(text, { file: "subscriptions.json" });
const of = (...subscriptions: readonly object[]) => parse(JSON.stringify({ subscriptions }));
const said = (text: string) => parse(text).findings.map(formatFinding);
const SITE = { repository: "acme/website", packages: ["acme/*"] };

describe("subscriptions.json", () => {
  test("may have comments and trailing commas, and says every default", () => {
    const { subscriptions, findings } = parse(`{
      // who wants what
      "subscriptions": [
        { "repository": "Acme/Website", "packages": ["acme/queue", "ACME/*",], /* all */ },
      ],
    }`);
    expect(findings).toEqual([]);
    expect(subscriptions?.list).toEqual([
      {
        id: "acme/website",
        repository: "acme/website",
        directory: "",
        branches: [],
        php: "8.4",
        packages: ["acme/*", "acme/queue"],
        notify: [],
        delayMinutes: 0,
        paused: false,
        batching: "all",
        strategy: "within-constraint",
        labels: [],
        development: false,
        plugins: false,
        token: false,
        workflowPermissions: "read",
        line: 4,
        column: 9,
      },
    ]);
  });

  test("that is not there means no subscriptions; one that cannot be read is a fault", () => {
    const folder = mkdtempSync(join(tmpdir(), "subscriptions-"));
    try {
      const path = join(folder, "subscriptions.json");
      expect(readSubscriptions(path)).toEqual({ subscriptions: { file: path, list: [] }, findings: [] });
      expect(readSubscriptions(folder, "here").findings.map(formatFinding)).toEqual([
        "here: fault: is not a regular file: name the file: pulumi config set satis-fleet:subscriptionsFile PATH",
      ]);
      writeFileSync(path, Buffer.from([0x7b, 0xff]));
      expect(readSubscriptions(path, "s.json").findings[0]?.message).toBe("is not UTF-8 text");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("names every fault at once, with its place and what to write", () => {
    expect(
      said(`{
  "default": {},
  "subscriptions": [
    { "repositry": "acme/website", "packages": ["acme/*"] },
    { "repository": "acme", "packages": [] },
    { "repository": "acme/a", "packages": ["Acme"], "php": 8.4, "batching": "al", "delayMinutes": -1 },
    { "repository": "acme/b", "packages": ["acme/*"], "notify": ["ops@acme.example"], "branches": ["a b"] },
    { "repository": "acme/c", "packages": ["acme/*"], "dispatch": { "workflow": "../x.yml", "reff": "main" } },
    { "repository": "acme/d", "packages": ["acme/*"], "committer": { "name": "A <b>", "email": "no" }, "labels": ["a,b"] }
  ]
}`),
    ).toEqual([
      'subscriptions.json:2:3: fault: there is no key "default": did you mean "defaults"?',
      "subscriptions.json:4:5: fault: subscriptions[0].repository is missing: write a text in quotes there",
      'subscriptions.json:4:7: fault: there is no key "repositry" in subscriptions[0]: did you mean "repository"?',
      'subscriptions.json:5:21: fault: subscriptions[1].repository is no owner/repository: write "owner/repository"',
      'subscriptions.json:5:41: fault: subscriptions[1].packages names no package: write ["vendor/*"], or take the subscription out',
      'subscriptions.json:6:44: fault: subscriptions[2].packages[0] is no package name or pattern: write "vendor/package", or "vendor/*"',
      "subscriptions.json:6:60: fault: subscriptions[2].php is 8.4: write a text in quotes",
      'subscriptions.json:6:77: fault: subscriptions[2].batching is the text "al": write "all", "package"',
      "subscriptions.json:6:99: fault: subscriptions[2].delayMinutes is -1: write 0 or more",
      'subscriptions.json:7:66: fault: subscriptions[3].notify[0] is no @user or @organization/team: write "@user" or "@organization/team"',
      'subscriptions.json:7:100: fault: subscriptions[3].branches[0] is no branch name: write a name such as "main", or take it out',
      'subscriptions.json:8:81: fault: subscriptions[4].dispatch.workflow is no workflow\'s file name: write "update.yml", the file below .github/workflows',
      'subscriptions.json:8:93: fault: there is no key "reff" in subscriptions[4].dispatch: did you mean "ref"?',
      "subscriptions.json:9:78: fault: subscriptions[5].committer.name is no name that git takes: write a name without < and >",
      'subscriptions.json:9:96: fault: subscriptions[5].committer.email is no e-mail address: write "bot@example.com"',
      "subscriptions.json:9:115: fault: subscriptions[5].labels[0] is no label that GitHub takes: write 1 to 50 characters without a comma",
    ]);
  });

  test.each(["apps/../..", "/etc", "a b", "-x", "$(id)", "a//b", ".git/x"])(
    "refuses the folder %j",
    (directory) => {
      const { subscriptions, findings } = of({ ...SITE, directory });
      expect(subscriptions).toBeUndefined();
      expect(findings[0]?.message).toBe("subscriptions[0].directory is no folder of the repository");
    },
  );

  test.each([
    ["./apps/shop/", "apps/shop"],
    [".", ""],
    ["", ""],
  ])("writes the folder %j as %j", (directory, normal) => {
    expect(of({ ...SITE, directory }).subscriptions?.list[0]?.directory).toBe(normal);
  });

  test("takes from defaults what a subscription does not say", () => {
    const text = JSON.stringify({
      defaults: {
        packages: ["acme/*"],
        php: "8.3",
        labels: ["deps"],
        committer: { name: "Bot", email: "bot@acme.example" },
      },
      subscriptions: [
        { repository: "acme/a" },
        { repository: "acme/b", php: "8.4", packages: ["acme/x"], labels: [] },
      ],
    });
    expect(parse(text).subscriptions?.list).toMatchObject([
      { php: "8.3", packages: ["acme/*"], labels: ["deps"], committer: { name: "Bot" } },
      { php: "8.4", packages: ["acme/x"], labels: [], committer: { name: "Bot" } },
    ]);
  });

  test("has one subscription for each folder of a repository", () => {
    const { findings } = of(
      SITE,
      { ...SITE, repository: "ACME/Website" },
      { ...SITE, directory: "apps/shop" },
    );
    expect(findings.map(({ message }) => message)).toEqual(["acme/website is already subscribed on line 1"]);
    const clash = of({ ...SITE, directory: "apps/shop" }, { ...SITE, directory: "apps-shop" });
    expect(clash.findings[0]?.message).toContain("would share one workflow file");
    expect(of({ repository: "acme/website" }).findings[0]?.message).toBe(
      "subscriptions[0] names no packages",
    );
  });

  test("never repeats a credential", () => {
    const { findings } = of({ ...SITE, labels: [TOKEN] });
    expect(findings.some(({ message }) => /holds .* in clear/.test(message))).toBe(true);
    expect(findings.map(formatFinding).join("\n")).not.toContain(TOKEN);
  });

  test("is the same in any order", () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(names, (repositories) => {
        const all = repositories.map((name) => ({ repository: `acme/${name}`, packages: ["acme/*"] }));
        const plain = (list: readonly object[]) =>
          subscriptionsText((of(...list).subscriptions?.list ?? []).map(({ line, column, ...one }) => one));
        expect(plain(all.toReversed())).toBe(plain(all));
      }),
    );
  });
});

describe("what the announcer reads", () => {
  test("is what the control plane wrote, and nothing else", () => {
    const list = (of(SITE).subscriptions?.list ?? []).map(({ line, column, ...one }) => one);
    expect(readSubscriptionsText(subscriptionsText(list))).toEqual(list);
    expect(() => readSubscriptionsText("{}")).toThrow("is not what the fleet writes");
    expect(() => readSubscriptionsText("{")).toThrow("is no JSON");
  });

  test.each([
    ["*", "acme/a", true],
    ["acme/*", "ACME/Money", true],
    ["acme/*", "acme-other/money", false],
    ["acme/http-*", "acme/http-client", true],
    ["acme/*-client", "acme/http-client", true],
    ["acme/*-client", "acme/client", false],
    ["*/logger", "acme/logger", true],
    ["acme/a*b*c", "acme/a-b-b-c", true],
    ["acme/a*b*c", "acme/a-c", false],
    ["acme/ab*ba", "acme/aba", false],
    ["acme/x*ab*b", "acme/xab", false],
    ["acme/money", "acme/money-format", false],
  ])("the pattern %s and %s: %s", (pattern, name, wanted) => {
    expect(wantsPackage({ packages: [pattern] }, name)).toBe(wanted);
  });

  test("takes no time for a pattern made to take long", () => {
    const start = performance.now();
    wantsPackage({ packages: [`acme/${"a*".repeat(90)}b`] }, `acme/${"a".repeat(190)}`);
    expect(performance.now() - start).toBeLessThan(100);
  });

  test("dispatches the fleet's workflow of the folder, or the team's own", () => {
    expect(dispatchOf({ directory: "" })).toEqual({ workflow: "update-composer-packages.yml" });
    expect(dispatchOf({ directory: "apps/shop" })).toEqual({
      workflow: "update-composer-packages-apps-shop.yml",
    });
    expect(updateWorkflowPath("apps/shop")).toBe(".github/workflows/update-composer-packages-apps-shop.yml");
    const own = { workflow: "theirs.yml", ref: "main" };
    expect(dispatchOf({ directory: "", dispatch: own })).toEqual(own);
  });
});
