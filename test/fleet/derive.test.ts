import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deriveFleet, type Fleet } from "../../fleet/derive.ts";
import { formatFinding } from "../../fleet/findings.ts";
import { configOf, faults, satisOf, satisText, vcs, warnings } from "./support.ts";

type Values = Readonly<Record<string, string>>;
const derive = (entries: unknown, values: Values = {}, rest: Readonly<Record<string, unknown>> = {}) =>
  deriveFleet(satisOf(satisText(entries, rest)), configOf(values));
const fleetOf = (...args: Parameters<typeof derive>): Fleet => {
  const { fleet, findings } = derive(...args);
  if (fleet === undefined) throw new Error(JSON.stringify(findings));
  return fleet;
};

test("a fleet has one package for each repository of the owner, sorted, in lower case", () => {
  const fleet = fleetOf([
    vcs("git@github.com:UCF/Theme.git"),
    vcs("https://github.com/ucf/Plugin", { name: "UCF/Plug-In" }),
  ]);
  expect(fleet.packages).toEqual([
    {
      id: "ucf/plugin",
      owner: "ucf",
      repository: "plugin",
      name: "ucf/plug-in",
      dispatchName: "ucf/plug-in",
      delivery: "commit",
    },
    { id: "ucf/theme", owner: "ucf", repository: "theme", dispatchName: "ucf/theme", delivery: "commit" },
  ]);
});

test("what the fleet does not manage is listed with its reason and place", () => {
  const fleet = fleetOf([
    vcs("https://github.com/roots/soil"),
    vcs("ssh://git@hub.example.com:7999/dru/theme.git"),
    vcs("/srv/git/theme"),
    { type: "composer", url: "https://user@wp.example.org/?x=1" },
    { type: "package", package: {} },
    { type: "path", url: "../packages/*" },
    { type: "svn", url: "https://github.com/ucf/old" },
    vcs("https://github.com/ucf/packages"),
    { packagist: false },
  ]);
  expect(fleet.packages).toEqual([]);
  expect(fleet.unmanaged.map(({ url, type, reason }) => [type, url, reason])).toEqual([
    ["vcs", "https://github.com/roots/soil", "owner roots is not UCF"],
    ["vcs", "ssh://hub.example.com:7999/dru/theme", "on hub.example.com, not on github.com"],
    ["vcs", "/srv/git/theme", "a path on the machine that builds"],
    ["composer", "https://wp.example.org/", "type composer is not a git repository"],
    ["package", undefined, "type package is not a git repository"],
    ["path", "../packages/*", "type path is not a git repository"],
    ["svn", "https://github.com/ucf/old", "type svn is not a git repository"],
    ["vcs", "https://github.com/ucf/packages", "the composer repository itself"],
  ]);
  expect(fleet.unmanaged[1]).toMatchObject({ line: 9, column: 5 });
});

test("a fleet without a package is a composer repository alone, and says so", () => {
  expect(warnings(derive([]).findings)).toEqual([
    "no entry is a repository of UCF on github.com; the fleet is the composer repository alone",
  ]);
});

test("on GitHub Enterprise its own host counts, and a bad path there is a fault", () => {
  const values = { "github:baseUrl": "https://ghe.example.com/", "satis-fleet:hosting": "private" };
  const entries = [vcs("git@ghe.example.com:ucf/a"), vcs("https://github.com/ucf/b")];
  expect(fleetOf(entries, values).packages.map(({ id }) => id)).toEqual(["ucf/a"]);
  expect(faults(derive([vcs("https://ghe.example.com/ucf/a/b")], values).findings)).toEqual([
    '"https://ghe.example.com/ucf/a/b" names no repository of ghe.example.com',
  ]);
});

