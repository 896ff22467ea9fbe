import { expect, test } from "vitest";
import { ACTIONS_SECRET, ENVIRONMENT_SECRET, type Properties, UNKNOWN } from "../../policy/resource.ts";
import { consumerTokenInItsConsumer as rule } from "../../policy/rules/consumer-token-in-its-consumer.ts";
import { CONSUMER, child, judge } from "./support/fleet.ts";

const { component, token } = CONSUMER;
const tokenWith = (inputs: Properties) => ({ ...token, inputs: { ...token.inputs, ...inputs } });
const { value } = token.inputs;

test("a consumer's own token in its own repository is lawful, and so is one that is not known yet", () => {
  expect(judge(rule, {}, { more: [component, token] })).toEqual([]);
  expect(judge(rule, {}, { more: [component, tokenWith({ repository: UNKNOWN, value: UNKNOWN })] })).toEqual(
    [],
  );
});

test("a token in another repository than its consumer's is refused", () => {
  expect(judge(rule, {}, { more: [component, tokenWith({ repository: "shop" })] })).toEqual([
    "the secret goes to shop, which is not the consumer's repository: write website",
  ]);
});

test("a token that something else holds, too, is refused, and not shown", () => {
  const held = (repository: string) =>
    `${repository} has the token of the secret COMPOSER_UPDATE_TOKEN, too: give each its own`;
  const inComposer = child("composer", ENVIRONMENT_SECRET, {
    repository: "composer",
    secretName: "X",
    value,
  });
  expect(judge(rule, {}, { more: [component, token, inComposer] })).toEqual([held("composer")]);
  const inPackage = child("notifier", ACTIONS_SECRET, { repository: "lib", secretName: "X", value });
  expect(judge(rule, {}, { more: [component, token, inPackage] })).toEqual([held("lib")]);
});

test("a token that only reads the registry may be shared, under the names of the option", () => {
  const shared = tokenWith({ secretName: "COMPOSER_REGISTRY_TOKEN" });
  const more = [component, shared, { ...shared, urn: `${shared.urn}-2` }];
  expect(judge(rule, {}, { more })).toEqual([]);
  expect(judge(rule, {}, { more, options: { shared: [] } })).toHaveLength(2);
});

test("a token that consumers share is no token of the composer repository", () => {
  const shared = tokenWith({ secretName: "COMPOSER_REGISTRY_TOKEN" });
  const reading = child("composer", ENVIRONMENT_SECRET, {
    repository: "composer",
    secretName: "REGISTRY_READ_TOKEN",
    value,
  });
  const more = [component, shared, reading];
  expect(judge(rule, {}, { more })).toEqual([
    "composer has the token of the secret COMPOSER_REGISTRY_TOKEN, too: give each its own",
  ]);
});
