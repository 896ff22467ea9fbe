import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { insertNames, packagesWithoutName } from "../../cli/names/insert.ts";

const NAMES = new Map([["acme/lib", "acme/library"]]);

function insert(text: string, names: ReadonlyMap<string, string> = NAMES): string {
  return insertNames(text, names, "github.com").text;
}

describe("a name is written the way its entry is written", () => {
  test("on one line", () => {
    const text =
      '{\n  "repositories": [\n    { "type": "vcs", "url": "https://github.com/acme/lib" }\n  ]\n}\n';
    expect(insert(text)).toBe(text.replace('acme/lib" }', 'acme/lib", "name": "acme/library" }'));
  });

  test("on lines of their own, with tabs and CRLF", () => {
    const text =
      '{"repositories": [\r\n\t{\r\n\t\t"type": "vcs",\r\n\t\t"url" : "git@github.com:acme/Lib.git"\r\n\t}\r\n]}';
    expect(insert(text)).toBe(text.replace('.git"', '.git",\r\n\t\t"name" : "acme/library"'));
  });

  test("without any space", () => {
    const text = '{"repositories":{"a":{"url":"https://github.com/acme/lib","type":"vcs"}}}';
    expect(insert(text)).toBe(text.replace('"vcs"', '"vcs","name":"acme/library"'));
  });
});

test("entries with a name, of other hosts, owners and types are left alone", () => {
  const text = JSON.stringify({
    repositories: [
      { type: "vcs", url: "https://github.com/acme/lib", name: "a title" },
      { type: "vcs", url: "https://gitlab.com/acme/lib" },
      { type: "vcs", url: "https://github.com/other/lib" },
      { type: "composer", url: "https://github.com/acme/lib" },
      { packagist: false },
    ],
  });
  expect(insertNames(text, NAMES, "github.com")).toEqual({ text, inserted: 0 });
});

test("a package can be given a name where one of its entries has none at all", () => {
  const entry = (name: string, more: object = {}) => ({
    type: "vcs",
    url: `https://github.com/acme/${name}`,
    ...more,
  });
  const repositories = [
    entry("lib"),
    entry("tool", { name: "a title" }),
    entry("twice", { name: "a title" }),
    entry("twice"),
    { type: "vcs", url: "https://gitlab.com/acme/foreign" },
  ];
  expect(packagesWithoutName(JSON.stringify({ repositories }), "github.com")).toEqual(
    new Set(["acme/lib", "acme/twice"]),
  );
});

test("every entry of one repository gets the name, and nothing else changes", () => {
  const spaces = fc.constantFrom("", " ", "\n  ", "\r\n\t", "  ");
  const entry = fc
    .tuple(spaces, spaces, spaces, fc.constantFrom("lib", "tool"))
    .map(
      ([a, b, c, name]) => `{${a}"type"${b}:${c}"vcs",${a}"url":${b}"https://github.com/acme/${name}"${c}}`,
    );
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 5 }), spaces, (entries, space) => {
      const text = `{${space}"repositories"${space}:[${entries.join(`,${space}`)}]}`;
      const before = JSON.parse(text) as { repositories: { url: string }[] };
      const expected = before.repositories.map((one) =>
        one.url.endsWith("/lib") ? { ...one, name: "acme/library" } : one,
      );
      expect(JSON.parse(insert(text))).toEqual({ repositories: expected });
    }),
  );
});
