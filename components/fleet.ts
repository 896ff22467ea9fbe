import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import type { FleetConfig } from "../fleet/config.ts";
import type { Fleet as FleetPlan, ManagedPackage } from "../fleet/derive.ts";
import { notifyWorkflow } from "../workflows/notify.ts";
import { ComposerRepository } from "./composer-repository.ts";
import { PackageNotifier } from "./package-notifier.ts";
import { RenameGuard } from "./rename-guard.ts";

/** Secret values of the stack, as outputs that stay secret. */
export interface FleetSecrets {
  /** May dispatch the partial build; needed unless `notify` is `poll`. */
  readonly dispatchToken?: pulumi.Output<string> | undefined;
  /** Reads the package repositories in builds. */
  readonly readToken?: pulumi.Output<string> | undefined;
}

/** Arguments for {@link Fleet}. */
export interface FleetArgs {
  readonly plan: FleetPlan;
  readonly config: FleetConfig;
  readonly secrets: FleetSecrets;
  /** App that runs the program, when an App does. */
  readonly appId?: number | undefined;
  /** Text of satis.json. */
  readonly satis: string;
}

/** The whole fleet: the composer repository, and one notifier for each managed package repository. */
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
        reviewers: config.reviewers,
        appId: args.appId,
        readToken: secrets.readToken,
        satis: config.commitSatis ? args.satis : undefined,
      },
      { parent: this },
    );
    // Always: the state of every secret and file names its hook, and a delete whose hook is not registered fails.
    const guard = new RenameGuard();
    if (config.notify === "dispatch" && secrets.dispatchToken) {
      // Made secret once, here: at a thousand packages every output counts.
      this.#notify(plan, config, pulumi.secret(secrets.dispatchToken), guard);
    }
    this.registerOutputs();
  }

  #notify(
    plan: FleetPlan,
    config: FleetConfig,
    dispatchToken: pulumi.Output<string>,
    guard: RenameGuard,
  ): void {
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
