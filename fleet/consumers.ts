import type { ComposerRepositoryPlan } from "./composer.ts";
import type { Delivery, FleetConfig } from "./config.ts";
import { configFault, configWarning, setCommand } from "./config-reader.ts";
import { type Finding, quoted } from "./findings.ts";
import type { PlacedSubscription, Subscription, Subscriptions } from "./subscriptions.ts";

/** Secret of a consumer with the token of its own that opens its pull requests. */
export const UPDATE_TOKEN_SECRET = "COMPOSER_UPDATE_TOKEN";
/** Secret of a consumer with the token that reads a registry without Pages. */
export const REGISTRY_TOKEN_SECRET = "COMPOSER_REGISTRY_TOKEN";
/** Secret of the composer repository with the token that tells consumers. */
export const ANNOUNCE_TOKEN_SECRET = "ANNOUNCE_TOKEN";

/** A repository that wants updates. */
export interface Consumer {
  /** `owner/repository` in lower case: the identity of its resources. */
  readonly id: string;
  readonly owner: string;
  readonly repository: string;
  /** Who brings the files: an update, or somebody's pull request. */
  readonly delivery: Delivery;
  /** Those for which the fleet keeps a workflow there, one for each folder. */
  readonly updated: readonly Subscription[];
  /** Those that the team's own workflow serves: nothing is put there for them. */
  readonly dispatched: readonly Subscription[];
  /** Names of the secrets that the fleet keeps there. */
  readonly secretNames: readonly string[];
  /** What its workflows may do by default, set with the right to open pull requests; absent where both are left alone. */
  readonly workflowPermissions?: "read" | "write";
  /** Id before a declared rename. */
  readonly renamedFrom?: string;
}

/** Gives the repositories of subscriptions.json, sorted by id, or the faults that stand in the way. */
export function deriveConsumers(
  { file, list }: Subscriptions,
  config: FleetConfig,
  composer: ComposerRepositoryPlan,
): { consumers: readonly Consumer[]; findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const fault = ({ line, column }: PlacedSubscription, message: string, remedy: string) =>
    findings.push({ severity: "fault", file, line, column, message, remedy });
  for (const one of list) {
    const [owner = ""] = one.repository.split("/");
    if (owner !== config.github.owner.toLowerCase()) {
      fault(
        one,
        `${one.repository} does not belong to ${config.github.owner}`,
        "subscribe it in the stack of its owner",
      );
    }
    if (one.repository === `${composer.owner}/${composer.repository}`.toLowerCase())
      fault(one, `${one.repository} is the composer repository itself`, "take it out");
  }
  const renamedFrom = new Map([...config.renames].map(([from, to]) => [to, from]));
  const groups = [...Map.groupBy(list, ({ repository }) => repository).values()];
  const consumers = groups.map((group) => {
    const other = differing(group);
    if (other !== undefined) {
      const message = `the subscriptions of ${other.repository} differ in workflowPermissions, which a repository has once`;
      fault(other, message, "write the same in each of them");
    }
    return consumerOf(group, config, renamedFrom);
  });
  findings.push(...secretFindings(list, consumers, config));
  if (config.visibility === "public" && list.length > 0) {
    const message = `the composer repository is public, and its copy of ${file} names the consumers`;
    const remedy = `${setCommand("satis-fleet:visibility", "private")}, where their names are nobody's business`;
    findings.push({ severity: "warning", file, message, remedy });
  }
  return { consumers, findings };
}

/** Subscriptions whose pull requests the workflow's own token opens: it takes a setting of the repository. */
function needsPermission({ token, dispatch }: Subscription): boolean {
  return !token && dispatch === undefined;
}

function differing(group: readonly PlacedSubscription[]): PlacedSubscription | undefined {
  const [first, ...others] = group.filter(needsPermission);
  return others.find((other) => other.workflowPermissions !== first?.workflowPermissions);
}

