import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formsOf, shown } from "../../policy/secrets.ts";

describe("a secret's forms", () => {
  test("are found in whatever base64 is made around it", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 9 }), fc.string({ maxLength: 9 }), (before, after) => {
        const text = Buffer.from(`${before}dispatch-token-3f81${after}`).toString("base64");
        expect(formsOf("dispatch-token-3f81").some((form) => text.includes(form))).toBe(true);
      }),
    );
  });
});

describe("what a message shows of a resource", () => {
  test("is one printable line of bounded length", () => {
    expect(shown("a\n::error::b\u0007\u202e")).toBe("a ::error::b");
    expect(shown("x".repeat(500))).toBe(`${"x".repeat(120)}...`);
  });

  test("is never what looks like a credential", () => {
    for (const token of [
      `ghp_${"0123456789".repeat(4)}`,
      "ghs_123456_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOjF9.c2ln",
    ]) {
      expect(shown(`x ${token}`)).toBe("(not shown: it looks like a credential)");
    }
  });
});
