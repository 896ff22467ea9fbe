import * as pulumi from "@pulumi/pulumi";

/**
 * Refuses a delete that would hit a repository which the fleet still manages under another name.
 *
 * GitHub answers calls under a renamed repository's old name by redirect, deletes included. When satis.json names the new repository
 * and nobody declared the rename, Pulumi writes secret and file under the new name and then deletes "the old ones": the same two.
 * Both names have one numeric repository id, which the provider reports for each secret and file; so the delete is compared with
 * what the program manages now and refused: nothing is lost, and the message says how the state forgets the old name.
 */
export class RenameGuard {
  /** Bind it to every secret and file of a package repository or consumer. */
  readonly hooks: pulumi.ResourceHookBinding;
  readonly #managed = new Map<number, string>();

  constructor() {
    const refuse = new pulumi.ResourceHook("satis-fleet-refuse-undeclared-rename", (args) => {
      const repositoryId: unknown = args.oldOutputs?.repositoryId;
      const packageId = typeof repositoryId === "number" ? this.#managed.get(repositoryId) : undefined;
      // A replacement deletes and writes again under the same name.
      if (packageId === undefined || args.name.startsWith(`${packageId}-`)) return;
      const before =
        /^[^/]+\/[^/]+?(?=-token$|-workflow$|-COMPOSER_\w+$|-\.github\/)/.exec(args.name)?.[0] ?? args.name;
      throw new Error(
        `not deleted: ${before} is called ${packageId} on GitHub now, and the fleet lists it under that name. ` +
          "Secret and workflow are in place; let the stack forget the old name: " +
          `pulumi state delete --target-dependents '${componentOf(args.urn, before)}'. ` +
          "Declared before the update (satis-fleet:renames), a rename needs no such step",
      );
    });
    this.hooks = { beforeDelete: [refuse] };
  }

  /** Tells the guard which repository id a managed package or consumer has; unknown ids (previews) are no news. */
  manages(packageId: string, repositoryId: pulumi.Output<number>): void {
    repositoryId.apply((id) => {
      this.#managed.set(id, packageId);
    });
  }
}

/** URN of the component that a child belongs to: the child's type chain without its last type, and the component's name. */
function componentOf(urn: string, name: string): string {
  return `${urn.slice(0, urn.lastIndexOf("$"))}::${name}`;
}
