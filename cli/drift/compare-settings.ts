import type { Fleet } from "../../fleet/derive.ts";
import { safeText } from "../../fleet/findings.ts";
import { REGISTRY_ENVIRONMENT } from "../../workflows/composer.ts";
import { type Drift, type Findings, type Kind, together } from "./finding.ts";
import type { Read, Reader } from "./reader.ts";
import type { Found } from "./repositories.ts";
import { type Data, dataOf, type FleetState, type StateSetting, textOf } from "./state.ts";

/** What the composer repository's settings are compared by. */
export interface SettingInput {
  readonly fleet: Fleet;
  readonly state: FleetState;
  /** The composer repository as GitHub has it. */
  readonly found: Found;
}

const CLEAN: Findings = { drift: [], unread: [] };

/**
 * Compares the composer repository, its Pages, environment and ruleset with what the last update set.
 *
 * Only what the program sets is compared; anything that widens it (another branch in the environment, another bypass) counts.
 */
export async function compareSettings(reader: Reader, input: SettingInput): Promise<Findings> {
  const { features } = input.fleet;
  return together(
    ...(await Promise.all([
      compareRepository(reader, input),
      features.pages ? comparePages(reader, input) : CLEAN,
      features.environment ? compareEnvironment(reader, input) : CLEAN,
      features.ruleset ? compareRuleset(reader, input) : CLEAN,
    ])),
  );
}

/** The program's names of settings, and GitHub's. */
const SETTINGS: Readonly<Record<string, string>> = {
  visibility: "visibility",
  description: "description",
  homepageUrl: "homepage",
  hasIssues: "has_issues",
  hasWiki: "has_wiki",
  deleteBranchOnMerge: "delete_branch_on_merge",
};

async function compareRepository(reader: Reader, input: SettingInput): Promise<Findings> {
  const { found, fleet, state } = input;
  const branch = fleet.composer.branch;
  const detail = safeText(`its default branch is ${found.defaultBranch ?? "missing"}, not ${branch}`);
  const remedy = `make ${branch} the default branch: no update of the fleet does`;
  const repository = idOf(fleet);
  const branchFindings: Findings = {
    drift: found.defaultBranch === branch ? [] : [{ repository, kind: "repository changed", detail, remedy }],
    unread: [],
  };
  const known = state.repository;
  if (known === undefined) return branchFindings;
  const { drift, unread } = await compared(reader, input, {
    what: "settings",
    path: "",
    kinds: ["repository missing", "repository changed"],
    known,
    pick: (body) => Object.fromEntries(Object.values(SETTINGS).map((name) => [name, body[name]])),
    differences: (actual) =>
      Object.entries(SETTINGS).flatMap(([ours, theirs]) =>
        known.inputs[ours] === undefined || same(known.inputs[ours], actual[theirs] ?? "")
          ? []
          : [`${theirs} is ${json(actual[theirs])}, not ${json(known.inputs[ours])}`],
      ),
  });
  return together(branchFindings, { drift, unread });
}

function comparePages(reader: Reader, input: SettingInput): Promise<Findings> {
  return compared(reader, input, {
    what: "Pages",
    path: "/pages",
    kinds: ["Pages off", "Pages changed"],
    known: input.state.pages,
    pick: ({ build_type }) => ({ build_type }),
    differences: ({ build_type }) =>
      build_type === "workflow" ? [] : [`is built by ${json(build_type)}, not by the workflow`],
  });
}

async function compareEnvironment(reader: Reader, input: SettingInput): Promise<Findings> {
  const path = `/environments/${encodeURIComponent(REGISTRY_ENVIRONMENT)}`;
  const known = input.state.environment;
  const kinds = ["environment missing", "environment changed"] as const;
  const settings = await compared(reader, input, {
    what: `environment ${REGISTRY_ENVIRONMENT}`,
    path,
    kinds,
    known,
    pick: ({ deployment_branch_policy, protection_rules, can_admins_bypass }) => ({
      deployment_branch_policy,
      protection_rules,
      can_admins_bypass,
    }),
    differences: environmentDifferences,
  });
  // Without its limit to chosen branches an environment has no list of them.
  if (settings.drift.length > 0 || settings.unread.length > 0) return settings;
  const branches = await compared(reader, input, {
    what: `branches of the environment ${REGISTRY_ENVIRONMENT}`,
    path: `${path}/deployment-branch-policies`,
    kinds,
    known: input.state.branchPolicy ?? known,
    pick: ({ branch_policies }) => ({
      branch_policies: listOf(branch_policies).map(({ name, type }) => ({ name, type })),
    }),
    differences: ({ branch_policies }) =>
      branchDifferences(listOf(branch_policies), input.fleet.composer.branch),
  });
  return together(settings, { ...branches, drift: branches.drift.map((one) => replacing(one, known)) });
}

/** The provider sees no branch but its own: only a new environment is without the others. */
function replacing(drift: Drift, environment: StateSetting | undefined): Drift {
  return environment && drift.detail.includes("admits")
    ? { ...drift, urn: environment.urn, replace: true }
    : drift;
}

function environmentDifferences(actual: Data): string[] {
  const policy = dataOf(actual.deployment_branch_policy);
  const rules = listOf(actual.protection_rules).map(({ type }) => String(type));
  const added = rules.filter((type) => type !== "branch_policy");
  return [
    ...(policy.custom_branch_policies === true && policy.protected_branches !== true
      ? []
      : ["is not limited to chosen branches"]),
    ...(added.length > 0 ? [`has ${added.join(", ")}`] : []),
    ...(actual.can_admins_bypass === false ? ["administrators may not bypass it"] : []),
  ];
}

