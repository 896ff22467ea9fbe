import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Environment, readEnvironment } from "../../publisher/environment.ts";
import type { Outcome } from "../../publisher/outcome.ts";
import { BUILD_KEY, type BuildRecord, recordText } from "../../publisher/record.ts";
import { openTree, sha256, treeDigest } from "../../publisher/tree.ts";
import { type Work, workIn } from "../../publisher/work.ts";
import { type EmulatedGitHub, startGitHub } from "../../sandbox/github/index.ts";

export const TOKEN = "sandbox-token-of-the-publisher";

/** An emulated GitHub with the composer repository, and everything that publishing to it takes. */
export interface PublishWorld {
  readonly github: EmulatedGitHub;
  readonly variables: Record<string, string | undefined>;
  readonly environment: Environment;
  readonly settings: ReturnType<typeof settingsFor>;
  /** A fresh working directory, as another machine would have it. */
  work(): Promise<Work>;
  close(): Promise<void>;
}

function settingsFor(url: string, hosting: "pages" | "private") {
  return {
    owner: "acme",
    repository: "composer",
    registryBranch: "registry",
    hosting,
    registryUrl: `${url}repos/acme/composer/contents/packages.json?ref=registry`,
    metadataUrl: "/repos/acme/composer/contents/p2/%package%.json?ref=registry",
    vendors: ["acme"],
    githubHost: "github.com",
  };
}

export async function publishWorld(hosting: "pages" | "private" = "private"): Promise<PublishWorld> {
  const github = await startGitHub({ repositories: [{ name: "composer", private: true }] });
  const roots: string[] = [];
  const variables = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GITHUB_SERVER_URL: github.url,
    PUSH_TOKEN: TOKEN,
  };
  return {
    github,
    variables,
    environment: readEnvironment(variables),
    settings: settingsFor(github.url, hosting),
    work: async () => {
      const root = await mkdtemp(join(tmpdir(), "publish-"));
      roots.push(root);
      return workIn(root);
    },
    close: async () => {
      await github.close();
      for (const root of roots) await rm(root, { recursive: true, force: true });
    },
  };
}

/** An id of a build; a later number is a later build. */
export function buildId(number: number): string {
  return `20261101T10${String(number).padStart(4, "0")}Z-0000000a`;
}

const ZERO = "0".repeat(64);

export interface StagedTree {
  /** Version of each package. */
  readonly packages: Readonly<Record<string, string>>;
  readonly number: number;
  readonly record?: Partial<BuildRecord>;
  /** More files. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
}

/** Writes a tree as a build leaves it in `work.staged`. */
export async function stage(
  work: Work,
  { packages, number, record: extra, files }: StagedTree,
): Promise<Outcome> {
  const build = buildId(number);
  const repository = (name: string) => `github.com/${name}`;
  const texts = Object.fromEntries(
    Object.entries(packages).map(([name, version]) => [
      `p2/${name}.json`,
      JSON.stringify({
        packages: {
          [name]: [
            {
              name,
              version,
              description: `the ${name}`,
              source: { reference: sha256(version).slice(0, 40) },
            },
          ],
        },
      }),
    ]),
  );
  const record: BuildRecord = {
    schema: 1,
    build,
    builtAt: "2026-11-01T10:00:00Z",
    fullBuiltAt: "2026-11-01T10:00:00Z",
    kind: "partial",
    inputs: { satis: ZERO, settings: ZERO, publisher: ZERO },
    repositories: Object.fromEntries(
      Object.entries(packages).map(([name, version]) => [
        repository(name),
        {
          url: `https://github.com/${name}.git`,
          refs: sha256(version),
          packages: [name],
          builtAt: "2026-11-01T10:00:00Z",
          build,
        },
      ]),
    ),
    packages: Object.fromEntries(
      Object.keys(packages).map((name) => [
        name,
        {
          repository: repository(name),
          files: { [`p2/${name}.json`]: sha256(texts[`p2/${name}.json`] ?? "") },
        },
      ]),
    ),
    held: {},
    ...extra,
  };
  const all: Record<string, string | Buffer> = {
    ...texts,
    "packages.json": JSON.stringify({ "available-packages": Object.keys(packages), [BUILD_KEY]: build }),
    "build.json": recordText(record),
    "README.md": `# ${build}\n`,
    ...files,
  };
  await rm(work.staged, { recursive: true, force: true });
  for (const [path, content] of Object.entries(all)) {
    const file = join(work.staged, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  const digest = await treeDigest(await openTree(work.staged));
  return {
    build,
    rebuilt: Object.keys(packages),
    changes: [],
    leftOut: [],
    faults: [],
    unchanged: false,
    record,
    digest,
  };
}
