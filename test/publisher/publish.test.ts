import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  fetchPublished,
  listBuilds,
  MARKER_REF,
  openRegistry,
  PREVIOUS_REF,
  remoteState,
} from "../../publisher/branch.ts";
import { EXIT, PublishError } from "../../publisher/fault.ts";
import { run } from "../../publisher/process.ts";
import { clearMarker, markerState, publish } from "../../publisher/publish.ts";
import { openTree } from "../../publisher/tree.ts";
import type { Work } from "../../publisher/work.ts";
import {
  buildId,
  type PublishWorld,
  publishWorld,
  type StagedTree,
  stage,
  TOKEN,
} from "./publish-support.ts";

let world: PublishWorld;
beforeEach(async () => {
  world = await publishWorld();
});
afterEach(() => world.close());

const composer = () => world.github.repository("composer");
const ref = (name: string) => composer().refs.get(name);
const tip = () => ref("refs/heads/registry");

/** Publishes one tree from a machine of its own, on top of what is published. */
async function publishOne(
  tree: StagedTree,
  options: { work?: Work; base?: string | undefined; keep?: number } = {},
) {
  const work = options.work ?? (await world.work());
  const outcome = await stage(work, tree);
  const publishedCommit = "base" in options ? options.base : tip();
  const { environment, settings } = world;
  const keep = options.keep === undefined ? {} : { keep: options.keep };
  const { commit } = await publish({ work, environment, settings, outcome, publishedCommit, ...keep });
  return { work, outcome, commit };
}

const registryIn = async (work?: Work) =>
  openRegistry(work ?? (await world.work()), world.environment, world.settings);

describe("publishing", () => {
  it("makes the branch with its first build, as an orphan beside the default branch", async () => {
    const { commit } = await publishOne({ packages: { "acme/a": "1.0.0" }, number: 1 });
    expect(tip()).toBe(commit);
    expect(ref(MARKER_REF)).toBe(commit);
    expect(composer().commits("registry")).toMatchObject([
      { message: expect.stringMatching(`^Publish ${buildId(1)}\n`), author: "github-actions[bot]" },
    ]);
    expect(composer().commits("registry")[0]?.message).not.toMatch(
      /skip[ -]ci|ci[ -]skip|no ci|skip-checks/i,
    );
    expect(Object.keys(composer().files("registry")).sort()).toEqual([
      "README.md",
      "build.json",
      "p2/acme/a.json",
      "packages.json",
    ]);
    expect(Object.keys(composer().files("main"))).toEqual(["README.md"]);
  });

  it("adds the next build on top, and leaves out what the staged tree has no more", async () => {
    await publishOne({ packages: { "acme/a": "1.0.0", "acme/b": "1.0.0" }, number: 1 });
    await publishOne({ packages: { "acme/a": "1.1.0" }, number: 2 });
    expect(
      composer()
        .commits("registry")
        .map(({ message }) => message.split("\n")[0]),
    ).toEqual([`Publish ${buildId(2)}`, `Publish ${buildId(1)}`]);
    expect(composer().files("registry")["p2/acme/b.json"]).toBeUndefined();
  });

  it("publishes bytes as they are, whatever the machine's configuration says, and writes them out as they were", async () => {
    const machine = await world.work();
    const attributes = join(machine.root, "attributes");
    await writeFile(attributes, "* text eol=crlf\n");
    const config = join(machine.root, "gitconfig");
    await writeFile(
      config,
      `[core]\nautocrlf = true\nattributesFile = ${attributes}\nexcludesFile = ${attributes}\n`,
    );
    world.variables.GIT_CONFIG_GLOBAL = config;
    const bytes = Buffer.from([0, 255, 13, 10, 200, 10]);
    const json = '{"a":\r\n1}';
    const { outcome } = await publishOne({
      packages: { "acme/a": "1.0.0" },
      number: 1,
      files: {
        "include/all$0123.json": json,
        "p2/acme/raw.bin": bytes,
      },
    });
    const work = await world.work();
    const published = await fetchPublished(await registryIn(work), work.published);
    expect(published).toEqual({ commit: tip(), record: outcome.record });
    expect(await readFile(join(work.published, "p2/acme/raw.bin"))).toEqual(bytes);
    expect(await readFile(join(work.published, "include/all$0123.json"), "utf8")).toBe(json);
    expect(composer().files("registry")["include/all$0123.json"]).toBe(json);
    expect((await openTree(work.published)).files).toHaveLength(6);
  });

  it("refuses a staged tree that is not the verified one, and changes nothing", async () => {
    const work = await world.work();
    const outcome = await stage(work, { packages: { "acme/a": "1.0.0" }, number: 1 });
    await writeFile(join(work.staged, "p2/acme/a.json"), "{}");
    const { environment, settings } = world;
    await expect(publish({ work, environment, settings, outcome })).rejects.toThrow(
      /not the one that was verified/,
    );
    expect(composer().branches).toEqual(["main"]);
    expect(ref(MARKER_REF)).toBeUndefined();
  });

  it("keeps the token out of commands, configuration and every file", async () => {
    const { work } = await publishOne({ packages: { "acme/a": "1.0.0" }, number: 1 });
    const basic = Buffer.from(`x-access-token:${TOKEN}`).toString("base64");
    for (const found of await readdir(work.root, { recursive: true })) {
      const path = join(work.root, found);
      if (!(await stat(path)).isFile()) continue;
      const content = await readFile(path, "latin1");
      expect(content.includes(TOKEN) || content.includes(basic), found).toBe(false);
    }
  });

  it("says what is wrong when the token may not write, and changes nothing", async () => {
    world.github.setToken(TOKEN, { permissions: { contents: "read", metadata: "read" } });
    const failed = publishOne({ packages: { "acme/a": "1.0.0" }, number: 1 });
    await expect(failed).rejects.toThrow(/publish|push/);
    await expect(failed).rejects.toThrow(/check that PUSH_TOKEN may write/);
    expect(composer().branches).toEqual(["main"]);
  });

  it("takes a push whose answer was lost for what it is: arrived", async () => {
    const service = /git-receive-pack$/;
    world.github.inject({ method: "POST", path: service, skip: 1, after: true, status: 500 });
    const { commit } = await publishOne({ packages: { "acme/a": "1.0.0" }, number: 1 });
    expect(tip()).toBe(commit);
  });

  it("pushes again after a push that failed on GitHub's side", async () => {
    world.github.inject({ method: "POST", path: /git-receive-pack$/, skip: 1, status: 503 });
    const { commit } = await publishOne({ packages: { "acme/a": "1.0.0" }, number: 1 });
    expect(tip()).toBe(commit);
    expect(ref(MARKER_REF)).toBe(commit);
  });
});

