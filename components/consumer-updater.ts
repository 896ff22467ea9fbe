import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import type { ConsumerFile } from "../workflows/consumer-files.ts";
import { managedFile } from "./managed-file.ts";

/** Arguments for {@link ConsumerUpdater}; policies read the plain ones, since they see no configuration. */
export interface ConsumerUpdaterArgs {
  /** Consumer's repository, without its owner. */
  readonly repository: string;
  /** Who commits the files: the program, or a pull request opened outside of it. */
  readonly delivery: "commit" | "pull-request";
  /** What its workflows may do by default, set with the right to open pull requests. @default both are left as they are */
  readonly workflowPermissions?: "read" | "write" | undefined;
  /** Values of its secrets by name. */
  readonly secrets: ReadonlyMap<string, pulumi.Output<string>>;
  /** Files to keep there, in the order in which to commit them. */
  readonly files: readonly ConsumerFile[];
  /** Bound to everything that a delete under an old name could hit. */
  readonly hooks: pulumi.ResourceHookBinding;
  /** What else writes to this repository, where it is a package too: parallel commits to one branch are answered 409. */
  readonly after?: pulumi.Resource | undefined;
}

/**
 * Makes one repository open a pull request when packages that it subscribed to are released.
 *
 * Secrets come first, for a workflow may run as soon as it is there. Removing the last subscription removes what was put there, and
 * nothing else of the repository. The files stand on the default branch, from which alone GitHub starts a dispatched workflow.
 */
export class ConsumerUpdater extends pulumi.ComponentResource {
  /** Numeric id of the repository; absent where nothing is in it that knows. */
  readonly repositoryId: pulumi.Output<number> | undefined;

  constructor(name: string, args: ConsumerUpdaterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { repository, delivery, workflowPermissions } = args;
    const secretNames = [...args.secrets.keys()];
    super(
      "satisfleet:index:ConsumerUpdater",
      name,
      {
        repository,
        delivery,
        secretNames,
        files: args.files.map(({ path }) => path),
        ...(workflowPermissions ? { workflowPermissions } : {}),
      },
      opts,
    );
    const before = args.after ? [args.after] : [];
    if (workflowPermissions) this.#permissions(name, repository, workflowPermissions);
    const secrets = [...args.secrets].map(
      ([secretName, value]) =>
        new github.ActionsSecret(
          `${name}-${secretName}`,
          { repository, secretName, value },
          { parent: this, deleteBeforeReplace: true, hooks: args.hooks, dependsOn: before },
        ),
    );
    const files = delivery === "commit" ? this.#files(name, args, [...before, ...secrets]) : [];
    this.repositoryId = [...secrets, ...files][0]?.repositoryId;
    this.registerOutputs();
  }

  #permissions(name: string, repository: string, level: "read" | "write"): void {
    new github.WorkflowRepositoryPermissions(
      `${name}-permissions`,
      { repository, defaultWorkflowPermissions: level, canApprovePullRequestReviews: true },
      // The provider's delete sets "read" and takes the right away: right where the fleet set "read", and not where a team's other
      // workflows live from "write".
      { parent: this, deleteBeforeReplace: true, retainOnDelete: level === "write" },
    );
  }

  #files(
    name: string,
    { repository, files, hooks }: ConsumerUpdaterArgs,
    needed: readonly pulumi.Resource[],
  ): github.RepositoryFile[] {
    const made: github.RepositoryFile[] = [];
    for (const { path, content } of files) {
      const last = made.at(-1);
      const dependsOn = last ? [...needed, last] : [...needed];
      made.push(
        managedFile(`${name}-${path}`, { repository, path, content }, { parent: this, hooks, dependsOn }),
      );
    }
    return made;
  }
}
