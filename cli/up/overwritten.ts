import type { Deployment } from "@pulumi/pulumi/automation/index.js";

/** A resource of an exported state, as far as the commands read it. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly parent?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[]>>;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** An operation that a killed update left half done. */
export interface PendingOperation {
  readonly type: string;
  readonly resource: StateResource;
}

/** The resources of an exported state; none of a stack that was never updated. */
export function resourcesOf({ deployment }: Deployment): readonly StateResource[] {
  return (deployment as { resources?: StateResource[] } | undefined)?.resources ?? [];
}

/** What a killed update left half done. */
export function pendingOf({ deployment }: Deployment): readonly PendingOperation[] {
  return (deployment as { pending_operations?: PendingOperation[] } | undefined)?.pending_operations ?? [];
}

/**
 * Gives the URNs of secrets that somebody has overwritten since the program wrote them.
 *
 * The state has to be refreshed. No value can be read back from GitHub, and the provider proposes no change; but it reads when
 * the secret was last written, and keeps when it wrote itself (measured, provider 6.15).
 */
export function overwrittenSecrets(deployment: Deployment): readonly string[] {
  return resourcesOf(deployment)
    .filter(({ type, outputs }) => {
      if (!/^github:index\/actions\w*Secret:/.test(type)) return false;
      const { remoteUpdatedAt, updatedAt } = outputs ?? {};
      return typeof remoteUpdatedAt === "string" && remoteUpdatedAt !== "" && remoteUpdatedAt !== updatedAt;
    })
    .map(({ urn }) => urn);
}
