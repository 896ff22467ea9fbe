import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RegistrySettings } from "../../../fleet/registry-settings.ts";
import { type BuildInput, build } from "../../../publisher/build.ts";
import { readEnvironment } from "../../../publisher/environment.ts";
import type { Outcome } from "../../../publisher/outcome.ts";
import { makePlan, type Plan } from "../../../publisher/plan.ts";
import { newBuildId, parseRecord } from "../../../publisher/record.ts";
import { sourcesOf } from "../../../publisher/repositories.ts";
import { openReaders, survey } from "../../../publisher/survey.ts";
import { sha256 } from "../../../publisher/tree.ts";
import { type Work, workIn } from "../../../publisher/work.ts";
import { type EmulatedGitHub, type GitHubOptions, startGitHub } from "../../../sandbox/github/index.ts";
import {
  packageRepository,
  publisherVariables,
  removeCopies,
  type StandInFaults,
  satisBin,
} from "../../support/satis/index.ts";
import { satisOf, settingsFor } from "./plans.ts";

/** What one build of a test is told. */
export interface BuildOptions extends Partial<Pick<BuildInput, "verify" | "pages" | "progress">> {
  readonly faults?: StandInFaults;
  readonly full?: boolean;
  readonly settings?: Partial<RegistrySettings>;
  /** Keys of satis.json beside `repositories`. */
  readonly satis?: object;
  /** Changes the plan that was made. */
  readonly replan?: (plan: Plan) => Plan;
  readonly now?: Date;
  /** Does not become the published tree. */
  readonly dry?: boolean;
}

/** Real repositories on an emulated GitHub, and what a publisher makes of them. */
export interface BuildFleet {
  readonly github: EmulatedGitHub;
  readonly work: Work;
  /** Entries of satis.json: package names to repositories of the first owner, or whole entries. */
  entries: (string | object)[];
  /** Plans, builds and, unless it is a dry run, takes the staged tree for the published one. */
  build(options?: BuildOptions): Promise<Outcome>;
  plan(options?: BuildOptions): Promise<Plan>;
  /** Text of a file of the published tree. */
  published(path: string): Promise<string>;
  /** Versions of a published package; `undefined` where there is none. */
  versions(name: string): Promise<string[] | undefined>;
  packages(): Promise<string[]>;
  close(): Promise<void>;
}

let minutes = 0;

/** Starts a fleet of packages `acme/NAME`, each with one release `1.0.0`. */
export async function buildFleet(names: readonly string[], options: GitHubOptions = {}): Promise<BuildFleet> {
  const github = await startGitHub(options);
  const root = await mkdtemp(join(tmpdir(), "publisher-"));
  const work = workIn(root);
  await Promise.all(
    names.map(async (name) => (await packageRepository(github, `acme/${name}`)).release("1.0.0")),
  );
  const parts = (given: BuildOptions) => {
    const entries = fleet.entries.map((entry) =>
      typeof entry === "string" ? { type: "vcs", url: `https://github.com/acme/${entry}` } : entry,
    );
    const satis = satisOf(entries, given.satis);
    const settings = { ...settingsFor(`${github.url}api/v3`), ...given.settings };
    const variables = {
      ...publisherVariables(github),
      SATIS_STANDIN_FAULTS: JSON.stringify(given.faults ?? {}),
    };
    return { satis, settings, environment: readEnvironment(variables) };
  };
  const json = async (path: string) => JSON.parse(await fleet.published(path));
  const fleet: BuildFleet = {
    github,
    work,
    entries: [...names],
    async plan(given = {}) {
      const { satis, settings, environment } = parts(given);
      const previous = parseRecord(
        await readFile(join(work.published, "build.json"), "utf8").catch(() => ""),
      );
      const sources = sourcesOf(satis, settings);
      const read = await survey(openReaders(environment, settings), sources, previous, settings);
      const now = given.now ?? new Date(Date.UTC(2026, 0, 1) + minutes++ * 60_000);
      const inputs = {
        satis: sha256(satis.text),
        settings: sha256(JSON.stringify(settings)),
        publisher: sha256(""),
      };
      const plan = makePlan({
        build: newBuildId(now, "00000000"),
        now,
        sources,
        settings,
        ...read,
        inputs,
        ...(previous === undefined ? {} : { previous, publishedCommit: "1".repeat(40) }),
        publishedVerifies: true,
        force: { full: given.full ?? false },
      });
      return given.replan?.(plan) ?? plan;
    },
    async build(given = {}) {
      const { satis, settings, environment } = parts(given);
      const program = { bin: satisBin(), home: join(root, "home"), cache: join(root, "cache") };
      const { verify = async () => [], pages, progress } = given;
      const optional = {
        ...(pages === undefined ? {} : { pages }),
        ...(progress === undefined ? {} : { progress }),
      };
      const plan = await fleet.plan(given);
      const outcome = await build({ work, plan, satis, settings, environment, program, verify, ...optional });
      if (given.dry !== true) {
        await rm(work.published, { recursive: true, force: true });
        await cp(work.staged, work.published, { recursive: true });
      }
      return outcome;
    },
    published: (path) => readFile(join(work.published, path), "utf8"),
    async versions(name) {
      const lists = await Promise.all(
        [`p2/${name}.json`, `p2/${name}~dev.json`].map((path) => json(path).catch(() => undefined)),
      );
      if (lists.includes(undefined)) return undefined;
      return lists.flatMap(({ packages }) =>
        packages[name].map(({ version }: { version: string }) => version),
      );
    },
    packages: async () => (await json("packages.json"))["available-packages"],
    async close() {
      await removeCopies(github);
      await github.close();
      await rm(root, { recursive: true, force: true });
    },
  };
  return fleet;
}
