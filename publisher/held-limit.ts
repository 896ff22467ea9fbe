import { type Fault, PublishError } from "./fault.ts";

/** What a build holds, of how many. */
export interface HeldCount {
  /** By package name, or repository id where there is no name. */
  readonly heldKeys: ReadonlyMap<string, { readonly published: boolean }>;
  /** Packages of the staged tree. */
  readonly packages: ReadonlyMap<string, unknown>;
  /** Why they are held. */
  readonly faults: ReadonlyMap<string, Fault>;
  readonly maxHeldPercent: number;
}

/**
 * Lets a build go on only where no more is held than `maxHeldPercent` of the fleet: beyond that it is no package that is broken.
 *
 * One package may always be held, of a fleet however small; but a registry that would be empty is none.
 *
 * @throws PublishError with every hold
 */
export function checkHeld({ heldKeys, faults, packages, maxHeldPercent }: HeldCount): void {
  const absent = [...heldKeys.values()].filter(({ published }) => !published).length;
  const total = packages.size + absent;
  const allowed = maxHeldPercent === 0 ? 0 : Math.max(1, Math.floor((total * maxHeldPercent) / 100));
  if (heldKeys.size === 0 || (heldKeys.size <= allowed && packages.size > 0)) return;
  const tooMany = `${heldKeys.size} of ${total} packages would be held, more than the ${allowed} that satis-fleet:maxHeldPercent allows`;
  const message = packages.size === 0 ? "no package at all could be built" : tooMany;
  const remedy = "heal what follows, or set a higher percentage; nothing was published";
  throw new PublishError([{ by: "build", message, remedy }, ...faults.values()]);
}
