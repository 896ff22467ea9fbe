import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import type { FleetConfig } from "../fleet/config.ts";
import { REGISTRY_TOKEN_SECRET, UPDATE_TOKEN_SECRET } from "../fleet/consumers.ts";
import type { Consumer, Fleet as FleetPlan, ManagedPackage } from "../fleet/derive.ts";
import type { Bundle } from "../fleet/publisher-bundle.ts";
import type { ComposerFile } from "../workflows/composer-files.ts";
import { consumerFilesOf } from "../workflows/consumer-files.ts";
import { notifyWorkflow } from "../workflows/notify.ts";
import { ComposerRepository } from "./composer-repository.ts";
import { ConsumerUpdater } from "./consumer-updater.ts";
import { PackageNotifier } from "./package-notifier.ts";
import { RenameGuard } from "./rename-guard.ts";

/** Secret values of the stack, as outputs that stay secret. */
export interface FleetSecrets {
  /** May dispatch the partial build; needed unless `notify` is `poll`. */
  readonly dispatchToken?: pulumi.Output<string> | undefined;
  /** Reads the package repositories in builds. */
  readonly readToken?: pulumi.Output<string> | undefined;
  /** Mints tokens that read them. */
  readonly readAppKey?: pulumi.Output<string> | undefined;
  /** May dispatch the workflows of consumers. */
  readonly announceToken?: pulumi.Output<string> | undefined;
  /** Reads the registry in consumers where it is private. */
  readonly registryToken?: pulumi.Output<string> | undefined;
  /** Opens the pull requests of one consumer, by its id. */
  readonly consumerTokens: ReadonlyMap<string, pulumi.Output<string>>;
}

/** Arguments for {@link Fleet}. */
export interface FleetArgs {
  readonly plan: FleetPlan;
  readonly config: FleetConfig;
  readonly secrets: FleetSecrets;
  /** App that runs the program, when an App does. */
  readonly appId?: number | undefined;
  /** What the composer repository holds. */
  readonly files: readonly ComposerFile[];
  /** What runs in consumers; needed where there are any. */
  readonly updater?: Bundle | undefined;
}

/** The whole fleet: the composer repository, one notifier for each managed package repository, one updater for each consumer. */
export class Fleet extends pulumi.ComponentResource {
  constructor(name: string, args: FleetArgs, opts?: pulumi.ComponentResourceOptions) {
    const { plan, config, secrets } = args;
    super(
      "satisfleet:index:Fleet",
      name,
      {
        owner: plan.composer.owner,
        composerRepository: plan.composer.repository,
        notify: config.notify,
        packages: plan.packages.map(({ id }) => id),
        // Left out where there are none: the state of a fleet without consumers stays as it is.
        ...(plan.consumers.length > 0 ? { consumers: plan.consumers.map(({ id }) => id) } : {}),
      },
      opts,
    );
    new ComposerRepository(
      "composer",
      {
        repository: plan.composer.repository,
        branch: plan.composer.branch,
        manageRepository: config.manageRepository,
        visibility: config.visibility,
        hosting: config.hosting,
        registryUrl: plan.composer.registryUrl,
        features: plan.features,
        reviewed: config.reviewers.length > 0,
        appId: args.appId,
        readToken: secrets.readToken,
        readAppKey: secrets.readAppKey,
        announceToken: plan.consumers.length > 0 ? secrets.announceToken : undefined,
        files: args.files,
      },
      { parent: this },
    );
    // Always: the state of every secret and file names its hook, and a delete whose hook is not registered fails.
    const guard = new RenameGuard();
    const notifiers =
      config.notify === "dispatch" && secrets.dispatchToken
        ? // Made secret once, here: at a thousand packages every output counts.
          this.#notify(plan, config, pulumi.secret(secrets.dispatchToken), guard)
        : new Map<string, PackageNotifier>();
    this.#update(args, notifiers, guard);
    this.registerOutputs();
  }

  #notify(
    plan: FleetPlan,
    config: FleetConfig,
    dispatchToken: pulumi.Output<string>,
    guard: RenameGuard,
  ): ReadonlyMap<string, PackageNotifier> {
    const notifiers = new Map<string, PackageNotifier>();
    const shared: pulumi.Output<number>[] = [];
    for (const managed of plan.packages) {
      // A pull request leaves no file in the state, hence no repository id for the organization's list: such a package keeps its own secret.
      const secretScope =
        plan.features.organizationSecret && managed.delivery === "commit" ? "organization" : "repository";
      const notifier = new PackageNotifier(
        managed.id,
        {
          repository: managed.repository,
          branch: managed.branch,
          delivery: managed.delivery,
          secretScope,
          secretName: config.secretName,
          dispatchToken,
          workflow: this.#workflow(plan, config, managed),
          hooks: guard.hooks,
        },
        { parent: this, ...(managed.renamedFrom ? { aliases: [{ name: managed.renamedFrom }] } : {}) },
      );
      notifiers.set(managed.id, notifier);
      guard.manages(managed.id, notifier.repositoryId);
      if (secretScope === "organization") shared.push(notifier.repositoryId);
    }
    if (plan.features.organizationSecret) {
      new github.ActionsOrganizationSecret(
        "organization-token",
        {
          secretName: config.secretName,
          visibility: "selected",
          // One resource for value and list: a list of its own (ActionsOrganizationSecretRepositories) fails every refresh once somebody
          // deletes the secret, instead of bringing it back.
          selectedRepositoryIds: pulumi.all(shared).apply((ids) => ids.toSorted((a, b) => a - b)),
          value: dispatchToken,
        },
        { parent: this, deleteBeforeReplace: true },
      );
    }
    return notifiers;
  }

  #update(
    { plan, secrets, updater }: FleetArgs,
    notifiers: ReadonlyMap<string, PackageNotifier>,
    guard: RenameGuard,
  ): void {
    if (updater === undefined) return;
    for (const consumer of plan.consumers.filter(({ updated }) => updated.length > 0)) {
      const { repositoryId } = new ConsumerUpdater(
        consumer.id,
        {
          repository: consumer.repository,
          delivery: consumer.delivery,
          workflowPermissions: consumer.workflowPermissions,
          secrets: secretsOf(consumer, secrets),
          files: consumerFilesOf({ consumer, composer: plan.composer, updater }),
          hooks: guard.hooks,
          after: notifiers.get(consumer.id),
        },
        { parent: this, ...(consumer.renamedFrom ? { aliases: [{ name: consumer.renamedFrom }] } : {}) },
      );
      if (repositoryId) guard.manages(consumer.id, repositoryId);
    }
  }

  #workflow(plan: FleetPlan, config: FleetConfig, managed: ManagedPackage): string {
    return notifyWorkflow({
      repository: managed.id,
      dispatchName: managed.dispatchName,
      composer: plan.composer,
      secretName: config.secretName,
    });
  }
}

/** What one consumer may know: a token of its own goes nowhere else. */
function secretsOf(
  { id, secretNames }: Consumer,
  { registryToken, consumerTokens }: FleetSecrets,
): ReadonlyMap<string, pulumi.Output<string>> {
  const values = new Map([
    [REGISTRY_TOKEN_SECRET, registryToken],
    [UPDATE_TOKEN_SECRET, consumerTokens.get(id)],
  ]);
  return new Map(
    secretNames.flatMap((name) => {
      const value = values.get(name);
      return value === undefined ? [] : [[name, pulumi.secret(value)] as const];
    }),
  );
}
