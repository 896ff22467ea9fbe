import {
  ACTIONS_SECRET,
  FLEET,
  mayBeSame,
  ORGANIZATION_SECRET,
  PACKAGE_NOTIFIER,
  type Properties,
  REPOSITORY_FILE,
  type Resource,
  text,
  texts,
  UNKNOWN,
} from "../resource.ts";
import type { StackRule, Violation } from "../rule.ts";
import { shown } from "../secrets.ts";

export const packageHasSecretAndWorkflow: StackRule<{ readonly workflow: string }> = {
  kind: "stack",
  name: "package-has-secret-and-workflow",
  description: "Every managed package has its secret and the workflow that uses it.",
  reason: "With one of the two missing, a release is not in the registry until somebody wonders why.",
  options: {
    workflow: {
      type: "string",
      description: "Path of the notify workflow in a package repository.",
      default: ".github/workflows/notify-composer-update.yml",
    },
  },
  check({ resources, complete }, { workflow }) {
    const children = Map.groupBy(resources, ({ parent }) => parent ?? "");
    const notifiers = resources.filter(({ type }) => type === PACKAGE_NOTIFIER);
    const shared = resources.filter(({ type }) => type === ORGANIZATION_SECRET);
    return [
      ...(complete ? unnotified(resources, notifiers) : []),
      ...notifiers.flatMap((notifier) => {
        const own = children.get(notifier.urn) ?? [];
        const faults = [
          ...secretFaults(notifier.inputs, own, shared, complete),
          ...workflowFaults(notifier.inputs, own, workflow),
        ];
        return faults.map((message) => ({ urn: notifier.urn, message }));
      }),
    ];
  },
};

/** Packages that the fleet lists and for which no component stands. */
function unnotified(resources: readonly Resource[], notifiers: readonly Resource[]): readonly Violation[] {
  const repositories = notifiers.map(({ inputs }) => inputs.repository);
  // One that is not known yet may be any of them.
  if (repositories.includes(UNKNOWN)) return [];
  const notified = new Set(repositories.map((name) => text(name)?.toLowerCase()));
  return resources
    .filter(({ type, inputs }) => type === FLEET && inputs.notify === "dispatch")
    .flatMap(({ urn, inputs }) =>
      texts(inputs.packages)
        .filter((id) => !notified.has(id.split("/")[1]?.toLowerCase()))
        .map((id) => ({
          urn,
          message: `the package ${shown(id)} has no notifier: make a PackageNotifier for it`,
        })),
    );
}

function secretFaults(
  { repository, secretScope, secretName }: Properties,
  own: readonly Resource[],
  shared: readonly Resource[],
  complete: boolean,
): readonly string[] {
  const isIt = ({ inputs }: Resource) => mayBeSame(inputs.secretName, secretName);
  const name = shown(text(secretName) ?? "of the dispatch token");
  if (secretScope === "organization") {
    // A run that leaves resources out may leave this one out.
    if (!complete || shared.some(isIt)) return [];
    return [`there is no organization secret ${name}: make it, or set satis-fleet:secretScope to repository`];
  }
  const has = own.some(
    (child) => child.type === ACTIONS_SECRET && isIt(child) && mayBeSame(child.inputs.repository, repository),
  );
  return has || secretScope !== "repository"
    ? []
    : [`the repository ${shown(text(repository) ?? "")} has no secret ${name}: make an ActionsSecret for it`];
}

function workflowFaults(
  { repository, delivery, secretName }: Properties,
  own: readonly Resource[],
  path: string,
): readonly string[] {
  if (delivery !== "commit") return [];
  const file = own.find(
    ({ type, inputs }) =>
      type === REPOSITORY_FILE &&
      (text(inputs.file) ?? path) === path &&
      mayBeSame(inputs.repository, repository),
  );
  if (!file) {
    return [
      `the repository ${shown(text(repository) ?? "")} has no workflow ${path}: make a RepositoryFile for it`,
    ];
  }
  const content = text(file.inputs.content)?.toUpperCase();
  const name = text(secretName);
  if (content === undefined || name === undefined || content.includes(`SECRETS.${name.toUpperCase()} `))
    return [];
  return [`${path} does not use the secret ${shown(name)}: write \${{ secrets.${shown(name)} }} in it`];
}
