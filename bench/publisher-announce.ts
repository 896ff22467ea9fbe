import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { syntheticPackages, writeSyntheticTree } from "../demo/synthetic-registry.ts";
import { UPDATE_WORKFLOW_PATH } from "../fleet/announcement.ts";
import { SUBSCRIPTION_DEFAULTS, type Subscription } from "../fleet/subscriptions.ts";
import { type AnnounceInput, announce } from "../publisher/announce/announce.ts";
import type { Clock } from "../publisher/confirm.ts";
import { readEnvironment } from "../publisher/environment.ts";
import { publish } from "../publisher/publish.ts";
import { type BuildRecord, recordText } from "../publisher/record.ts";
import { openTree, sha256, treeDigest } from "../publisher/tree.ts";
import { type Work, workIn } from "../publisher/work.ts";
import { type EmulatedGitHub, startGitHub } from "../sandbox/github/index.ts";

/** One announcement to a fleet of consumers. */
export interface AnnounceRow {
  readonly consumers: number;
  readonly packages: number;
  /** Requests to GitHub's API; git's apart. */
  readonly calls: number;
  /** Fetches and pushes of git, two requests each. */
  readonly gitCalls: number;
  /** What GitHub's limits make it take: the time of the pace. */
  readonly pacedSeconds: number;
  /** What it takes beside that, on this machine. */
  readonly ownSeconds: number;
}

const OWNER = "acme";
const WORKFLOW =
  "on:\n  workflow_dispatch:\n    inputs:\n      announcement:\n        required: true\njobs: {}\n";

/**
 * Measures the announcement of a release to every consumer, against the emulated GitHub.
 *
 * The pace is kept on a clock that only waiting moves: it shows the time that GitHub would see between first and last request.
 *
 * @throws Error where not everybody was told
 */
export async function benchAnnounce(consumers = 500, packages = 1000): Promise<AnnounceRow> {
  const root = await mkdtemp(join(tmpdir(), "bench-announce-"));
  const names = Array.from({ length: consumers }, (_, index) => `consumer-${index + 1}`);
  const files = { [UPDATE_WORKFLOW_PATH]: WORKFLOW };
  const github = await startGitHub({ owner: OWNER, repositories: [{ name: "composer", private: true }] });
  try {
    github.seed(names.map((name) => ({ name, files })));
    const clock = virtualClock();
    const input = inputFor(github, workIn(join(root, "work")), names, clock);
    const first = await release(input, packages, 19);
    await announce({ ...input, commit: first });
    const commit = await release(input, packages, 20, first);
    github.resetCalls();
    const [begin, start] = [clock.now(), performance.now()];
    const { told } = await announce({ ...input, commit });
    if (told.length !== consumers) throw new Error(`${told.length} of ${consumers} consumers were told`);
    const isGit = ({ path }: { readonly path: string }) => /git-(?:upload|receive)-pack/.test(path);
    const gitCalls = github.calls.log.filter(isGit).length;
    return {
      consumers,
      packages,
      calls: github.calls.total - gitCalls,
      gitCalls,
      pacedSeconds: Math.round((clock.now() - begin) / 100) / 10,
      ownSeconds: Math.round((performance.now() - start) / 100) / 10,
    };
  } finally {
    await github.close();
    await rm(root, { recursive: true, force: true });
  }
}

function virtualClock(): Clock {
  let time = Date.parse("2026-11-01T10:00:00Z");
  return {
    now: () => time,
    sleep: async (milliseconds) => {
      time = Math.max(time, time + milliseconds);
    },
  };
}

function inputFor(github: EmulatedGitHub, work: Work, names: readonly string[], clock: Clock): AnnounceInput {
  const environment = readEnvironment({
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GITHUB_SERVER_URL: github.url,
    PUSH_TOKEN: "bench",
    ANNOUNCE_TOKEN: "bench",
  });
  const settings = {
    owner: OWNER,
    repository: "composer",
    registryBranch: "registry",
    githubHost: "github.com",
    apiUrl: `${github.url}api/v3`,
  };
  return { work, environment, settings, subscriptions: names.map(subscriptionOf), clock };
}

function subscriptionOf(name: string): Subscription {
  return {
    ...SUBSCRIPTION_DEFAULTS,
    id: `${OWNER}/${name}`,
    repository: `${OWNER}/${name}`,
    directory: "",
    branches: [],
    packages: [`${OWNER}/http-*`],
    token: false,
  };
}

/** Publishes the packages with so many versions each. */
async function release(
  { work, environment, settings }: AnnounceInput,
  packages: number,
  versions: number,
  publishedCommit?: string,
): Promise<string> {
  await rm(work.staged, { recursive: true, force: true });
  await writeSyntheticTree(work.staged, syntheticPackages(OWNER, packages, versions));
  const record = recordOf(versions);
  await writeFile(join(work.staged, "build.json"), recordText(record));
  const digest = await treeDigest(await openTree(work.staged));
  const { commit } = await publish({
    work,
    environment,
    settings,
    outcome: { digest, record },
    publishedCommit,
  });
  return commit;
}

function recordOf(number: number): BuildRecord {
  const none = sha256("");
  return {
    schema: 1,
    build: `20261101T1000${number}Z-00000000`,
    builtAt: "2026-11-01T10:00:00Z",
    fullBuiltAt: "2026-11-01T10:00:00Z",
    kind: "full",
    inputs: { satis: none, settings: none, publisher: none },
    repositories: {},
    packages: {},
    held: {},
  };
}

/** The row as lines of a table. */
export function announceTable(row: AnnounceRow): string[] {
  const cells = [
    ["consumers", String(row.consumers)],
    ["packages", String(row.packages)],
    ["API calls", String(row.calls)],
    ["git calls", String(row.gitCalls)],
    ["paced s", row.pacedSeconds.toFixed(1)],
    ["own s", row.ownSeconds.toFixed(1)],
  ] as const;
  const widths = cells.map((pair) => Math.max(...pair.map((text) => text.length)));
  return [0, 1].map((line) =>
    cells.map((pair, at) => (pair[line] ?? "").padStart(widths[at] ?? 0)).join("  "),
  );
}
