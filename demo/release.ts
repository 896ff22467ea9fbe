import { hasComposer, resolveProject } from "./composer.ts";
import { requirePackage, type ShownPull, updateConsumer } from "./consumer.ts";
import type { DemoRegistry } from "./registry.ts";
import { expectSuccess, resultsOf, standInsOf } from "./runs.ts";
import { StoryFailure } from "./story-failure.ts";
import { strangersApi, writeFile } from "./stranger.ts";
import { SANDBOX_TOKENS, type World } from "./world.ts";

const NO_COMPOSER = "there is no Composer on this machine";

/** What is released, and who uses it. */
export interface Released {
  /** `owner/repository` of the package. */
  readonly id: string;
  /** Repository of the consumer, without its owner. */
  readonly consumer: string;
}

/** Builds and publishes the registry by the composer repository's own workflows. */
export async function publishFleet(
  registry: DemoRegistry,
  expected: number,
): Promise<Record<string, unknown>> {
  const run = expectSuccess(await registry.build("push"), "the build");
  const served = await servedJson(registry, "packages.json");
  const available = (served["available-packages"] ?? []) as string[];
  if (available.length !== expected) {
    throw new StoryFailure(`the site has ${available.length} packages, expected ${expected}`);
  }
  return {
    build: served["satis-fleet"],
    page: `${registry.url}/`,
    packages: available.length,
    jobs: resultsOf(run),
    standIns: standInsOf([run]),
  };
}

/**
 * A team releases: a tag is pushed, the notify workflow's own script dispatches, the partial build publishes, and a real Composer,
 * where there is one, installs the new version from the live site. Before that, the consumer requires the package.
 */
export async function release(
  world: World,
  registry: DemoRegistry,
  { id, consumer }: Released,
): Promise<Record<string, unknown>> {
  const name = packageName(world, id);
  const composer = await hasComposer();
  if (composer) await requirePackage(world, registry, consumer, name);
  const told = await releaseVersion(world, registry, id, "1.1.0");
  const installed = composer ? await install(world, registry, name) : undefined;
  if (installed !== undefined && installed !== told.version) {
    throw new StoryFailure(`Composer installed ${name} ${installed}, expected ${told.version}`);
  }
  return {
    package: name,
    ...told,
    composer: installed === undefined ? NO_COMPOSER : `installed ${installed}`,
  };
}

/** What the release means for the consumer: a pull request, and a second release that reuses it. */
export async function update(
  world: World,
  registry: DemoRegistry,
  { id, consumer }: Released,
): Promise<Record<string, unknown>> {
  if (!(await hasComposer())) return { skipped: NO_COMPOSER };
  const first = await updateConsumer(world, registry, consumer);
  await releaseVersion(world, registry, id, "1.2.0");
  const second: ShownPull = await updateConsumer(world, registry, consumer);
  if (second.number !== first.number)
    throw new StoryFailure("the second release opened a second pull request");
  if (second.title === first.title) throw new StoryFailure(`the pull request is still called ${first.title}`);
  return { first, second, reused: true };
}

/** Tags, notifies, and builds what the notification asks for. */
async function releaseVersion(world: World, registry: DemoRegistry, id: string, version: string) {
  const tag = `v${version}`;
  await pushTag(world, id, tag);
  const notified = expectSuccess(await registry.notify(id), "the notification");
  const runs = await registry.dispatched();
  const [run] = runs;
  if (runs.length !== 1 || run === undefined) throw new StoryFailure(`${runs.length} dispatches, expected 1`);
  expectSuccess(run, "the partial build");
  const name = packageName(world, id);
  const { packages } = (await servedJson(registry, `p2/${name}.json`)) as {
    packages?: Record<string, { version: string }[]>;
  };
  const versions = (packages?.[name] ?? []).map((one) => one.version);
  if (!versions.includes(tag)) {
    throw new StoryFailure(`${name} is served as ${versions.join(", ") || "nothing"}, expected ${tag}`);
  }
  const { "satis-fleet": build } = await servedJson(registry, "packages.json");
  return { version: tag, build, jobs: resultsOf(run), standIns: standInsOf([notified, run]) };
}

async function install(
  { github, home }: World,
  registry: DemoRegistry,
  name: string,
): Promise<string | undefined> {
  const files = await resolveProject({
    composer: { name: "acme/try", require: { [name]: "^1.1" } },
    registryUrl: registry.url,
    options: ["--prefer-dist"],
    download: { host: new URL(github.url).host, token: SANDBOX_TOKENS.read },
    home,
  });
  const { packages } = JSON.parse(files["composer.lock"] ?? "{}") as {
    packages: { name: string; version: string }[];
  };
  return packages.find((one) => one.name === name)?.version;
}

/** Commits and tags as a member of the team does, over HTTP. */
async function pushTag({ github }: World, id: string, tag: string): Promise<void> {
  const api = strangersApi(github.url);
  const text = `What is new in ${tag}.\n`;
  const { commit } = (await writeFile(id, `changes/${tag}.md`, text, `Prepare ${tag}`)(api)) as {
    commit: { sha: string };
  };
  await api("POST", `repos/${id}/git/refs`, { ref: `refs/tags/${tag}`, sha: commit.sha });
}

async function servedJson(registry: DemoRegistry, path: string): Promise<Record<string, unknown>> {
  return JSON.parse((await registry.served(path)) ?? "{}") as Record<string, unknown>;
}

function packageName({ github }: World, id: string): string {
  const { name } = JSON.parse(github.repository(id).files()["composer.json"] ?? "{}") as { name: string };
  return name;
}
