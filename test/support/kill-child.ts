import { text } from "node:stream/consumers";
import { TERMINAL } from "../../cli/command.ts";
import { up } from "../../cli/commands/up.ts";
import { loadContext } from "../../cli/context.ts";
import { type EngineName, openFleetStack, type StackSettings } from "../../cli/engine.ts";

/** What the process that will be killed is told on its standard input. */
export interface ChildOrder {
  readonly engine: EngineName;
  /** Of a stack that has its configuration. */
  readonly settings: StackSettings;
  /** Commits in one batch of `fleet up`. @default the engine's own update, without batches */
  readonly batchSize?: number;
}

// A process of its own, so that an update can be killed without the test that watches it.
const { engine, settings, batchSize }: ChildOrder = JSON.parse(await text(process.stdin));
if (batchSize === undefined) {
  const stack = await openFleetStack(engine, settings);
  await stack.up({ parallel: 16 });
} else {
  const { stack, home, env = {} } = settings;
  const context = await loadContext({ stack, cwd: home, engine, env });
  await up(context, { yes: true, batchSize }, TERMINAL);
}
