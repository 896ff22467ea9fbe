import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RegistrySettings } from "../../fleet/registry-settings.ts";
import { settingsText } from "../../fleet/registry-settings.ts";
import type { Report } from "../../publisher/commands/confirm.ts";
import { runCommand } from "../../publisher/commands/run.ts";
import { type Fault, PublishError } from "../../publisher/fault.ts";
import { onPath } from "../../publisher/on-path.ts";
import { teller } from "../../publisher/runner.ts";
import { openSession, type Session } from "../../publisher/session.ts";
import { openTree, sha256 } from "../../publisher/tree.ts";
import { verifyDirectory } from "../../publisher/verify/index.ts";
import { type EmulatedGitHub, startGitHub } from "../../sandbox/github/index.ts";
import {
  type PackageRepository,
  packageRepository,
  publisherVariables,
  removeCopies,
  type StandInFaults,
} from "../../test/support/satis/index.ts";
import { serveFolder } from "../site.ts";

const OWNER = "acme";

/** A git server that is not the fleet's GitHub; repositories of `elsewhere` are behind it. */
export const OTHER_HOST = "https://git.example.org/";
const PUBLISHER = fileURLToPath(new URL("../../publisher/main.ts", import.meta.url));

/** How one run of the publisher is disturbed. */
export interface Disturbance {
  readonly satis?: StandInFaults;
  readonly deploy?: "fails" | "never arrives";
  readonly hints?: readonly string[];
  readonly full?: boolean;
  /** What the environment holds besides. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** The site's files by path, by their digest. */
export type Site = ReadonlyMap<string, string>;

/** A registry with three packages, served from a folder, and everything that can be done to it. */
export interface FaultWorld {
  readonly github: EmulatedGitHub;
  readonly home: string;
  readonly packages: Readonly<Record<"anvil" | "rocket" | "spring", PackageRepository>>;
  /** What runs from here on read. */
  satis: Record<string, unknown> & { repositories: Record<string, unknown>[] };
  readonly settings: RegistrySettings;
  /** One run of the publisher on a fresh runner. */
  run(disturbance?: Disturbance): Promise<Report>;
  /** A session of a run that somebody else carries out; its folder is fresh. */
  session(disturbance?: Disturbance): Promise<Session>;
  deploy(site: string): Promise<void>;
  site(): Promise<Site>;
  /** Versions of a package that the site serves. */
  versions(name: string): Promise<readonly string[]>;
  /** Faults of the site as a tree. */
  problems(): Promise<readonly Fault[]>;
  close(): Promise<void>;
}

/** Where consumers find the registry, by hosting. */
function addresses(hosting: RegistrySettings["hosting"], origin: string, github: EmulatedGitHub) {
  const contents = "/repos/acme/composer/contents";
  return hosting === "pages"
    ? { registryUrl: `${origin}/composer`, metadataUrl: "/composer/p2/%package%.json" }
    : {
        registryUrl: `${github.url.replace(/\/$/, "")}${contents}/packages.json?ref=registry`,
        metadataUrl: `${contents}/p2/%package%.json?ref=registry`,
      };
}

/** Builds a world whose registry is published and served. */
export async function openFaultWorld(hosting: RegistrySettings["hosting"] = "pages"): Promise<FaultWorld> {
  const github = await startGitHub({ owner: OWNER, repositories: [{ name: "composer" }] });
  const home = await mkdtemp(join(tmpdir(), "faults-"));
  const live = join(home, "live");
  const server = await serveFolder(live, "/composer");
  const [anvil, rocket, spring] = await Promise.all(
    ["anvil", "rocket", "spring"].map(async (name) => {
      const one = await packageRepository(github, `${OWNER}/${name}`);
      await one.release("v1.0.0");
      return one;
    }),
  );
  if (!(anvil && rocket && spring)) throw new Error("three packages were made");
  const settings: RegistrySettings = {
    owner: OWNER,
    repository: "composer",
    branch: "main",
    registryBranch: "registry",
    hosting,
    ...addresses(hosting, server.origin, github),
    githubHost: "github.com",
    apiUrl: `${github.url}api/v3`,
    vendors: [OWNER],
    // A third of three packages is one.
    maxHeldPercent: 70,
    maxDeletedPercent: 50,
  };
  const path = await pathWithoutComposer(join(home, "bin"));
  let runs = 0;
  const world: FaultWorld = {
    github,
    home,
    packages: { anvil, rocket, spring },
    satis: {
      name: "acme/composer",
      homepage: `${server.origin}/composer`,
      repositories: [anvil, rocket, spring].map(({ url }) => ({ type: "vcs", url })),
      "require-all": true,
    },
    settings,
    async session({ satis, variables = {} } = {}) {
      const folder = join(home, `run-${++runs}`);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "satis.json"), JSON.stringify(world.satis));
      await writeFile(join(folder, "settings.json"), settingsText(settings));
      return openSession({
        work: join(folder, "work"),
        satisFile: join(folder, "satis.json"),
        settingsFile: join(folder, "settings.json"),
        variables: {
          ...publisherVariables(github),
          PATH: path,
          GIT_CONFIG_COUNT: "2",
          GIT_CONFIG_KEY_1: `url.${github.url}elsewhere/.insteadOf`,
          GIT_CONFIG_VALUE_1: OTHER_HOST,
          COMPOSER_CACHE_DIR: join(home, "cache"),
          ...(satis === undefined ? {} : { SATIS_STANDIN_FAULTS: JSON.stringify(satis) }),
          ...variables,
        },
        program: PUBLISHER,
        teller: teller({}, () => {}),
        builds: true,
      });
    },
    async run(disturbance = {}) {
      const session = await world.session(disturbance);
      const flags = { full: disturbance.full ?? false, deploy: false, hints: disturbance.hints ?? [] };
      const deploy = async (site: string) => {
        if (disturbance.deploy === "fails") {
          throw new PublishError([{ by: "deploy", message: "the deployment failed", remedy: "run again" }]);
        }
        if (disturbance.deploy === undefined) await world.deploy(site);
      };
      return runCommand(session, flags, { deploy, patienceMs: 200 });
    },
    async deploy(site) {
      await rm(live, { recursive: true, force: true });
      await cp(site, live, { recursive: true });
    },
    async site() {
      const tree = await openTree(live);
      const entries = await Promise.all(
        tree.files.map(async (file) => [file, sha256(await tree.read(file))] as const),
      );
      return new Map(entries);
    },
    async versions(name) {
      const text = await readFile(join(live, "p2", `${name}.json`), "utf8").catch(() => "{}");
      const { packages } = JSON.parse(text) as { packages?: Record<string, { version: string }[]> };
      return (packages?.[name] ?? []).map(({ version }) => version).sort();
    },
    problems: () => verifyDirectory(live),
    async close() {
      await server.close();
      await github.close();
      await removeCopies(github);
      await rm(home, { recursive: true, force: true });
    },
  };
  await mkdir(live, { recursive: true });
  const first = await world.run();
  if (first.exitCode !== 0) throw new Error(`the first publish failed: ${JSON.stringify(first.faults)}`);
  return world;
}

/** A PATH without Composer: a real one would be asked at each of a hundred runs. */
async function pathWithoutComposer(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const name of ["git", "node", "sh", "ssh", "env", "tar", "php"]) {
    const found = name === "node" ? process.execPath : await onPath(name, process.env.PATH ?? "");
    if (found !== undefined) await symlink(found, join(folder, name));
  }
  return folder;
}
