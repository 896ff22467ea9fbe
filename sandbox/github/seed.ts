import { committerNow, type NewRepository, type Repository } from "./repository.ts";
import type { State } from "./state.ts";

/** A repository to start with. */
export interface SeedRepository extends NewRepository {
  /** @default the first organization */
  readonly owner?: string;
  readonly name: string;
  /** Text by path, one commit. Without it a README; an empty object makes an empty repository. */
  readonly files?: Readonly<Record<string, string>>;
  /** More branches, at the first commit. */
  readonly branches?: readonly string[];
  /** Lightweight tags, at the first commit. */
  readonly tags?: readonly string[];
  /** Whether its default branch takes changes by pull request only. */
  readonly protectedByPullRequest?: boolean;
}

/** Adds a repository with what it starts with. */
export function seedRepository(state: State, seed: SeedRepository, owner: string): Repository {
  const repo = state.create(seed.owner ?? owner, seed.name, seed);
  const files = seed.files ?? { "README.md": `# ${seed.name}\n` };
  if (Object.keys(files).length > 0) {
    const person = committerNow();
    const tree = repo.git.treeOf(files);
    const head = repo.git.putCommit({
      tree,
      parents: [],
      author: person,
      committer: person,
      message: "Initial commit",
    });
    for (const branch of [repo.defaultBranch, ...(seed.branches ?? [])]) {
      repo.git.setRef(`refs/heads/${branch}`, head);
    }
    for (const tag of seed.tags ?? []) repo.git.setRef(`refs/tags/${tag}`, head);
  }
  if (seed.protectedByPullRequest) {
    const id = state.nextId();
    repo.rulesets.set(id, {
      id,
      name: "pull requests",
      target: "branch",
      enforcement: "active",
      bypass_actors: [],
      conditions: { ref_name: { include: ["~DEFAULT_BRANCH"], exclude: [] } },
      rules: [{ type: "pull_request", parameters: { required_approving_review_count: 1 } }],
    });
  }
  return repo;
}
