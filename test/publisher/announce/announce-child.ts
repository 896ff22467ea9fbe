import { text } from "node:stream/consumers";
import { type AnnounceInput, type AnnounceStep, announce } from "../../../publisher/announce/announce.ts";
import { readEnvironment } from "../../../publisher/environment.ts";

/** What the process that will be killed is told on its standard input. */
export interface AnnounceOrder extends Omit<AnnounceInput, "environment" | "clock" | "onStep"> {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly stopAt: AnnounceStep;
  /** Which step of that name it is, counted from 1. */
  readonly count: number;
}

// A process of its own, so that an announcement can be killed without the test that watches it.
const { variables, stopAt, count, ...order }: AnnounceOrder = JSON.parse(await text(process.stdin));
let seen = 0;
await announce({
  ...order,
  environment: readEnvironment(variables),
  onStep: async (step) => {
    if (step !== stopAt || ++seen !== count) return;
    process.stdout.write("stopped\n");
    await new Promise(() => setInterval(() => {}, 1_000));
  },
});
