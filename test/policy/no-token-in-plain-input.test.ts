import { expect, test } from "vitest";
import { noTokenInPlainInput as rule } from "../../policy/rules/no-token-in-plain-input.ts";
import { judge, UNKNOWN } from "./support/fleet.ts";

const TOKEN = `ghp_${"0123456789".repeat(4)}`;
const message = (where: string, kind: string) =>
  `the input ${where} holds ${kind}: take it out, revoke it, and pass a new one with pulumi config set --secret`;

test("a fleet without tokens in its plain inputs is lawful", () => {
  expect(judge(rule)).toEqual([]);
});

test("a token in a text is found, and its value is in no message", () => {
  const said = judge(rule, { repository: { inputs: { description: `made with ${TOKEN}` } } });
  expect(said).toEqual([message("description", "a GitHub token")]);
  expect(said.join()).not.toContain(TOKEN);
});

test("a token deep in a list, and one that is a key, are found by their place", () => {
  const said = judge(rule, {
    ruleset: { inputs: { bypassActors: [{ [TOKEN]: "x", note: ["a", `glpat-${"x".repeat(20)}`] }] } },
  });
  expect(said).toEqual([
    message("a key of bypassActors[0]", "a GitHub token"),
    message("bypassActors[0].note[1]", "a GitLab token"),
  ]);
});

test("a password in a URL of a file is found, a placeholder is not", () => {
  const content = (password: string) => ({
    satis: { inputs: { content: `{"url": "https://user:${password}@host/x"}` } },
  });
  expect(judge(rule, content("hunter2"))).toEqual([message("content", "a password in a URL")]);
  for (const placeholder of ["$TOKEN", "${TOKEN}", "%env(TOKEN)%", "***"]) {
    expect(judge(rule, content(placeholder))).toEqual([]);
  }
});

test("a token where a secret belongs is no leak", () => {
  expect(
    judge(rule, { secret: { inputs: { value: TOKEN } }, provider: { inputs: { token: TOKEN } } }),
  ).toEqual([]);
});

test("what a preview does not know is passed over", () => {
  expect(judge(rule, { satis: { inputs: { content: UNKNOWN } } })).toEqual([]);
});
