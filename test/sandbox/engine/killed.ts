/** An up that kills its own process, without warning, when the create of one thing begins. */
import { openStack } from "../../../sandbox/engine/stack.ts";
import { World } from "./fake-provider.ts";

const [, , stateFile = "", things = "", during = ""] = process.argv;
const world = new World();
world.onCall = (call) => {
  if (call === `create ${during}`) process.kill(process.pid, "SIGKILL");
};
const stack = await openStack({
  project: "gen",
  stack: "dev",
  program: new URL("./programs/things.ts", import.meta.url).pathname,
  stateFile,
  config: { things: { value: things } },
  providers: { fake: world.provider },
});
await stack.up();
