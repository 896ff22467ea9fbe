import {
  COMPOSER_REPOSITORY,
  isObject,
  type Properties,
  REPOSITORY_RULESET,
  type Resource,
  text,
  texts,
  UNKNOWN,
  type Value,
} from "../resource.ts";
import type { StackRule } from "../rule.ts";
import { shown } from "../secrets.ts";

export const defaultBranchProtected: StackRule<Record<string, never>> = {
  kind: "stack",
  name: "default-branch-protected",
  description:
    "The composer repository's default branch takes pull requests only, and is neither forced nor deleted.",
  reason: "What is on that branch runs with the token that reads every package.",
  options: {},
  check({ resources }) {
    return resources.flatMap((composer) => {
      if (composer.type !== COMPOSER_REPOSITORY || !isProtectable(composer.inputs)) return [];
      const rulesets = resources.filter(
        ({ type, parent }) => type === REPOSITORY_RULESET && parent === composer.urn,
      );
      const faults = rulesets.map((ruleset) => missing(ruleset, text(composer.inputs.branch)));
      if (faults.some((found) => found.length === 0)) return [];
      const lacks = faults[0]?.join(", ");
      const message =
        lacks === undefined
          ? "the default branch has no ruleset: make a RepositoryRuleset for it"
          : `the default branch's ruleset lacks ${lacks}: write it`;
      return [{ urn: composer.urn, message: `${shown(text(composer.inputs.repository) ?? "")}: ${message}` }];
    });
  },
};

/** A repository that is not managed keeps its settings; what the plan rules out cannot be asked for. */
function isProtectable({ manageRepository, features, visibility }: Properties): boolean {
  if (manageRepository === false) return false;
  return visibility === "public" || (isObject(features) && features.ruleset === true);
}

/** What a ruleset lacks; what is not known counts as there. */
function missing({ inputs }: Resource, branch: string | undefined): readonly string[] {
  const lacks: string[] = [];
  const ask = (name: string, value: Value, holds: (known: Value) => boolean) => {
    if (value !== UNKNOWN && !holds(value)) lacks.push(name);
  };
  ask('enforcement "active"', inputs.enforcement, (value) => value === "active");
  ask('target "branch"', inputs.target, (value) => value === "branch");
  const refName = member(member(inputs, "conditions"), "refName");
  const ownNames = ["~DEFAULT_BRANCH", "~ALL", ...(branch === undefined ? [] : [`refs/heads/${branch}`])];
  ask("the default branch among its includes", member(refName, "includes"), (value) =>
    texts(value).some((name) => ownNames.includes(name)),
  );
  ask("an empty list of excludes", member(refName, "excludes"), (value) => texts(value).length === 0);
  const rules = member(inputs, "rules");
  ask("deletion: true", member(rules, "deletion"), (value) => value === true);
  ask("nonFastForward: true", member(rules, "nonFastForward"), (value) => value === true);
  ask("pullRequest", member(rules, "pullRequest"), isObject);
  return lacks;
}

/** What is inside of something unknown is unknown. */
function member(value: Value, key: string): Value {
  if (value === UNKNOWN) return UNKNOWN;
  return isObject(value) ? value[key] : undefined;
}
