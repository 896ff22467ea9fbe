import { expect, test } from "vitest";
import { workflowComposerFloor as rule } from "../../policy/rules/workflow-composer-floor.ts";
import { JOB, judge } from "./support/fleet.ts";
import { judgeSteps, judgeWorkflow, NOTIFY_PATH } from "./support/workflow.ts";

const PHP = { uses: "shivammathur/setup-php@f3e473d116dcccaddc5834248c87452386958240" };
const REMEDY = "write COMPOSER_FLOOR: 2.9.8 and check it, or tools: composer:2.9.8";
const UNASKED = [`${NOTIFY_PATH}, job build runs Composer and asks for no version: ${REMEDY}`];
const check = (version: string) => ({ run: 'test "$COMPOSER_FLOOR"', env: { COMPOSER_FLOOR: version } });

test("a job that asks for the floor, or installs a version above it, is lawful", () => {
  expect(judge(rule)).toEqual([]);
  expect(judgeSteps(rule, [PHP, check("2.9.8")])).toEqual([]);
  for (const version of ["2.9.8", "2.9.10", "2.10.0", "3.0.0", "v2.9.8"]) {
    expect(judgeSteps(rule, [{ ...PHP, with: { tools: `composer:${version}` } }])).toEqual([]);
  }
});

test("the floor may stand at the job or at the workflow", () => {
  const job = { ...JOB, steps: [PHP, { run: 'test "$COMPOSER_FLOOR"' }] };
  const env = { COMPOSER_FLOOR: "2.9.8" };
  expect(judgeWorkflow(rule, { jobs: { build: { ...job, env } } })).toEqual([]);
  expect(judgeWorkflow(rule, { jobs: { build: job }, env })).toEqual([]);
});

test("a job that runs Composer without asking for a version is refused", () => {
  expect(judgeSteps(rule, [PHP])).toEqual(UNASKED);
  expect(judgeSteps(rule, [{ ...PHP, with: { tools: "composer:v2" } }])).toEqual(UNASKED);
  for (const run of [
    "cd a && composer install",
    "x=$(composer show)",
    "COMPOSER_AUTH=x composer update",
    "php bin/composer.phar install",
    "if composer validate; then true; fi",
    "true\n  /usr/bin/composer install\n",
    "x=`composer show`",
    "bash -c 'composer install'",
    "php -d memory_limit=-1 composer.phar install",
    "sudo -u www composer install",
    "timeout 60 composer --no-interaction install",
    "echo ready; composer install",
  ]) {
    expect(judgeSteps(rule, [{ run }]), run).toEqual(UNASKED);
  }
  // A floor that no script looks at changes nothing.
  expect(judgeSteps(rule, [PHP, { run: "true", env: { COMPOSER_FLOOR: "2.9.8" } }])).toEqual(UNASKED);
});

test("a version below the floor, and one that is none, are refused", () => {
  for (const version of ["2.9.7", "1.99.99", "2.9", "latest"]) {
    expect(judgeSteps(rule, [PHP, check(version)])).toEqual([
      `${NOTIFY_PATH}, job build asks for Composer ${version}, below 2.9.8: ${REMEDY}`,
    ]);
  }
});

test("the configuration raises the floor", () => {
  expect(judgeSteps(rule, [PHP, check("2.9.8")], { floor: "2.10.0" })).toHaveLength(1);
});

test("a job without Composer needs no version", () => {
  expect(
    judgeSteps(rule, [
      { ...PHP, with: { tools: "none" } },
      { run: "echo run composer install\n# composer install\ncd composer" },
    ]),
  ).toEqual([]);
});
