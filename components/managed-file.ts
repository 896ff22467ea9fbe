import * as github from "@pulumi/github";
import type * as pulumi from "@pulumi/pulumi";

/** Arguments for {@link managedFile}. */
export interface ManagedFileArgs {
  /** Repository, without its owner. */
  readonly repository: pulumi.Input<string>;
  /** Branch that carries the file. @default the repository's default branch */
  readonly branch?: pulumi.Input<string> | undefined;
  /** Path in the repository. */
  readonly path: string;
  readonly content: pulumi.Input<string>;
}

/**
 * A file that the fleet owns in somebody's repository: written whole, whatever was there before.
 *
 * Its commit message and `overwriteOnCreate` are ignored once the file exists: the provider would commit the same content again for
 * a reworded message, or after an import. It is deleted before it is replaced, since both live at one path.
 * The message carries no skip marker: GitHub would also skip the workflows of the next tag on that commit.
 */
export function managedFile(
  name: string,
  args: ManagedFileArgs,
  opts: pulumi.CustomResourceOptions,
): github.RepositoryFile {
  return new github.RepositoryFile(
    name,
    {
      repository: args.repository,
      ...(args.branch === undefined ? {} : { branch: args.branch }),
      file: args.path,
      content: args.content,
      commitMessage: `chore: update ${args.path} (satis-fleet)`,
      overwriteOnCreate: true,
    },
    { ...opts, deleteBeforeReplace: true, ignoreChanges: ["commitMessage", "overwriteOnCreate"] },
  );
}