function branchDifferences(policies: readonly Data[], branch: string): string[] {
  const isOurs = ({ name, type }: Data) => name === branch && (type ?? "branch") === "branch";
  const others = policies.filter((one) => !isOurs(one)).map(({ name }) => String(name));
  return [
    ...(policies.some(isOurs) ? [] : [`does not let ${branch} in`]),
    ...(others.length > 0 ? [`admits ${others.join(", ")}`] : []),
  ];
}

function compareRuleset(reader: Reader, input: SettingInput): Promise<Findings> {
  const known = input.state.ruleset;
  const kinds = ["ruleset missing", "ruleset changed"] as const;
  if (known === undefined) {
    const detail = "no update of this stack made one";
    return Promise.resolve({
      drift: [{ repository: idOf(input.fleet), kind: kinds[0], detail }],
      unread: [],
    });
  }
  return compared(reader, input, {
    what: "ruleset",
    path: `/rulesets/${encodeURIComponent(known.id)}`,
    kinds,
    known,
    pick: ({ name, target, enforcement, bypass_actors, conditions, rules }) => {
      return { name, target, enforcement, bypass_actors, conditions, rules };
    },
    differences: (actual) => rulesetDifferences(known.inputs, actual),
  });
}

/** What differs between a ruleset as the program sets it and as GitHub shows it. */
export function rulesetDifferences(inputs: Data, actual: Data): string[] {
  const differences = ["name", "target", "enforcement"]
    .filter((field) => !same(inputs[field], actual[field]))
    .map((field) => `${field} is ${json(actual[field])}, not ${json(inputs[field])}`);
  const refs = dataOf(dataOf(inputs.conditions).refName);
  const actualRefs = dataOf(dataOf(actual.conditions).ref_name);
  if (
    !same(sorted(refs.includes), sorted(actualRefs.include)) ||
    !same(sorted(refs.excludes), sorted(actualRefs.exclude))
  )
    differences.push(`covers ${json(actualRefs.include)} without ${json(actualRefs.exclude)}`);
  const actors = sorted(
    listOf(inputs.bypassActors).map((one) => actorOf(one.actorType, one.actorId, one.bypassMode)),
  );
  const actualActors = sorted(
    listOf(actual.bypass_actors).map((one) => actorOf(one.actor_type, one.actor_id, one.bypass_mode)),
  );
  if (!same(actors, actualActors))
    differences.push(`is bypassed by ${json(actualActors)}, not ${json(actors)}`);
  return [...differences, ...ruleDifferences(dataOf(inputs.rules), listOf(actual.rules))];
}

/** The program's rules are an object of flags and settings, GitHub's a list of types with parameters. */
function ruleDifferences(rules: Data, actual: readonly Data[]): string[] {
  const wanted = new Map(
    Object.entries(rules)
      .filter(([name, value]) => !name.startsWith("__") && value !== false && value !== null)
      .map(([name, value]) => [snake(name), dataOf(value)]),
  );
  const found = new Map(actual.map(({ type, parameters }) => [String(type), dataOf(parameters)]));
  const missing = [...wanted.keys()].filter((type) => !found.has(type));
  const added = [...found.keys()].filter((type) => !wanted.has(type));
  return [
    ...(missing.length > 0 ? [`lacks the rule ${missing.join(", ")}`] : []),
    ...(added.length > 0 ? [`has the rule ${added.join(", ")}`] : []),
    ...[...wanted].flatMap(([type, parameters]) => parameterDifferences(type, parameters, found.get(type))),
  ];
}

/** A parameter that the program does not set is off or zero; lists have defaults of GitHub's own. */
function parameterDifferences(type: string, wanted: Data, found: Data | undefined): string[] {
  if (found === undefined) return [];
  const set = new Map(Object.entries(wanted).map(([name, value]) => [snake(name), value]));
  return Object.entries(found)
    .filter(([name, value]) => {
      if (set.has(name)) return !same(set.get(name), value);
      return value === true || (typeof value === "number" && value > 0);
    })
    .map(([name, value]) => `${type}.${name} is ${json(value)}, not ${json(set.get(name) ?? false)}`);
}

interface Comparison {
  readonly what: string;
  /** Below the repository's address. */
  readonly path: string;
  /** Where it is not there, and where it differs. */
  readonly kinds: readonly [Kind, Kind];
  readonly known: StateSetting | undefined;
  readonly pick: (body: Data) => Data;
  readonly differences: (actual: Data) => readonly string[];
}

async function compared(
  reader: Reader,
  { fleet, found }: SettingInput,
  { what, path, kinds, known, pick, differences }: Comparison,
): Promise<Findings> {
  const repository = idOf(fleet);
  const parameters = { owner: found.owner, repo: found.name };
  const read: Read = await reader.read(`GET /repos/{owner}/{repo}${path}`, parameters, pick);
  if (read.status === "unread") return { drift: [], unread: [{ repository, what, reason: read.reason }] };
  const urn = known ? { urn: known.urn } : {};
  if (read.status === "absent")
    return { drift: [{ repository, kind: kinds[0], detail: `${what}: not there`, ...urn }], unread: [] };
  const said = differences(read.value);
  if (said.length === 0) return CLEAN;
  const detail = safeText(`${what}: ${said.join("; ")}`);
  return { drift: [{ repository, kind: kinds[1], detail, ...urn }], unread: [] };
}

function idOf({ composer }: Fleet): string {
  return `${composer.owner}/${composer.repository}`;
}

function actorOf(type: unknown, id: unknown, mode: unknown): string {
  return `${String(type)} ${String(id)} (${String(mode)})`;
}

function listOf(value: unknown): Data[] {
  return Array.isArray(value) ? value.map(dataOf) : [];
}

function sorted(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String).sort() : [];
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function json(value: unknown): string {
  return textOf(value) ?? JSON.stringify(value ?? null);
}
