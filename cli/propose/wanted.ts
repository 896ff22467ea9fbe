import { UPDATE_WORKFLOW_PATH, UPDATER_PATH } from "../../fleet/announcement.ts";
import type { FleetConfig } from "../../fleet/config.ts";
import type { ComposerRepositoryPlan, Fleet, ManagedPackage } from "../../fleet/derive.ts";
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
 * The repositories that need a pull request: those with delivery `pull-request`, and those that had it and left.
 *
 * What left, and which files it had, is known from the stack's state, that is, until the next update. Of a repository that is named
 * and of which nothing is known any more, all that the fleet may have put into its root is looked for.
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
  const isMeant = ({ id, delivery }: { readonly id: string; readonly delivery: unknown }) =>
    chosen.size > 0 ? chosen.has(id) : delivery === "pull-request";
  // Where a schedule finds changes, no repository has a workflow.
  const notified = config.notify === "dispatch" ? fleet.packages : [];
  const updated = fleet.consumers.filter((one) => one.updated.length > 0);
  const packages = notified.filter(isMeant);
  const consumers = updated.filter(isMeant);
  const { owner } = fleet.composer;
  const notifiedBefore = managedBefore(owner, deployment, NOTIFIER);
  const updatedBefore = managedBefore(owner, deployment, UPDATER);
  const gone = left(notifiedBefore, notified).filter(isMeant);
  const unsubscribed = left(updatedBefore, updated).filter(isMeant);
  const known = idsOf([...notified, ...updated, ...notifiedBefore, ...updatedBefore]);
  const forgotten = [...chosen].filter((id) => !known.has(id));
  const updates = consumers.flatMap((consumer): Wanted[] => {
    if (updater === undefined) return [];
    const { id, owner, repository } = consumer;
    const files = consumerFilesOf({ consumer, composer: fleet.composer, updater });
    return [{ id, owner, repository, role: "update", head: BRANCHES.update, removal: false, files }];
  });
  return [
    ...packages.map((one) => notification(one, fleet.composer, config.secretName)),
    ...updates,
    ...[...gone.map(({ id }) => id), ...forgotten].sort().map((id) => removal(id, "notify", [NOTIFY_PATH])),
    ...unsubscribed.map(({ id, files }) => removal(id, "update", files)),
    ...forgotten.map((id) => removal(id, "update", [UPDATER_PATH, UPDATE_WORKFLOW_PATH])),
  ];
}

/** What is in the fleet no more, under today's name or the one before. */
function left(before: readonly Managed[], now: readonly Named[]): readonly Managed[] {
  const kept = idsOf(now);
  return before.filter(({ id }) => !kept.has(id));
}

interface Named {
  readonly id: string;
  readonly renamedFrom?: string;
}

function idsOf(all: readonly Named[]): ReadonlySet<string> {
  return new Set(all.flatMap(({ id, renamedFrom }) => [id, renamedFrom ?? id]));
}

function notification(
  { id, owner, repository, branch, dispatchName }: ManagedPackage,
  composer: ComposerRepositoryPlan,
  secretName: string,
): Wanted {
  const content = notifyWorkflow({ repository: id, dispatchName, composer, secretName });
  return {
    id,
    owner,
    repository,
    ...(branch === undefined ? {} : { branch }),
    role: "notify",
    head: BRANCHES.notify,
    removal: false,
    files: [{ path: NOTIFY_PATH, content }],
  };
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

/** A repository that the last update managed. */
interface Managed {
  readonly id: string;
  readonly delivery: unknown;
  /** Paths that a consumer's component names. */
  readonly files: readonly string[];
}

/** The repositories that the last update managed in one role, by id. */
function managedBefore(owner: string, deployment: unknown, wanted: string): readonly Managed[] {
  const { resources } = dataOf(deployment);
  const all = (Array.isArray(resources) ? resources : []).map(dataOf).flatMap(({ type, inputs }) => {
    const { repository, delivery, files } = dataOf(inputs);
    const name = textOf(repository);
    if (type !== wanted || name === undefined) return [];
    const id = `${owner}/${name}`.toLowerCase();
    return [{ id, delivery, files: Array.isArray(files) ? files.map(String) : [] }];
  });
  return all.sort((one, other) => (one.id < other.id ? -1 : 1));
}
