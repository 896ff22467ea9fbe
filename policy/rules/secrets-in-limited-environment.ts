import {
  ACTIONS_SECRET,
  COMPOSER_REPOSITORY,
  ENVIRONMENT,
  ENVIRONMENT_BRANCH,
  ENVIRONMENT_SECRET,
  isObject,
  mayBeSame,
  type Properties,
  type Resource,
  text,
  UNKNOWN,
} from "../resource.ts";
import type { StackRule } from "../rule.ts";
import { shown } from "../secrets.ts";

export const secretsInLimitedEnvironment: StackRule<Record<string, never>> = {
  kind: "stack",
  name: "secrets-in-limited-environment",
  description:
    "The composer repository's secrets are in an environment that only its default branch may use.",
  reason:
    "A secret of the repository is there for workflows on any branch, so for everybody who may push one.",
  options: {},
  check({ resources }) {
    return resources
      .filter(({ type, inputs }) => type === COMPOSER_REPOSITORY && hasEnvironments(inputs))
      .flatMap((composer) => {
        const own = resources.filter(({ parent }) => parent === composer.urn);
        return own.flatMap((secret) =>
          faults(secret, own, text(composer.inputs.branch)).map((message) => ({ urn: secret.urn, message })),
        );
      });
  },
};

/** On GitHub Free, private repositories have no environments. */
function hasEnvironments({ features, visibility }: Properties): boolean {
  return visibility === "public" || (isObject(features) && features.environment === true);
}

function faults(secret: Resource, own: readonly Resource[], branch: string | undefined): readonly string[] {
  const name = shown(text(secret.inputs.secretName) ?? "here");
  if (secret.type === ACTIONS_SECRET) {
    return [`the secret ${name} is one of the repository: make it an ActionsEnvironmentSecret`];
  }
  if (secret.type !== ENVIRONMENT_SECRET) return [];
  const isIts = ({ inputs }: Resource) => mayBeSame(inputs.environment, secret.inputs.environment);
  const environment = own.find((one) => one.type === ENVIRONMENT && isIts(one));
  if (!environment) return [`the secret ${name} is in an environment that the fleet does not limit: make it`];
  return [
    ...environmentFaults(environment.inputs),
    ...branchFaults(
      own.filter((one) => one.type === ENVIRONMENT_BRANCH && isIts(one)),
      branch,
    ),
  ].map((fault) => `the environment of the secret ${name} ${fault}`);
}

function environmentFaults({ deploymentBranchPolicy: policy }: Properties): readonly string[] {
  if (policy === UNKNOWN) return [];
  if (isObject(policy) && policy.customBranchPolicies !== false && policy.protectedBranches !== true)
    return [];
  return [
    "is open to every branch, or to every protected one: write deploymentBranchPolicy {protectedBranches: false, customBranchPolicies: true}",
  ];
}

function branchFaults(policies: readonly Resource[], branch: string | undefined): readonly string[] {
  const only = shown(branch ?? "the default branch");
  if (policies.length === 0) {
    return [`names no branch: make a RepositoryEnvironmentDeploymentPolicy for ${only}`];
  }
  return policies
    .filter(({ inputs }) => {
      const pattern = text(inputs.branchPattern);
      // A tag's pattern lets whoever may push a tag in.
      return (
        inputs.tagPattern !== undefined ||
        (pattern !== undefined && branch !== undefined && pattern !== branch)
      );
    })
    .map(({ inputs }) => {
      const pattern = text(inputs.branchPattern) ?? text(inputs.tagPattern) ?? "";
      return `also lets ${shown(pattern)} in: take that pattern out, ${only} is enough`;
    });
}
