/** The providers of the sandbox: those that this program uses, with the resource types that it uses, in process. */
import { configure } from "./configure.ts";
import {
  repositoryEnvironment,
  repositoryEnvironmentDeploymentPolicy,
  workflowRepositoryPermissions,
} from "./environment.ts";
import { repositoryFile } from "./file.ts";
import { repositoryPages } from "./pages.ts";
import { random } from "./random.ts";
import { repository } from "./repository.ts";
import { type Definition, type GitHub, messageOf, resourceType } from "./resource.ts";
import { repositoryRuleset } from "./ruleset.ts";
import {
  actionsEnvironmentSecret,
  actionsOrganizationSecret,
  actionsOrganizationSecretRepositories,
  actionsSecret,
} from "./secrets.ts";
import { ProviderError, type ProviderFactory } from "./types.ts";

const definitions: Readonly<Record<string, (github: GitHub) => Definition>> = {
  Repository: repository,
  RepositoryFile: repositoryFile,
  RepositoryPages: repositoryPages,
  RepositoryEnvironment: repositoryEnvironment,
  RepositoryEnvironmentDeploymentPolicy: repositoryEnvironmentDeploymentPolicy,
  RepositoryRuleset: repositoryRuleset,
  ActionsSecret: actionsSecret,
  ActionsEnvironmentSecret: actionsEnvironmentSecret,
  ActionsOrganizationSecret: actionsOrganizationSecret,
  ActionsOrganizationSecretRepositories: actionsOrganizationSecretRepositories,
  WorkflowRepositoryPermissions: workflowRepositoryPermissions,
};

const github: ProviderFactory = async (inputs, signal) => {
  const configured = await configure(inputs, signal).catch((error: unknown) => {
    throw new ProviderError(messageOf(error));
  });
  const types = Object.entries(definitions).map(([name, define]) => {
    const module = name.charAt(0).toLowerCase() + name.slice(1);
    return [`github:index/${module}:${name}`, resourceType(configured, define(configured))] as const;
  });
  return {
    types: new Map(types),
    invoke: async (token) => {
      throw new ProviderError(`the sandbox's github provider has no function ${token}`);
    },
  };
};

/** By package. A type that is not in `types` of the provider is not carried by the sandbox. */
export const providers: Readonly<Record<string, ProviderFactory>> = { github, random };
