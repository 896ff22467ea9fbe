import * as z from "zod";
import { isBranch } from "./grammar.ts";
import type { Subscription } from "./subscription.ts";
import { isDirectory } from "./subscriptions-schema.ts";

/** What the updater of one consumer needs to know of its subscription. */
export type UpdateSubscription = Pick<
  Subscription,
  "branches" | "directory" | "batching" | "strategy" | "notify" | "labels" | "committer" | "plugins"
>;

/** Who commits unless the subscription names somebody. */
export const UPDATE_COMMITTER = { name: "satis-fleet", email: "satis-fleet@users.noreply.github.com" };

const line = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}<>]+$/u, { error: "is no single line without < and >" });

/** `SETTINGS` of the update workflow: written by the control plane into the workflow, checked by the updater before use. */
export const updateSettingsSchema = z.strictObject({
  schema: z.literal(1),
  /** `owner/repo` of the composer repository, for people to read. */
  registry: z.string(),
  registryUrl: z.url(),
  hosting: z.enum(["pages", "private"]),
  branches: z.array(z.string().refine(isBranch, { error: "is no branch name" })),
  directory: z
    .string()
    .refine((path) => path === "" || isDirectory(path), { error: "is no folder of a repository" }),
  batching: z.enum(["all", "package"]),
  strategy: z.enum(["within-constraint", "raise"]),
  notify: z.array(
    z.string().regex(/^@[a-z0-9][a-z0-9_-]*(?:\/[a-z0-9_][\w-]*)?$/i, { error: "names nobody" }),
  ),
  labels: z.array(line),
  committer: z.strictObject({ name: line, email: line }),
  plugins: z.boolean(),
});

export type UpdateSettings = z.infer<typeof updateSettingsSchema>;

/** What the updater has to know of the registry. */
export interface UpdateRegistry {
  readonly owner: string;
  readonly repository: string;
  readonly registryUrl: string;
  readonly hosting: "pages" | "private";
}

/** Gives the settings of a consumer's updater; nothing in them is secret. */
export function updateSettings(subscription: UpdateSubscription, composer: UpdateRegistry): UpdateSettings {
  const { branches, directory, batching, strategy, notify, labels, committer, plugins } = subscription;
  return {
    schema: 1,
    registry: `${composer.owner}/${composer.repository}`,
    registryUrl: composer.registryUrl,
    hosting: composer.hosting,
    branches: [...branches],
    directory,
    batching,
    strategy,
    notify: [...notify],
    labels: [...labels],
    committer: committer ?? UPDATE_COMMITTER,
    plugins,
  };
}
