import { describe, expect, test } from "vitest";
import { CONFIG_KEYS, parseConfig } from "../../fleet/config.ts";
import { formatFinding } from "../../fleet/findings.ts";
import { configOf, faults, TOKEN, warnings } from "./support.ts";

const DISPATCH = "satis-fleet:dispatchToken";
const parse = (values: Readonly<Record<string, string>>, secrets: readonly string[] = [DISPATCH]) =>
  parseConfig(new Map(Object.entries(values)), new Set(secrets));
const lines = (values: Readonly<Record<string, string>>, secrets?: readonly string[]) =>
  parse({ "github:owner": "UCF", ...values }, secrets).findings.map(formatFinding);

test("an owner and a dispatch token are enough, and the defaults suit most", () => {
  expect(parse({ "github:owner": "UCF" }).findings).toEqual([]);
  expect(configOf()).toEqual({
    github: {
      owner: "UCF",
      host: "github.com",
      apiUrl: "https://api.github.com",
      writeDelayMs: 1000,
      authentication: "environment",
    },
    satisFile: "satis.json",
    composerBranch: "main",
    manageRepository: true,
    visibility: "private",
    plan: "team",
    hosting: "pages",
    notify: "dispatch",
    secretScope: "repository",
    secretName: "COMPOSER_REPO_PAT",
    delivery: { default: "commit", byRepository: new Map() },
    branches: new Map(),
    renames: new Map(),
    vendors: ["ucf"],
    maxHeldPercent: 20,
    maxDeletedPercent: 10,
    reviewers: [],
    commitSatis: true,
    consumerSecrets: { announceToken: false, registryToken: false, consumerToken: false },
  });
});

test("every key is read, lists and objects from JSON, names without case", () => {
  const config = configOf({
    "github:baseUrl": "https://ghe.example.com/",
    "github:writeDelayMs": "1",
    "satis-fleet:satisFile": "fleet/satis.json",
    "satis-fleet:composerRepository": "Registry",
    "satis-fleet:composerBranch": "trunk",
    "satis-fleet:manageRepository": "false",
    "satis-fleet:visibility": "internal",
    "satis-fleet:plan": "enterprise",
    "satis-fleet:hosting": "private",
    "satis-fleet:notify": "poll",
    "satis-fleet:secretScope": "organization",
    "satis-fleet:secretName": "composer_pat",
    "satis-fleet:delivery": '{"*": "pull-request", "UCF/Theme": "commit"}',
    "satis-fleet:branches": '{"UCF/Theme": "release/1.x"}',
    "satis-fleet:renames": '{"UCF/Old": "UCF/New"}',
    "satis-fleet:vendors": '["UCF", "acme"]',
    "satis-fleet:reviewers": '["@ucf/platform", "@someone", "ops@example.org"]',
    "satis-fleet:commitSatis": "false",
  });
  expect(config.github).toMatchObject({
    host: "ghe.example.com",
    apiUrl: "https://ghe.example.com/api/v3",
    writeDelayMs: 1,
  });
  expect(config).toMatchObject({
    composerRepository: "Registry",
    secretName: "COMPOSER_PAT",
    delivery: { default: "pull-request", byRepository: new Map([["ucf/theme", "commit"]]) },
    branches: new Map([["ucf/theme", "release/1.x"]]),
    renames: new Map([["ucf/old", "ucf/new"]]),
    vendors: ["ucf", "acme"],
    reviewers: ["@ucf/platform", "@someone", "ops@example.org"],
    commitSatis: false,
  });
});

describe("the GitHub behind baseUrl", () => {
  test.each([
    ["https://api.github.com/", "github.com", "https://api.github.com"],
    ["https://ghe.example.com", "ghe.example.com", "https://ghe.example.com/api/v3"],
    ["https://ghe.example.com:8443/api/v3/", "ghe.example.com", "https://ghe.example.com:8443/api/v3"],
    ["https://api.acme.ghe.com/", "acme.ghe.com", "https://api.acme.ghe.com"],
    ["http://127.0.0.1:4010/", "github.com", "http://127.0.0.1:4010/api/v3"],
  ])("%s has repositories on %s and its API at %s", (baseUrl, host, apiUrl) => {
    expect(configOf({ "github:baseUrl": baseUrl }).github).toMatchObject({ baseUrl, host, apiUrl });
  });

  test.each([
    "ghe.example.com",
    "http://ghe.example.com/",
    "https://me:hunter2@ghe.example.com/",
    "https://x.org/?a",
    "ftp://x.org",
  ])("is not %s", (baseUrl) => {
    const [line = ""] = lines({ "github:baseUrl": baseUrl });
    expect(line).toContain("github:baseUrl is no https address of a GitHub");
    expect(line).not.toContain("hunter2");
  });
});

