import { judgeClaims, publishedBy } from "./claim.ts";
import type { Fault } from "./fault.ts";
import type { Plan, PlannedRepository } from "./plan.ts";
import type { Sources } from "./repositories.ts";
import type { Target } from "./satis/output.ts";

/** What a plan comes to before Satis runs. */
export interface Candidates {
  /** What Satis is to build. */
  readonly targets: readonly Target[];
  /** Package name by repository id, for all that may publish theirs. */
  readonly names: ReadonlyMap<string, string>;
  /** Package name by repository id, of which satis.json selects nothing. */
  readonly unselected: ReadonlyMap<string, string>;
  /** What cannot be built: unreadable, without a name, or with a name that is not its own. */
  readonly faults: readonly Fault[];
}

/** What satis.json and settings.json say of names. */
export interface Selection {
  readonly vendors: readonly string[];
  /** Keys of `require`, in lower case. */
  readonly required: ReadonlySet<string>;
  readonly requireAll: boolean;
}

/** Sorts the repositories of a plan into those that Satis builds and those that are held; what is not stale is neither. */
export function candidatesOf(
  plan: Plan,
  sources: Sources,
  { vendors, required, requireAll }: Selection,
): Candidates {
  const declared = new Map(
    sources.repositories.flatMap(({ id, packageName }) =>
      packageName === undefined ? [] : [[id, packageName]],
    ),
  );
  const { previous, repositories } = plan;
  const { names, refused } = judgeClaims({ repositories, previous, vendors, declared, required });
  const targets: Target[] = [];
  const faults: Fault[] = [];
  const unselected = new Map<string, string>();
  for (const repository of repositories) {
    const { id } = repository;
    const packageName = names.get(id);
    const problem = problemOf(repository);
    const claim = refused.get(id);
    if (problem !== undefined) {
      const [message, remedy] = problem;
      faults.push({ by: "refs", package: publishedBy(id, previous) ?? id, message, remedy });
    } else if (claim !== undefined) faults.push(claim);
    else if (packageName !== undefined && !requireAll && !required.has(packageName)) {
      unselected.set(id, packageName);
    } else if (packageName !== undefined && (plan.action === "full" || repository.stale)) {
      targets.push({ id, packageName });
    }
  }
  return { targets, names, unselected, faults };
}

function problemOf({
  error,
  refs,
  packageName,
  nameError,
}: PlannedRepository): readonly [string, string] | undefined {
  if (error !== undefined) {
    const remedy =
      error.kind === "gone"
        ? "check that it exists and that the read token may read it, or take it out of satis.json"
        : "it is tried again at the next run";
    return [`its repository could not be read: ${error.message}`, remedy];
  }
  if (refs !== undefined && Object.keys(refs.heads).length + Object.keys(refs.tags).length === 0) {
    return ["its repository has no branch and no tag", "push to it, or take it out of satis.json"];
  }
  if (packageName !== undefined) return undefined;
  const message = nameError ?? "nobody knows the name of its package";
  return [message, 'push a composer.json with a "name" to its default branch, or take it out of satis.json'];
}
