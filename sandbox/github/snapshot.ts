import { hash } from "node:crypto";
import { commitsOf, filesOf, refNames } from "./inspect.ts";
import type { Json, Repository } from "./repository.ts";
import type { SecretStore } from "./secrets.ts";
import type { State } from "./state.ts";

/** Plain JSON, keys sorted. */
export type Snapshot = Json;

/** Ids, object names and times differ between two GitHubs that are equal in all that matters. */
const PASSING = new Set([
  "id",
  "node_id",
  "created_at",
  "updated_at",
  "merged_at",
  "closed_at",
  "sha",
  "url",
]);

/** The value without passing fields, its keys in order. */
function lasting(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lasting);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !PASSING.has(key) && !/_(url|sha)$/.test(key));
  return Object.fromEntries(entries.sort(byKey).map(([key, inner]) => [key, lasting(inner)]));
}

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) =>
  a < b ? -1 : a > b ? 1 : 0;

/** Values are hashed: a snapshot may be printed. */
function secrets(store: SecretStore, github: State): Json {
  const entries = [...store.secrets.values()].map(({ name, value, visibility, selected }) => {
    const names = [...(selected ?? [])].map((id) => github.byId.get(id)?.name ?? "gone").sort();
    const shown = { value: `sha256:${hash("sha256", value)}` };
    return [name, visibility === undefined ? shown : { ...shown, visibility, selected: names }] as const;
  });
  return Object.fromEntries(entries.sort(byKey));
}

function repositorySnapshot(repo: Repository, github: State): Json {
  const branches = refNames(repo, "refs/heads/");
  const environments = [...repo.environments.values()].map((one) => {
    const policies = [...one.policies.values()].map(({ name, type }) => `${type} ${name}`).sort();
    return [
      one.name,
      { settings: lasting(one.settings), policies, secrets: secrets(one.secrets, github) },
    ] as const;
  });
  return {
    private: repo.private,
    archived: repo.archived,
    defaultBranch: repo.defaultBranch,
    settings: lasting(repo.settings),
    topics: [...repo.topics].sort(),
    vulnerabilityAlerts: repo.vulnerabilityAlerts,
    files: Object.fromEntries(branches.map((branch) => [branch, filesOf(repo, branch)])),
    commits: Object.fromEntries(
      branches.map((branch) => [branch, commitsOf(repo, branch).map(({ message }) => message)]),
    ),
    tags: refNames(repo, "refs/tags/"),
    secrets: secrets(repo.secrets, github),
    variables: Object.fromEntries([...repo.variables.values()].map(({ name, value }) => [name, value])),
    environments: Object.fromEntries(environments),
    rulesets: lasting([...repo.rulesets.values()]),
    pages: lasting(repo.pages ?? null),
    actions: lasting(repo.actions),
    selectedActions: lasting(repo.selectedActions),
    workflowPermissions: lasting(repo.workflowPermissions),
    disabledWorkflows: [...repo.disabledWorkflows].sort(),
    dispatches: repo.dispatches.map(({ workflow, ref, inputs }) => ({ workflow, ref, inputs })),
    labels: lasting([...repo.labels.values()]),
    issues: lasting([...repo.issues.values()]),
    comments: lasting(Object.fromEntries(repo.comments)),
    pulls: lasting([...repo.pulls.values()]),
  };
}

/** Everything that GitHub holds, as it would be on any other GitHub with the same history. */
export function snapshot(github: State): Snapshot {
  const accounts = [...github.accounts.values()].map((account) => {
    const repositories = github
      .of(account.login)
      .map((repo) => [repo.name, repositorySnapshot(repo, github)] as const);
    const all = { secrets: secrets(account.secrets, github), repositories: Object.fromEntries(repositories) };
    return [account.login, all] as const;
  });
  return Object.fromEntries(accounts);
}
