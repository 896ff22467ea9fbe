import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import type { RegistrySettings } from "../../../fleet/registry-settings.ts";
import type { Plan, PlannedRepository } from "../../../publisher/plan.ts";
import type { BuildRecord } from "../../../publisher/record.ts";
import { openTree, sha256, type Version } from "../../../publisher/tree.ts";
import type { Candidate } from "../../../publisher/verify/gate.ts";
import { normalize, stabilityOf } from "../../../publisher/verify/version.ts";
import { satisOf, satisText } from "../../fleet/support.ts";

const DIGEST = "0".repeat(64);
const NOW = "2026-11-20T10:00:00.000Z";
const folders: string[] = [];

afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder of its own for one test, removed when its file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "satis-fleet-tree-"));
  folders.push(folder);
  return folder;
}

/** Versions by package name. */
export type Registry = Record<string, Version[]>;

/** A candidate in the making: everything in it may be changed before it is written. */
export interface Fixture {
  now: Registry;
  before: Registry;
  repositories: PlannedRepository[];
  rebuilt: Set<string>;
  held: Set<string>;
  recordHeld: BuildRecord["held"];
  secrets: string[];
  /** Keys of satis.json besides name, homepage and repositories. */
  satis: Record<string, unknown>;
  entries: unknown[];
  settings: RegistrySettings;
  /** Answers to HEAD other than 200, by URL. */
  statuses: Map<string, number>;
  minified: boolean;
  /** What is done to the files after they were written. */
  edit: (root: string) => void;
  /** Only the tree: no plan, no record, nothing published. */
  alone: boolean;
}

/** A commit that is always the same for the same words. */
export function sha(words: string): string {
  return createHash("sha1").update(words).digest("hex");
}

/** One version as Satis writes it, from a repository `acme/NAME` on GitHub. */
export function version(name: string, text: string, rest: Readonly<Record<string, unknown>> = {}): Version {
  const commit = sha(`${name} ${text}`);
  return {
    name,
    version: text,
    version_normalized: normalize(text) ?? text,
    source: { type: "git", url: `https://github.com/${name}.git`, reference: commit },
    dist: {
      type: "zip",
      url: `https://api.github.com/repos/${name}/zipball/${commit}`,
      reference: commit,
      shasum: "",
    },
    require: { php: ">=8.1", "psr/log": "^3.0" },
    time: "2026-11-01T10:00:00+00:00",
    type: "library",
    description: "A package",
    ...rest,
  } as Version;
}

/** A repository of the plan, with its tags and heads at the commits that {@link version} gives. */
export function planned(
  name: string,
  tags: readonly string[],
  heads: readonly string[] = ["main"],
): PlannedRepository {
  return {
    id: `github.com/${name}`,
    url: `https://github.com/${name}`,
    kind: "github",
    packageName: name,
    stale: true,
    digest: DIGEST,
    refs: {
      heads: Object.fromEntries(heads.map((head) => [head, sha(`${name} dev-${head}`)])),
      tags: Object.fromEntries(tags.map((tag) => [tag, sha(`${name} ${tag}`)])),
      head: sha(`${name} dev-main`),
    },
  };
}

/**
 * A good candidate that no gate objects to: `acme/one` was rebuilt and has a new version, `acme/two` is untouched.
 */
export function goodFixture(): Fixture {
  const one = ["1.0.0", "1.1.0", "dev-main"];
  const two = ["v2.0.0", "dev-main"];
  const of = (name: string, texts: readonly string[]) => texts.map((text) => version(name, text));
  return {
    now: { "acme/one": of("acme/one", one), "acme/two": of("acme/two", two) },
    before: { "acme/one": of("acme/one", ["1.0.0", "dev-main"]), "acme/two": of("acme/two", two) },
    repositories: [
      planned("acme/one", ["1.0.0", "1.1.0"]),
      { ...planned("acme/two", ["v2.0.0"]), stale: false },
    ],
    rebuilt: new Set(["acme/one"]),
    held: new Set(),
    recordHeld: {},
    secrets: ["read-token-that-is-secret"],
    satis: {},
    entries: ["one", "two"].map((name) => ({ type: "vcs", url: `https://github.com/acme/${name}` })),
    settings: {
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
    },
    statuses: new Map(),
    minified: false,
    edit: () => {},
    alone: false,
  };
}

