import { MARKER_REF } from "../../publisher/branch.ts";
import { buildCommand } from "../../publisher/commands/build.ts";
import { planCommand } from "../../publisher/commands/plan.ts";
import { publishCommand } from "../../publisher/commands/publish.ts";
import { EXIT, PublishError } from "../../publisher/fault.ts";
import { type FaultStory, healthy, must, serves, told } from "./story.ts";
import type { FaultWorld } from "./world.ts";

const FLAGS = { full: false, deploy: false, hints: [] };

const isMarked = ({ github }: FaultWorld) => github.repository("composer").refs.has(MARKER_REF);

async function redeploys(world: FaultWorld): Promise<string> {
  await healthy(world);
  must(!isMarked(world), "the marker is still set");
  await serves(world, "anvil", ["v1.0.0", "v1.1.0"]);
  return "the next run deploys the same build again";
}

export const LIVE: readonly FaultStory[] = [
  {
    fault: "the deployment fails",
    async happen(world) {
      await world.packages.anvil.release("v1.1.0");
      const report = await world.run({ deploy: "fails" });
      must(report.exitCode === 1 && isMarked(world), told(report));
      return "the branch has the new build, the site the last one, the run is red";
    },
    heal: redeploys,
  },
  {
    fault: "the live site never updates",
    async happen(world) {
      await world.packages.anvil.release("v1.1.0");
      const report = await world.run({ deploy: "never arrives" });
      must(report.exitCode === 1 && isMarked(world), told(report));
      return "the run waits for the build, then is red; the marker stays";
    },
    heal: redeploys,
  },
  {
    fault: "two publishers at once",
    changes: ["anvil", "rocket"],
    async happen(world) {
      await world.packages.anvil.release("v1.1.0");
      const slow = await world.session();
      await planCommand(slow, FLAGS);
      await buildCommand(slow);
      await world.packages.rocket.release("v1.1.0");
      await healthy(world);
      const raced = await publishCommand(slow).then(
        () => false,
        (error: unknown) => error instanceof PublishError && error.exitCode === EXIT.raced,
      );
      must(raced, "the slower one published over the faster one");
      await serves(world, "rocket", ["v1.0.0", "v1.1.0"]);
      return "the slower one is refused and plans again";
    },
    async heal(world) {
      await healthy(world);
      await serves(world, "anvil", ["v1.0.0", "v1.1.0"]);
      return "the same run, by planning again";
    },
  },
  {
    fault: "hints that are unknown or malicious",
    changes: ["anvil"],
    async happen(world) {
      await world.packages.anvil.release("v1.1.0");
      const hints = ["acme/unknown", "a/b; rm -rf ~", "../x", "x".repeat(10_000), "acme/anvil"];
      const session = await world.session();
      const plan = await planCommand(session, { ...FLAGS, hints });
      const verdicts = plan.hints.map(({ verdict }) => verdict);
      must(verdicts.join() === "unknown,malformed,malformed,malformed,stale", verdicts.join());
      must(
        plan.hints.every(({ text }) => text.length <= 100),
        "a hint is repeated whole",
      );
      await healthy(world);
      return "each is judged and none is trusted: what is stale is found by the refs";
    },
    async heal(world) {
      await serves(world, "anvil", ["v1.0.0", "v1.1.0"]);
      return "nothing was to be healed";
    },
  },
  {
    fault: "50 dispatches at once, of which the queue drops 48",
    changes: ["anvil", "rocket", "spring"],
    async happen(world) {
      const { anvil, rocket, spring } = world.packages;
      // GitHub starts the first and keeps the last; the run of the first sees what was there by then.
      await anvil.release("v1.0.1");
      await healthy(world);
      for (let index = 2; index <= 50; index++) {
        await ([anvil, rocket, spring][index % 3] ?? anvil).release(`v1.0.${index}`);
      }
      await healthy(world);
      const counts = await Promise.all(
        ["anvil", "rocket", "spring"].map(async (name) => (await world.versions(`acme/${name}`)).length),
      );
      // Each had one version to begin with.
      must(counts.reduce((sum, count) => sum + count, 0) === 53, `${counts.join(" + ")} versions are served`);
      return "two runs publish all 50 releases";
    },
    heal: async () => "nothing was to be healed",
  },
];