describe("two entries", () => {
  test("for one repository are one package and one warning", () => {
    const { fleet, findings } = derive([
      vcs("https://github.com/ucf/a"),
      vcs("git@github.com:UCF/A.git"),
      vcs("https://github.com/ucf/a/"),
    ]);
    expect(fleet).toMatchObject({ duplicates: 2, packages: [{ id: "ucf/a" }] });
    expect(findings.map(formatFinding)).toEqual([
      "satis.json:9:5: warning: ucf/a is already named on line 5: keep one of the two entries",
      "satis.json:13:5: warning: ucf/a is already named on line 5: keep one of the two entries",
    ]);
  });

  test("with two names for one repository are warned of, and the name does not depend on their order", () => {
    const entries = [
      vcs("https://github.com/ucf/a", { name: "ucf/z" }),
      vcs("https://github.com/ucf/a", { name: "ucf/b" }),
    ];
    expect(warnings(derive(entries).findings)).toContain("ucf/a has several names: ucf/b, ucf/z");
    expect(fleetOf(entries).packages).toEqual(fleetOf(entries.toReversed()).packages);
    expect(fleetOf(entries).packages[0]?.dispatchName).toBe("ucf/b");
  });

  test("with one name for two repositories are warned of, and the name is dispatched for one of them", () => {
    const entries = [
      vcs("https://github.com/ucf/b", { name: "ucf/x" }),
      vcs("https://github.com/ucf/a", { name: "UCF/X" }),
    ];
    expect(warnings(derive(entries).findings)).toEqual(["ucf/b and ucf/a both have the name ucf/x"]);
    expect(fleetOf(entries).packages.map(({ dispatchName }) => dispatchName)).toEqual(["ucf/x", "ucf/b"]);
  });
});

test("a name that is no package's is ignored with a warning", () => {
  const { fleet, findings } = derive([vcs("https://github.com/ucf/a", { name: "Our theme" })]);
  expect(fleet?.packages[0]?.dispatchName).toBe("ucf/a");
  expect(warnings(findings)).toEqual(['"Our theme" is no package name and is ignored']);
});

test("delivery and branch are the repository's own where configured, and keys that name no package are warned of", () => {
  const { fleet, findings } = derive([vcs("https://github.com/ucf/a"), vcs("https://github.com/ucf/b")], {
    "satis-fleet:delivery": '{"*": "pull-request", "UCF/B": "commit", "ucf/gone": "commit"}',
    "satis-fleet:branches": '{"ucf/a": "develop", "ucf/missing": "x"}',
  });
  expect(fleet?.packages).toMatchObject([
    { delivery: "pull-request", branch: "develop" },
    { delivery: "commit" },
  ]);
  expect(warnings(findings)).toEqual([
    "satis-fleet:delivery names ucf/gone, which is no managed package",
    "satis-fleet:branches names ucf/missing, which is no managed package",
  ]);
});

describe("a rename", () => {
  const rename = (renames: Values, entries = [vcs("https://github.com/ucf/new")]) =>
    derive(entries, { "satis-fleet:renames": JSON.stringify(renames) });

  test("is known to the package under its new name", () => {
    expect(rename({ "UCF/Old": "ucf/New" }).fleet?.packages).toMatchObject([
      { id: "ucf/new", renamedFrom: "ucf/old" },
    ]);
  });

  test.each<[string, Values, string[]]>([
    [
      "to a package that is not there",
      { "ucf/old": "ucf/other" },
      ["satis-fleet:renames: ucf/other is no managed package of satis.json"],
    ],
    [
      "from one that still is",
      { "ucf/new": "ucf/other" },
      ["satis-fleet:renames: ucf/new is still in satis.json"],
    ],
    ["to itself", { "ucf/new": "UCF/New" }, ["satis-fleet:renames: ucf/new is renamed to itself"]],
    [
      "of two into one",
      { "ucf/a": "ucf/new", "ucf/b": "ucf/new" },
      ["satis-fleet:renames: ucf/a and ucf/b are both renamed to ucf/new"],
    ],
    [
      "in a chain",
      { "ucf/a": "ucf/b", "ucf/b": "ucf/new" },
      ["satis-fleet:renames: ucf/a -> ucf/b is one of a chain"],
    ],
    [
      "in a circle",
      { "ucf/a": "ucf/new", "ucf/new": "ucf/a" },
      [
        "satis-fleet:renames: ucf/a -> ucf/new is one of a chain",
        "satis-fleet:renames: ucf/new -> ucf/a is one of a chain",
      ],
    ],
  ])("%s is a fault", (_what, renames, messages) => {
    expect(faults(rename(renames).findings)).toEqual(messages);
    expect(rename(renames).fleet).toBeUndefined();
  });
});

