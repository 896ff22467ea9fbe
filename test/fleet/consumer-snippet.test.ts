import { expect, test } from "vitest";
import { parse } from "yaml";
import { consumerSnippet } from "../../fleet/consumer-snippet.ts";
import { deriveFleet } from "../../fleet/derive.ts";
import { configOf, satisOf, satisText } from "./support.ts";

const ACTIONS = {
  checkout: { action: "actions/checkout", commit: "a".repeat(40), version: "v7.0.1" },
  setupPhp: { action: "shivammathur/setup-php", commit: "b".repeat(40), version: "2.37.2" },
};

const snippet = (values: Readonly<Record<string, string>> = {}) => {
  const config = configOf(values);
  const { fleet } = deriveFleet(satisOf(satisText([])), config);
  if (fleet === undefined) throw new Error("no fleet");
  return consumerSnippet(fleet, config, ACTIONS);
};

test("on Pages a consumer needs the site, and Packagist without the fleet's vendors", () => {
  expect(JSON.parse(snippet({ "satis-fleet:vendors": '["ucf", "acme"]' }).repositoryEntry)).toEqual({
    repositories: [
      { type: "composer", url: "https://ucf.github.io/packages/" },
      { type: "composer", url: "https://repo.packagist.org", exclude: ["ucf/*", "acme/*"] },
      { "packagist.org": false },
    ],
  });
});

test("with hosting private a consumer asks the contents API for raw files", () => {
  const { repositories } = JSON.parse(snippet({ "satis-fleet:hosting": "private" }).repositoryEntry);
  expect(repositories[0]).toEqual({
    type: "composer",
    url: "https://api.github.com/repos/UCF/packages/contents/packages.json?ref=registry",
    options: { http: { header: ["Accept: application/vnd.github.raw"] } },
  });
});

test("the token comes from the environment", () => {
  expect(snippet().authCommand).toBe(
    'composer config --global --auth github-oauth.github.com "$COMPOSER_TOKEN"',
  );
});

test("on GitHub Enterprise Composer is told first that the host is a GitHub", () => {
  const { authCommand, ci } = snippet({
    "github:baseUrl": "https://ghe.example.com/",
    "satis-fleet:hosting": "private",
  });
  expect(authCommand).toBe(
    "composer config --global github-domains github.com ghe.example.com && " +
      'composer config --global --auth github-oauth.ghe.example.com "$COMPOSER_TOKEN"',
  );
  expect(ci).toContain("      - run: composer config --global github-domains github.com ghe.example.com\n");
});

test("the CI example gives the token to the install alone and pins every action", () => {
  const workflow = parse(snippet().ci);
  expect(workflow.permissions).toEqual({ contents: "read" });
  const steps: { uses?: string; run?: string; env?: Record<string, string> }[] = workflow.jobs.tests.steps;
  expect(steps.map(({ uses, run }) => uses ?? run)).toEqual([
    `actions/checkout@${"a".repeat(40)}`,
    `shivammathur/setup-php@${"b".repeat(40)}`,
    "composer install --no-interaction --prefer-dist",
  ]);
  expect(steps.map(({ env }) => env)).toEqual([
    undefined,
    undefined,
    { COMPOSER_AUTH: '{"github-oauth": {"github.com": "${{ secrets.COMPOSER_TOKEN }}"}}' },
  ]);
});
