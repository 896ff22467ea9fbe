import {
  ACTIONS_SECRET,
  FLEET,
  GITHUB_PROVIDER,
  mayBeSame,
  ORGANIZATION_SECRET,
  PACKAGE_NOTIFIER,
  type Properties,
  parentType,
  REPOSITORY_FILE,
  type Resource,
  text,
} from "../resource.ts";
import type { Stack, StackRule, Violation } from "../rule.ts";
import { lookup } from "../rule.ts";
import { SECRET_TYPES, secretValues, shown } from "../secrets.ts";

export const dispatchTokenOnlyWhereNeeded: StackRule<Record<string, never>> = {
  kind: "stack",
  name: "dispatch-token-only-where-needed",
  description: "The dispatch token is in the repositories that notify with it, and nowhere else.",
  reason:
    "Whoever may write a repository that has it can start builds; a token that also reads packages would give away their source.",
  options: {},
  check(stack) {
    const dispatching = stack.resources.filter(holdsDispatchToken);
    const { parent } = lookup(stack.resources);
    return [
      ...unneeded(stack, dispatching),
      ...elsewhere(stack, dispatching),
      ...dispatching.flatMap((secret) =>
        secret.type === ORGANIZATION_SECRET
          ? organizationFaults(stack, secret)
          : packageFaults(secret, parent(secret)?.inputs),
      ),
    ];
  },
};

function holdsDispatchToken(resource: Resource): boolean {
  const component = parentType(resource);
  return SECRET_TYPES.has(resource.type) && (component === PACKAGE_NOTIFIER || component === FLEET);
}

/** A fleet that polls needs no token in any package repository. */
function unneeded({ resources }: Stack, dispatching: readonly Resource[]): readonly Violation[] {
  const polls = resources.some(({ type, inputs }) => type === FLEET && inputs.notify === "poll");
  const message = "the fleet polls, so nothing needs the dispatch token: take this secret out";
  return polls ? dispatching.map(({ urn }) => ({ urn, message })) : [];
}

function elsewhere({ resources }: Stack, dispatching: readonly Resource[]): readonly Violation[] {
  const tokens = new Set(dispatching.flatMap(secretValues));
  return resources
    .filter(({ type }) => SECRET_TYPES.has(type) || type === GITHUB_PROVIDER)
    .filter((resource) => !holdsDispatchToken(resource))
    .filter((resource) => secretValues(resource).some((value) => tokens.has(value)))
    .map(({ urn, type, inputs }) => {
      const holder =
        type === GITHUB_PROVIDER
          ? "the provider itself, which administers every repository,"
          : `the secret ${shown(text(inputs.secretName) ?? "here")}`;
      const message = `${holder} holds the dispatch token, which everybody who may write a package repository can read: give it a token of its own`;
      return { urn, message };
    });
}

function packageFaults(secret: Resource, notifier: Properties | undefined): readonly Violation[] {
  if (secret.type !== ACTIONS_SECRET || notifier === undefined) return [];
  const { urn } = secret;
  if (notifier.secretScope === "organization") {
    const message = "the organization's secret serves this package: take the repository's own copy out";
    return [{ urn, message }];
  }
  if (mayBeSame(secret.inputs.repository, notifier.repository)) return [];
  const meant = shown(text(notifier.repository) ?? "");
  const message = `the dispatch token goes to ${shown(text(secret.inputs.repository) ?? "")}, which is not the package's repository: write ${meant}`;
  return [{ urn, message }];
}

function organizationFaults({ resources, complete }: Stack, { urn, inputs }: Resource): readonly Violation[] {
  if (typeof inputs.visibility === "string" && inputs.visibility !== "selected") {
    const message = `the organization's secret is visible to ${shown(inputs.visibility)} repositories: write visibility "selected"`;
    return [{ urn, message }];
  }
  const served = servedRepositories(resources);
  const selected = inputs.selectedRepositoryIds;
  if (!complete || served === undefined || !Array.isArray(selected)) return [];
  const strangers = selected.filter((id) => typeof id === "number" && !served.has(id));
  if (strangers.length === 0) return [];
  const message = `the organization's secret is selected for repositories that notify nobody (${strangers.join(", ")}): select those of the packages only`;
  return [{ urn, message }];
}

/** Numeric ids of the repositories whose notify workflow the fleet commits; `undefined` while one of them is not known. */
function servedRepositories(resources: readonly Resource[]): ReadonlySet<number> | undefined {
  const files = resources.filter(
    (resource) => resource.type === REPOSITORY_FILE && parentType(resource) === PACKAGE_NOTIFIER,
  );
  const ids = files.map(({ outputs }) => outputs?.repositoryId).filter((id) => typeof id === "number");
  return ids.length === files.length ? new Set(ids) : undefined;
}
