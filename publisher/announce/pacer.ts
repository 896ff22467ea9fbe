import type { Clock } from "../confirm.ts";

/** GitHub takes 5 points for a POST, of 900 a minute: one each 334 ms, and some more for the queries beside them. */
export const GAP_MS = 340;

/** Gives each request its turn. */
export interface Pacer {
  /** Resolves when the next request may begin. */
  turn(): Promise<void>;
  /** GitHub asked for a pause: nobody begins before it is over. */
  sleep(milliseconds: number): Promise<unknown>;
}

/**
 * Lets requests begin at least {@link GAP_MS} apart, however long each takes.
 *
 * Waiting for answers between them would double the time: GitHub takes as long to dispatch as the gap is.
 */
export function pacer(clock: Clock): Pacer {
  let next = clock.now();
  return {
    turn: async () => {
      for (;;) {
        const now = clock.now();
        if (now >= next) {
          next = now + GAP_MS;
          return;
        }
        await clock.sleep(next - now);
      }
    },
    sleep: (milliseconds) => {
      next = Math.max(next, clock.now() + milliseconds);
      return clock.sleep(milliseconds);
    },
  };
}