describe("the composer repository", () => {
  const composer = (homepage: string, values: Values = {}) =>
    derive([vcs("https://github.com/ucf/a")], values, { homepage });
  const misplaced = (homepage: string, values: Values = {}) =>
    warnings(composer(homepage, values).findings).length > 0;

  test.each<[string, Values, string]>([
    ["https://ucf.github.io/ucf-packagist/", {}, "ucf-packagist"],
    ["https://UCF.github.io/UCF-Packagist", {}, "UCF-Packagist"],
    ["https://ucf.github.io", {}, "ucf.github.io"],
    ["https://ucf.github.io/ucf-packagist/", { "satis-fleet:composerRepository": "registry" }, "registry"],
    ["https://purdue.github.io/packages/", {}, "composer"],
    ["https://packages.example.de", {}, "composer"],
    ["https://ucf.github.io/-x/", {}, "composer"],
  ])("of homepage %s with %j is %s", (homepage, values, repository) => {
    expect(composer(homepage, values).fleet?.composer.repository).toBe(repository);
  });

  test("on Pages serves the registry at the homepage as it is written", () => {
    expect(composer("https://ucf.github.io/ucf-packagist").fleet?.composer).toMatchObject({
      owner: "UCF",
      branch: "main",
      registryUrl: "https://ucf.github.io/ucf-packagist",
      metadataUrl: "/ucf-packagist/p2/%package%.json",
    });
  });

  test.each<[Values, string, string]>([
    [{}, "https://api.github.com", ""],
    [{ "github:baseUrl": "https://ghe.example.com/" }, "https://ghe.example.com/api/v3", "/api/v3"],
  ])("with hosting private and %j is read through the contents API at %s", (values, api, prefix) => {
    const { fleet } = composer("https://example.com", { ...values, "satis-fleet:hosting": "private" });
    expect(fleet?.composer).toMatchObject({
      registryUrl: `${api}/repos/UCF/composer/contents/packages.json?ref=registry`,
      metadataUrl: `${prefix}/repos/UCF/composer/contents/p2/%package%.json?ref=registry`,
    });
  });

  test("has a domain of its own where the homepage is the root of one", () => {
    expect(composer("https://packages.ucf.edu/").fleet?.composer.customDomain).toBe("packages.ucf.edu");
    expect(composer("https://ucf.edu/composer/").fleet?.composer.customDomain).toBeUndefined();
  });

  test.each<[string, boolean]>([
    ["https://ucf.github.io/packages/", false],
    ["https://ucf.github.io", false],
    ["https://packages.ucf.edu", false],
    ["https://ucf.edu/composer/", false],
    ["https://ucf.edu/elsewhere/", true],
    ["https://ucf.github.io/packages/deeper/", true],
    ["https://purdue.github.io/packages/", true],
    ["https://github.com/ucf/packages", true],
    ["https://example.com", true],
  ])("of homepage %s is warned to be elsewhere: %s", (homepage, warned) => {
    expect(misplaced(homepage)).toBe(warned);
  });

  test("with hosting private may have any homepage", () => {
    expect(misplaced("https://example.com", { "satis-fleet:hosting": "private" })).toBe(false);
  });
});

