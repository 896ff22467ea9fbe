import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { branchPattern, literal, onBranch, secret } from "../../workflows/expression.ts";
import { dispatchPath, notifyWorkflow } from "../../workflows/notify.ts";
import { evaluate, NOTIFY, parseWorkflow, stepsOf } from "./support.ts";

const HOSTILE = [
  "$(id)",
  "`id`",
  "${{ secrets.X }}",
  "$${{ secrets.X }}",
  "'\"\\",
  "a\nb: c",
  "a\r\n    run: id",
  "\u0085run: id",
  "\u2028run: id\u2029",
  "# comment",
  "*alias",
  "!!js/function",
  "- item",
  "{a: b}",
  "../..",
  "-rf",
  "no",
  "0x10",
  "~",
  "\t\u0000\u001b[31m",
  "\u{1f600}\u00e9",
  "'}}'${{'{{",
];

describe("a rendered workflow", () => {
  it.each(HOSTILE)("keeps the name %j as a value and nothing else", (name) => {
    const content = notifyWorkflow({ ...NOTIFY, repository: `acme/${name}`, dispatchName: name });
    const plain = notifyWorkflow(NOTIFY);
    const step = stepsOf(parseWorkflow(content))[0];
    expect(JSON.parse(evaluate(step?.env?.DISPATCH_BODY ?? ""))).toEqual({
      ref: "main",
      inputs: { package: name },
    });
    expect(step?.run).toBe(stepsOf(parseWorkflow(plain))[0]?.run);
    expect(content.split("\n")).toHaveLength(plain.split("\n").length);
  });

  it.each(HOSTILE)("keeps the composer repository's name %j out of the path's structure", (name) => {
    if (name === "../..") expect(dispatchPath("acme", name)).toContain("..%2F..");
    const env = stepsOf(
      parseWorkflow(
        notifyWorkflow({ ...NOTIFY, composer: { owner: "acme", repository: name, branch: name } }),
      ),
    )[0]?.env;
    expect(env?.DISPATCH_PATH).toMatch(
      /^\/repos\/acme\/[A-Za-z0-9%_.!~*'()-]+\/actions\/workflows\/partial-build\.yml\/dispatches$/,
    );
    expect(JSON.parse(evaluate(env?.DISPATCH_BODY ?? "")).ref).toBe(name);
    expect(evaluate(env?.COMPOSER_REPOSITORY ?? "")).toMatch(/^[\x20-\x7e]+$/);
  });

  it("is ASCII with LF, ends with a newline and says first who manages it", () => {
    const content = notifyWorkflow({ ...NOTIFY, repository: "acme/é\u2028", dispatchName: "é\u{1f600}" });
    expect(content).toMatch(/^[\n\x20-\x7e]*\n$/);
    expect(content).toMatch(/^# Managed by satis-fleet, do not edit: /);
  });

  it("is the same text every time, whatever order its options were written in", () => {
    const reversed = Object.fromEntries(Object.entries(NOTIFY).reverse()) as unknown as typeof NOTIFY;
    expect(notifyWorkflow(reversed)).toBe(notifyWorkflow(NOTIFY));
  });

  it("differs between two repositories that send the same package name", () => {
    expect(notifyWorkflow({ ...NOTIFY, repository: "acme/one" })).not.toBe(
      notifyWorkflow({ ...NOTIFY, repository: "acme/two" }),
    );
  });

  it("has `on` as a plain key, no folded line and scripts as block literals", () => {
    const content = notifyWorkflow({ ...NOTIFY, dispatchName: "word ".repeat(200) });
    expect(content).toContain("\non:\n");
    expect(content).toMatch(/\n {8}run: \|\n {10}set -euo pipefail\n/);
    expect(content.split("\n").find((line) => line.includes("DISPATCH_BODY:"))).toContain(
      "word ".repeat(200),
    );
  });
});

describe("an expression", () => {
  it.each(HOSTILE)("never comes out of the text %j", (text) => {
    expect(evaluate(literal(text))).toBe(text);
  });

  it.each(["", "1ST", "GITHUB_TOKEN", "A B", "X }} ${{ secrets.Y", "A-B", "A\n"])(
    "refuses %j as a secret's name",
    (name) => {
      expect(() => secret(name)).toThrow(RangeError);
    },
  );

  it.each(["", "a b", "a..b", "a~1", "-x", "a/", "x.lock", "${{x}}", "a\nb", "@{x", "*"])(
    "refuses %j as a branch",
    (branch) => {
      expect(() => onBranch(branch)).toThrow(RangeError);
      expect(() => branchPattern(branch)).toThrow(RangeError);
    },
  );

  it("quotes a branch as GitHub's conditions and patterns ask for", () => {
    expect(onBranch("it's")).toBe("github.ref == 'refs/heads/it''s'");
    expect(branchPattern("c++!")).toBe("c\\+\\+\\!");
  });

  it.each(["", ".", ".."])("refuses %j as a part of the dispatch path", (name) => {
    expect(() => dispatchPath(name, "composer")).toThrow(RangeError);
    expect(() => dispatchPath("acme", name)).toThrow(RangeError);
  });
});

it("reads back as YAML of one document", () => {
  expect(Object.keys(parse(notifyWorkflow(NOTIFY)))).toEqual(["name", "on", "permissions", "jobs"]);
});
