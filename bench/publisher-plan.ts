import { syntheticSatis } from "../demo/synthetic.ts";
import { registrySettingsSchema } from "../fleet/registry-settings.ts";
import { parseSatis } from "../fleet/satis.ts";
import { readEnvironment } from "../publisher/environment.ts";
import { makePlan } from "../publisher/plan.ts";
import type { BuildRecord } from "../publisher/record.ts";
import { refsDigest } from "../publisher/refs/index.ts";
import { sourcesOf } from "../publisher/repositories.ts";
import { openReaders, survey } from "../publisher/survey.ts";
import { sha256 } from "../publisher/tree.ts";
import { startGitHub } from "../sandbox/github/index.ts";

/** One planned fleet that nobody touched. */
export interface PlanRow {
  readonly packages: number;
  readonly seconds: number;
  /** Requests to GitHub. */
  readonly calls: number;
  /** Memory of this process, the emulated GitHub included. */
  readonly megabytes: number;
}

const OWNER = "acme";
const TAGS = Array.from({ length: 20 }, (_, index) => `v1.${index}.0`);
const NONE = sha256("");

/**
 * Measures planning of unchanged repositories with a branch and 20 tags each, against the emulated GitHub.
 *
 * @throws Error where anything is found to be stale: what is measured must be whole.
 */
export async function benchPlan(sizes: readonly number[] = [1000, 5000]): Promise<PlanRow[]> {
  const rows: PlanRow[] = [];
  for (const packages of sizes) rows.push(await measure(packages));
  return rows;
}

async function measure(packages: number): Promise<PlanRow> {
  const { satis } = parseSatis(syntheticSatis(OWNER, packages), { file: "satis.json" });
  if (satis === undefined) throw new Error("the synthetic satis.json has faults");
  const github = await startGitHub({ owner: OWNER });
  try {
    const settings = settingsOf(github.url);
    const sources = sourcesOf(satis, settings);
    github.seed(sources.repositories.map(({ name = "" }) => ({ name, tags: TAGS })));
    const environment = readEnvironment({ GITHUB_SERVER_URL: github.url, READ_TOKEN: "bench" });
    const first = await openReaders(environment, settings).refs.read(sources.repositories);
    const digests = new Map([...first].map(([id, { refs }]) => [id, refs ? refsDigest(refs) : ""]));
    const now = new Date();
    const previous = recordOf(digests, now);
    github.resetCalls();
    const start = performance.now();
    const surveyed = await survey(openReaders(environment, settings), sources, previous, settings);
    const { build, inputs } = previous;
    const published = { previous, publishedCommit: "0".repeat(40), publishedVerifies: true };
    const { action } = makePlan({ build, now, sources, settings, inputs, ...published, ...surveyed });
    const seconds = Math.round((performance.now() - start) / 10) / 100;
    const megabytes = Math.round(process.memoryUsage.rss() / 1e6);
    if (action !== "none") throw new Error(`an unchanged fleet was planned as ${action}`);
    return { packages, seconds, calls: github.calls.total, megabytes };
  } finally {
    await github.close();
  }
}

function settingsOf(url: string) {
  return registrySettingsSchema.parse({
    owner: OWNER,
    repository: "composer",
    branch: "main",
    registryBranch: "registry",
    hosting: "pages",
    registryUrl: `https://${OWNER}.github.io/composer`,
    metadataUrl: "/composer/p2/%package%.json",
    githubHost: "github.com",
    apiUrl: `${url}api/v3`,
    vendors: [OWNER],
    maxHeldPercent: 20,
    maxDeletedPercent: 10,
  });
}

function recordOf(digests: ReadonlyMap<string, string>, now: Date): BuildRecord {
  const repositories = [...digests].map(([id, refs]) => {
    const url = `https://${id}.git`;
    return [id, { url, refs, packages: [id.slice(id.indexOf("/") + 1)] }] satisfies [string, object];
  });
  return {
    schema: 1,
    build: "20260101T000000Z-00000000",
    builtAt: now.toISOString(),
    fullBuiltAt: now.toISOString(),
    kind: "full",
    inputs: { satis: NONE, settings: NONE, publisher: NONE },
    repositories: Object.fromEntries(repositories),
    packages: {},
    held: {},
  };
}

/** The rows as lines of a table. */
export function planTable(rows: readonly PlanRow[]): string[] {
  const header = ["packages", "seconds", "calls", "MB"];
  const cells = rows.map(({ packages, seconds, calls, megabytes }) => [
    String(packages),
    seconds.toFixed(2),
    String(calls),
    String(megabytes),
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  return [header, ...cells].map((row) =>
    row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  "),
  );
}
