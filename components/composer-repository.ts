import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { ANNOUNCE_TOKEN_SECRET } from "../fleet/consumers.ts";
import { READ_TOKEN_SECRET, REGISTRY_ENVIRONMENT } from "../workflows/composer.ts";
import type { ComposerFile } from "../workflows/composer-files.ts";
import { READ_APP_KEY_SECRET } from "../workflows/registry.ts";
import { managedFile } from "./managed-file.ts";

/** GitHub's id of the repository role "admin" as a ruleset's bypass actor. */
const ADMIN_ROLE = 5;

/** Arguments for {@link ComposerRepository}; policies read the plain ones, since they see no configuration. */
export interface ComposerRepositoryArgs {
  /** Repository, without its owner. */
  readonly repository: string;
  /** Its default branch: managed files go there, builds run there. */
  readonly branch: string;
  /** `false`: the repository exists and stays as it is, but for what the fleet puts in it. */
  readonly manageRepository: boolean;
  readonly visibility: "private" | "internal" | "public";
  readonly hosting: "pages" | "private";
  /** Registry's address, as consumers use it. */
  readonly registryUrl: string;
  /** What the plan allows; the rest is left out. */
  readonly features: { readonly pages: boolean; readonly environment: boolean; readonly ruleset: boolean };
  /** Whether the ruleset asks for the review of code owners. */
  readonly reviewed: boolean;
  /** App that runs the program: it bypasses the ruleset. @default the admin role does */
  readonly appId?: number | undefined;
  /** Token with which builds read package repositories (Contents: read). */
  readonly readToken?: pulumi.Input<string> | undefined;
  /** Key of the App that mints such tokens instead. */
  readonly readAppKey?: pulumi.Input<string> | undefined;
  /** Token that tells consumers (Actions: write on them). */
  readonly announceToken?: pulumi.Input<string> | undefined;
  /** Files to keep there, in the order in which to commit them. */
  readonly files: readonly ComposerFile[];
}

/**
 * The repository that builds and serves the registry.
 *
 * Everything a build needs is in place before satis.json is committed, since that push starts the first build; commits to one branch
 * are made one after the other, since GitHub answers 409 to parallel ones.
 */
export class ComposerRepository extends pulumi.ComponentResource {
  /** Minute of the hour at which the schedule runs, drawn once. */
  readonly minute: pulumi.Output<number>;

  constructor(name: string, args: ComposerRepositoryArgs, opts?: pulumi.ComponentResourceOptions) {
    const { branch, manageRepository, visibility, hosting, features, registryUrl } = args;
    super(
      "satisfleet:index:ComposerRepository",
      name,
      { repository: args.repository, branch, manageRepository, visibility, hosting, features, registryUrl },
      opts,
    );
    const created = manageRepository ? this.#repository(name, args) : undefined;
    // The name as the created repository's output: everything in it waits for it to exist.
    const repository = created?.name ?? pulumi.output(args.repository);
    const pages = features.pages ? this.#pages(name, repository) : undefined;
    const secrets = this.#secrets(name, repository, args);
    this.minute = this.#minute(name, args.repository);
    const last = this.#files(name, repository, args, [...(pages ? [pages] : []), ...secrets]);
    if (features.ruleset) this.#ruleset(name, repository, args, last);
    this.registerOutputs({ minute: this.minute });
  }

