import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { credentialIn, formsOf, shown } from "../../policy/secrets.ts";

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

describe("a credential's shape", () => {
  test("is known of each issuer", () => {
    const shapes = {
      [`ghs_${"a1".repeat(18)}`]: "a GitHub token",
      [`github_pat_${"a1".repeat(41)}`]: "a GitHub token",
      [`glpat-${"a1".repeat(10)}`]: "a GitLab token",
      [`pul-${"a1".repeat(20)}`]: "a Pulumi token",
      [`xoxb-${"1".repeat(12)}`]: "a Slack token",
      [`AKIA${"A1".repeat(8)}`]: "an AWS access key",
      [`npm_${"a1".repeat(18)}`]: "an npm token",
      [`sk_live_${"a1".repeat(12)}`]: "a Stripe key",
      [`AIza${"a1".repeat(18)}`]: "a Google API key",
      "-----BEGIN RSA PRIVATE KEY-----": "a private key",
      "https://user:hunter2@example.com/": "a password in a URL",
    };
    for (const [text, kind] of Object.entries(shapes)) expect(credentialIn(`x ${text} y`)).toBe(kind);
  });

  test("is not seen in names and addresses", () => {
    for (const text of [
      "ghp_short",
      "https://user@host/x",
      "git@github.com:acme/lib.git",
      "http://host:80/a@b",
    ]) {
      expect(credentialIn(text)).toBeUndefined();
    }
  });
});

describe("what a message shows of a resource", () => {
  test("is one printable line of bounded length", () => {
    expect(shown("a\n::error::b\u0007\u202e")).toBe("a ::error::b");
    expect(shown("x".repeat(500))).toBe(`${"x".repeat(120)}...`);
  });

  test("is never what looks like a credential", () => {
    expect(shown(`x ghp_${"0123456789".repeat(4)}`)).toBe("(not shown: it looks like a credential)");
  });
});
