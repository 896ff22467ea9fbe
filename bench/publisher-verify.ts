import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { RegistrySettings } from "../fleet/registry-settings.ts";
import { parseSatis } from "../fleet/satis.ts";
import type { PlannedRepository } from "../publisher/plan.ts";
import type { BuildRecord } from "../publisher/record.ts";
import { openTree } from "../publisher/tree.ts";
import type { Candidate } from "../publisher/verify/gate.ts";
import { verify } from "../publisher/verify/index.ts";

/** Verification of one synthetic registry, without network and Composer. */
export interface VerifyRow {
  readonly packages: number;
  readonly versions: number;
  /** Size of the tree, in MB. */
  readonly treeMB: number;
  readonly seconds: number;
  /** Of processor time, in all threads: what the machine's other work does not change. */
  readonly cpuSeconds: number;
  /** Peak resident memory of the process. */
  readonly memoryMB: number;
}

const VERSIONS = 20;
const ZEROS = "0".repeat(64);
const TIME = "2026-11-20T10:00:00.000Z";

/**
 * Measures all gates over registries of 1,000 and 5,000 packages with 20 versions each, of which every second package was rebuilt.
 *
 * Each size has a process of its own, so that its peak of memory is its own.
 *
 * @throws Error where a gate finds a fault: what is measured must be a good tree
 */