test.each<[Values, Fleet["features"]]>([
  [{}, { ruleset: true, environment: true, organizationSecret: false, pages: true }],
  [
    { "satis-fleet:hosting": "private" },
    { ruleset: true, environment: true, organizationSecret: false, pages: false },
  ],
  [
    { "satis-fleet:manageRepository": "false" },
    { ruleset: false, environment: true, organizationSecret: false, pages: true },
  ],
  [
    { "satis-fleet:secretScope": "organization" },
    { ruleset: true, environment: true, organizationSecret: true, pages: true },
  ],
  [
    { "satis-fleet:secretScope": "organization", "satis-fleet:notify": "poll" },
    { ruleset: true, environment: true, organizationSecret: false, pages: true },
  ],
  [
    {
      "satis-fleet:plan": "free",
      "satis-fleet:hosting": "private",
      "satis-fleet:secretScope": "organization",
    },
    { ruleset: false, environment: false, organizationSecret: false, pages: false },
  ],
  [
    { "satis-fleet:plan": "free", "satis-fleet:visibility": "public" },
    { ruleset: true, environment: true, organizationSecret: false, pages: true },
  ],
])("with %j the composer repository may have %j", (values, features) => {
  expect(fleetOf([], values).features).toEqual(features);
});

describe("identity", () => {
  const forms = [
    (id: string) => `https://github.com/${id}`,
    (id: string) => `https://github.com/${id}.git`,
    (id: string) => `git@github.com:${id}/`,
    (id: string) => `ssh://git@github.com/${id}.git`,
    (id: string) => `http://www.github.com/${id.toUpperCase()}/`,
  ];
  const entry = fc.record({
    repository: fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/),
    name: fc.option(fc.stringMatching(/^[a-z]{1,5}\/[a-z]{1,5}$/), { nil: undefined }),
  });
  const rewritten = fc.record({
    forms: fc.array(fc.nat(), { minLength: 1 }),
    shift: fc.nat(),
    reverse: fc.boolean(),
    indent: fc.constantFrom(0, 2, "\t"),
  });

  test("does not change with order, format, URL form and letter case", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), rewritten, (entries, how) => {
        const write = (form: (index: number) => number, upper: boolean) =>
          entries.map(({ repository, name }, index) =>
            vcs(
              (forms[form(index) % forms.length] ?? String)(`ucf/${repository}`),
              name === undefined ? {} : { name: upper ? name.toUpperCase() : name },
            ),
          );
        const original = fleetOf(write(() => 0, false));
        const other = write((index) => how.forms[index % how.forms.length] ?? 0, how.reverse);
        const cut = entries.length === 0 ? 0 : how.shift % entries.length;
        const moved = [...other.slice(cut), ...other.slice(0, cut)];
        const text = JSON.stringify(
          JSON.parse(satisText(how.reverse ? moved.reverse() : moved)),
          null,
          how.indent,
        );
        const { fleet } = deriveFleet(
          satisOf(text),
          configOf({ "github:owner": how.reverse ? "ucf" : "UCF" }),
        );
        expect(fleet?.packages).toEqual(original.packages);
        expect(fleet?.duplicates).toBe(original.duplicates);
      }),
    );
  });

  test("of one package does not change when another comes or goes", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 8 }),
        (names) => {
          const all = fleetOf(names.map((name) => vcs(`https://github.com/ucf/${name}`))).packages;
          const rest = fleetOf(names.slice(1).map((name) => vcs(`https://github.com/ucf/${name}`))).packages;
          expect(rest).toEqual(all.filter(({ repository }) => repository !== names[0]));
        },
      ),
    );
  });
});

test("five thousand entries are one fleet of five thousand packages", () => {
  const entries = Array.from({ length: 5_000 }, (_, index) =>
    vcs(`git@github.com:UCF/Package-${index}.git`, { name: `ucf/package-${index}` }),
  );
  expect(fleetOf(entries).packages).toHaveLength(5_000);
});
