import { fileURLToPath } from "node:url";
import { styleText } from "node:util";
import { type EngineName, findPulumi } from "../cli/engine.ts";
import { parseOptions } from "../demo/options.ts";
import { loadPlan } from "../demo/plan.ts";
import { syntheticSatis } from "../demo/synthetic.ts";
import { openWorld, sandboxConfig, type World } from "../demo/world.ts";
import { benchDrift, driftTable } from "./drift.ts";
import { watchMemory } from "./memory.ts";
import { programAlone } from "./monitor.ts";
import { announceTable, benchAnnounce } from "./publisher-announce.ts";
import { benchPlan, planTable } from "./publisher-plan.ts";
import { benchVerify, verifyTable } from "./publisher-verify.ts";

const HELP = `npm run bench [-- --engine sandbox|pulumi] [--large] [--publisher] [--json]

Seconds, memory and API calls of deriving, previewing (with the policy pack, too), creating, leaving alone and refreshing 100 and 1,000 packages
(with --large 5,000), against the emulated GitHub. On pulumi also the same program untuned, side by side. Then drift, and the
publisher: planning and verifying 1,000 and 5,000 packages, announcing to 500 consumers; --publisher measures that alone.`;

const OWNER = "acme";
const PARALLEL = 64;
const INDEX = fileURLToPath(new URL("../index.ts", import.meta.url));
const PACK = fileURLToPath(new URL("../policy", import.meta.url));
const UNTUNED = fileURLToPath(new URL("./untuned.ts", import.meta.url));

/** One row of the table. */
interface Row {
  readonly packages: number;
  readonly program: "tuned" | "untuned";
  readonly measure: string;
  readonly seconds: number;
  readonly msPerPackage: number;
  readonly programMB: number;
  readonly engineMB: number;
  readonly callsPerPackage: number;
}

const values = parseOptions({
  engine: { type: "string" },
  large: { type: "boolean", default: false },
  publisher: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
});

async function main(): Promise<void> {
  const engine: EngineName = values.engine === "pulumi" ? "pulumi" : "sandbox";
  if (values.engine !== undefined && values.engine !== engine)
    throw new Error(`no engine ${values.engine}: sandbox or pulumi`);
  if (engine === "pulumi" && !(await findPulumi())) throw new Error("no pulumi on the PATH");
  if (values.publisher) return printPublisher(await benchPublisher());
  const rows: Row[] = [];
  for (const packages of values.large ? [100, 1000, 5000] : [100, 1000]) {
    rows.push(...(await measureFleet(engine, packages, "tuned")));
  }
  if (engine === "pulumi") rows.push(...(await measureFleet(engine, 1000, "untuned")));
  const drift = await benchDrift(engine);
  const publisher = await benchPublisher();
  if (values.json) {
    console.log(JSON.stringify({ engine, parallel: PARALLEL, rows, drift, publisher }, null, 2));
    return;
  }
  print(engine, rows);
  console.log(["", ...driftTable(drift)].join("\n"));
  printPublisher(publisher);
}

async function benchPublisher() {
  return { plan: await benchPlan(), verify: await benchVerify(), announce: await benchAnnounce() };
}

function printPublisher({ plan, verify, announce }: Awaited<ReturnType<typeof benchPublisher>>): void {
  const tables = [planTable(plan), verifyTable(verify), announceTable(announce)];
  console.log(tables.flatMap((table) => ["", ...table]).join("\n"));
}

async function measureFleet(
  engine: EngineName,
  packages: number,
  program: "tuned" | "untuned",
): Promise<Row[]> {
  const satis = syntheticSatis(OWNER, packages);
  const entry = program === "tuned" ? INDEX : UNTUNED;
  const plan = loadPlan(satis, { owner: OWNER });
  const world = await openWorld({
    engine,
    owner: OWNER,
    satis,
    repositories: plan.repositories,
    skipCheckpoints: true,
    program: entry,
  });
  const rows: Row[] = [];
  const measure = async (name: string, act: () => Promise<unknown>) => {
    world.github.resetCalls();
    const start = performance.now();
    const { peaks } = await watchMemory(act);
    const seconds = (performance.now() - start) / 1000;
    rows.push({
      packages,
      program,
      measure: name,
      seconds: round(seconds),
      msPerPackage: round((seconds * 1000) / packages),
      programMB: peaks.program,
      engineMB: peaks.engine,
      callsPerPackage: round(world.github.calls.total / packages),
    });
    process.stderr.write(`${packages} ${program} ${name}: ${round(seconds)} s\n`);
  };
  // The untuned program runs as it would without a thought: with the engine's own parallelism.
  const parallel = program === "tuned" ? { parallel: PARALLEL } : {};
  try {
    await measure("derive", async () => loadPlan(satis, { owner: OWNER }));
    await measure("program alone", () => programAlone(entry, plainConfig(world)));
    await measure("preview", () => world.stack.preview(parallel));
    if (program === "tuned") {
      await measure("preview, policies", () => world.stack.preview({ ...parallel, policyPacks: [PACK] }));
    }
    await measure("up", () => world.stack.up(parallel));
    await measure("up, no change", () => world.stack.up(parallel));
    await measure("preview --refresh", () => world.stack.preview({ ...parallel, refresh: true }));
  } finally {
    await world.close();
  }
  return rows;
}

function plainConfig(world: World): Record<string, string> {
  const config = sandboxConfig(OWNER, world.github.url, `${world.home}/satis.json`);
  return Object.fromEntries(Object.entries(config).map(([key, { value }]) => [key, value]));
}

function print(engine: EngineName, rows: readonly Row[]): void {
  const header = [
    "packages",
    "program",
    "measure",
    "seconds",
    "ms/package",
    "growth",
    "program MB",
    "engine MB",
    "calls/package",
  ];
  const table = rows.map((row) => [
    String(row.packages),
    row.program,
    row.measure,
    row.seconds.toFixed(2),
    row.msPerPackage.toFixed(2),
    growth(row, rows),
    row.programMB ? String(row.programMB) : "-",
    row.engineMB ? String(row.engineMB) : "-",
    row.callsPerPackage.toFixed(2),
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...table.map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  ");
  console.log(
    `engine: ${engine}; --parallel ${PARALLEL} (untuned: the engine's default); writeDelayMs 1; checkpoints skipped\n`,
  );
  console.log(styleText("bold", line(header)));
  for (const cells of table) console.log(line(cells));
  for (const text of comparisons(rows)) console.log(text);
}

/** Time per package against the smallest fleet's: 1 is linear, less is better than that. */
function growth(row: Row, rows: readonly Row[]): string {
  const base = rows.find((other) => other.measure === row.measure && other.program === row.program);
  return base && base !== row && base.msPerPackage > 0
    ? `x${(row.msPerPackage / base.msPerPackage).toFixed(2)}`
    : "";
}

function comparisons(rows: readonly Row[]): string[] {
  return rows
    .filter(({ program }) => program === "untuned")
    .flatMap((untuned) => {
      const tuned = rows.find(
        (row) =>
          row.program === "tuned" && row.packages === untuned.packages && row.measure === untuned.measure,
      );
      return tuned
        ? [`${untuned.measure}: tuned / untuned = ${(tuned.seconds / untuned.seconds).toFixed(2)}`]
        : [];
    });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

if (values.help) console.log(HELP);
else
  main().catch((error: unknown) => {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
