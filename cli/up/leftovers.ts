import type { Output } from "../command.ts";
import type { Context } from "../context.ts";
import { LockedError } from "./run.ts";

/**
 * Does something that needs the stack's lock; one that a killed process of this machine has left is removed, and said.
 *
 * @param force remove it whoever holds it
 * @throws LockedError where the holder may be at work, with what to do.
 */
export async function unlocked<T>(
  { stack }: Pick<Context, "stack">,
  force: boolean,
  output: Output,
  action: () => Promise<T>,
): Promise<T> {
  try {
    // Asked before, where the backend tells: a state is not edited under somebody's hands.
    const locks = (await stack.locks()) ?? [];
    if (locks.length > 0) throw new LockedError(locks);
    return await action();
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    if (!force && !error.locks.every(({ stale }) => stale)) {
      error.message +=
        ", which may be at work: wait for it; fleet up --unlock where you know that it is dead";
      throw error;
    }
    await stack.cancel();
    for (const { holder } of error.locks) output.err(`removed the lock that ${holder} left behind`);
    return action();
  }
}
