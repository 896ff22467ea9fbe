import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import { NOTIFY_PATH } from "../workflows/notify.ts";
import { managedFile } from "./managed-file.ts";

/** Arguments for {@link PackageNotifier}; policies read the plain ones, since they see no configuration. */
export interface PackageNotifierArgs {
  /** Package repository, without its owner. */
  readonly repository: string;
  /** Branch that carries the workflow. @default the repository's default branch */
  readonly branch?: string | undefined;
  /** Who commits the workflow file: the program, or a pull request opened outside of it. */
  readonly delivery: "commit" | "pull-request";
  /** Where the dispatch token lives: in this repository, or in one secret of the organization. */
  readonly secretScope: "repository" | "organization";
  /** Name of the secret that holds the dispatch token. */
  readonly secretName: string;
  /** Token that may dispatch the partial build, as a secret; needs Actions: write on the composer repository, nothing else. */
  readonly dispatchToken: pulumi.Output<string>;
  /** Rendered workflow, from `workflows/notify.ts`. */
  readonly workflow: string;
  /** Bound to everything that a delete under an old name could hit. */
  readonly hooks: pulumi.ResourceHookBinding;
}

/**
 * Makes one package repository tell the composer repository about its pushes.
 *
 * The secret comes first: a workflow pushed before it would fail its first run. Removing the package removes these two and
 * nothing else of the repository.
 */
export class PackageNotifier extends pulumi.ComponentResource {
  /** Numeric id of the repository as GitHub reports it, the same after a rename. */
  readonly repositoryId: pulumi.Output<number>;

  constructor(name: string, args: PackageNotifierArgs, opts?: pulumi.ComponentResourceOptions) {
    const { repository, branch, delivery, secretScope, secretName } = args;
    super(
      "satisfleet:index:PackageNotifier",
      name,
      { repository, delivery, secretScope, secretName, ...(branch === undefined ? {} : { branch }) },
      opts,
    );
    const secret =
      secretScope === "repository"
        ? new github.ActionsSecret(
            `${name}-token`,
            { repository, secretName, value: args.dispatchToken },
            { parent: this, deleteBeforeReplace: true, hooks: args.hooks },
          )
        : undefined;
    const file =
      delivery === "commit"
        ? managedFile(
            `${name}-workflow`,
            { repository, branch, path: NOTIFY_PATH, content: args.workflow },
            { parent: this, hooks: args.hooks, ...(secret ? { dependsOn: secret } : {}) },
          )
        : undefined;
    const identified = secret ?? file;
    if (!identified)
      throw new Error(`${name}: a package delivered by pull request needs a secret of its own`);
    this.repositoryId = identified.repositoryId;
    this.registerOutputs({ repositoryId: this.repositoryId });
  }
}
