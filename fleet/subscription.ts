import * as z from "zod";
import { updateWorkflowPath } from "./announcement.ts";

/** Where the composer repository keeps the subscriptions for the announcer. */
export const SUBSCRIPTIONS_PATH = ".github/satis-fleet/subscriptions.json";

/** One wish for updates, complete: every default is filled in. */
export const subscriptionSchema = z.strictObject({
  /** The repository, followed by `/` and the directory where there is one: unique, and the same however the file is written. */
  id: z.string(),
  /** `owner/repository` in lower case. */
  repository: z.string(),
  /** Folder of composer.json without slashes around it; empty for the repository's root. */
  directory: z.string(),
  /** Base branches, one pull request each; none means the default branch. */
  branches: z.array(z.string()),
  php: z.string(),
  /** Package names in lower case, `*` for any characters; sorted. */
  packages: z.array(z.string()),
  /** `@user` and `@organization/team`. */
  notify: z.array(z.string()),
  delayMinutes: z.int().min(0),
  paused: z.boolean(),
  batching: z.enum(["all", "package"]),
  strategy: z.enum(["within-constraint", "raise"]),
  labels: z.array(z.string()),
  committer: z.strictObject({ name: z.string(), email: z.string() }).optional(),
  /** Whether branches that move are told too, and not releases alone. */
  development: z.boolean(),
  /** Whether Composer's plugins of the consumer run while it is updated. */
  plugins: z.boolean(),
  /** Whether a token of its own opens the pull request, so that its checks start unasked. */
  token: z.boolean(),
  /** What the repository's workflows may do by default; `unmanaged` leaves that, and the right to open pull requests, to its owners. */
  workflowPermissions: z.enum(["read", "write", "unmanaged"]),
  /** The team's own workflow, which is told instead of the fleet's. */
  dispatch: z.strictObject({ workflow: z.string(), ref: z.string().optional() }).optional(),
});

export type Subscription = z.infer<typeof subscriptionSchema>;

const documentSchema = z.strictObject({ schema: z.literal(1), subscriptions: z.array(subscriptionSchema) });

/** The text of {@link SUBSCRIPTIONS_PATH}; the same for the same subscriptions. */
export function subscriptionsText(subscriptions: readonly Subscription[]): string {
  return `${JSON.stringify({ schema: 1, subscriptions }, null, 2)}\n`;
}

/**
 * Reads what {@link subscriptionsText} wrote.
 *
 * @throws Error that says so, where the text is something else.
 */
export function readSubscriptionsText(text: string): readonly Subscription[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Error(`${SUBSCRIPTIONS_PATH} is no JSON: the next pulumi up puts it back`);
  }
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success)
    throw new Error(`${SUBSCRIPTIONS_PATH} is not what the fleet writes: the next pulumi up puts it back`);
  return parsed.data.subscriptions;
}

/** Whether a subscription asks for a package, by its name in any letter case. */
export function wantsPackage({ packages }: { readonly packages: readonly string[] }, name: string): boolean {
  const wanted = name.toLowerCase();
  return packages.some((pattern) => matches(pattern, wanted));
}

/** Workflow to dispatch, and the ref on which; none means the default branch. */
export function dispatchOf({ dispatch, directory }: Pick<Subscription, "dispatch" | "directory">): {
  readonly workflow: string;
  readonly ref?: string;
} {
  if (dispatch !== undefined) {
    const { workflow, ref } = dispatch;
    return { workflow, ...(ref === undefined ? {} : { ref }) };
  }
  const path = updateWorkflowPath(directory);
  return { workflow: path.slice(path.lastIndexOf("/") + 1) };
}

/** Each part in its turn, the leftmost place that fits: no pattern takes more time than its length times the name's. */
function matches(pattern: string, name: string): boolean {
  const parts = pattern.split("*");
  const [first = ""] = parts;
  const last = parts.at(-1) ?? "";
  if (parts.length === 1) return pattern === name;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length)
    return false;
  const end = name.length - last.length;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
