import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quoted } from "../../fleet/findings.ts";
import { isPackageName } from "../../fleet/grammar.ts";
import type { Fault } from "../fault.ts";
import { type Finished, run } from "../process.ts";
import { compareVersions } from "./constraint.ts";
import { isHeld, packageFault } from "./context.ts";
import type { Candidate, Gate, World } from "./gate.ts";
import { readMetadata, type VersionFacts } from "./metadata.ts";
import { serveTree } from "./serve.ts";

const BY = "composer-resolves";
/** Packages that one run resolves: enough to be quick, few enough that halving after a failure stays cheap. */
const AT_ONCE = 50;
const RUN_LIMIT_MS = 60_000;
/** All runs together. What is not done by then is not known to be wrong. */
const TOTAL_LIMIT_MS = 180_000;

/** One version that Composer is to find. */
interface Wanted {
  readonly name: string;
  readonly version: string;
  readonly requires: readonly string[];
  readonly time: string;
}

/**
 * A real Composer finds the newest version of the rebuilt packages in the tree as it will be served.
 *
 * It judges the registry, not the packages' requirements: those are met by a stand-in, for whether another package, or another
 * registry, has what they ask for is no question to this tree.
 */
export const composerResolves: Gate = {
  name: BY,
  guarantees:
    "a real Composer, where there is one, resolves the newest version of every rebuilt package from the tree, served under its own path, as far as it gets in three minutes",
  async check(candidate, world) {
    const { composer } = world;
    const { root, packages } = await readMetadata(candidate.tree);
    if (composer === undefined || root === undefined) return [];
    const all = wantedOf(candidate, packages);
    if (all.length === 0) return [];
    const served = await serveTree(candidate.tree, root.metadataUrl);
    const folder = await mkdtemp(join(tmpdir(), "satis-fleet-composer-"));
    try {
      const resolver = { composer, folder, url: served.url, end: Date.now() + TOTAL_LIMIT_MS, world };
      const faults: Fault[] = [];
      for (let at = 0; at < all.length; at += AT_ONCE) {
        faults.push(...(await resolveAll(all.slice(at, at + AT_ONCE), resolver)));
      }
      return faults;
    } finally {
      await served.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

function wantedOf(candidate: Candidate, packages: ReadonlyMap<string, readonly VersionFacts[]>): Wanted[] {
  const wanted = [...(candidate.rebuilt ?? [])].flatMap((name): Wanted[] => {
    const newest = isHeld(candidate, name) ? undefined : newestOf(packages.get(name) ?? []);
    return newest === undefined
      ? []
      : [{ name, version: newest.version, requires: newest.requires, time: newest.time ?? "" }];
  });
  return wanted.sort((a, b) => b.time.localeCompare(a.time) || a.name.localeCompare(b.name));
}

/** The highest stable version, else the default branch, else any that can be written as a constraint. */
function newestOf(versions: readonly VersionFacts[]): VersionFacts | undefined {
  const writable = versions.filter(({ version }) => /^[\w./+-]+$/.test(version));
  const [stable] = writable
    .filter(({ inDevFile }) => !inDevFile)
    .sort((a, b) => compareVersions(b.normalized, a.normalized));
  return stable ?? writable.find(({ defaultBranch }) => defaultBranch) ?? writable[0];
}

interface Resolver {
  readonly composer: string;
  readonly folder: string;
  readonly url: string;
  readonly end: number;
  readonly world: World;
}

/** Resolves all at once, which one process does; where that fails, each half, until the package that fails stands alone. */
async function resolveAll(wanted: readonly Wanted[], resolver: Resolver): Promise<Fault[]> {
  const left = resolver.end - Date.now();
  if (left <= 0) {
    resolver.world.warn?.(
      `Composer had no time left for ${wanted.length} packages, so they were not resolved`,
    );
    return [];
  }
  const finished = await update(wanted, resolver, Math.min(left, RUN_LIMIT_MS));
  if (finished.code === 0) return [];
  if (finished.code === undefined) {
    resolver.world.warn?.(
      `Composer did not finish (${finished.error}), so ${wanted.length} packages were not resolved`,
    );
    return [];
  }
  const [first, ...others] = wanted;
  if (first === undefined) return [];
  if (others.length === 0) {
    return [
      packageFault(
        BY,
        first.name,
        `Composer cannot resolve ${quoted(first.version)}: ${reasonIn(finished)}`,
        "correct its composer.json; composer validate says what Composer asks for",
      ),
    ];
  }
  const middle = Math.ceil(wanted.length / 2);
  return [
    ...(await resolveAll(wanted.slice(0, middle), resolver)),
    ...(await resolveAll(wanted.slice(middle), resolver)),
  ];
}

async function update(
  wanted: readonly Wanted[],
  { composer, folder, url }: Resolver,
  timeout: number,
): Promise<Finished> {
  const project = await mkdtemp(join(folder, "project-"));
  const home = join(project, "home");
  await mkdir(home);
  await writeFile(join(project, "composer.json"), JSON.stringify(projectOf(wanted, url)));
  const options = [
    "--dry-run",
    "--no-plugins",
    "--no-scripts",
    "--no-interaction",
    "--no-progress",
    "--no-ansi",
    "--no-audit",
  ];
  return run(composer, ["update", ...options, "--ignore-platform-reqs"], {
    cwd: project,
    timeout,
    env: {
      PATH: process.env.PATH,
      HOME: home,
      COMPOSER_HOME: home,
      COMPOSER_CACHE_DIR: join(home, "cache"),
      COMPOSER_ALLOW_SUPERUSER: "1",
      // Composer breaks its messages at the terminal's width, in the middle of words.
      COLUMNS: "1000",
      COMPOSER_ROOT_VERSION: "1.0.0",
      // Nothing but this machine is reached: every other address goes to a proxy that is not there.
      http_proxy: "http://127.0.0.1:9",
      https_proxy: "http://127.0.0.1:9",
      no_proxy: "127.0.0.1",
    },
  });
}

/** A project that requires just these versions; what they require themselves is given by a package without content. */
function projectOf(wanted: readonly Wanted[], url: string): unknown {
  const names = new Set(wanted.map(({ name }) => name));
  const required = new Set(wanted.flatMap(({ requires }) => requires.map((name) => name.toLowerCase())));
  const given = [...required].filter((name) => !names.has(name) && isPackageName(name));
  const standIn = {
    name: "satis-fleet/requirements",
    version: "1.0.0",
    type: "metapackage",
    provide: Object.fromEntries(given.map((name) => [name, "*"])),
  };
  return {
    repositories: [
      { type: "composer", url },
      { type: "package", package: standIn },
      { "packagist.org": false },
    ],
    require: {
      "satis-fleet/requirements": "1.0.0",
      ...Object.fromEntries(wanted.map(({ name, version }) => [name, version])),
    },
    "minimum-stability": "dev",
    config: { "secure-http": false, "allow-plugins": false, "preferred-install": "dist" },
  };
}

/** The lines that say why, on one line; addresses of this machine mean nothing to a reader. */
function reasonIn({ stdout, stderr, error }: Finished): string {
  const lines = `${stderr}\n${stdout}`
    .split("\n")
    .map((line) => line.trim())
    .filter(
      (line) =>
        /problem|^- |exception|error|could not|invalid|failed/i.test(line) && !/^Problem \d+$/.test(line),
    );
  const text = lines
    .slice(0, 3)
    .join(" ")
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, "");
  return (error ?? text).slice(0, 400) || "it gave no reason";
}
