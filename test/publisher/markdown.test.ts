import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { block, code, link, table, text } from "../../publisher/markdown.ts";

/** What a reader sees of a text: entities decoded, invisible characters gone. */
const seen = (markdown: string) =>
  markdown.replace(/&#(\d+);/g, (_, number) => String.fromCodePoint(Number(number))).replaceAll("\u200b", "");
/** What GitHub looks through for mentions and references: entities decoded. */
const decoded = (markdown: string) =>
  markdown.replace(/&#(\d+);/g, (_, number) => String.fromCodePoint(Number(number)));

const NASTY = [
  "@acme/security please look",
  "see #123, GH-45 and acme/lib#6",
  "<img src=x onerror=alert(1)><script>alert(1)</script>",
  "[click](https://evil.example) ![x](https://evil.example/x.png)",
  "https://evil.example www.evil.example mailto:a@b.example a@b.example",
  "a | b \\| c \\\\| d",
  "`code` ``more`` ```fence",
  "**bold** _it_ ~~gone~~ $x^2$ <!-- satis-fleet: registry -->",
  "# head",
  "- item",
  "1. item",
  "> quote",
  "+ item",
  "=====",
  "    indented",
  "---",
  "line\nbreak\r\n| --- | --- |",
  "\u202egnp.exe",
  "\u0000\u001b[31mred",
  "&lt;b&gt; &#64;acme &commat;acme",
  "[^1] [ref]: https://evil.example",
];

describe("untrusted text", () => {
  it.each(NASTY)("%j keeps its words and loses every meaning", (nasty) => {
    const markdown = text(nasty);
    expect(markdown).not.toMatch(/[\n\r<>[\]`*_|~$!\\]/);
    expect(markdown).not.toMatch(/&(?!#\d+;)/);
    expect(markdown).not.toMatch(/^[-+#>=\d\s.)]/);
    expect(decoded(markdown)).not.toMatch(/[@#]\w|\bGH-\d|:\/\/|\bwww\.|mailto:/i);
  });

  it("reads as it was written", () => {
    for (const plain of [
      "A library (for PHP), version 2: fast & small!",
      "don't <b>",
      "50% of a_b",
      "größer – é",
    ]) {
      expect(seen(text(plain))).toBe(plain);
    }
  });

  it("becomes one line without markup, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (any) => {
        expect(text(any)).not.toMatch(/[\n\r<>[\]`*_|~\\]/);
        expect(code(any)).not.toMatch(/[\n\r]|\|/);
      }),
    );
  });

  it("is cut to its limit and loses what looks like a credential", () => {
    expect(text("x".repeat(500), 10)).toBe(`${"x".repeat(9)}…`);
    expect(text("token ghp_0123456789abcdefghijklmnopqrstuvwxyz01")).toBe("token &#42;&#42;&#42;");
  });

  it("stands as code where it can, and as text where a code span would end", () => {
    expect(code("acme/a")).toBe("`acme/a`");
    expect(code("@acme <b>")).toBe("`@acme <b>`");
    expect(code("a`b|c")).toBe("a&#96;b&#124;c");
    expect(code("a\nb")).toBe("`a\\nb`");
    expect(code("")).toBe("");
  });

  it("leaves no link, block or table", () => {
    expect(link("a](b", "https://github.com", ["o", "a/../b)"])).toBe(
      "[a&#93;(b](https://github.com/o/a%2F..%2Fb%29)",
    );
    expect(block("sh", "a\n```\nb")).toBe("````sh\na\n```\nb\n````");
    expect(
      table(["A", "B"], [[text("x|y"), code("z|")]])
        .split("\n")[2]
        ?.match(/\|/g),
    ).toHaveLength(3);
  });
});