describe("two publishers at once", () => {
  it("the slower one is told to plan again, and publishes nothing over the other", async () => {
    await publishOne({ packages: { "acme/a": "1.0.0" }, number: 1 });
    const base = tip();
    const { commit } = await publishOne({ packages: { "acme/a": "1.1.0" }, number: 2 }, { base });
    const slower = publishOne({ packages: { "acme/a": "1.2.0" }, number: 3 }, { base });
    await expect(slower).rejects.toMatchObject({ exitCode: EXIT.raced });
    expect(tip()).toBe(commit);
  });

  it("the one that is overtaken at its last moment loses, with the first publish as with every other", async () => {
    for (const [number, base] of [
      [1, undefined],
      [3, "tip"],
    ] as const) {
      const work = await world.work();
      const { environment, settings } = world;
      const outcome = await stage(work, { packages: { "acme/a": "9.0.0" }, number: number + 1 });
      const publishedCommit = base === undefined ? undefined : tip();
      let winner = "";
      const loser = publish({
        work,
        environment,
        settings,
        outcome,
        publishedCommit,
        onStep: async (step) => {
          if (step === "marked")
            winner = (await publishOne({ packages: { "acme/a": "1.0.0" }, number })).commit;
        },
      });
      await expect(loser).rejects.toMatchObject({ exitCode: EXIT.raced });
      expect(tip()).toBe(winner);
      expect(ref(MARKER_REF)).toBe(winner);
    }
  });

  it("the loser's marker, left over the winner's, is known to be none of the branch's build", async () => {
    const registry = await registryIn();
    const first = await publishOne({ packages: { "acme/a": "1.0.0" }, number: 1 });
    expect(markerState(await remoteState(registry))).toEqual({ state: "deploy", commit: first.commit });
    const work = await world.work();
    const outcome = await stage(work, { packages: { "acme/a": "2.0.0" }, number: 2 });
    const { environment, settings } = world;
    const stopped = publish({
      ...{ work, environment, settings, outcome, publishedCommit: first.commit },
      onStep: async (step) => {
        if (step === "marked") throw new PublishError([]);
      },
    });
    await expect(stopped).rejects.toThrow(PublishError);
    const state = markerState(await remoteState(registry));
    expect(state).toMatchObject({ state: "superseded" });
    expect(await clearMarker(registry, first.commit)).toBe("cleared");
    expect(markerState(await remoteState(registry))).toEqual({ state: "absent" });
  });

  it("a confirmation leaves the marker of a later build alone", async () => {
    const first = await publishOne({ packages: { "acme/a": "1.0.0" }, number: 1 });
    const second = await publishOne({ packages: { "acme/a": "1.1.0" }, number: 2 });
    expect(await clearMarker(await registryIn(), first.commit)).toBe("other");
    expect(ref(MARKER_REF)).toBe(second.commit);
    expect(await clearMarker(await registryIn(), second.commit)).toBe("cleared");
    expect(await clearMarker(await registryIn(), second.commit)).toBe("absent");
  });
});

