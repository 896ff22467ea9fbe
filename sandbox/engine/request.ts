/** What a program's registration says, read from the wire; what this engine would have to ignore is refused. */
import type { Properties } from "../provider/types.ts";
import type { Alias, Goal } from "./goal.ts";
import type { RegisterRequest } from "./rpc.ts";
import { isProviderType } from "./urn.ts";
import { fromStruct } from "./values.ts";

/** A resource that nobody said anything about. */
export const EMPTY_GOAL: Goal = {
  type: "",
  name: "",
  custom: true,
  properties: {},
  parent: "",
  provider: "",
  dependencies: [],
  propertyDependencies: {},
  additionalSecretOutputs: [],
  ignoreChanges: [],
  replaceOnChanges: [],
  aliases: [],
  protect: undefined,
  retainOnDelete: undefined,
  deleteBeforeReplace: undefined,
  deletedWith: "",
  importId: "",
  hooks: {},
};

/** A registration as a goal; what the program does not say, its parent's does. */
export function goalOf(request: RegisterRequest, provider: string, parent: Goal | undefined): Goal {
  const type = request.getType();
  const properties = fromStruct(request.getObject());
  const dependencies = [...request.getDependenciesList()].sort();
  return {
    type,
    name: request.getName(),
    custom: request.getCustom(),
    properties: isProviderType(type) ? providerProperties(properties, request.getVersion()) : properties,
    parent: request.getParent(),
    provider,
    dependencies,
    propertyDependencies: propertyDependencies(request, properties, dependencies),
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    aliases: aliases(request),
    protect: request.hasProtect() ? request.getProtect() : parent?.protect,
    retainOnDelete: request.hasRetainondelete() ? request.getRetainondelete() : parent?.retainOnDelete,
    deleteBeforeReplace: request.getDeletebeforereplacedefined()
      ? request.getDeletebeforereplace()
      : undefined,
    deletedWith: request.getDeletedwith() || parent?.deletedWith || "",
    importId: request.getImportid(),
    hooks: hooks(request),
  };
}

/** Inputs of a provider's resource, as Pulumi writes them. */
export function providerProperties(properties: Properties, version: string): Properties {
  return { ...properties, ...(version !== "" && { version }), __internal: {} };
}

/** Options that this engine would have to ignore are refused by name. */
export function refuse(request: RegisterRequest): void {
  const timeouts = request.getCustomtimeouts()?.toObject() ?? {};
  const asked = {
    "remote components": request.getRemote(),
    transforms: request.getTransformsList().length > 0,
    replaceWith: request.getReplaceWithList().length > 0,
    replacementTrigger: request.hasReplacementTrigger() && !request.getReplacementTrigger()?.hasNullValue(),
    customTimeouts: Object.values(timeouts).some((timeout) => timeout !== ""),
    pluginDownloadURL: request.getPlugindownloadurl() !== "",
    hideDiffs: request.getHidediffsList().length > 0,
    envVarMappings: request.getEnvvarmappingsMap().getLength() > 0,
    stateMigrations: request.getStateMigrationsList().length > 0,
    "error hooks": (request.getHooks()?.getOnErrorList().length ?? 0) > 0,
  };
  const refused = Object.entries(asked).find(([, present]) => present);
  if (refused) {
    throw new Error(`the sandbox engine does not support ${refused[0]}, which ${request.getName()} asks for`);
  }
}

function propertyDependencies(
  request: RegisterRequest,
  properties: Properties,
  dependencies: readonly string[],
): Record<string, readonly string[]> {
  const given = [...request.getPropertydependenciesMap().entries()];
  if (given.length === 0)
    return Object.fromEntries(Object.keys(properties).map((key) => [key, dependencies]));
  return Object.fromEntries(given.map(([key, value]) => [key, [...value.getUrnsList()].sort()]));
}

function aliases(request: RegisterRequest): Alias[] {
  const plainUrns = request.getAliasurnsList().map((urn) => ({ urn }));
  const specs = request.getAliasesList().map((alias): Alias => {
    const spec = alias.getSpec();
    if (!spec) return { urn: alias.getUrn() };
    return {
      name: spec.getName(),
      type: spec.getType(),
      stack: spec.getStack(),
      project: spec.getProject(),
      parent: spec.getParenturn(),
      noParent: spec.getNoparent(),
    };
  });
  return [...plainUrns, ...specs];
}

function hooks(request: RegisterRequest): Record<string, readonly string[]> {
  const bound = request.getHooks();
  const all = {
    BeforeCreate: bound?.getBeforeCreateList() ?? [],
    AfterCreate: bound?.getAfterCreateList() ?? [],
    BeforeUpdate: bound?.getBeforeUpdateList() ?? [],
    AfterUpdate: bound?.getAfterUpdateList() ?? [],
    BeforeDelete: bound?.getBeforeDeleteList() ?? [],
    AfterDelete: bound?.getAfterDeleteList() ?? [],
  };
  return Object.fromEntries(Object.entries(all).filter(([, names]) => names.length > 0));
}
