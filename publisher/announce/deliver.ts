import type { RegistrySettings } from "../../fleet/registry-settings.ts";
import type { Subscription } from "../../fleet/subscription.ts";
import type { Clock } from "../confirm.ts";
import type { Environment } from "../environment.ts";
import type { Fault } from "../fault.ts";
import { connectGitHub, type GitHub } from "../github.ts";
import { connectGraphQL, graphqlUrl } from "../refs/graphql.ts";
import { messagesOf } from "./announcements.ts";
import { withoutTold } from "./changes.ts";
import { dispatch, type Known, lookUp } from "./consumers.ts";
import { type Pacer, pacer } from "./pacer.ts";
import type { Pending } from "./state.ts";

/** A consumer that is to be told now. */
export interface Due {
  readonly subscription: Subscription;
  readonly pending: Pending;
}

/** Told after each consumer: what of it remains untold, and why. */
export type OnDelivered = (id: string, rest: Pending | undefined, fault: Fault | undefined) => Promise<void>;

interface DeliverInput {
  readonly environment: Environment;
  readonly settings: Pick<RegistrySettings, "apiUrl">;
  readonly clock: Clock;
  readonly onProgress?: (line: string) => void;
}

/** Dispatches under way at once: enough for an answer to take a second without the pace suffering. */
const AT_ONCE = 4;
const PROGRESS_EVERY = 50;

/**
 * Tells consumers, at GitHub's pace; one that cannot be told keeps no other from it.
 *
 * One query for each 100 consumers, then one request a consumer, or as many as its announcement has parts.
 */
export async function deliver(
  input: DeliverInput,
  build: string,
  due: readonly Due[],
  onDelivered: OnDelivered,
): Promise<void> {
  const { environment, settings, clock } = input;
  const token = environment.announceToken;
  if (due.length === 0) return;
  if (token === undefined) {
    for (const [index, { subscription, pending }] of due.entries())
      await onDelivered(subscription.id, pending, index === 0 ? noToken(due.length) : undefined);
    return;
  }
  const pace = pacer(clock);
  // A dispatch that arrives twice changes nothing, so one whose answer was lost is sent again.
  const github = connectGitHub(settings.apiUrl, token, { sleep: pace.sleep, repeatable: true });
  const graphql = connectGraphQL(graphqlUrl(settings.apiUrl, environment.variables), token, {
    sleep: clock.sleep,
  });
  const known = await lookUp(
    graphql,
    due.map(({ subscription }) => subscription),
  );
  const queue = [...due];
  let done = 0;
  const worker = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      const { rest, fault } = await tell(
        { github, pace, build },
        one,
        known.get(one.subscription.repository),
      );
      await onDelivered(one.subscription.id, rest, fault);
      if (++done % PROGRESS_EVERY === 0) input.onProgress?.(`${done} of ${due.length} consumers are told`);
    }
  };
  const workers = Array.from({ length: AT_ONCE }, () =>
    worker().catch((error: unknown) => {
      // What cannot be recorded would be told again and again: the others stop too.
      queue.length = 0;
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(workers)).find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function tell(
  { github, pace, build }: { readonly github: GitHub; readonly pace: Pacer; readonly build: string },
  { subscription, pending }: Due,
  known: Known | undefined,
): Promise<{ rest: Pending | undefined; fault?: Fault }> {
  let rest: Pending | undefined = pending;
  for (const { text, versions } of messagesOf(build, pending.versions)) {
    await pace.turn();
    const fault = await dispatch(github, subscription, known, text);
    if (fault !== undefined) return { rest, fault };
    rest = rest === undefined ? undefined : withoutTold(rest, versions);
  }
  return { rest };
}

function noToken(count: number): Fault {
  const message = `there is no ANNOUNCE_TOKEN, so ${count} consumer${count === 1 ? " is" : "s are"} not told`;
  const remedy =
    "set satis-fleet:announceToken to a token with Actions: write on the consumers, and run: pulumi up";
  return { by: "announce", message, remedy };
}
