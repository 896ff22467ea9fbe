import type { Dispatch, Environment, Json, Repository } from "./repository.ts";

/** What a test may see and do in a repository beyond the API. */
export interface Inspection {
  readonly id: number;
  readonly fullName: string;
  readonly private: boolean;
  readonly archived: boolean;
  readonly defaultBranch: string;
  /** GitHub's names: description, has_issues ... */
  readonly settings: Json;
  readonly topics: readonly string[];
  readonly vulnerabilityAlerts: boolean;
  readonly branches: readonly string[];
  readonly tags: readonly string[];
  /** Object id by full ref name. */
  readonly refs: ReadonlyMap<string, string>;
  /** Text by path; empty where the branch is missing. */
  files(branch?: string): Record<string, string>;
  /** Newest first. */
  commits(branch?: string): { sha: string; message: string; author: string; email: string }[];
  readonly secretNames: readonly string[];
  secretValue(name: string, environment?: string): string | undefined;
  secretUpdatedAt(name: string): string | undefined;
  /** Overwrites a secret as somebody else would. */
  setSecret(name: string, value: string): void;
  deleteSecret(name: string): void;
  readonly variables: Readonly<Record<string, string>>;
  readonly environments: ReadonlyMap<string, Environment>;
  readonly rulesets: readonly Json[];
  readonly pages: Json | undefined;
  /** What workflows may do. */
  readonly workflowPermissions: Json;
  readonly dispatches: readonly Dispatch[];
  /** Runs as GitHub lists them; a test may set `status` and `conclusion`. */
  readonly runs: readonly Json[];
  readonly issues: readonly Json[];
  readonly pulls: readonly Json[];
  archive(archived?: boolean): void;
}

/** The text of every file of a branch. */
export function filesOf(repo: Repository, branch: string): Record<string, string> {
  const head = repo.git.head(branch);
  if (head === undefined) return {};
  const files = [...repo.git.files(repo.git.commit(head).tree)];
  return Object.fromEntries(files.map(([path, { sha }]) => [path, repo.git.blob(sha).toString("utf8")]));
}

/** The commits of a branch, newest first. */
export function commitsOf(repo: Repository, branch: string) {
  const head = repo.git.head(branch);
  return head === undefined
    ? []
    : [...repo.git.history(head)].map((sha) => {
        const { message, author } = repo.git.commit(sha);
        return { sha, message, author: author.name, email: author.email };
      });
}

/** The names of refs below a prefix, sorted. */
export const refNames = (repo: Repository, prefix: string) =>
  [...repo.git.refs.keys()]
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .sort();

/** Opens a repository to a test. What is shown is live. */
export function inspect(repo: Repository): Inspection {
  const store = (environment?: string) =>
    environment === undefined ? repo.secrets : repo.environments.get(environment.toLowerCase())?.secrets;
  return {
    id: repo.id,
    fullName: `${repo.owner}/${repo.name}`,
    private: repo.private,
    archived: repo.archived,
    defaultBranch: repo.defaultBranch,
    settings: repo.settings,
    topics: repo.topics,
    vulnerabilityAlerts: repo.vulnerabilityAlerts,
    branches: refNames(repo, "refs/heads/"),
    tags: refNames(repo, "refs/tags/"),
    refs: repo.git.refs,
    files: (branch = repo.defaultBranch) => filesOf(repo, branch),
    commits: (branch = repo.defaultBranch) => commitsOf(repo, branch),
    secretNames: [...repo.secrets.secrets.keys()].sort(),
    secretValue: (name, environment) => store(environment)?.get(name)?.value,
    secretUpdatedAt: (name) => repo.secrets.get(name)?.updatedAt,
    setSecret: (name, value) => void repo.secrets.set(name, value),
    deleteSecret: (name) => void repo.secrets.delete(name),
    variables: Object.fromEntries([...repo.variables.values()].map(({ name, value }) => [name, value])),
    environments: repo.environments,
    rulesets: [...repo.rulesets.values()],
    pages: repo.pages,
    workflowPermissions: repo.workflowPermissions,
    dispatches: repo.dispatches,
    runs: repo.runs,
    issues: [...repo.issues.values()],
    pulls: [...repo.pulls.values()],
    archive: (archived = true) => {
      repo.archived = archived;
    },
  };
}
