import * as z from "zod";
import { isPackageName } from "./grammar.ts";

/** Where the update workflow and its program live in every consumer. */
export const UPDATE_WORKFLOW_FILE = "update-composer-packages.yml";
export const UPDATE_WORKFLOW_PATH = `.github/workflows/${UPDATE_WORKFLOW_FILE}`;
export const UPDATER_PATH = ".github/satis-fleet/updater.mjs";

/** Path of the update workflow of one subscription: each directory of a repository with several has its own. */
export function updateWorkflowPath(directory: string): string {
  const suffix = directory === "" ? "" : `-${directory.replaceAll("/", "-")}`;
  return UPDATE_WORKFLOW_PATH.replace(/\.yml$/, `${suffix}.yml`);
}

/** Stable beginning of every branch that the updater makes, and the whole of it for a plain subscription; see {@link updateBranch}. */
export const UPDATE_BRANCH = "satis-fleet/composer-updates";

/** What tells an update's branch from those of the consumer's other updates. */
export interface UpdateTarget {
  readonly base: string;
  readonly defaultBranch: string;
  /** Folder of composer.json; empty for the root. */
  readonly directory: string;
  /** Given where each package has a pull request of its own. */
  readonly packageName?: string | undefined;
}

/**
 * The branch that carries updates into `base`: always the same, so that the next update finds the pull request of the one before.
 *
 * `-DIRECTORY`, `@BASE` and `+PACKAGE` follow {@link UPDATE_BRANCH} where they are not the root, the default branch and all packages.
 */
export function updateBranch({ base, defaultBranch, directory, packageName }: UpdateTarget): string {
  const folder = directory === "" ? "" : `-${directory.replaceAll("/", "-")}`;
  const into = base === defaultBranch ? "" : `@${base}`;
  const only = packageName === undefined ? "" : `+${packageName.toLowerCase()}`;
  return `${UPDATE_BRANCH}${folder}${into}${only}`;
}

/** GitHub takes 65,535 characters of inputs in all; larger announcements are split. */
export const MAX_ANNOUNCEMENT_BYTES = 60_000;

/** A version as Composer writes it: printable, without white space, quotes and what shells or Markdown act on is up to who prints it. */
const version = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[\w.+/#@-]+$/, { error: "is no version that Composer writes" });

/**
 * What the publisher tells a consumer, as the `announcement` input of its update workflow: JSON, written by the publisher and not
 * trusted by the consumer, which checks it with this schema before it does anything.
 */
export const announcementSchema = z.strictObject({
  schema: z.literal(1),
  /** Build of the registry that carries these versions. */
  build: z.string().regex(/^\d{8}T\d{6}Z-[0-9a-f]{8}$/),
  /** Versions that came or moved: a moved one has the same name and another commit. */
  versions: z
    .array(
      z.strictObject({
        package: z.string().refine((name) => isPackageName(name), { error: "is no package name" }),
        version,
        /** Commit that the version is at. */
        reference: z
          .string()
          .regex(/^[0-9a-f]{40,64}$/)
          .optional(),
      }),
    )
    .min(1)
    .max(5000),
});

export type Announcement = z.infer<typeof announcementSchema>;
