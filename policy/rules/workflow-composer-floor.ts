import type { ResourceRule } from "../rule.ts";
import { shown } from "../secrets.ts";
import { jobsOf, type Mapping, mapping, soundWorkflow, stepsOf, type WorkflowFile } from "../workflow.ts";

/** The variable with which a script is told the lowest Composer that it may go on with. */
const VARIABLE = "COMPOSER_FLOOR";

export const workflowComposerFloor: ResourceRule<{ readonly floor: string }> = {
  kind: "resource",
  name: "workflow-composer-floor",
  description: "Every job that runs Composer asks for a version that keeps tokens to itself.",
  reason: "Composer before 2.9.8 can print tokens of GitHub's newer format (CVE-2026-45793).",
  options: {
    floor: {
      type: "string",
      pattern: "^[0-9]+\\.[0-9]+\\.[0-9]+$",
      description: "Lowest version of Composer.",
      default: "2.9.8",
    },
  },
  check(resource, { floor }) {
    const file = soundWorkflow(resource);
    if (!file) return [];
    return jobsOf(file).flatMap(([name, job]) => {
      if (!runsComposer(name, job)) return [];
      const asked = askedVersions(file, name, job);
      const remedy = `write ${VARIABLE}: ${floor} and check it, or tools: composer:${floor}`;
      const place = `${shown(file.path)}, job ${shown(name)}`;
      if (asked.length === 0) return [`${place} runs Composer and asks for no version: ${remedy}`];
      return asked
        .filter((version) => !isAtLeast(version, floor))
        .map((version) => `${place} asks for Composer ${shown(version)}, below ${floor}: ${remedy}`);
    });
  },
};

/** Composer with something to do, at the start of a word: behind `php -d x`, in `$(...)`, or in a script for another shell, too. */
const COMPOSER = /(?:^|[\s('"`!])(?:[\w.~$/{}-]*\/)?composer(?:\.phar)?\s+[a-z-]/;
/** Where a word is only said. */
const SAID = /^\s*(?:#|echo\s|printf\s)/;

function runsIn(script: string): boolean {
  return script.split(/[\n;&|]/).some((part) => COMPOSER.test(part) && !SAID.test(part));
}

/** setup-php brings Composer unless it is told not to. */
function runsComposer(name: string, job: Mapping): boolean {
  return stepsOf(name, job).some(({ step }) => {
    if (/^shivammathur\/setup-php@/i.test(String(step.uses))) return mapping(step.with).tools !== "none";
    return typeof step.run === "string" && runsIn(step.run);
  });
}

/** Versions that a job names: the floor that one of its scripts is given, or the exact version to install. */
function askedVersions(file: WorkflowFile, name: string, job: Mapping): readonly string[] {
  const steps = stepsOf(name, job).map(({ step }) => step);
  const floors = steps
    .filter(({ run }) => typeof run === "string" && run.includes(VARIABLE))
    .flatMap(({ env }) => [
      mapping(env)[VARIABLE] ?? mapping(job.env)[VARIABLE] ?? mapping(file.workflow.env)[VARIABLE],
    ])
    .filter((version) => version !== undefined);
  const exact = steps.flatMap((step) => {
    const [, version] = /\bcomposer:v?(\d+\.\d+\.\d+)\b/.exec(String(mapping(step.with).tools)) ?? [];
    return version === undefined ? [] : [version];
  });
  return [...floors.map(String), ...exact];
}

function isAtLeast(version: string, floor: string): boolean {
  if (!/^\d+\.\d+\.\d+$/.test(version)) return false;
  const numbers = version.split(".").map(Number);
  const [different] = floor
    .split(".")
    .map((part, index) => (numbers[index] ?? 0) - Number(part))
    .filter((difference) => difference !== 0);
  return (different ?? 0) >= 0;
}
