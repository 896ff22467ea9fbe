import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetchPublished, MARKER_REF, openRegistry, remoteState } from "../../publisher/branch.ts";
import { confirm } from "../../publisher/confirm.ts";
import { PublishError } from "../../publisher/fault.ts";
import { markerState, type PublishStep, publish } from "../../publisher/publish.ts";
import { BUILD_KEY } from "../../publisher/record.ts";
import { writeSite } from "../../publisher/site.ts";
import { type LiveSite, liveSite } from "./live-site.ts";
import type { PublishOrder } from "./publish-child.ts";
import { buildId, type PublishWorld, publishWorld, type StagedTree, stage } from "./publish-support.ts";

let world: PublishWorld;
let site: LiveSite;
let deployed: string;
beforeEach(async () => {
  world = await publishWorld("pages");
  site = await liveSite();
  deployed = await mkdtemp(join(tmpdir(), "deployed-"));
});
afterEach(async () => {
  await world.close();
  await site.close();
  await rm(deployed, { recursive: true, force: true });
});

const CHILD = fileURLToPath(new URL("./publish-child.ts", import.meta.url));
const settings = () => ({ ...world.settings, registryUrl: site.url, metadataUrl: site.metadataUrl });
const ref = (name: string) => world.github.repository("composer").refs.get(name);
const tip = () => ref("refs/heads/registry");
const builtBy = () =>
  JSON.parse(world.github.repository("composer").files("registry")["build.json"] ?? "{}").build;
const shown = async () => {
  const { [BUILD_KEY]: build } = (await (await fetch(`${site.url}/packages.json`)).json()) as Record<
    string,
    unknown
  >;
  return build;
};
const instant = () => {
  let time = 0;
  const sleep = async (milliseconds: number) => {
    time += milliseconds;
  };
  return { now: () => time, sleep };
};

/** What a run does: finds what is published, builds where something is stale, deploys where the site may lag, confirms. */
async function nextRun(tree?: StagedTree): Promise<"nothing" | "deployed" | "published"> {
  const work = await world.work();
  const registry = await openRegistry(work, world.environment, settings());
  const state = await remoteState(registry);
  const published = await fetchPublished(registry, work.published, state.tip);
  let commit = published?.commit;
  let record = published?.record;
  let from = work.published;
  const stale = tree !== undefined && record?.build !== buildId(tree.number);
  if (stale) {
    const outcome = await stage(work, tree);
    const { environment } = world;
    ({ commit } = await publish({
      work,
      environment,
      settings: settings(),
      outcome,
      publishedCommit: state.tip,
    }));
    record = outcome.record;
    from = work.staged;
  } else if (markerState(state).state === "absent") return "nothing";
  if (commit === undefined || record === undefined) throw new Error("nothing is published");
  await writeSite(from, work.site);
  await cp(work.site, deployed, { recursive: true });
  site.deploy(deployed);
  const input = { work, environment: world.environment, settings: settings(), clock: instant() };
  expect(await confirm({ ...input, record, commit })).toBe("confirmed");
  return stale ? "published" : "deployed";
}

/** Publishes in a process of its own and kills it with SIGKILL at a step. */
async function killedAt(step: PublishStep, tree: StagedTree): Promise<void> {
  const work = await world.work();
  const outcome = await stage(work, tree);
  const order: PublishOrder = {
    ...{
      work,
      variables: world.variables,
      settings: settings(),
      outcome,
      publishedCommit: tip(),
      stopAt: step,
    },
  };
  const child = spawn(process.execPath, [CHILD], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(order));
  const [said] = await once(child.stdout, "data");
  expect(String(said)).toBe("stopped\n");
  child.kill("SIGKILL");
  await once(child, "close");
}

const FIRST = { packages: { "acme/a": "1.0.0" }, number: 1 };
const SECOND = { packages: { "acme/a": "1.1.0" }, number: 2 };

