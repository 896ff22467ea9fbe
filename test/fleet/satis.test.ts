import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { formatFinding } from "../../fleet/findings.ts";
import { parseSatis, readSatis } from "../../fleet/satis.ts";
import { faults, satisOf, satisText, TOKEN, vcs, warnings } from "./support.ts";

const parse = (text: string) => parseSatis(text, { file: "satis.json" });
const lines = (text: string) => parse(text).findings.map(formatFinding);

describe("a configuration", () => {
  test("needs a name and a homepage, nothing else", () => {
    const satis = satisOf('{"name": "Our packages", "homepage": "https://packages.example.org"}');
    expect(satis).toMatchObject({
      name: "Our packages",
      homepage: "https://packages.example.org",
      entries: [],
      vendors: [],
    });
    expect(faults(parse("{}").findings)).toEqual(["name is missing", "homepage is missing"]);
  });

  test("keeps entries in order with type, name, URL and position", () => {
    const text =
      '{"name": "n", "homepage": "https://x.org",\n "repositories": [\n  {"type": "VCS", "url": "git@github.com:UCF/a", "name": "UCF/A"},\n  {"type": "composer", "url": "https://y.org"}]}';
    expect(satisOf(text).entries).toEqual([
      { type: "vcs", vcs: true, url: "git@github.com:UCF/a", name: "UCF/A", line: 3, column: 3 },
      { type: "composer", vcs: false, url: "https://y.org", line: 4, column: 3 },
    ]);
    expect(satisOf(text).vendors).toEqual(["ucf"]);
  });

  test("takes repositories as an object, and switches of Packagist in all forms, which are no entries", () => {
    const asObject = satisText({ one: vcs("https://github.com/ucf/one"), "packagist.org": false });
    expect(satisOf(asObject).entries).toHaveLength(1);
    const asList = satisText([
      { packagist: false },
      { "packagist.org": false },
      vcs("https://github.com/ucf/one"),
    ]);
    expect(satisOf(asList).entries).toHaveLength(1);
  });

  test.each<[Record<string, unknown>, boolean]>([
    [{}, true],
    [{ "require-all": false }, true],
    [{ "require-all": true, require: { "a/b": "*" } }, true],
    [{ require: { "a/b": "*" } }, false],
    [{ "require-all": false, require: { "a/b": "*" } }, false],
  ])("with %j selects everything: %s", (rest, all) => {
    expect(satisOf(satisText([], rest)).requireAll).toBe(all);
  });

  test("takes every key of Satis's schema", () => {
    const { findings } = parse(
      satisText(
        [vcs("https://github.com/ucf/a", { "no-api": true, options: {}, extra: { x: 1 }, only: ["a/*"] })],
        {
          $schema: "https://x.org/schema.json",
          _comment: ["a", "b"],
          description: "d",
          "repositories-dep": [{ type: "composer", url: "https://y.org" }],
          require: { "a/b": "^1" },
          "require-all": false,
          "require-dependencies": true,
          "require-dev-dependencies": false,
          "require-dependency-filter": false,
          "only-dependencies": false,
          "only-best-candidates": true,
          "minimum-stability": "RC",
          "minimum-stability-per-package": { "a/b": "dev" },
          abandoned: { "a/b": true, "c/d": "e/f" },
          blacklist: { "a/b": "<1" },
          "include-types": null,
          "exclude-types": ["project"],
          "strip-hosts": ["/private"],
          "include-filename": "all.json",
          "available-package-patterns": ["ucf/*"],
          "output-dir": "docs",
          "output-html": false,
          "twig-template": "t.twig",
          "allow-seo-indexing": false,
          providers: false,
          "providers-history-size": 2,
          "notify-batch": "https://x.org/notify",
          "pretty-print": false,
          config: {
            "process-timeout": 600,
            "github-domains": ["github.com"],
            "cache-files-maxsize": "1GiB",
            later: [1],
          },
        },
      ),
    );
    expect(findings).toEqual([]);
  });
});