export async function benchVerify(sizes: readonly number[] = [1000, 5000]): Promise<VerifyRow[]> {
  const rows: VerifyRow[] = [];
  for (const packages of sizes) {
    const folder = mkdtempSync(join(tmpdir(), "satis-fleet-bench-verify-"));
    try {
      const bytes = write(folder, packages);
      const { stdout } = await promisify(execFile)(process.execPath, [
        fileURLToPath(import.meta.url),
        "--measure",
        folder,
        String(packages),
      ]);
      const measured = JSON.parse(stdout) as Pick<VerifyRow, "seconds" | "cpuSeconds" | "memoryMB">;
      rows.push({
        packages,
        versions: packages * VERSIONS,
        treeMB: Math.round(bytes / 1e6),
        ...measured,
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return rows;
}

/** The rows as lines of a table. */
export function verifyTable(rows: readonly VerifyRow[]): string[] {
  const header = ["packages", "versions", "tree MB", "seconds", "cpu seconds", "memory MB"];
  const table = rows.map((row) =>
    [
      row.packages,
      row.versions,
      row.treeMB,
      row.seconds.toFixed(2),
      row.cpuSeconds.toFixed(2),
      row.memoryMB,
    ].map(String),
  );
  const widths = header.map((title, column) =>
    Math.max(title.length, ...table.map((cells) => cells[column]?.length ?? 0)),
  );
  return [header, ...table].map((cells) =>
    cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  "),
  );
}

function nameOf(index: number): string {
  return `acme/package-${String(index).padStart(4, "0")}`;
}

function shaOf(words: string): string {
  return createHash("sha1").update(words).digest("hex");
}

/** About 1 kB, as most versions have; the include file of 5,000 packages stays under git's 100 MB. */
function versionOf(name: string, minor: number): Record<string, unknown> {
  const dev = minor === VERSIONS - 1;
  const version = dev ? "dev-main" : `1.${minor}.0`;
  const reference = shaOf(`${name} ${version}`);
  return {
    name,
    version,
    version_normalized: dev ? "dev-main" : `1.${minor}.0.0`,
    source: { type: "git", url: `https://github.com/${name}.git`, reference },
    dist: {
      type: "zip",
      url: `https://api.github.com/repos/${name}/zipball/${reference}`,
      reference,
      shasum: "",
    },
    require: { php: ">=8.1", "psr/log": "^3.0", "symfony/console": "^6.4 || ^7.0", [nameOf(minor)]: "^1.0" },
    "require-dev": { "phpunit/phpunit": "^11.0", "phpstan/phpstan": "^2.0" },
    time: `2026-01-${String(minor + 1).padStart(2, "0")}T10:00:00+00:00`,
    type: "library",
    autoload: { "psr-4": { [`Acme\\Package${minor}\\`]: "src/" } },
    license: ["MIT"],
    authors: [{ name: "A. Developer", email: "developer@example.com" }],
    description: "A package of the synthetic registry, with a description as long as most have one",
    support: {
      source: `https://github.com/${name}/tree/${version}`,
      issues: `https://github.com/${name}/issues`,
    },
  };
}

/** Writes `staged` and `published` alike; gives the bytes of one. */
function write(folder: string, packages: number): number {
  let bytes = 0;
  const put = (path: string, text: string) => {
    bytes += Buffer.byteLength(text);
    for (const tree of ["staged", "published"]) {
      mkdirSync(dirname(join(folder, tree, path)), { recursive: true });
      writeFileSync(join(folder, tree, path), text);
    }
  };
  const included: Record<string, unknown> = {};
  for (let index = 0; index < packages; index++) {
    const name = nameOf(index);
    const versions = Array.from({ length: VERSIONS }, (_, minor) => versionOf(name, minor));
    put(`p2/${name}.json`, json({ packages: { [name]: versions.slice(0, -1) } }));
    put(`p2/${name}~dev.json`, json({ packages: { [name]: versions.slice(-1) } }));
    included[name] = Object.fromEntries(versions.map((version) => [version.version, version]));
  }
  const text = json({ packages: included });
  const sha1 = shaOf(text);
  const include = `include/all$${sha1}.json`;
  put(include, text);
  const names = Object.keys(included);
  put(
    "packages.json",
    json({
      packages: [],
      includes: { [include]: { sha1 } },
      "metadata-url": SETTINGS.metadataUrl,
      "available-packages": names,
    }),
  );
  return bytes;
}

function json(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

const SETTINGS: RegistrySettings = {
  owner: "acme",
  repository: "packages",
  branch: "main",
  registryBranch: "registry",
  hosting: "pages",
  registryUrl: "https://acme.github.io/packages/",
  metadataUrl: "/packages/p2/%package%.json",
  githubHost: "github.com",
  apiUrl: "https://api.github.com",
  vendors: ["acme"],
  maxHeldPercent: 20,
  maxDeletedPercent: 10,
};

function repositoryOf(index: number): PlannedRepository {
  const name = nameOf(index);
  const tags = Array.from({ length: VERSIONS - 1 }, (_, minor) => `1.${minor}.0`);
  const head = shaOf(`${name} dev-main`);
  return {
    id: `github.com/${name}`,
    url: `https://github.com/${name}`,
    kind: "github",
    packageName: name,
    stale: index % 2 === 0,
    digest: ZEROS,
    refs: {
      heads: { main: head },
      tags: Object.fromEntries(tags.map((tag) => [tag, shaOf(`${name} ${tag}`)])),
      head,
    },
  };
}

async function candidateIn(folder: string, packages: number): Promise<Candidate> {
  const repositories = Array.from({ length: packages }, (_, index) => repositoryOf(index));
  const inputs = { satis: ZEROS, settings: ZEROS, publisher: ZEROS };
  const record: BuildRecord = {
    schema: 1,
    build: "20261120T100000Z-0123abcd",
    builtAt: TIME,
    fullBuiltAt: TIME,
    kind: "partial",
    inputs,
    repositories: {},
    packages: Object.fromEntries(
      repositories.map(({ id }, index) => [nameOf(index), { repository: id, files: {} }]),
    ),
    held: {},
  };
  const entries = repositories.map(({ url }) => ({ type: "vcs", url }));
  const text = json({ name: "acme", homepage: SETTINGS.registryUrl, repositories: entries });
  const { satis } = parseSatis(text, { file: "satis.json" });
  if (satis === undefined) throw new Error("the synthetic satis.json has a fault");
  return {
    tree: await openTree(join(folder, "staged")),
    published: await openTree(join(folder, "published")),
    record,
    plan: {
      build: record.build,
      now: TIME,
      action: "partial",
      reasons: [],
      inputs,
      repositories,
      cost: { calls: 0, clones: false },
      hints: [],
    },
    satis,
    settings: SETTINGS,
    rebuilt: new Set(repositories.filter(({ stale }) => stale).map(({ packageName = "" }) => packageName)),
    held: new Set(),
    secrets: ["a-read-token-of-forty-characters-01234567", "a-push-token-of-forty-characters-01234567"],
  };
}

async function measure(folder: string, packages: number): Promise<void> {
  const before = process.cpuUsage();
  const start = performance.now();
  const faults = await verify(await candidateIn(folder, packages));
  const seconds = round((performance.now() - start) / 1000);
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = round((user + system) / 1e6);
  const [fault] = faults;
  if (fault !== undefined) throw new Error(`${faults.length} faults in a good tree, first: ${fault.message}`);
  const memoryMB = Math.round((process.resourceUsage().maxRSS * 1024) / 1e6);
  process.stdout.write(JSON.stringify({ seconds, cpuSeconds, memoryMB }));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

const [, , mode, folder, packages] = process.argv;
if (mode === "--measure" && folder !== undefined) await measure(folder, Number(packages));