describe("the history", () => {
  it("is cut without rewriting a commit, and never keeps fewer builds than promised", async () => {
    const registry = await registryIn();
    for (let number = 1; number <= 5; number++) {
      await publishOne({ packages: { "acme/a": `1.${number}.0` }, number }, { keep: 2 });
      const builds = await listBuilds(registry, await remoteState(registry));
      const expected = Array.from({ length: number }, (_, at) => buildId(number - at));
      const kept = builds.map(({ build }) => build);
      expect(kept).toEqual(expected.slice(0, kept.length));
      expect(kept.length).toBeGreaterThanOrEqual(Math.min(number, 2));
      expect(kept.length).toBeLessThanOrEqual(4);
    }
    expect(composer().commits("registry")).toHaveLength(1);
    expect(ref(PREVIOUS_REF)).toBeDefined();
  });

  it("sends and fetches no file of earlier builds to cut", async () => {
    const big = (seed: number) =>
      Buffer.from(Array.from({ length: 60_000 }, (_, at) => (at * 7919 * seed + (at >> 3) * seed) & 255));
    for (const number of [1, 2, 3]) {
      await publishOne({
        packages: { "acme/a": `1.${number}.0` },
        number,
        files: { "p2/big.bin": big(number) },
      });
    }
    const work = await world.work();
    await publishOne(
      { packages: { "acme/a": "1.4.0" }, number: 4, files: { "p2/big.bin": big(3) } },
      { work, keep: 3 },
    );
    const count = await run("git", ["--git-dir", work.repository, "count-objects", "-v"], {
      env: { PATH: process.env.PATH },
    });
    expect(composer().commits("registry")).toHaveLength(1);
    // Of the three big files only the published one is here.
    const listed = await run(
      "git",
      ["--git-dir", work.repository, "cat-file", "--batch-check", "--batch-all-objects"],
      {
        env: { PATH: process.env.PATH },
      },
    );
    expect(listed.stdout.match(/ blob 60000$/gm), count.stdout).toHaveLength(1);
  });

  it("grows on where a rule forbids to cut", async () => {
    for (const number of [1, 2]) await publishOne({ packages: { "acme/a": `1.${number}.0` }, number });
    world.github.inject({ method: "POST", path: /git-receive-pack$/, skip: 1, status: 403 });
    await publishOne({ packages: { "acme/a": "1.3.0" }, number: 3 }, { keep: 2 });
    expect(composer().commits("registry")).toHaveLength(3);
    expect(ref(PREVIOUS_REF)).toBeUndefined();
    expect(ref(MARKER_REF)).toBe(tip());
  });

  it("is not cut over somebody else's build", async () => {
    for (const number of [1, 2]) await publishOne({ packages: { "acme/a": `1.${number}.0` }, number });
    const work = await world.work();
    const { environment, settings } = world;
    const outcome = await stage(work, { packages: { "acme/a": "9.0.0" }, number: 4 });
    let winner = "";
    const loser = publish({
      ...{ work, environment, settings, outcome, publishedCommit: tip(), keep: 2 },
      onStep: async (step) => {
        if (step === "marked")
          winner = (await publishOne({ packages: { "acme/a": "1.3.0" }, number: 3 })).commit;
      },
    });
    await expect(loser).rejects.toMatchObject({ exitCode: EXIT.raced });
    expect(tip()).toBe(winner);
    expect(composer().commits("registry")).toHaveLength(3);
  });
});
