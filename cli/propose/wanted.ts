import type { FleetConfig } from "../../fleet/config.ts";
import type { Fleet } from "../../fleet/derive.ts";
import type { Bundle } from "../../fleet/publisher-bundle.ts";
import { consumerFilesOf } from "../../workflows/consumer-files.ts";
import { NOTIFY_PATH, notifyWorkflow } from "../../workflows/notify.ts";
import { dataOf, textOf } from "../drift/state.ts";

/** Branch of the fleet's pull request in a package repository: one at a time, used again. */
export const PROPOSAL_BRANCH = "satis-fleet/notify-workflow";
/** The same in a consumer. */
export const CONSUMER_PROPOSAL_BRANCH = "satis-fleet/update-workflow";
const BRANCHES = { notify: PROPOSAL_BRANCH, update: CONSUMER_PROPOSAL_BRANCH } as const;

/** A file that a pull request is to bring; none of content where it is to go. */
export interface WantedFile {
  readonly path: string;
  readonly content?: string;
}

/** What one pull request is to bring. */
export interface Wanted {
  /** `owner/repository` in lower case. */
  readonly id: string;
  readonly owner: string;
  readonly repository: string;
  /** Branch that it goes to. @default the repository's default branch */
  readonly branch?: string;
  /** Whether the repository is a package, which notifies, or a consumer, which is updated. */
  readonly role: keyof typeof BRANCHES;
  /** Branch that it comes from. */
  readonly head: string;
  /** All of them with content, or, where the repository left the fleet, none. */
  readonly files: readonly WantedFile[];
  readonly removal: boolean;
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
  updater?: Bundle,
): readonly Wanted[] {
  const chosen = new Set(only.map((id) => id.toLowerCase()));
  // Where a schedule finds changes, no repository has a workflow.
  const notified = config.notify === "dispatch" ? fleet.packages : [];
  const packages = notified.filter(({ id, delivery }) =>
    chosen.size > 0 ? chosen.has(id) : delivery === "pull-request",
  );
  const consumers = fleet.consumers.filter(
    ({ id, delivery, updated }) =>
      updated.length > 0 && (chosen.size > 0 ? chosen.has(id) : delivery === "pull-request"),
  );
  const kept = new Set(notified.flatMap(({ id, renamedFrom }) => [id, renamedFrom ?? id]));
  const candidates =
    chosen.size > 0 ? [...chosen] : [...managedBefore(fleet.composer.owner, deployment, NOTIFIER).keys()];
  const gone = candidates.filter((id) => !kept.has(id)).sort();
  const updated = new Set(
    fleet.consumers.flatMap((one) => (one.updated.length > 0 ? [one.id, one.renamedFrom ?? one.id] : [])),
  );
  const unsubscribed = [...managedBefore(fleet.composer.owner, deployment, UPDATER)].filter(
    ([id]) => !updated.has(id),
  );
  const additions = packages.map(({ id, owner, repository, branch, dispatchName }) => ({
    id,
    owner,
    repository,
    ...(branch === undefined ? {} : { branch }),
    role: "notify" as const,
    head: BRANCHES.notify,
    removal: false,
    files: [
      {
        path: NOTIFY_PATH,
        content: notifyWorkflow({
          repository: id,
          dispatchName,
          composer: fleet.composer,
          secretName: config.secretName,
        }),
      },
    ],
  }));
  const updates = consumers.flatMap((consumer): Wanted[] => {
    if (updater === undefined) return [];
    const { id, owner, repository } = consumer;
    const files = consumerFilesOf({ consumer, composer: fleet.composer, updater });
    return [{ id, owner, repository, role: "update", head: BRANCHES.update, removal: false, files }];
  });
  return [
    ...additions,
    ...updates,
    ...gone.map((id) => removal(id, "notify", [NOTIFY_PATH])),
    ...unsubscribed.map(([id, paths]) => removal(id, "update", paths)),
  ];
}

function removal(id: string, role: Wanted["role"], paths: readonly string[]): Wanted {
  const [owner = "", repository = ""] = id.split("/");
  return {
    id,
    owner,
    repository,
    role,
    head: BRANCHES[role],
    removal: true,
    files: paths.map((path) => ({ path })),
  };
}

const NOTIFIER = "satisfleet:index:PackageNotifier";
const UPDATER = "satisfleet:index:ConsumerUpdater";

/** Repositories that the last update managed by pull request, with the files that a consumer's component names. */
function managedBefore(
  owner: string,
  deployment: unknown,
  wanted: string,
): ReadonlyMap<string, readonly string[]> {
  const { resources } = dataOf(deployment);
  const entries = (Array.isArray(resources) ? resources : []).map(dataOf).flatMap(({ type, inputs }) => {
    const { repository, delivery, files } = dataOf(inputs);
    const name = textOf(repository);
    const paths = Array.isArray(files) ? files.map(String) : [];
    const matches = type === wanted && delivery === "pull-request" && name !== undefined;
    return matches ? [[`${owner}/${name}`.toLowerCase(), paths] as const] : [];
  });
  return new Map(entries);
}
