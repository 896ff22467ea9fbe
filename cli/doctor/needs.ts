import type { Context } from "../context.ts";
import type { SeenRepository, Sight } from "./repositories.ts";

/** A permission as GitHub's settings call it. */
export type Permission =
  | "Actions: read"
  | "Administration: write"
  | "Contents: write"
  | "Environments: write"
  | "Organization secrets: write"
  | "Pages: read"
  | "Pages: write"
  | "Pull requests: write"
  | "Secrets: write"
  | "Workflows: write";

/** What the provider's token has to be allowed, and where that can be asked. */
export interface Need {
  readonly permission: Permission;
  /** `owner/repository`, or the organization; `undefined` where none of those that need it can be asked. */
  readonly id: string | undefined;
}

/** What the needs of a fleet follow from. */
export type Needy = Pick<Context, "config" | "fleet" | "rawConfig">;

/** What an update commits, and what `fleet propose` does where a branch takes no commits. */
const COMMIT = ["Contents: write", "Workflows: write"] as const;
const PROPOSE = [...COMMIT, "Pull requests: write"] as const;

/**
 * What package repositories need; a token has one set of permissions for all of its repositories, so one stands for those alike.
 *
 * @param usable ids of repositories that the token sees and that take writes
 */
export function packageNeeds({ config, fleet }: Needy, usable: ReadonlySet<string>): readonly Need[] {
  if (config.notify !== "dispatch") return [];
  const { organizationSecret } = fleet.features;
  const needs = needsOf(fleet.packages, usable);
  return [
    ...needs(({ delivery }) => !organizationSecret || delivery !== "commit", ["Secrets: write"]),
    ...needs(({ delivery }) => delivery === "commit", COMMIT),
    ...needs(({ delivery }) => delivery === "pull-request", PROPOSE),
    ...(organizationSecret
      ? [{ permission: "Organization secrets: write", id: fleet.composer.owner } as const]
      : []),
  ];
}

/** The same for consumers. */
export function consumerNeeds({ fleet }: Needy, usable: ReadonlySet<string>): readonly Need[] {
  const needs = needsOf(fleet.consumers, usable);
  return [
    ...needs(({ secretNames }) => secretNames.length > 0, ["Secrets: write"]),
    ...needs(({ updated, delivery }) => updated.length > 0 && delivery === "commit", COMMIT),
    ...needs(({ updated, delivery }) => updated.length > 0 && delivery === "pull-request", PROPOSE),
    ...needs(({ workflowPermissions }) => workflowPermissions !== undefined, ["Administration: write"]),
  ];
}

function needsOf<One extends { readonly id: string }>(all: readonly One[], usable: ReadonlySet<string>) {
  return (concerns: (one: One) => boolean, permissions: readonly Permission[]): Need[] => {
    const concerned = all.filter(concerns);
    const id = concerned.find((one) => usable.has(one.id))?.id;
    return concerned.length === 0 ? [] : permissions.map((permission) => ({ permission, id }));
  };
}

/** Secrets that builds read; where the plan has no environments they are the repository's own. */
const BUILD_SECRETS = ["satis-fleet:readToken", "satis-fleet:readAppKey", "satis-fleet:announceToken"];

/** What the composer repository needs. */
export function composerNeeds({ config, fleet, rawConfig }: Needy): readonly Permission[] {
  const { pages, environment } = fleet.features;
  const hasSecrets = BUILD_SECRETS.some((name) => rawConfig[name]?.value);
  return [
    "Contents: write",
    "Workflows: write",
    ...(config.manageRepository || environment ? (["Administration: write"] as const) : []),
    ...(pages ? (["Pages: write"] as const) : []),
    ...(environment ? (["Actions: read"] as const) : []),
    ...(hasSecrets ? [environment ? ("Environments: write" as const) : ("Secrets: write" as const)] : []),
  ];
}

/**
 * The repository that is asked for what the composer repository needs before that is there.
 *
 * Its token's owner has to be an admin there, as in a repository that the token makes: a lesser role is refused, whatever the token
 * may. Everybody sees a public one, so that one counts only where the fleet writes to it.
 */
export function standIn(
  { config }: Needy,
  { packages, consumers }: { readonly packages: Sight; readonly consumers: Sight },
): SeenRepository | undefined {
  const written = [...(config.notify === "dispatch" ? packages.seen : []), ...consumers.seen];
  const candidates = [...written, ...packages.seen.filter(({ isPrivate }) => isPrivate)].filter(
    // Apps have no role.
    ({ isArchived, viewerPermission }) => !isArchived && (viewerPermission ?? "ADMIN") === "ADMIN",
  );
  return candidates.find(({ isPrivate }) => isPrivate) ?? candidates[0];
}
