import { readFileSync, statSync } from "node:fs";
import { updateWorkflowPath } from "./announcement.ts";
import { findCredentials } from "./credentials.ts";
import { type Finding, hasFault } from "./findings.ts";
import { type JsonDocument, type Position, parseJson } from "./json.ts";
import { type Places, placesIn } from "./satis-entries.ts";
import { pathText, schemaFindings } from "./schema-findings.ts";
import type { Subscription } from "./subscription.ts";
import {
  isDirectory,
  knownKeys,
  type SubscriptionsDocument,
  subscriptionsSchema,
  type WrittenSubscription,
} from "./subscriptions-schema.ts";

export * from "./subscription.ts";

/** GitHub's contents API answers a file's text only up to 1 MB. */
const MAX_BYTES = 1_000_000;

/** A subscription and where it stands. */
export interface PlacedSubscription extends Subscription, Position {}

/** A subscriptions.json without a fault. */
export interface Subscriptions {
  /** As the user named it, for findings. */
  readonly file: string;
  /** Sorted by id. */
  readonly list: readonly PlacedSubscription[];
}

/** No subscriptions where a finding is a fault; none at all is an empty list. */
export interface SubscriptionsResult {
  readonly subscriptions?: Subscriptions;
  readonly findings: Finding[];
}

const REMEDIES = {
  subscriptions: 'write "subscriptions": [{"repository": "owner/repository", "packages": ["vendor/*"]}]',
};

/** What a subscription has where neither it nor `defaults` says otherwise. */
export const SUBSCRIPTION_DEFAULTS: Pick<
  Subscription,
  | "php"
  | "notify"
  | "delayMinutes"
  | "paused"
  | "batching"
  | "strategy"
  | "labels"
  | "development"
  | "plugins"
  | "workflowPermissions"
> = {
  php: "8.4",
  notify: [],
  delayMinutes: 0,
  paused: false,
  batching: "all",
  strategy: "within-constraint",
  labels: [],
  development: false,
  plugins: false,
  workflowPermissions: "read",
};

/** Reads subscriptions.json by the rules of {@link parseSubscriptions}; a file that is not there means no subscriptions. */
export function readSubscriptions(path: string, file: string = path): SubscriptionsResult {
  const failed = (message: string, remedy: string): SubscriptionsResult => ({
    findings: [{ severity: "fault", file, message, remedy }],
  });
  try {
    const stat = statSync(path);
    if (!stat.isFile())
      return failed(
        "is not a regular file",
        "name the file: pulumi config set satis-fleet:subscriptionsFile PATH",
      );
    if (stat.size > MAX_BYTES) return failed("is larger than 1 MB", "name packages by patterns");
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
    return parseSubscriptions(text, { file });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    if (code === "ENOENT") return { subscriptions: { file, list: [] }, findings: [] };
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return failed("is not UTF-8 text", "save it as UTF-8");
    return failed(`cannot be read (${code})`, "check the path and its permissions");
  }
}

/**
 * Reads which repositories want updates of which packages, and gives every fault at once, with line, column and remedy.
 *
 * Comments and trailing commas are fine: people alone read this file. The result is the same in whatever order, letter case and
 * with whatever defaults it was written.
 */
export function parseSubscriptions(text: string, { file }: { readonly file: string }): SubscriptionsResult {
  const { document, findings } = parseJson(text, { file, allowComments: true, allowTrailingCommas: true });
  if (document === undefined) return { findings };
  const at = placesIn(document, file);
  const parsed = subscriptionsSchema.safeParse(document.value);
  findings.push(...credentialFindings(document, at));
  if (!parsed.success) {
    findings.push(...schemaFindings(parsed.error.issues, document, { file, remedies: REMEDIES, knownKeys }));
    return { findings: sorted(findings) };
  }
  const { list, findings: more } = normalise(parsed.data, document, at);
  findings.push(...more);
  return { ...(hasFault(findings) ? {} : { subscriptions: { file, list } }), findings: sorted(findings) };
}

function credentialFindings(document: JsonDocument, at: Places): Finding[] {
  return findCredentials(document.value).map(({ path, kind }) =>
    at.fault(
      path,
      `${pathText(path)} holds ${kind} in clear`,
      "take it out and revoke it: this file is committed",
    ),
  );
}

function normalise(
  { defaults = {}, subscriptions }: SubscriptionsDocument,
  document: JsonDocument,
  at: Places,
): { list: PlacedSubscription[]; findings: Finding[] } {
  const findings: Finding[] = [];
  const workflows = new Map<string, PlacedSubscription>();
  for (const [index, written] of subscriptions.entries()) {
    const path = ["subscriptions", index];
    const directory = (written.directory ?? "").replace(/^(?:\.\/)+|^\.$/, "").replace(/\/+$/, "");
    if (directory !== "" && !isDirectory(directory)) {
      const message = `${pathText([...path, "directory"])} is no folder of the repository`;
      findings.push(
        at.fault([...path, "directory"], message, 'write its path from the root, such as "apps/shop"'),
      );
      continue;
    }
    const packages = written.packages ?? defaults.packages;
    if (packages === undefined) {
      findings.push(at.fault(path, `${pathText(path)} names no packages`, 'write "packages": ["vendor/*"]'));
      continue;
    }
    const one = { ...complete(written, defaults, directory, packages), ...document.positionOf(path) };
    const key = `${one.repository} ${updateWorkflowPath(directory)}`;
    const other = workflows.get(key);
    if (other === undefined) workflows.set(key, one);
    else findings.push(duplicate(one, other, at, path));
  }
  const list = [...workflows.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { list, findings };
}

function duplicate(
  one: PlacedSubscription,
  other: PlacedSubscription,
  at: Places,
  path: (string | number)[],
): Finding {
  const same = one.id === other.id;
  const message = same
    ? `${one.id} is already subscribed on line ${other.line}`
    : `${one.id} and ${other.id} (line ${other.line}) would share one workflow file`;
  return at.fault(
    path,
    message,
    same ? "put its packages into one subscription" : "rename one of the two folders",
  );
}

function complete(
  written: WrittenSubscription,
  defaults: NonNullable<SubscriptionsDocument["defaults"]>,
  directory: string,
  packages: readonly string[],
): Subscription {
  const repository = written.repository.toLowerCase();
  const { committer = defaults.committer, dispatch } = written;
  const given = <Key extends keyof typeof SUBSCRIPTION_DEFAULTS>(key: Key) =>
    written[key] ?? defaults[key] ?? SUBSCRIPTION_DEFAULTS[key];
  return {
    id: directory === "" ? repository : `${repository}/${directory}`,
    repository,
    directory,
    branches: unique(written.branches ?? []),
    php: given("php"),
    packages: unique(packages.map((pattern) => pattern.toLowerCase().replaceAll(/\*+/g, "*"))),
    notify: [...new Set(given("notify"))],
    delayMinutes: given("delayMinutes"),
    paused: given("paused"),
    batching: given("batching"),
    strategy: given("strategy"),
    labels: [...new Set(given("labels"))],
    ...(committer === undefined ? {} : { committer: { ...committer } }),
    development: given("development"),
    plugins: given("plugins"),
    token: written.token ?? false,
    workflowPermissions: given("workflowPermissions"),
    ...(dispatch === undefined ? {} : { dispatch: { ...dispatch } }),
  };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

function sorted(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
