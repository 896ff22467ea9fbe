import { expect, test } from "vitest";
import { noSecretValueElsewhere as rule } from "../../policy/rules/no-secret-value-elsewhere.ts";
import { DISPATCH_TOKEN, judge, READ_TOKEN, UNKNOWN } from "./support/fleet.ts";

const message = (where: string) =>
  `the input ${where} holds the value of a secret: take it out, revoke the token, and set a new one with pulumi config set --secret`;

test("a fleet whose secrets are secrets only is lawful", () => {
  expect(judge(rule)).toEqual([]);
});

test("a secret's value in another input is found in every form, and is in no message", () => {
  const forms = [
    DISPATCH_TOKEN,
    `a ${READ_TOKEN} b`,
    Buffer.from(`x:${DISPATCH_TOKEN}`).toString("base64"),
    Buffer.from(`xy:${DISPATCH_TOKEN}!`).toString("base64url"),
  ];
  for (const description of forms) {
    expect(judge(rule, { repository: { inputs: { description } } })).toEqual([message("description")]);
  }
  const awkward = "a/b+c d%token";
  const changes = {
    secret: { inputs: { value: awkward } },
    satis: { inputs: { content: encodeURIComponent(awkward) } },
  };
  expect(judge(rule, changes)).toEqual([message("content")]);
});

test("the provider's own token and an App's key are looked for, too", () => {
  expect(judge(rule, { satis: { inputs: { content: "provider-token-90c2" } } })).toEqual([
    message("content"),
  ]);
  const appAuth = JSON.stringify({
    id: "12345678",
    installationId: "87654321",
    pemFile: "the-key-of-the-app",
  });
  const provider = { inputs: { token: undefined, appAuth } };
  expect(judge(rule, { provider, satis: { inputs: { content: "the-key-of-the-app" } } })).toEqual([
    message("content"),
  ]);
  // Numbers are no secret, and would be found everywhere.
  expect(judge(rule, { provider, satis: { inputs: { content: "12345678" } } })).toEqual([]);
});

test("a short value, which turns up by chance, and an unknown one find nothing", () => {
  expect(judge(rule, { secret: { inputs: { value: "main" } } })).toEqual([]);
  expect(
    judge(rule, { secret: { inputs: { value: UNKNOWN } }, satis: { inputs: { content: UNKNOWN } } }),
  ).toEqual([]);
});
