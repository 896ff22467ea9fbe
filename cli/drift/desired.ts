import { canonicalSatis } from "../../fleet/canonical-satis.ts";
import type { FleetConfig } from "../../fleet/config.ts";
import type { Fleet, ManagedPackage } from "../../fleet/derive.ts";
import type { Satis } from "../../fleet/satis.ts";
import {
  READ_TOKEN_SECRET,
  REGISTRY_ENVIRONMENT,
  scheduledWorkflow,
  unscheduledWorkflows,
  WORKFLOW_PATHS,
} from "../../workflows/composer.ts";
import { NOTIFY_PATH, notifyWorkflow } from "../../workflows/notify.ts";
import type { SecretPlace } from "./state.ts";

/** A file that a repository has to hold. */
export interface DesiredFile {
  /** Without its owner. */
  readonly repository: string;
  /** The repository's default branch where not set. */
  readonly branch?: string;
  readonly path: string;
  readonly content: string;
  /** Who brings it there: an update, or somebody's pull request. */
  readonly delivery: "commit" | "pull-request";
}

/** What GitHub has to hold, settings aside: those are compared with what the last update set. */
export interface Desired {
  readonly files: readonly DesiredFile[];
  readonly secrets: readonly SecretPlace[];
  /** Repositories, without their owner, that must see the organization's secret. */
  readonly organizationSecretFor: readonly string[];
}

/** What the desired fleet is derived from. */
export interface DesiredInput {
  readonly fleet: Fleet;
  readonly config: FleetConfig;
  readonly satis: Satis;
  /** Whether the stack has a read token. */
  readonly hasReadToken: boolean;
  /** Minute that the last update drew; without one the scheduled workflow was never made. */
  readonly minute: number | undefined;
}

/** Gives every file and secret that the program would make, by the same pure functions. */
export function desiredOf(input: DesiredInput): Desired {
  const { fleet, config } = input;
  const notified = config.notify === "dispatch" ? fleet.packages : [];
  const viaOrganization = (one: ManagedPackage) =>
    fleet.features.organizationSecret && one.delivery === "commit";
  const name = config.secretName;
  return {
    files: [...notified.map((one) => notifyFile(one, fleet, config)), ...composerFiles(input)],
    secrets: [
      ...notified
        .filter((one) => !viaOrganization(one))
        .map(({ repository }): SecretPlace => ({ scope: "repository", repository, name })),
      ...(fleet.features.organizationSecret ? [{ scope: "organization", name } as const] : []),
      ...(input.hasReadToken ? [readTokenPlace(fleet)] : []),
    ],
    organizationSecretFor: notified.filter(viaOrganization).map(({ repository }) => repository),
  };
}

function notifyFile(one: ManagedPackage, { composer }: Fleet, { secretName }: FleetConfig): DesiredFile {
  const { id, repository, branch, dispatchName, delivery } = one;
  return {
    repository,
    ...(branch === undefined ? {} : { branch }),
    path: NOTIFY_PATH,
    content: notifyWorkflow({ repository: id, dispatchName, composer, secretName }),
    delivery,
  };
}

function composerFiles({ fleet, config, satis, minute }: DesiredInput): DesiredFile[] {
  const { composer, features } = fleet;
  const { branch, repository } = composer;
  const options = {
    branch,
    hosting: features.pages ? ("pages" as const) : ("private" as const),
    environment: features.environment ? REGISTRY_ENVIRONMENT : undefined,
    readTokenSecret: READ_TOKEN_SECRET,
  };
  const { registry, partialBuild } = unscheduledWorkflows(options);
  const files: Record<string, string> = {
    ...(config.reviewers.length > 0 ? { ".github/CODEOWNERS": `* ${config.reviewers.join(" ")}\n` } : {}),
    [WORKFLOW_PATHS.registry]: registry,
    [WORKFLOW_PATHS.partialBuild]: partialBuild,
    ...(minute === undefined
      ? {}
      : { [WORKFLOW_PATHS.build]: scheduledWorkflow({ ...options, cronMinute: minute }) }),
    ...(config.commitSatis ? { "satis.json": canonicalSatis(satis, fleet, config.github.host) } : {}),
  };
  return Object.entries(files).map(([path, content]) => ({
    repository,
    branch,
    path,
    content,
    delivery: "commit",
  }));
}

function readTokenPlace({ composer: { repository }, features }: Fleet): SecretPlace {
  return features.environment
    ? { scope: "environment", repository, environment: REGISTRY_ENVIRONMENT, name: READ_TOKEN_SECRET }
    : { scope: "repository", repository, name: READ_TOKEN_SECRET };
}
