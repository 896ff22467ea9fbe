import { text } from "node:stream/consumers";
import { type EngineName, openFleetStack, type StackSettings } from "../../cli/engine.ts";

/** What the process that will be killed is told on its standard input. */
export interface ChildOrder {
  readonly engine: EngineName;
  /** Of a stack that has its configuration. */
  readonly settings: StackSettings;
}

// A process of its own, so that an update can be killed without the test that watches it.
const { engine, settings }: ChildOrder = JSON.parse(await text(process.stdin));
const stack = await openFleetStack(engine, settings);
await stack.up({ parallel: 16 });
