import type { FleetConfig } from "../../fleet/config.ts";
import type { Fleet } from "../../fleet/derive.ts";
import { NOTIFY_PATH, notifyWorkflow } from "../../workflows/notify.ts";
import { dataOf, textOf } from "../drift/state.ts";

/** What one repository's pull request is to bring. */
export interface Wanted {
  /** `owner/repository` in lower case. */
  readonly id: string;
  readonly owner: string;
  readonly repository: string;
  /** Branch that it goes to. @default the repository's default branch */
  readonly branch?: string;
  readonly path: string;
  /** The workflow's text; none where the package left and its workflow goes. */
  readonly content?: string;
}

/**
 * The repositories that need a pull request: those with delivery `pull-request`, and those that had it and left satis.json.
 *
 * What left is known from the stack's state, that is, until the next update; after it, name the repository.
 *
 * @param only repositories to propose to, whatever their delivery; none means all that need it
 */
export function wantedProposals(
  fleet: Fleet,
  config: FleetConfig,
  deployment: unknown,
  only: readonly string[],
): readonly Wanted[] {
  const chosen = new Set(only.map((id) => id.toLowerCase()));
  // Where a schedule finds changes, no repository has a workflow.
  const notified = config.notify === "dispatch" ? fleet.packages : [];
  const packages = notified.filter(({ id, delivery }) =>
    chosen.size > 0 ? chosen.has(id) : delivery === "pull-request",
  );
  const kept = new Set(notified.flatMap(({ id, renamedFrom }) => [id, renamedFrom ?? id]));
  const candidates = chosen.size > 0 ? [...chosen] : managedBefore(fleet.composer.owner, deployment);
  const gone = candidates.filter((id) => !kept.has(id)).sort();
  const additions = packages.map(({ id, owner, repository, branch, dispatchName }) => ({
    id,
    owner,
    repository,
    ...(branch === undefined ? {} : { branch }),
    path: NOTIFY_PATH,
    content: notifyWorkflow({
      repository: id,
      dispatchName,
      composer: fleet.composer,
      secretName: config.secretName,
    }),
  }));
  return [...additions, ...gone.map((id) => removal(id))];
}

function removal(id: string): Wanted {
  const [owner = "", repository = ""] = id.split("/");
  return { id, owner, repository, path: NOTIFY_PATH };
}

/** Ids of repositories that the last update managed by pull request. */
function managedBefore(owner: string, deployment: unknown): readonly string[] {
  const { resources } = dataOf(deployment);
  return (Array.isArray(resources) ? resources : []).map(dataOf).flatMap(({ type, inputs }) => {
    const { repository, delivery } = dataOf(inputs);
    const name = textOf(repository);
    const matches = type === "satisfleet:index:PackageNotifier" && delivery === "pull-request";
    return matches && name !== undefined ? [`${owner}/${name}`.toLowerCase()] : [];
  });
}
