import { type RegistrySettings, registrySettingsSchema } from "../../../fleet/registry-settings.ts";
import { parseSatis, type Satis } from "../../../fleet/satis.ts";
import { type Environment, readEnvironment } from "../../../publisher/environment.ts";
import type { PlanInput } from "../../../publisher/plan.ts";
import type { BuildRecord } from "../../../publisher/record.ts";
import { refsDigest } from "../../../publisher/refs/index.ts";
import type { Refs, RefsResult } from "../../../publisher/refs/source.ts";
import type { SourceRepository } from "../../../publisher/repositories.ts";
import { sha256 } from "../../../publisher/tree.ts";
import type { EmulatedGitHub } from "../../../sandbox/github/index.ts";

/** Settings of a fleet on github.com, or on an emulated GitHub. */
export function settingsFor(apiUrl = "https://api.github.com"): RegistrySettings {
  return registrySettingsSchema.parse({
    owner: "acme",
    repository: "composer",
    branch: "main",
    registryBranch: "registry",
    hosting: "pages",
    registryUrl: "https://acme.github.io/composer",
    metadataUrl: "/composer/p2/%package%.json",
    githubHost: "github.com",
    apiUrl,
    vendors: ["acme"],
    maxHeldPercent: 20,
    maxDeletedPercent: 10,
  });
}

/** Environment of a runner whose GitHub is the emulated one. */
export function environmentOf(github: EmulatedGitHub, token: string | undefined = "sandbox"): Environment {
  const { PATH, HOME } = process.env;
  return readEnvironment({ PATH, HOME, GITHUB_SERVER_URL: github.url, READ_TOKEN: token });
}

/** A satis.json with these entries and keys, which must be without fault. */
export function satisOf(repositories: unknown, keys: object = {}): Satis {
  const text = JSON.stringify({
    name: "a",
    homepage: "https://acme.github.io/composer/",
    repositories,
    ...keys,
  });
  const { satis, findings } = parseSatis(text, { file: "satis.json" });
  if (satis === undefined) throw new Error(JSON.stringify(findings));
  return satis;
}

/** A repository of the fleet's GitHub. */
export function onGitHub(name: string, owner = "acme"): SourceRepository {
  return {
    id: `github.com/${owner}/${name}`,
    url: `https://github.com/${owner}/${name}`,
    kind: "github",
    owner,
    name,
  };
}

export const SHA = "1".repeat(40);
export const REFS: Refs = { heads: { main: SHA }, tags: { "v1.0.0": SHA }, head: "main" };
const INPUTS = { satis: sha256("satis"), settings: sha256("settings"), publisher: sha256("publisher") };

/** A record that says that these repositories were built from {@link REFS}, as `acme/NAME`. */
export function recordOf(
  repositories: readonly SourceRepository[],
  more: Partial<BuildRecord> = {},
): BuildRecord {
  const names = repositories.map(({ id, name = "" }) => ({ id, packageName: `acme/${name}` }));
  return {
    schema: 1,
    build: "20260101T000000Z-00000000",
    builtAt: "2026-01-01T00:00:00.000Z",
    fullBuiltAt: "2026-01-01T00:00:00.000Z",
    kind: "full",
    inputs: INPUTS,
    repositories: Object.fromEntries(
      names.map(({ id, packageName }) => [
        id,
        { url: `https://${id}`, refs: refsDigest(REFS), packages: [packageName] },
      ]),
    ),
    packages: Object.fromEntries(
      names.map(({ id, packageName }) => [packageName, { repository: id, files: {} }]),
    ),
    held: {},
    ...more,
  };
}

export const LIB = onGitHub("lib");
export const TOOL = onGitHub("tool");

/** An hour after a sound build of `lib` and `tool`, nothing having happened since. */
export function inputOf(more: Partial<PlanInput> = {}): PlanInput {
  const repositories = [LIB, TOOL];
  const refs = new Map<string, RefsResult>(repositories.map(({ id }) => [id, { refs: REFS }]));
  return {
    build: "20260101T010000Z-11111111",
    now: new Date("2026-01-01T01:00:00Z"),
    sources: { repositories, wholeOnly: [] },
    settings: settingsFor(),
    refs,
    names: new Map(),
    inputs: INPUTS,
    publishedCommit: "2".repeat(40),
    previous: recordOf(repositories),
    publishedVerifies: true,
    ...more,
  };
}

/** A release of `lib` since then. */
export const CHANGED: Refs = { ...REFS, tags: { ...REFS.tags, "v1.1.0": "3".repeat(40) } };
export const changedLib = {
  refs: new Map<string, RefsResult>([...inputOf().refs, [LIB.id, { refs: CHANGED }]]),
  names: new Map([[LIB.id, { name: "acme/lib" }]]),
};

const { previous: _, publishedCommit: __, ...rest } = inputOf();
/** Before the first publish. */
export const unpublished: PlanInput = rest;
