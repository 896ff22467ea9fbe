import { text } from "node:stream/consumers";
import { readEnvironment } from "../../publisher/environment.ts";
import { type PublishInput, type PublishStep, publish } from "../../publisher/publish.ts";

/** What the process that will be killed is told on its standard input. */
export interface PublishOrder extends Omit<PublishInput, "environment" | "onStep"> {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Step after which it waits for its end. */
  readonly stopAt: PublishStep;
}

// A process of its own, so that a publish can be killed without the test that watches it.
const { variables, stopAt, ...order }: PublishOrder = JSON.parse(await text(process.stdin));
await publish({
  ...order,
  environment: readEnvironment(variables),
  onStep: async (step) => {
    if (step !== stopAt) return;
    process.stdout.write("stopped\n");
    await new Promise(() => setInterval(() => {}, 1_000));
  },
});