function consumerOf(
  group: readonly PlacedSubscription[],
  config: FleetConfig,
  renamedFrom: ReadonlyMap<string, string>,
): Consumer {
  const id = group[0]?.repository ?? "";
  const [owner = "", repository = ""] = id.split("/");
  const all = group.map(({ line: _line, column: _column, ...one }): Subscription => one);
  const updated = all.filter(({ dispatch }) => dispatch === undefined);
  const permissions = updated.find(needsPermission)?.workflowPermissions;
  const before = renamedFrom.get(id);
  return {
    id,
    owner,
    repository,
    delivery: config.delivery.byRepository.get(id) ?? config.delivery.default,
    updated,
    dispatched: all.filter(({ dispatch }) => dispatch !== undefined),
    secretNames: [
      ...(updated.length > 0 && config.hosting === "private" ? [REGISTRY_TOKEN_SECRET] : []),
      ...(updated.some(({ token }) => token) ? [UPDATE_TOKEN_SECRET] : []),
    ],
    ...(permissions === undefined || permissions === "unmanaged" ? {} : { workflowPermissions: permissions }),
    ...(before === undefined ? {} : { renamedFrom: before }),
  };
}

/** A token that is needed and not set is a fault; one that is set and reaches nobody, a warning. */
function secretFindings(
  list: readonly PlacedSubscription[],
  consumers: readonly Consumer[],
  { consumerSecrets: set }: FleetConfig,
): Finding[] {
  if (list.length === 0) return [];
  const findings: Finding[] = [];
  if (!set.announceToken) {
    const name = "satis-fleet:announceToken";
    findings.push(
      configFault(`${name} is missing, and subscriptions.json has subscriptions`, setCommand(name)),
    );
  }
  for (const [key, secretName, why] of [
    ["registryToken", REGISTRY_TOKEN_SECRET, "consumers read a registry with hosting private"],
    ["consumerToken", UPDATE_TOKEN_SECRET, "a subscription has token true"],
  ] as const) {
    const name = `satis-fleet:${key}`;
    const needed = consumers.some(({ secretNames }) => secretNames.includes(secretName));
    if (needed && !set[key]) findings.push(configFault(`${name} is missing, and ${why}`, setCommand(name)));
    if (!needed && set[key])
      findings.push(configWarning(`${name} is not used by any subscription`, `pulumi config rm ${name}`));
  }
  return findings;
}

/**
 * Gives each consumer its own token, from the value of `satis-fleet:consumerToken`.
 *
 * A token that opens pull requests in one repository must not be readable in another: with several such consumers the value is an
 * object with a token each. The value is a secret and in no finding.
 */
export function consumerTokens(
  value: string | undefined,
  consumers: readonly Consumer[],
): { tokens: ReadonlyMap<string, string>; findings: readonly Finding[] } {
  const name = "satis-fleet:consumerToken";
  const ids = consumers.flatMap(({ id, secretNames }) =>
    secretNames.includes(UPDATE_TOKEN_SECRET) ? [id] : [],
  );
  const [only = ""] = ids;
  const failed = (message: string) => ({
    tokens: new Map(),
    findings: [configFault(message, setCommand(name))],
  });
  if (value === undefined || ids.length === 0) return { tokens: new Map(), findings: [] };
  if (!value.trimStart().startsWith("{")) {
    if (ids.length === 1) return { tokens: new Map([[only, value]]), findings: [] };
    return failed(
      `${name} is one token for ${ids.length} consumers (${ids.join(", ")}): write an object with a token each`,
    );
  }
  const given = tokensIn(value);
  if (given === undefined) return failed(`${name} is no object of tokens by owner/repository`);
  const missing = ids.filter((id) => !given.has(id));
  const tokens = ids.flatMap((id) => given.get(id) ?? []);
  if (missing.length > 0) return failed(`${name} has no token for ${missing.join(", ")}`);
  if (new Set(tokens).size < tokens.length)
    return failed(`${name} has one token twice: each consumer has its own`);
  const stray = [...given.keys()].filter((id) => !ids.includes(id));
  const findings = stray.map((id) =>
    configWarning(`${name} names ${quoted(id)}, whose subscription has not token true`, setCommand(name)),
  );
  return { tokens: new Map([...given].filter(([id]) => ids.includes(id))), findings };
}

function tokensIn(value: string): ReadonlyMap<string, string> | undefined {
  try {
    const entries = Object.entries(JSON.parse(value) as object);
    if (entries.some(([, token]) => typeof token !== "string" || token === "")) return undefined;
    return new Map(entries.map(([id, token]) => [id.toLowerCase(), String(token)]));
  } catch {
    return undefined;
  }
}