/** Writes the fixture's trees and gives the candidate that the gates are asked. */
export async function candidateOf(fixture: Fixture): Promise<Candidate> {
  const folder = temporaryFolder();
  const tree = join(folder, "staged");
  const published = join(folder, "published");
  const { metadataUrl } = fixture.settings;
  writeRegistry(tree, fixture.now, { metadataUrl, minified: fixture.minified });
  fixture.edit(tree);
  if (fixture.alone) return { tree: await openTree(tree) };
  writeRegistry(published, fixture.before, { metadataUrl, minified: fixture.minified });
  const record = recordOf(fixture.now, fixture.repositories, fixture.recordHeld);
  return {
    tree: await openTree(tree),
    published: await openTree(published),
    record,
    plan: planOf(fixture),
    satis: satisOf(satisText(fixture.entries, fixture.satis)),
    settings: fixture.settings,
    rebuilt: fixture.rebuilt,
    held: fixture.held,
    secrets: fixture.secrets,
  };
}

/** Writes a registry as Satis does; gives the digests of its files by path. */
export function writeRegistry(
  root: string,
  registry: Registry,
  { metadataUrl, minified = false }: { readonly metadataUrl: string; readonly minified?: boolean },
): Record<string, string> {
  const digests: Record<string, string> = {};
  const write = (path: string, value: unknown) => {
    const text = `${JSON.stringify(value, null, 4)}\n`;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    digests[path] = sha256(text);
  };
  for (const [name, versions] of Object.entries(registry)) {
    const split = { ".json": versions.filter((one) => !isDev(one)), "~dev.json": versions.filter(isDev) };
    for (const [end, list] of Object.entries(split)) {
      const packages = { [name]: minified ? minify(list) : list };
      write(`p2/${name}${end}`, minified ? { packages, minified: "composer/2.0" } : { packages });
    }
  }
  const included = Object.fromEntries(
    Object.entries(registry).map(([name, versions]) => [
      name,
      Object.fromEntries(versions.map((one) => [one.version, one])),
    ]),
  );
  const text = `${JSON.stringify({ packages: included }, null, 4)}\n`;
  const sha1 = createHash("sha1").update(text).digest("hex");
  const include = `include/all$${sha1}.json`;
  write(include, { packages: included });
  write("packages.json", {
    packages: [],
    includes: { [include]: { sha1 } },
    "metadata-url": metadataUrl,
    "available-packages": Object.keys(registry),
  });
  writeFileSync(join(root, "index.html"), "<!DOCTYPE html>\n");
  return digests;
}

/** As Composer's minifier: each version holds what differs from the one before it. */
function minify(versions: readonly Version[]): unknown[] {
  let last: Record<string, unknown> = {};
  return versions.map((one) => {
    const changed = Object.entries(one).filter(
      ([key, value]) => JSON.stringify(last[key]) !== JSON.stringify(value),
    );
    const gone = Object.keys(last).filter((key) => !(key in one));
    last = one;
    return Object.fromEntries([...changed, ...gone.map((key) => [key, "__unset"])]);
  });
}

function isDev({ version: text }: Version): boolean {
  return stabilityOf(text) === "dev";
}

/** build.json of a registry. */
export function recordOf(
  registry: Registry,
  repositories: readonly PlannedRepository[],
  held: BuildRecord["held"] = {},
  digests: Readonly<Record<string, string>> = {},
): BuildRecord {
  const files = (name: string) =>
    Object.fromEntries(
      Object.entries(digests).filter(([path]) => [`p2/${name}.json`, `p2/${name}~dev.json`].includes(path)),
    );
  return {
    schema: 1,
    build: "20261120T100000Z-0123abcd",
    builtAt: NOW,
    fullBuiltAt: NOW,
    kind: "partial",
    inputs: { satis: DIGEST, settings: DIGEST, publisher: DIGEST },
    repositories: Object.fromEntries(
      repositories.map(({ id, url, packageName }) => [
        id,
        { url, refs: DIGEST, packages: packageName === undefined ? [] : [packageName] },
      ]),
    ),
    packages: Object.fromEntries(
      Object.keys(registry).map((name) => {
        const repository = repositories.find(({ packageName }) => packageName === name)?.id;
        return [name, { ...(repository === undefined ? {} : { repository }), files: files(name) }];
      }),
    ),
    held,
  };
}

function planOf({ before, repositories }: Fixture): Plan {
  return {
    build: "20261120T100000Z-0123abcd",
    now: NOW,
    action: "partial",
    reasons: ["acme/one is stale"],
    previous: recordOf(before, repositories),
    inputs: { satis: DIGEST, settings: DIGEST, publisher: DIGEST },
    repositories,
    cost: { calls: 0, clones: false },
    hints: [],
  };
}
