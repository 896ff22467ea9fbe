import { loadContext } from "../cli/context.ts";
import { look } from "../cli/drift/look.ts";
import type { EngineName } from "../cli/engine.ts";
import { loadPlan } from "../demo/plan.ts";
import { syntheticSatis } from "../demo/synthetic.ts";
import { openWorld } from "../demo/world.ts";

/** One measured way of finding drift. */
export interface DriftRow {
  readonly packages: number;
  readonly secrets: "repository" | "organization";
  readonly measure: "drift, first look" | "drift, second look" | "preview --refresh";
  readonly seconds: number;
  /** Requests to GitHub. */
  readonly calls: number;
  /** Those of them that cost nothing of GitHub's limit (304). */
  readonly freeCalls: number;
}

const OWNER = "acme";
const PARALLEL = 64;

/**
 * Measures drift of an unchanged fleet beside the provider's refresh of the same one, each against the emulated GitHub.
 *
 * Both scopes of the secret: with one of the organization there is nothing to ask the repositories one by one.
 *
 * @throws Error where either finds a difference: what is measured must be whole.
 */
export async function benchDrift(engine: EngineName, packages = 1000): Promise<DriftRow[]> {
  const rows: DriftRow[] = [];
  for (const secrets of ["repository", "organization"] as const) {
    rows.push(...(await measure(engine, packages, secrets)));
  }
  return rows;
}

async function measure(
  engine: EngineName,
  packages: number,
  secrets: DriftRow["secrets"],
): Promise<DriftRow[]> {
  const satis = syntheticSatis(OWNER, packages);
  const { repositories } = loadPlan(satis, { owner: OWNER });
  const world = await openWorld({
    engine,
    owner: OWNER,
    satis,
    repositories,
    config: { "satis-fleet:secretScope": { value: secrets } },
    skipCheckpoints: true,
  });
  const { github, settings, stack } = world;
  const rows: DriftRow[] = [];
  const row = async (name: DriftRow["measure"], act: () => Promise<void>) => {
    github.resetCalls();
    const start = performance.now();
    await act();
    const seconds = Math.round((performance.now() - start) / 10) / 100;
    const { log, total } = github.calls;
    const freeCalls = log.filter(({ status }) => status === 304).length;
    rows.push({ packages, secrets, measure: name, seconds, calls: total, freeCalls });
  };
  const drift = async () => {
    const { env = {}, home } = settings;
    const found = await look(await loadContext({ stack: settings.stack, cwd: home, engine, env }));
    if (found.drift.length + found.unread.length > 0)
      throw new Error("drift found a difference in a fleet that nobody touched");
  };
  try {
    await stack.up({ parallel: PARALLEL });
    await row("drift, first look", drift);
    await row("drift, second look", drift);
    await row("preview --refresh", async () => {
      const { operations } = await stack.preview({ refresh: true, parallel: PARALLEL });
      if (Object.keys(operations).some((kind) => kind !== "same"))
        throw new Error("the refresh found a difference in a fleet that nobody touched");
    });
  } finally {
    await world.close();
  }
  return rows;
}

/** The rows as lines of a table. */
export function driftTable(rows: readonly DriftRow[]): string[] {
  const header = ["packages", "secrets", "measure", "seconds", "calls", "free"];
  const table = rows.map((row) => [
    String(row.packages),
    row.secrets,
    row.measure,
    row.seconds.toFixed(2),
    String(row.calls),
    String(row.freeCalls),
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...table.map((cells) => cells[column]?.length ?? 0)),
  );
  return [header, ...table].map((cells) =>
    cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  "),
  );
}
