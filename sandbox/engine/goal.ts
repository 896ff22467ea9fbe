/** What a program registers: the resource as it wants it to be. */
import type { Properties } from "../provider/types.ts";
import type { State } from "./state.ts";
import { makeUrn, parseUrn, qualifiedUrn, STACK_TYPE } from "./urn.ts";

/** Where a resource may be found in the state under an earlier name. */
export interface Alias {
  readonly urn?: string;
  readonly name?: string;
  readonly type?: string;
  readonly stack?: string;
  readonly project?: string;
  readonly parent?: string;
  readonly noParent?: boolean;
}

export interface Goal {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly properties: Properties;
  readonly parent: string;
  readonly provider: string;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly additionalSecretOutputs: readonly string[];
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
  readonly aliases: readonly Alias[];
  /** `undefined` where the program says nothing: a parent's answer counts then. */
  readonly protect: boolean | undefined;
  readonly retainOnDelete: boolean | undefined;
  readonly deleteBeforeReplace: boolean | undefined;
  readonly deletedWith: string;
  readonly importId: string;
  readonly hooks: Readonly<Record<string, readonly string[]>>;
}

export function newState(urn: string, goal: Goal, old: State | undefined, alias: string): State {
  return {
    urn,
    type: goal.type,
    custom: goal.custom,
    id: "",
    inputs: goal.properties,
    outputs: undefined,
    parent: goal.parent,
    provider: goal.provider,
    dependencies: goal.dependencies,
    propertyDependencies: goal.propertyDependencies,
    additionalSecretOutputs: goal.additionalSecretOutputs,
    ignoreChanges: goal.ignoreChanges,
    replaceOnChanges: goal.replaceOnChanges,
    importId: goal.importId,
    protect: goal.protect ?? false,
    retainOnDelete: goal.retainOnDelete ?? false,
    deletedWith: goal.deletedWith,
    hooks: goal.hooks,
    alias,
    initErrors: [],
    delete: false,
    pendingReplacement: false,
    created: old?.created,
    modified: old?.modified,
  };
}

/**
 * The earlier URNs of a resource: its own aliases, and those that follow from its parent's.
 *
 * A child named after its parent (`old-tool-pat`) is looked for under the parent's earlier name too.
 * `renamed` has the alias by which each resource of this run was found.
 */
export function aliasUrns(
  goal: Goal,
  stack: string,
  project: string,
  renamed: ReadonlyMap<string, string>,
): Set<string> {
  const own = goal.aliases.map((alias) => aliasUrn(goal, alias, stack, project, renamed));
  const parentAlias = renamed.get(goal.parent);
  if (parentAlias === undefined) return new Set(own);
  const parentName = parseUrn(goal.parent).name;
  const inherited = (type: string, name: string) => {
    const { name: earlierName, qualifiedType } = parseUrn(parentAlias);
    const earlier = name.startsWith(parentName) ? earlierName + name.slice(parentName.length) : name;
    return qualifiedUrn(stack, project, qualifiedType, type, earlier);
  };
  return new Set([
    ...own,
    inherited(goal.type, goal.name),
    ...own.map((urn) => inherited(parseUrn(urn).type, parseUrn(urn).name)),
  ]);
}

function aliasUrn(
  goal: Goal,
  alias: Alias,
  stack: string,
  project: string,
  renamed: ReadonlyMap<string, string>,
): string {
  if (alias.urn) return alias.urn;
  const named = alias.parent ? (renamed.get(alias.parent) ?? alias.parent) : goal.parent;
  const atRoot = alias.noParent || named === "" || parseUrn(named).qualifiedType === STACK_TYPE;
  return makeUrn(
    alias.stack || stack,
    alias.project || project,
    atRoot ? "" : named,
    alias.type || goal.type,
    alias.name || goal.name,
  );
}