describe("warnings", () => {
  test("an unknown key is a warning that says what was meant", () => {
    expect(lines(satisText([], { requireAll: true, "prefer-stability": "dev" }))).toEqual([
      'satis.json:5:3: warning: Satis knows no key "requireAll": did you mean "require-all"?',
      'satis.json:6:3: warning: Satis knows no key "prefer-stability": it is left out of what Satis gets',
    ]);
  });

  test("archive is warned of", () => {
    expect(warnings(parse(satisText([], { archive: { directory: "dist" } })).findings)).toEqual([
      "archive would publish the packages' source and is left out of what Satis gets",
    ]);
  });

  test("an http homepage and an unknown type are warned of", () => {
    const text = JSON.stringify({
      name: "n",
      homepage: "http://x.org",
      repositories: [{ type: "gti", url: "x" }],
    });
    expect(parse(text).findings.map(({ severity, remedy }) => `${severity}: ${remedy}`)).toEqual([
      "warning: write https://",
      'warning: did you mean "git"?',
    ]);
  });
});

describe("faults", () => {
  test("all come at once, each with line, column and remedy", () => {
    const text = [
      "{",
      '  "name": 7,',
      '  "homepage": "packages",',
      '  "minimum-stability": "stabel",',
      '  "require-all": "yes",',
      '  "require": {},',
      '  "repositories": [',
      '    {"type": "vcs", "url": "https://github.com/ucf/a", "options": {"ssl": {}}, "no-api": 1},',
      '    {"type": "vcs"},',
      '    {"url": "https://github.com/ucf/b"},',
      '    "https://github.com/ucf/c",',
      '    {"type": "package", "package": [{}, 3]},',
      '    {"type": "vcs", "url": "https://github.com/ucf/$(id)"}',
      "  ],",
      '  "config": {"github-domains": "x", "cache-files-maxsize": true}',
      "}",
    ].join("\n");
    expect(lines(text)).toEqual([
      "satis.json:2:11: fault: name is 7: write a text in quotes",
      'satis.json:3:15: fault: homepage "packages" is no plain web address: write "homepage": "https://OWNER.github.io/REPOSITORY/", the address under which consumers will find the registry',
      'satis.json:4:24: fault: minimum-stability is the text "stabel": write "dev", "alpha", "beta", "rc", "RC", "stable"',
      'satis.json:5:18: fault: require-all is the text "yes": write true or false',
      "satis.json:6:14: fault: require must name at least one package, or be left out: correct the value",
      "satis.json:8:90: fault: repositories[0].no-api is 1: write true or false",
      'satis.json:9:5: fault: repositories[1] has no url: write "url": "https://github.com/OWNER/REPOSITORY"',
      'satis.json:10:5: fault: repositories[2] has no type: write "type": "vcs"',
      "satis.json:11:5: fault: repositories[3] is a text: write an object {...}",
      "satis.json:12:41: fault: repositories[4].package[1] is 3: write an object {...}",
      'satis.json:13:28: fault: the path of "https://github.com/ucf/$(id)" holds characters that no repository has: write https://HOST/OWNER/REPOSITORY',
      "satis.json:15:32: fault: config.github-domains is a text: write a list [...]",
      "satis.json:15:60: fault: config.cache-files-maxsize is true: write a text in quotes or a whole number",
    ]);
  });

  test.each<[string, string, string]>([
    ["an empty file", "", "is empty"],
    ["a file of blanks", "\ufeff \r\n\t", "is empty"],
    ["a list", "[]", "the document is a list"],
    ["no JSON", "name: UCF", "not a value of JSON: text goes in double quotes"],
    ["comments", '{"name": "n", // no\n"homepage": "https://x.org"}', "a comment, which JSON does not have"],
    [
      "a key twice",
      '{"name": "n", "name": "m", "homepage": "https://x.org"}',
      'the key "name" is already on line 1',
    ],
    [
      "Satis's output",
      '{"packages": [], "metadata-url": "/p2/%package%.json"}',
      "this is what Satis writes, not its configuration",
    ],
    [
      "Satis's older output",
      '{"packages": {}, "includes": {"all.json": {"sha1": ""}}}',
      "this is what Satis writes, not its configuration",
    ],
    [
      "a configuration that only looks like output",
      '{"name": "n", "repositories": [], "includes": {}}',
      "homepage is missing",
    ],
    ["a list of false", satisText([false]), "repositories[0] is false"],
    ["repositories of another type", satisText("all"), "repositories is a text"],
    [
      "more than a megabyte",
      satisText([], { description: "x".repeat(1_000_001) }),
      "has 1,000,112 bytes; GitHub's contents API answers files up to 1 MB",
    ],
  ])("%s", (_what, text, message) => {
    expect(faults(parse(text).findings)).toEqual([message]);
    expect(parse(text).satis).toBeUndefined();
  });

  test.each([
    "ftp://x.org",
    "https://x.org/?a=1",
    "https://x.org/#a",
    "https://me@x.org/",
    "https://x.org/ a",
    "https://x.org/$(id)",
    'https://x.org/"><script>',
    "//x.org",
    "https:",
  ])("the homepage %j", (homepage) => {
    expect(faults(parse(JSON.stringify({ name: "n", homepage })).findings)).toHaveLength(1);
  });

  test.each(["$(id)", "${{ secrets.X }}", "a'b", 'a"b', "a\nb", "../../x", "-rf", "a/b`id`", "a/b\u202e"])(
    "the entry name %j",
    (name) => {
      const { findings } = parse(satisText([vcs("https://github.com/ucf/a", { name })]));
      expect(faults(findings)).toHaveLength(1);
      expect(findings.map(formatFinding).join("")).not.toMatch(/[\n\u202e]/);
    },
  );

  test("an entry of another type may have any name and path, but no control characters in its URL", () => {
    const fine = [
      { type: "path", url: "../packages/*", name: "R&D (own)" },
      { type: "artifact", url: "./zips" },
    ];
    expect(faults(parse(satisText(fine)).findings)).toEqual([]);
    expect(faults(parse(satisText([{ type: "path", url: "a\nb" }])).findings)).toHaveLength(1);
  });

  test("a literal credential is refused once and never repeated", () => {
    const text = satisText([vcs(`https://${TOKEN}@github.com/ucf/a`), vcs("https://me:hunter2@x.org/r")], {
      config: { "github-oauth": { "github.com": "hunter2" } },
    });
    const { satis, findings } = parse(text);
    expect(satis).toBeUndefined();
    expect(faults(findings)).toEqual([
      "repositories[0].url holds a GitHub token in clear",
      "repositories[1].url holds a password in clear",
      'config.github-oauth["github.com"] holds a credential in clear',
    ]);
    for (const shown of [JSON.stringify(findings), findings.map(formatFinding).join()]) {
      expect(shown).not.toMatch(/hunter2|ghp_/);
    }
  });

  test("a secret in the wrong place is not repeated by the complaint about its type", () => {
    const text = satisText([], { config: { "github-oauth": TOKEN, "http-basic": "me:hunter2" } });
    expect(lines(text).join()).not.toMatch(/hunter2|ghp_/);
  });
});

describe("a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "satis-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "file"), "");
  const file = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content);
    return readSatis(join(folder, name), name);
  };

  test("is read with any byte order mark and line ending", () => {
    expect(file("bom.json", `\ufeff${satisText([]).replaceAll("\n", "\r\n")}`).satis?.name).toBe("UCF");
  });

  test.each<[string, () => readonly { message: string }[], string]>([
    ["missing", () => readSatis(join(folder, "absent.json")).findings, "does not exist"],
    ["below a file", () => readSatis(join(folder, "file/x")).findings, "cannot be read (ENOTDIR)"],
    ["a directory", () => readSatis(folder).findings, "is a directory"],
    ["empty", () => file("empty.json", "").findings, "is empty"],
    ["not UTF-8", () => file("latin.json", Buffer.from([0x22, 0xfc, 0x22])).findings, "is not UTF-8 text"],
    [
      "of ten megabytes",
      () => file("big.json", new Uint8Array(10_000_000)).findings,
      "has 10,000,000 bytes; GitHub's contents API answers files up to 1 MB",
    ],
  ])("that is %s is a fault", (_what, findings, message) => {
    expect(findings().map((finding) => finding.message)).toEqual([message]);
  });
});