  #repository(name: string, args: ComposerRepositoryArgs): github.Repository {
    return new github.Repository(
      `${name}-repository`,
      {
        name: args.repository,
        description: "Composer registry, managed by satis-fleet",
        homepageUrl: args.registryUrl,
        visibility: args.visibility,
        autoInit: true,
        hasIssues: true,
        hasWiki: false,
        deleteBranchOnMerge: true,
        archiveOnDestroy: true,
      },
      // Pages belong to RepositoryPages below. Archived rather than deleted, and neither without being asked twice.
      { parent: this, protect: true, ignoreChanges: ["pages"] },
    );
  }

  #pages(name: string, repository: pulumi.Output<string>): github.RepositoryPages {
    return new github.RepositoryPages(
      `${name}-pages`,
      { repository, buildType: "workflow" },
      // A custom domain is set by hand: the provider drops one given at creation.
      { parent: this, protect: true, deleteBeforeReplace: true, ignoreChanges: ["cname"] },
    );
  }

  /** What reads the packages and tells consumers, where only runs of the default branch see it; without environments, in the repository. */
  #secrets(name: string, repository: pulumi.Output<string>, args: ComposerRepositoryArgs): pulumi.Resource[] {
    const given = [
      { role: "read-token", secretName: READ_TOKEN_SECRET, value: args.readToken },
      { role: "read-app-key", secretName: READ_APP_KEY_SECRET, value: args.readAppKey },
      { role: "announce-token", secretName: ANNOUNCE_TOKEN_SECRET, value: args.announceToken },
    ].flatMap(({ role, secretName, value }) =>
      value === undefined ? [] : [{ resource: `${name}-${role}`, secretName, value: pulumi.secret(value) }],
    );
    const inPlace = { parent: this, deleteBeforeReplace: true };
    if (!args.features.environment) {
      return given.map(
        ({ resource, secretName, value }) =>
          new github.ActionsSecret(resource, { repository, secretName, value }, inPlace),
      );
    }
    const environment = new github.RepositoryEnvironment(
      `${name}-environment`,
      {
        repository,
        environment: REGISTRY_ENVIRONMENT,
        deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true },
      },
      inPlace,
    );
    const policy = new github.RepositoryEnvironmentDeploymentPolicy(
      `${name}-environment-branch`,
      { repository, environment: environment.environment, branchPattern: args.branch },
      inPlace,
    );
    const secrets = given.map(
      ({ resource, secretName, value }) =>
        new github.ActionsEnvironmentSecret(
          resource,
          { repository, environment: environment.environment, secretName, value },
          { ...inPlace, dependsOn: policy },
        ),
    );
    return secrets.length > 0 ? secrets : [policy];
  }

  #minute(name: string, repository: string): pulumi.Output<number> {
    // Drawn, so that a thousand fleets do not all wake GitHub's scheduler at the full hour.
    const minute = new random.RandomInteger(
      `${name}-minute`,
      { min: 1, max: 59, keepers: { repository } },
      { parent: this },
    );
    return minute.result;
  }

  #files(
    name: string,
    repository: pulumi.Output<string>,
    args: ComposerRepositoryArgs,
    needed: readonly pulumi.Resource[],
  ): pulumi.Resource | undefined {
    let last: pulumi.Resource | undefined;
    for (const { path, content } of args.files) {
      last = managedFile(
        `${name}-${path}`,
        {
          repository,
          branch: args.branch,
          path,
          content: typeof content === "string" ? content : this.minute.apply(content),
        },
        { parent: this, dependsOn: last ? [...needed, last] : [...needed] },
      );
    }
    return last;
  }

  #ruleset(
    name: string,
    repository: pulumi.Output<string>,
    args: ComposerRepositoryArgs,
    after: pulumi.Resource | undefined,
  ): void {
    const bypass =
      args.appId === undefined
        ? { actorId: ADMIN_ROLE, actorType: "RepositoryRole", bypassMode: "always" }
        : { actorId: args.appId, actorType: "Integration", bypassMode: "always" };
    new github.RepositoryRuleset(
      `${name}-ruleset`,
      {
        repository,
        name: "satis-fleet: default branch",
        target: "branch",
        enforcement: "active",
        conditions: { refName: { includes: ["~DEFAULT_BRANCH"], excludes: [] } },
        // Managed commits come from the program itself: without the bypass GitHub answers them 409.
        bypassActors: [bypass],
        rules: {
          deletion: true,
          nonFastForward: true,
          pullRequest: {
            requiredApprovingReviewCount: args.reviewed ? 1 : 0,
            requireCodeOwnerReview: args.reviewed,
          },
        },
      },
      {
        parent: this,
        deleteBeforeReplace: true,
        // The provider would send the old id to the other repository for ever.
        replaceOnChanges: ["repository"],
        ...(after ? { dependsOn: after } : {}),
      },
    );
  }
}