describe("faults", () => {
  test("come all at once, with the command that repairs each", () => {
    expect(
      parse(
        {
          "github:writeDelayMs": "-1",
          "satis-fleet:paln": "team",
          "satis-fleet:plan": "gold",
          "satis-fleet:commitSatis": "no",
          "satis-fleet:secretName": "GITHUB_X",
          "satis-fleet:vendors": "ucf",
          "satis-fleet:delivery":
            '{"theme": "commit", "ucf/a": "mail", "ucf/b": "commit", "UCF/B": "commit"}',
        },
        [],
      ).findings.map(formatFinding),
    ).toEqual([
      'stack config: fault: there is no key "satis-fleet:paln": did you mean satis-fleet:plan? pulumi config rm satis-fleet:paln',
      "stack config: fault: github:owner is missing: pulumi config set github:owner my-organization",
      'stack config: fault: github:writeDelayMs is no whole number of 0 or more: "-1": pulumi config set github:writeDelayMs 1000',
      'stack config: fault: satis-fleet:plan is none of free, team, enterprise: "gold": pulumi config set satis-fleet:plan team',
      'stack config: fault: satis-fleet:secretName is no secret name that GitHub takes (letters, digits, _; not GITHUB_...): "GITHUB_X": pulumi config set satis-fleet:secretName COMPOSER_REPO_PAT',
      'stack config: fault: satis-fleet:delivery has a key that is no owner/repository: "theme": pulumi config set satis-fleet:delivery \'{"*": "commit", "owner/repository": "pull-request"}\'',
      'stack config: fault: satis-fleet:delivery is neither commit nor pull-request, for "ucf/a": pulumi config set satis-fleet:delivery \'{"*": "commit", "owner/repository": "pull-request"}\'',
      'stack config: fault: satis-fleet:delivery has a key in two letter cases: "UCF/B": pulumi config set satis-fleet:delivery \'{"*": "commit", "owner/repository": "pull-request"}\'',
      "stack config: fault: satis-fleet:vendors is no list of texts: pulumi config set satis-fleet:vendors '[\"my-organization\"]'",
      'stack config: fault: satis-fleet:commitSatis is neither true nor false: "no": pulumi config set satis-fleet:commitSatis false',
      "stack config: fault: satis-fleet:dispatchToken is missing, and notify is dispatch: pulumi config set --secret satis-fleet:dispatchToken, or pulumi config set satis-fleet:notify poll",
    ]);
  });

  test.each<[string, string]>([
    ["github:owner", "UCF/x"],
    ["github:owner", "-ucf"],
    ["github:owner", "$(id)"],
    ["satis-fleet:composerRepository", "a/b"],
    ["satis-fleet:composerRepository", ".."],
    ["satis-fleet:composerRepository", "${{ secrets.X }}"],
    ["satis-fleet:composerBranch", "a..b"],
    ["satis-fleet:composerBranch", "-b"],
    ["satis-fleet:composerBranch", "a b"],
    ["satis-fleet:satisFile", "a\nb"],
    ["satis-fleet:secretName", "1X"],
    ["satis-fleet:secretName", "A-B"],
    ["satis-fleet:branches", '{"ucf/a": "$(id)"}'],
    ["satis-fleet:branches", '{"ucf/a": 1}'],
    ["satis-fleet:branches", '{"ucf/a": "x", "ucf/a": "y"}'],
    ["satis-fleet:branches", "[]"],
    ["satis-fleet:branches", "{"],
    ["satis-fleet:renames", '{"ucf/a": "b"}'],
    ["satis-fleet:vendors", '["a/b"]'],
    ["satis-fleet:vendors", "[1]"],
    ["satis-fleet:reviewers", '["someone"]'],
    ["satis-fleet:reviewers", '["@a/b/c"]'],
    ["satis-fleet:reviewers", '["@a b"]'],
    ["satis-fleet:delivery", "mail"],
    ["satis-fleet:delivery", '{"*": "mail"}'],
  ])("%s may not be %j", (name, value) => {
    const found = lines({ [name]: value });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`fault: ${name} `);
    expect(found[0]).toContain(`pulumi config set ${name} `);
  });

  test("a secret kept in clear is refused and not repeated", () => {
    const found = lines({ "github:token": TOKEN, "satis-fleet:readToken": "hunter2" });
    expect(found).toEqual([
      "stack config: fault: github:token is not set as a secret: pulumi config set --secret github:token",
      "stack config: fault: satis-fleet:readToken is not set as a secret: pulumi config set --secret satis-fleet:readToken",
    ]);
  });

  test("token and App exclude each other", () => {
    expect(
      faults(parse({ "github:owner": "UCF" }, ["github:token", "github:appAuth", DISPATCH]).findings),
    ).toEqual(["github:token and github:appAuth are both set"]);
  });

  test("internal repositories need plan enterprise", () => {
    expect(faults(parse({ "github:owner": "UCF", "satis-fleet:visibility": "internal" }).findings)).toEqual([
      "internal repositories need plan enterprise, and plan is team",
    ]);
  });

  test("the name of an unknown key is not pasted into a command unless it is harmless", () => {
    expect(lines({ "satis-fleet:$(id)": "x" })[0]).toBe(
      'stack config: fault: there is no key "satis-fleet:$(id)": pulumi config rm KEY',
    );
  });
});

