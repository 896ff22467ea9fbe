import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import type { Output } from "../command.ts";
import { type Data, dataOf } from "../drift/state.ts";
import { type EngineContext, runEngine } from "../up/run.ts";

/** A resource that the next update would create. */
export interface Planned {
  readonly urn: string;
  readonly type: string;
  /** Logical name. */
  readonly name: string;
  /** A component otherwise, which exists in the state alone. */
  readonly custom: boolean;
  readonly parent: string;
  /** URN of its provider. */
  readonly provider: string;
  /** Secrets are masked in it. */
  readonly inputs: Data;
}

/** Types of the program's resources that adopting has to know. */
export const TYPE = {
  fleet: "satisfleet:index:Fleet",
  composer: "satisfleet:index:ComposerRepository",
  provider: "pulumi:providers:github",
  minute: "random:index/randomInteger:RandomInteger",
  repository: "github:index/repository:Repository",
  file: "github:index/repositoryFile:RepositoryFile",
  secret: "github:index/actionsSecret:ActionsSecret",
  environmentSecret: "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret",
  organizationSecret: "github:index/actionsOrganizationSecret:ActionsOrganizationSecret",
  pages: "github:index/repositoryPages:RepositoryPages",
  environment: "github:index/repositoryEnvironment:RepositoryEnvironment",
  policy: "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy",
  ruleset: "github:index/repositoryRuleset:RepositoryRuleset",
} as const;

/** What an engine writes in the place of a value that it does not know yet (sdk/go/common/resource/plugin). */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A text that is known before the update; `undefined` otherwise. */
export function knownText(value: unknown): string | undefined {
  return typeof value === "string" && value !== UNKNOWN ? value : undefined;
}

/** What the next update would create, parents before their children, the same for the same fleet; the program is asked, and not GitHub. */
export async function plannedCreates(context: EngineContext, output: Output): Promise<readonly Planned[]> {
  const planned: Planned[] = [];
  const onEvent = ({ resourcePreEvent }: EngineEvent) => {
    const step = resourcePreEvent?.metadata;
    if (step?.op !== "create" || step.type === "pulumi:pulumi:Stack" || !step.new) return;
    const { urn, type, custom = false, parent, inputs } = step.new;
    const reference = step.new.provider ?? "";
    planned.push({
      urn,
      type,
      name: urn.slice(urn.lastIndexOf("::") + 2),
      custom,
      parent,
      provider: reference.slice(0, Math.max(0, reference.lastIndexOf("::"))),
      inputs: dataOf(inputs),
    });
  };
  await runEngine(context, { command: "preview", name: "preview", options: { onEvent } }, output);
  // Engines tell of steps as they come; a URN has the types of all that is above it.
  const depth = ({ urn }: Planned) => urn.split("$").length;
  return planned.sort((a, b) => depth(a) - depth(b) || (a.urn < b.urn ? -1 : 1));
}

/**
 * URNs of what has to be in the state before the import, none of it on GitHub: the provider (an import of its own making has other
 * settings and stops at the hundredth package), the two components above the rest, and the drawn minute that the build's file needs.
 */
export function toPrepare(planned: readonly Planned[]): readonly string[] {
  const types: ReadonlySet<string> = new Set([TYPE.provider, TYPE.fleet, TYPE.composer, TYPE.minute]);
  return planned.filter(({ type }) => types.has(type)).map(({ urn }) => urn);
}
