import { isoSeconds, type Person } from "./git-objects.ts";
import { type Edits, GitRepository } from "./git-repository.ts";
import { SecretStore } from "./secrets.ts";

/** A JSON object. */
export type Json = Record<string, unknown>;

export interface Environment {
  readonly id: number;
  readonly name: string;
  readonly settings: Json;
  readonly policies: Map<number, { readonly name: string; readonly type: string }>;
  readonly secrets: SecretStore;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A dispatch of a workflow that was accepted. */
export interface Dispatch {
  readonly workflow: string;
  readonly ref: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly runId: number;
}

/** One thing that has an id or a number beside what GitHub shows of it. */
export interface Numbered extends Json {
  number: number;
}

export interface Repository {
  readonly id: number;
  owner: string;
  name: string;
  private: boolean;
  archived: boolean;
  defaultBranch: string;
  readonly readOnly: boolean;
  readonly createdAt: string;
  updatedAt: string;
  pushedAt: string;
  /** description, homepage, has_*, allow_*, merge texts: as GitHub names them. */
  readonly settings: Json;
  topics: string[];
  vulnerabilityAlerts: boolean;
  readonly git: GitRepository;
  readonly secrets: SecretStore;
  readonly variables: Map<string, { name: string; value: string; created_at: string; updated_at: string }>;
  readonly environments: Map<string, Environment>;
  readonly rulesets: Map<number, Json>;
  pages: Json | undefined;
  readonly deployments: Json[];
  actions: Json;
  selectedActions: Json;
  workflowPermissions: Json;
  readonly workflowIds: Map<string, number>;
  readonly disabledWorkflows: Set<string>;
  readonly dispatches: Dispatch[];
  readonly runs: Json[];
  readonly labels: Map<string, Json>;
  readonly issues: Map<number, Numbered>;
  readonly comments: Map<number, Json[]>;
  readonly pulls: Map<number, Numbered>;
  readonly releases: Json[];
}

/** What may be said of a repository when it is made. */
export interface NewRepository {
  /** @default true */
  readonly private?: boolean;
  readonly archived?: boolean;
  /** @default "main" */
  readonly defaultBranch?: string;
  readonly description?: string;
  /** Whether every token may only read it. */
  readonly readOnly?: boolean;
}

/** What a new repository has unless it says otherwise, in GitHub's words. */
const DEFAULT_SETTINGS: Json = {
  description: null,
  homepage: null,
  has_issues: true,
  has_projects: true,
  has_wiki: true,
  has_downloads: true,
  has_discussions: false,
  is_template: false,
  allow_forking: false,
  allow_merge_commit: true,
  allow_squash_merge: true,
  allow_rebase_merge: true,
  allow_auto_merge: false,
  allow_update_branch: false,
  delete_branch_on_merge: false,
  squash_merge_commit_title: "COMMIT_OR_PR_TITLE",
  squash_merge_commit_message: "COMMIT_MESSAGES",
  merge_commit_title: "MERGE_MESSAGE",
  merge_commit_message: "PR_TITLE",
  web_commit_signoff_required: false,
  security_and_analysis: {
    secret_scanning: { status: "disabled" },
    secret_scanning_push_protection: { status: "disabled" },
  },
};

/** Takes from a request what GitHub lets it set. */
export function applySettings(repo: Repository, body: Json): void {
  for (const key of Object.keys(DEFAULT_SETTINGS)) {
    if (body[key] !== undefined) repo.settings[key] = body[key];
  }
}

/** The time in GitHub's form. */
export const now = () => isoSeconds(Math.floor(Date.now() / 1000));

/** The time now, but later than `before`: two changes within a second must not look like one, to an ETag least of all. */
export function nowAfter(before: string): string {
  return isoSeconds(Math.floor(Math.max(Date.now(), Date.parse(before) + 1000) / 1000));
}

/** A repository without commits. */
export function newRepository(id: number, owner: string, name: string, options: NewRepository): Repository {
  const createdAt = now();
  return {
    id,
    owner,
    name,
    private: options.private ?? true,
    archived: options.archived ?? false,
    defaultBranch: options.defaultBranch ?? "main",
    readOnly: options.readOnly ?? false,
    createdAt,
    updatedAt: createdAt,
    pushedAt: createdAt,
    settings: { ...DEFAULT_SETTINGS, description: options.description ?? null },
    topics: [],
    vulnerabilityAlerts: false,
    git: new GitRepository(),
    secrets: new SecretStore(),
    variables: new Map(),
    environments: new Map(),
    rulesets: new Map(),
    pages: undefined,
    deployments: [],
    actions: { enabled: true, allowed_actions: "all", sha_pinning_required: false },
    selectedActions: { github_owned_allowed: true, verified_allowed: true, patterns_allowed: [] },
    workflowPermissions: { default_workflow_permissions: "read", can_approve_pull_request_reviews: false },
    workflowIds: new Map(),
    disabledWorkflows: new Set(),
    dispatches: [],
    runs: [],
    labels: new Map(),
    issues: new Map(),
    comments: new Map(),
    pulls: new Map(),
    releases: [],
  };
}

/** The tree of one commit turned into another, on a branch. */
export interface Change {
  readonly branch: string;
  readonly edits: Edits;
  readonly message: string;
  readonly author?: Person;
  readonly committer?: Person;
}

/** Who commits when a request names nobody. */
export const committerNow = (login = "bot"): Person => ({
  name: login,
  email: `${login}@users.noreply.github.com`,
  date: now(),
});

/** Commits the edits on the branch, which is made where the repository is empty; gives the commit's id. */
export function commitChange(repo: Repository, change: Change): string {
  const parent = repo.git.head(change.branch);
  const base = parent === undefined ? undefined : repo.git.commit(parent).tree;
  const committer = change.committer ?? committerNow();
  const sha = repo.git.putCommit({
    tree: repo.git.edit(base, change.edits),
    parents: parent === undefined ? [] : [parent],
    author: change.author ?? committer,
    committer,
    message: change.message,
  });
  moveRef(repo, `refs/heads/${change.branch}`, sha);
  return sha;
}

/** Points a ref at an object, or removes it. */
export function moveRef(repo: Repository, name: string, sha: string | undefined): void {
  repo.git.setRef(name, sha);
  repo.pushedAt = nowAfter(repo.pushedAt);
}
