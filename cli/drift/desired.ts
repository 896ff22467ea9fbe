import type { FleetConfig } from "../../fleet/config.ts";
import { ANNOUNCE_TOKEN_SECRET } from "../../fleet/consumers.ts";
import type { Fleet, ManagedPackage } from "../../fleet/derive.ts";
import type { Bundle, PublisherBundle } from "../../fleet/publisher-bundle.ts";
import type { Satis } from "../../fleet/satis.ts";
import { READ_TOKEN_SECRET, REGISTRY_ENVIRONMENT } from "../../workflows/composer.ts";
import { filesOf } from "../../workflows/composer-files.ts";
import { consumerFilesOf } from "../../workflows/consumer-files.ts";
import { NOTIFY_PATH, notifyWorkflow } from "../../workflows/notify.ts";
import { READ_APP_KEY_SECRET } from "../../workflows/registry.ts";
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
  readonly publisher: PublisherBundle;
  /** Needed where there are consumers. */
  readonly updater: Bundle | undefined;
  /** Whether the stack has a value for a key, secret ones included. */
  readonly isSet: (key: string) => boolean;
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
  const announces = fleet.consumers.length > 0 && input.isSet("satis-fleet:announceToken");
  return {
    files: [
      ...notified.map((one) => notifyFile(one, fleet, config)),
      ...consumerFiles(input),
      ...composerFiles(input),
    ],
    secrets: [
      ...notified
        .filter((one) => !viaOrganization(one))
        .map(({ repository }): SecretPlace => ({ scope: "repository", repository, name })),
      ...(fleet.features.organizationSecret ? [{ scope: "organization", name } as const] : []),
      ...(input.isSet("satis-fleet:readToken") ? [readerPlace(fleet, READ_TOKEN_SECRET)] : []),
      ...(input.isSet("satis-fleet:readAppKey") ? [readerPlace(fleet, READ_APP_KEY_SECRET)] : []),
      ...(announces ? [readerPlace(fleet, ANNOUNCE_TOKEN_SECRET)] : []),
      ...fleet.consumers.flatMap(({ repository, secretNames }) =>
        secretNames.map((secret): SecretPlace => ({ scope: "repository", repository, name: secret })),
      ),
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

function consumerFiles({ fleet: { consumers, composer }, updater }: DesiredInput): DesiredFile[] {
  if (updater === undefined) return [];
  return consumers.flatMap((consumer) =>
    consumerFilesOf({ consumer, composer, updater }).map(
      (file): DesiredFile => ({ ...file, repository: consumer.repository, delivery: consumer.delivery }),
    ),
  );
}

function composerFiles({ fleet, config, satis, publisher, minute }: DesiredInput): DesiredFile[] {
  const { branch, repository } = fleet.composer;
  return filesOf({ plan: fleet, config, satis, publisher }).flatMap(({ path, content }): DesiredFile[] => {
    if (typeof content === "string") return [{ repository, branch, path, content, delivery: "commit" }];
    return minute === undefined
      ? []
      : [{ repository, branch, path, content: content(minute), delivery: "commit" }];
  });
}

/** What builds read the packages or tell consumers with: a secret of the environment, or of the repository where there is none. */
function readerPlace({ composer: { repository }, features }: Fleet, name: string): SecretPlace {
  return features.environment
    ? { scope: "environment", repository, environment: REGISTRY_ENVIRONMENT, name }
    : { scope: "repository", repository, name };
}
