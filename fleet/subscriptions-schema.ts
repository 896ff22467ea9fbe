import * as z from "zod";
import { isBranch, isRepositoryId, isReviewer } from "./grammar.ts";

/** A text that `fits`; the message follows the key's name. */
function text(fits: (value: string) => boolean, error: string, remedy: string, description?: string) {
  const checked = z.string().refine(fits, { error, params: { remedy } });
  return description === undefined ? checked : checked.meta({ description });
}

/** A directory's parts: no way out of the repository, no option, nothing that acts in a shell. */
export function isDirectory(value: string): boolean {
  return value.length <= 200 && value.split("/").every((part) => /^[a-z0-9_][\w.-]*$/i.test(part));
}

/** A package name in which `*` stands for any characters. */
export function isPattern(value: string): boolean {
  return (
    value.length <= 200 &&
    /^(?:\*|[a-z0-9*](?:[\w.*-]*[a-z0-9*])?\/[a-z0-9*](?:[\w.*-]*[a-z0-9*])?)$/i.test(value)
  );
}

const EMAIL = /^[\w.+-]+(?:\[bot\])?@[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i;
const person = z
  .strictObject({
    name: text(
      (name) => /^[^\p{C}<>]{1,100}$/u.test(name) && name.trim() !== "",
      "is no name that git takes",
      "write a name without < and >",
    ),
    email: text(
      (email) => email.length <= 200 && EMAIL.test(email),
      "is no e-mail address",
      'write "bot@example.com"',
    ),
  })
  .meta({ description: "Author of the updates' commits." });

/** What `defaults` may give for every subscription. */
const shared = {
  php: text(
    (php) => /^\d\.\d{1,2}$/.test(php),
    "is no PHP version",
    'write "8.4"',
    "PHP version of the updates.",
  ),
  packages: z
    .array(text(isPattern, "is no package name or pattern", 'write "vendor/package", or "vendor/*"'))
    .refine((list) => list.length > 0, {
      error: "names no package",
      params: { remedy: 'write ["vendor/*"], or take the subscription out' },
    })
    .meta({ description: "Packages whose updates are wanted; * stands for any characters." }),
  notify: z
    .array(
      text(
        (one) => one.startsWith("@") && isReviewer(one),
        "is no @user or @organization/team",
        'write "@user" or "@organization/team"',
      ),
    )
    .meta({ description: "Who is mentioned in the pull request, once." }),
  delayMinutes: z
    .int()
    .min(0)
    .max(43_200)
    .meta({ description: "Minutes to wait after a release, at least." }),
  paused: z.boolean().meta({ description: "Updates wait until this is taken out." }),
  batching: z
    .enum(["all", "package"])
    .meta({ description: "One pull request for all packages, or one for each." }),
  strategy: z.enum(["within-constraint", "raise"]).meta({
    description:
      "Whether composer.json stays as it is, or its constraints are raised where they forbid the version.",
  }),
  labels: z
    .array(
      text(
        (label) => /^[^\p{C},]{1,50}$/u.test(label) && label.trim() !== "",
        "is no label that GitHub takes",
        "write 1 to 50 characters without a comma",
      ),
    )
    .meta({ description: "Labels of the pull request." }),
  committer: person,
  development: z.boolean().meta({
    description:
      "Whether branches (dev-main) that move are told too; each push to a package then starts a run.",
  }),
  plugins: z
    .boolean()
    .meta({ description: "Whether Composer's plugins run while the lock file is updated." }),
  workflowPermissions: z.enum(["read", "write", "unmanaged"]).meta({
    description:
      "What the repository's workflows may do by default, which is set with the right to open pull requests; unmanaged leaves both alone.",
  }),
};

const optional = z.strictObject(shared).partial();

const subscription = z.strictObject({
  repository: text(
    isRepositoryId,
    "is no owner/repository",
    'write "owner/repository"',
    "Repository that is updated, as owner/repository.",
  ),
  branches: z
    .array(text(isBranch, "is no branch name", 'write a name such as "main", or take it out'))
    .refine((list) => list.length > 0, {
      error: "names no branch",
      params: { remedy: "write one, or leave it out for the default branch" },
    })
    .optional()
    .meta({
      description: "Branches that get a pull request each. Default: the repository's default branch.",
    }),
  directory: z.string().optional().meta({ description: "Folder of composer.json. Default: the root." }),
  ...optional.shape,
  token: z.boolean().optional().meta({
    description:
      "Whether a token of its own (satis-fleet:consumerToken) opens the pull request, so that checks start unasked.",
  }),
  dispatch: z
    .strictObject({
      workflow: text(
        (name) => /^[a-z0-9_][\w.-]{0,99}\.ya?ml$/i.test(name),
        "is no workflow's file name",
        'write "update.yml", the file below .github/workflows',
      ),
      ref: text(
        isBranch,
        "is no branch name",
        "write a branch, or leave it out for the default branch",
      ).optional(),
    })
    .optional()
    .meta({
      description:
        "The team's own workflow to dispatch, in place of the fleet's; nothing is put into the repository.",
    }),
});

/** subscriptions.json as people write it. */
export const subscriptionsSchema = z.strictObject({
  $schema: z.string().optional(),
  defaults: optional.optional().meta({ description: "What holds where a subscription says nothing." }),
  subscriptions: z.array(subscription),
});

export type SubscriptionsDocument = z.infer<typeof subscriptionsSchema>;
export type WrittenSubscription = SubscriptionsDocument["subscriptions"][number];

/** Keys that an object at this path of the document knows. */
export function knownKeys(path: readonly (string | number)[]): readonly string[] {
  if (path.length === 0) return Object.keys(subscriptionsSchema.shape);
  const last = path.at(-1);
  if (last === "committer") return ["name", "email"];
  if (last === "dispatch") return ["workflow", "ref"];
  return Object.keys(path[0] === "defaults" ? shared : subscription.shape);
}