describe("a publisher that is killed", () => {
  it("before the marker leaves everything as it was, and the next run publishes", async () => {
    await nextRun(FIRST);
    const before = tip();
    await killedAt("committed", SECOND);
    expect([tip(), ref(MARKER_REF), await shown()]).toEqual([before, undefined, buildId(1)]);
    expect(await nextRun(SECOND)).toBe("published");
    expect([builtBy(), ref(MARKER_REF), await shown()]).toEqual([buildId(2), undefined, buildId(2)]);
  });

  it("between marker and push leaves the last good build, and the next run publishes over the marker", async () => {
    await nextRun(FIRST);
    const before = tip();
    await killedAt("marked", SECOND);
    expect([tip(), await shown()]).toEqual([before, buildId(1)]);
    expect(ref(MARKER_REF)).not.toBe(before);
    expect(await nextRun(SECOND)).toBe("published");
    expect([builtBy(), ref(MARKER_REF), await shown()]).toEqual([buildId(2), undefined, buildId(2)]);
  });

  it("between marker and push with nothing stale any more costs one deployment, then there is peace", async () => {
    await nextRun(FIRST);
    await killedAt("marked", SECOND);
    expect(await nextRun()).toBe("deployed");
    expect([builtBy(), ref(MARKER_REF), await shown()]).toEqual([buildId(1), undefined, buildId(1)]);
    expect(await nextRun()).toBe("nothing");
  });

  it("after the push, before the site shows it, is healed by a deployment without a build", async () => {
    await nextRun(FIRST);
    await killedAt("pushed", SECOND);
    expect([builtBy(), ref(MARKER_REF), await shown()]).toEqual([buildId(2), tip(), buildId(1)]);
    expect(await nextRun(SECOND)).toBe("deployed");
    expect([builtBy(), ref(MARKER_REF), await shown()]).toEqual([buildId(2), undefined, buildId(2)]);
    expect(await nextRun(SECOND)).toBe("nothing");
  });

  it("at its very first publish leaves no branch, and the next run makes it", async () => {
    await killedAt("marked", FIRST);
    expect(world.github.repository("composer").branches).toEqual(["main"]);
    expect(await nextRun(FIRST)).toBe("published");
    expect([builtBy(), ref(MARKER_REF), await shown()]).toEqual([buildId(1), undefined, buildId(1)]);
  });

  it("twice, the second one over the first one's marker, still ends with the site showing the branch's build", async () => {
    await nextRun(FIRST);
    await killedAt("pushed", SECOND);
    await killedAt("marked", { packages: { "acme/a": "1.2.0" }, number: 3 });
    expect([builtBy(), await shown()]).toEqual([buildId(2), buildId(1)]);
    expect(await nextRun()).toBe("deployed");
    expect([builtBy(), ref(MARKER_REF), await shown()]).toEqual([buildId(2), undefined, buildId(2)]);
  });

  it("while the site never updates keeps its marker, and the next run deploys again", async () => {
    await nextRun(FIRST);
    const work = await world.work();
    const outcome = await stage(work, SECOND);
    const input = { work, environment: world.environment, settings: settings() };
    const { commit } = await publish({ ...input, outcome, publishedCommit: tip() });
    const waiting = confirm({ ...input, record: outcome.record, commit, clock: instant() });
    await expect(waiting).rejects.toThrow(PublishError);
    await expect(waiting).rejects.toThrow(
      `did not show build ${buildId(2)} within 15 minutes (packages.json shows build ${buildId(1)})`,
    );
    expect(ref(MARKER_REF)).toBe(commit);
    expect(await nextRun(SECOND)).toBe("deployed");
    expect([ref(MARKER_REF), await shown()]).toEqual([undefined, buildId(2)]);
  });
});

describe("confirmation", () => {
  it("waits for the site with growing pauses, past caches and without the token", async () => {
    const work = await world.work();
    const outcome = await stage(work, FIRST);
    const input = { work, environment: world.environment, settings: settings() };
    const { commit } = await publish({ ...input, outcome });
    await writeSite(work.staged, work.site);
    const pauses: number[] = [];
    const clock = instant();
    const sleep = async (milliseconds: number) => {
      pauses.push(milliseconds);
      await clock.sleep(milliseconds);
      if (pauses.length === 3) site.deploy(work.site);
    };
    expect(
      await confirm({ ...input, record: outcome.record, commit, clock: { now: clock.now, sleep } }),
    ).toBe("confirmed");
    expect(pauses).toEqual([2000, 3000, 4500]);
    expect(ref(MARKER_REF)).toBeUndefined();
    const addresses = site.requests.map(({ url }) => url);
    expect(new Set(addresses.slice(0, 4)).size).toBe(4);
    expect(addresses.at(-1)).toMatch(/^\/registry\/p2\/acme\/a\.json\?satis-fleet=\d+$/);
    expect(site.requests.filter(({ authorized }) => authorized)).toEqual([]);
  });

  it("is not content with packages.json alone: a package's file must be what was built", async () => {
    const work = await world.work();
    const outcome = await stage(work, FIRST);
    const input = { work, environment: world.environment, settings: settings() };
    const { commit } = await publish({ ...input, outcome });
    await writeSite(work.staged, work.site);
    await rm(join(work.site, "p2"), { recursive: true });
    site.deploy(work.site);
    const waiting = confirm({ ...input, record: outcome.record, commit, clock: instant() });
    await expect(waiting).rejects.toThrow("(acme/a: the answer is 404)");
    await mkdir(join(work.site, "p2/acme"), { recursive: true });
    await writeFile(join(work.site, "p2/acme/a.json"), "{}");
    const outdated = confirm({ ...input, record: outcome.record, commit, clock: instant() });
    await expect(outdated).rejects.toThrow("(acme/a is not what was built)");
    expect(ref(MARKER_REF)).toBe(commit);
  });

  it("ends without waiting when a later build has been published meanwhile, and leaves that one's marker", async () => {
    const work = await world.work();
    const outcome = await stage(work, FIRST);
    const input = { work, environment: world.environment, settings: settings() };
    const { commit } = await publish({ ...input, outcome });
    const later = await world.work();
    const next = await stage(later, SECOND);
    await publish({ ...input, work: later, outcome: next, publishedCommit: commit });
    site.deploy(later.staged);
    expect(await confirm({ ...input, record: outcome.record, commit, clock: instant() })).toBe("overtaken");
    expect(ref(MARKER_REF)).toBe(tip());
  });

  it("reads a private registry through the contents API, with the token, and not without", async () => {
    const work = await world.work();
    const outcome = await stage(work, FIRST);
    const input = {
      work,
      environment: world.environment,
      settings: { ...world.settings, hosting: "private" as const },
    };
    const { commit } = await publish({ ...input, outcome });
    world.github.inject({ path: /contents\/packages\.json/, status: 404 });
    expect(await confirm({ ...input, record: outcome.record, commit, clock: instant() })).toBe("confirmed");
    expect(ref(MARKER_REF)).toBeUndefined();
    const { pushToken: _, ...anonymous } = world.environment;
    await expect(
      confirm({ ...input, environment: anonymous, record: outcome.record, commit, clock: instant() }),
    ).rejects.toThrow("the answer is 404");
  });
});
