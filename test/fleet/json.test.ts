import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson } from "../../fleet/json.ts";

const parse = (text: string, allowComments = false) => parseJson(text, { file: "f.json", allowComments });
const places = (text: string) =>
  parse(text).findings.map(({ line, column, message }) => `${line}:${column} ${message}`);

describe("what is accepted", () => {
  test.each([
    ["a byte order mark", '\ufeff{"a": 1}'],
    ["CRLF", '{\r\n"a":\r\n1}'],
    ["tabs", '{\t"a":\t1}'],
    ["non-ASCII text", '{"a": 1, "Zürich": "日本"}'],
  ])("%s", (_what, text) => {
    expect(parse(text).document?.value).toMatchObject({ a: 1 });
  });

  test("every JSON text without duplicate keys, with the value that JSON.parse gives", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 2, "\t"), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), null, indent);
        const { document, findings } = parse(text);
        expect(findings).toEqual([]);
        expect(document?.value).toEqual(JSON.parse(text));
      }),
    );
  });

  test("nothing that JSON.parse refuses", () => {
    const pieces = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      "1",
      "01",
      "-",
      "1e",
      "tru",
      "null",
      "'",
      "//",
      "\\",
      '"',
      "\u00a0",
      "\u0001",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const text = parts.join("");
        if (parse(text).document !== undefined) expect(() => JSON.parse(text)).not.toThrow();
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("positions", () => {
  const text = '\ufeff{\r\n\t"ä": [1,\r  {"b": true}],\n "c": 2}';
  const document = parse(text).document;

  test.each<[(string | number)[], number, number]>([
    [[], 1, 1],
    [["ä"], 2, 7],
    [["ä", 0], 2, 8],
    [["ä", 1, "b"], 3, 9],
    [["c"], 4, 7],
    [["c", "deeper"], 4, 7],
    [["absent"], 1, 1],
  ])("the value at %j stands at %d:%d", (path, line, column) => {
    expect(document?.positionOf(path)).toEqual({ line, column });
  });

  test("a key stands before its value", () => {
    expect(document?.keyPositionOf(["c"])).toEqual({ line: 4, column: 2 });
  });

  test("keys named like an object's own properties are found", () => {
    const { document: odd } = parse('{"__proto__": {"x": 1}, "constructor": 2}');
    expect(odd?.positionOf(["constructor"])).toEqual({ line: 1, column: 40 });
    expect(odd?.positionOf(["__proto__", "x"])).toEqual({ line: 1, column: 21 });
  });
});

describe("what is refused", () => {
  test("every comment, trailing comma and duplicate key, in the file's order", () => {
    expect(places('{ // one\n"a": [1, ], /* two */\n"b": 1,\n"b": 2,\n}')).toEqual([
      "1:3 a comment, which JSON does not have",
      "2:8 a comma before the closing bracket",
      "2:13 a comment, which JSON does not have",
      '4:1 the key "b" is already on line 3',
      "4:7 a comma before the closing bracket",
    ]);
  });

  test.each([
    ['{"a" 1}', "1:6 a colon is missing before this"],
    ['{"a": 1 "b": 2}', "1:9 a comma is missing before this"],
    ['{"a": 1', "1:8 a closing brace } is missing"],
    ['{"a": "x\n"}', "1:7 this string has no closing quote on its line"],
    ["{'a': 1}", "1:2 not a value of JSON: text goes in double quotes"],
    ['{"a": 1} x', "1:10 not a value of JSON: text goes in double quotes"],
    ["[".repeat(500), "1:201 nested more than 200 levels deep"],
  ])("%j", (text, place) => {
    expect(places(text)[0]).toBe(place);
  });

  test("a megabyte of brackets is refused, not recursed into", () => {
    expect(places("[".repeat(1_000_000))).toHaveLength(1);
  });

  test("a syntax error never repeats what stands there", () => {
    expect(JSON.stringify(parse('{"token": hunter2}').findings)).not.toContain("hunter2");
  });
});

test("comments are accepted where they are allowed, and positions stay true", () => {
  const { document, findings } = parse('{ // one\n/* two\n */ "a": 1}', true);
  expect(findings).toEqual([]);
  expect(document?.positionOf(["a"])).toEqual({ line: 3, column: 10 });
  expect(parse('{"a": "// no comment"}', true).document?.value).toEqual({ a: "// no comment" });
});