describe("plan free", () => {
  const free = { "satis-fleet:plan": "free" };

  test("has no Pages for a private repository, and two ways out", () => {
    expect(lines(free)[0]).toBe(
      "stack config: fault: plan free has no Pages for a private repository: pulumi config set satis-fleet:hosting private, or pulumi config set satis-fleet:visibility public",
    );
  });

  test("leaves out what it withholds, with a warning", () => {
    const values = {
      "github:owner": "UCF",
      ...free,
      "satis-fleet:hosting": "private",
      "satis-fleet:secretScope": "organization",
    };
    expect(faults(parse(values).findings)).toEqual([]);
    expect(warnings(parse(values).findings)).toEqual([
      "plan free has no ruleset, environment and organization secret for private repositories: they are left out, and each package repository gets a secret of its own",
    ]);
  });

  test("withholds nothing from a public repository", () => {
    expect(lines({ ...free, "satis-fleet:visibility": "public" })).toEqual([]);
  });
});

test("keys of the provider that the program does not use, and tokens without use, are warnings; other namespaces are nobody's business", () => {
  expect(
    lines({
      "github:organization": "x",
      "pulumi:tags": "{}",
      "aws:region": "x",
      "satis-fleet:notify": "poll",
    }),
  ).toEqual([
    'stack config: warning: "github:organization" has no effect: the program makes its own provider: pulumi config rm github:organization',
    "stack config: warning: satis-fleet:dispatchToken is not used where notify is poll: pulumi config rm satis-fleet:dispatchToken",
  ]);
});

/** An App's id is nothing without its key. */
const secretsWith = (name: string) => [
  "satis-fleet:dispatchToken",
  ...(name === "satis-fleet:readAppId" ? ["satis-fleet:readAppKey"] : []),
];

test("the table of keys agrees with the parser: every default and example of a plain key is accepted", () => {
  for (const key of CONFIG_KEYS.filter(({ secret }) => !secret)) {
    for (const value of [key.default, key.example]) {
      if (value !== undefined)
        expect([
          key.name,
          faults(parse({ "github:owner": "UCF", [key.name]: value }, secretsWith(key.name)).findings),
        ]).toEqual([key.name, []]);
    }
    for (const choice of key.choices?.filter((choice) => choice !== "internal") ?? []) {
      expect(
        faults(
          parse({ "github:owner": "UCF", "satis-fleet:visibility": "public", [key.name]: choice }).findings,
        ),
      ).toEqual([]);
    }
  }
});
