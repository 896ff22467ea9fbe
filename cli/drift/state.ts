/** An object of JSON whose shape is the writer's. */
export type Data = Readonly<Record<string, unknown>>;

/** Where a secret lives. */
export type SecretPlace =
  | { readonly scope: "repository"; readonly repository: string; readonly name: string }
  | {
      readonly scope: "environment";
      readonly repository: string;
      readonly environment: string;
      readonly name: string;
    }
  | { readonly scope: "organization"; readonly name: string };

/** A file that the last update left in a repository. */
export interface StateFile {
  readonly urn: string;
  /** Without its owner. */
  readonly repository: string;
  readonly path: string;
  /** As the program set it; the default branch of its time where it set none. */
  readonly branch: string | undefined;
  readonly branchIsSet: boolean;
  readonly repositoryId: number | undefined;
}

/** A secret that the last update left on GitHub; never its value. */
export interface StateSecret {
  readonly urn: string;
  readonly place: SecretPlace;
  /** When the fleet wrote it, in milliseconds. */
  readonly writtenAt: number | undefined;
  readonly repositoryId: number | undefined;
}

/** A resource whose inputs are compared as they are. */
export interface StateSetting {
  readonly urn: string;
  readonly id: string;
  readonly inputs: Data;
}

/** What a stack's last update recorded, as far as drift needs it. */
export interface FleetState {
  readonly files: readonly StateFile[];
  readonly secrets: readonly StateSecret[];
  /** Minute of the hourly build. */
  readonly minute: number | undefined;
  readonly repository: StateSetting | undefined;
  readonly pages: StateSetting | undefined;
  readonly environment: StateSetting | undefined;
  readonly branchPolicy: StateSetting | undefined;
  readonly ruleset: StateSetting | undefined;
  /** What workflows may do, by repository in lower case. */
  readonly permissions: ReadonlyMap<string, StateSetting>;
}

interface Resource extends StateSetting {
  readonly type: string;
  readonly outputs: Data;
}

/**
 * Reads a deployment as `pulumi stack export` gives it; `undefined` where nothing was ever deployed.
 *
 * Resources that wait for their deletion are left out: an update has made their successors.
 */
export function readState(deployment: unknown): FleetState | undefined {
  const list = dataOf(deployment).resources;
  if (!Array.isArray(list)) return undefined;
  const all = list.map(resourceOf).filter((one) => one !== undefined);
  if (all.length === 0) return undefined;
  const ofType = (type: string) => all.filter((one) => one.type.endsWith(`:${type}`));
  const minute = ofType("RandomInteger")[0]?.outputs.result;
  return {
    files: ofType("RepositoryFile").map(fileOf),
    secrets: [
      ...ofType("ActionsSecret").map((one) => secretOf(one, "repository")),
      ...ofType("ActionsEnvironmentSecret").map((one) => secretOf(one, "environment")),
      ...ofType("ActionsOrganizationSecret").map((one) => secretOf(one, "organization")),
    ],
    minute: typeof minute === "number" ? minute : undefined,
    repository: ofType("Repository")[0],
    pages: ofType("RepositoryPages")[0],
    environment: ofType("RepositoryEnvironment")[0],
    branchPolicy: ofType("RepositoryEnvironmentDeploymentPolicy")[0],
    ruleset: ofType("RepositoryRuleset")[0],
    permissions: new Map(
      ofType("WorkflowRepositoryPermissions").map((one) => [
        String(one.inputs.repository).toLowerCase(),
        one,
      ]),
    ),
  };
}

/** An unknown value as an object; an empty one where it is none. */
export function dataOf(value: unknown): Data {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Data) : {};
}

/** An unknown value as text; none where it is something else or empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Milliseconds of a time as GitHub writes it, or as the provider does (`2026-01-02 03:04:05 +0000 UTC`). */
export function instantOf(text: unknown): number | undefined {
  if (typeof text !== "string") return undefined;
  const parsed = Date.parse(text.replace(/^(\S+) (\S+) \+0000 UTC$/, "$1T$2Z"));
  return Number.isNaN(parsed) ? undefined : parsed;
}

function resourceOf(value: unknown): Resource | undefined {
  const { urn, id, type, inputs, outputs, delete: leaving } = dataOf(value);
  if (typeof urn !== "string" || typeof type !== "string" || typeof id !== "string" || leaving === true)
    return undefined;
  return { urn, id, type, inputs: dataOf(inputs), outputs: dataOf(outputs) };
}

function fileOf({ urn, inputs, outputs }: Resource): StateFile {
  return {
    urn,
    repository: String(inputs.repository),
    path: String(inputs.file),
    branch: textOf(inputs.branch) ?? textOf(outputs.branch),
    branchIsSet: textOf(inputs.branch) !== undefined,
    repositoryId: idOf(outputs),
  };
}

function secretOf({ urn, inputs, outputs }: Resource, scope: SecretPlace["scope"]): StateSecret {
  const name = String(inputs.secretName);
  const repository = String(inputs.repository);
  const place: SecretPlace =
    scope === "organization"
      ? { scope, name }
      : scope === "environment"
        ? { scope, repository, environment: String(inputs.environment), name }
        : { scope, repository, name };
  return { urn, place, writtenAt: instantOf(outputs.updatedAt), repositoryId: idOf(outputs) };
}

function idOf({ repositoryId }: Data): number | undefined {
  return typeof repositoryId === "number" ? repositoryId : undefined;
}
