import { fileURLToPath } from "node:url";
import type { EngineName } from "../cli/engine.ts";
import { startProgress } from "../cli/progress.ts";
import { consumerName, consumerSubscriptions } from "./consumer.ts";
import { chooseEngine, DEMO_OPTIONS, parseOptions } from "./options.ts";
import { deriveEdit, loadPlan, readPlanFile } from "./plan.ts";
import { say, showRegistry, showStep, showSummary } from "./report.ts";
import { type Step, tellStory } from "./story.ts";
import { syntheticSatis } from "./synthetic.ts";
import { openWorld, SANDBOX_TOKENS } from "./world.ts";

const HELP = `npm start [-- OPTIONS]

Previews, creates, leaves alone, tampers with, detects, repairs and edits a fleet, on an emulated GitHub.

  --satis FILE              the fleet's satis.json (default: the example's)
  --owner NAME              the organization (default: the owner that most entries share)
  --packages N              a synthetic fleet of N packages instead of a file
  --engine sandbox|pulumi   which engine runs the program (default: pulumi where one is on the PATH)
  --keep                    keep the emulated GitHub up at the end, until Ctrl-C
  --json                    one document on standard output and nothing else there
                            (npm start --silent -- --json)

Exit codes: 0 the story ended as it must, 1 it did not, or the input is wrong.`;

/** Independent packages side by side; the engine's default is bound by the cores. */
const PARALLEL = 64;

const values = parseOptions({
  satis: { type: "string" },
  owner: { type: "string" },
  packages: { type: "string" },
  keep: { type: "boolean", default: false },
  ...DEMO_OPTIONS,
});

async function satisText(): Promise<string> {
  if (values.packages === undefined) {
    return readPlanFile(values.satis ?? fileURLToPath(new URL("../satis.json", import.meta.url)));
  }
  const count = Number(values.packages);
  if (!Number.isInteger(count) || count < 0) throw new Error(`--packages ${values.packages}: a whole number`);
  if (values.satis !== undefined) throw new Error("--packages or --satis, not both");
  return syntheticSatis(values.owner ?? "acme", count);
}

async function main(): Promise<void> {
  const { engine, name } = await chooseEngine(values.engine);
  const satis = await satisText();
  const plan = loadPlan(satis, values);
  const log = values.json ? () => undefined : say;
  log(`Engine: ${name}. GitHub: emulated, on this machine; nothing leaves it.`);
  log(
    `${plan.owner}: ${plan.packages.length} packages, ${plan.unmanaged} entries not managed, ${plan.warnings} warnings`,
  );
  if (plan.packages.length === 0)
    log("No entry is managed here: the fleet is the composer repository alone.");
  const edit = deriveEdit(satis, plan);
  const consumer = consumerName(plan.packages);
  const world = await openWorld({
    engine,
    owner: plan.owner,
    satis,
    subscriptions: consumerSubscriptions(plan.owner, consumer),
    repositories: [...plan.repositories, edit.addedRepository, { name: consumer }],
    config: { "satis-fleet:announceToken": { value: SANDBOX_TOKENS.announce, secret: true } },
    skipCheckpoints: true,
  });
  let kept = false;
  try {
    const steps = await tellStory({
      world,
      packages: plan.packages,
      composerRepository: plan.composerRepository,
      homepage: plan.homepage,
      edit,
      consumer,
      keep: values.keep,
      parallel: PARALLEL,
      ...(values.json
        ? {}
        : { onStep: (name: string) => startProgress(name, process.stderr), onDone: showStep }),
    });
    print(engine, plan, steps);
    kept = values.keep;
    if (kept) say(`The emulated GitHub stays up at ${world.github.url}; Ctrl-C ends it.`);
  } finally {
    if (kept) process.once("SIGINT", () => void world.close().then(() => process.exit(0)));
    else await world.close();
  }
}

function print(engine: EngineName, plan: ReturnType<typeof loadPlan>, steps: readonly Step[]): void {
  const { packages, unmanaged, warnings } = plan;
  if (values.json) {
    console.log(JSON.stringify({ engine, packages: packages.length, unmanaged, warnings, steps }, null, 2));
  } else {
    showSummary(packages.length, steps);
    showRegistry(steps, values.keep);
  }
}

if (values.help) console.log(HELP);
else
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
