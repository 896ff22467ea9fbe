import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { publish } from "../../publisher/publish.ts";
import { BUILD_KEY, buildRecordSchema, parseRecord } from "../../publisher/record.ts";
import { rolledBack, stageRollback } from "../../publisher/rollback.ts";
import { buildId, type PublishWorld, publishWorld, type StagedTree, stage } from "./publish-support.ts";

let world: PublishWorld;
beforeEach(async () => {
  world = await publishWorld();
});
afterEach(() => world.close());

const composer = () => world.github.repository("composer");
const tip = () => composer().refs.get("refs/heads/registry");
const published = () => composer().files("registry");
const record = () => buildRecordSchema.parse(JSON.parse(published()["build.json"] ?? ""));

async function publishOne(tree: StagedTree) {
  const work = await world.work();
  const outcome = await stage(work, tree);
  const { environment, settings } = world;
  await publish({ work, environment, settings, outcome, publishedCommit: tip(), keep: 2 });
  return outcome;
}

async function rollback(build: string | undefined, number: number) {
  const work = await world.work();
  const { environment, settings } = world;
  const now = new Date("2026-11-02T08:00:00Z");
  const pages = async () => ({ "README.md": "# rolled back\n" });
  const newBuild = buildId(number);
  const staged = await stageRollback({ work, environment, settings, build, newBuild, now, pages });
  const { outcome, publishedCommit } = staged;
  await publish({ work, environment, settings, outcome, publishedCommit });
  return { ...staged, work };
}

describe("a rollback", () => {
  it("publishes the build before the last as a new build on top", async () => {
    const first = await publishOne({ packages: { "acme/a": "1.0.0" }, number: 1 });
    await publishOne({ packages: { "acme/a": "1.1.0", "acme/b": "1.0.0" }, number: 2 });
    const before = published();
    const { from, to } = await rollback(undefined, 3);
    expect([from, to]).toEqual([buildId(2), buildId(1)]);
    expect(JSON.parse(published()["p2/acme/a.json"] ?? "").packages["acme/a"][0].version).toBe("1.0.0");
    expect(published()["p2/acme/b.json"]).toBeUndefined();
    expect(JSON.parse(published()["packages.json"] ?? "")).toEqual({
      "available-packages": ["acme/a"],
      [BUILD_KEY]: buildId(3),
    });
    expect(published()["README.md"]).toBe("# rolled back\n");
    expect(record()).toMatchObject({ build: buildId(3), kind: "rollback", packages: first.record.packages });
    expect(composer().commits("registry")[0]?.message).toMatch(
      /^Publish \S+\n\nSatis-Fleet-Kind: rollback$/m,
    );
    expect(before["p2/acme/b.json"]).toBeDefined();
  });

  it("is not undone by the next scheduled run: refs and inputs are those of the build that was undone", async () => {
    await publishOne({ packages: { "acme/a": "1.0.0" }, number: 1 });
    const inputs = { satis: "1".repeat(64), settings: "2".repeat(64), publisher: "3".repeat(64) };
    const { record: undone } = await publishOne({
      packages: { "acme/a": "1.1.0", "acme/b": "1.0.0" },
      number: 2,
      record: { inputs },
    });
    await rollback(undefined, 3);
    const refs = Object.fromEntries(Object.entries(record().repositories).map(([id, one]) => [id, one.refs]));
    expect(refs).toEqual(
      Object.fromEntries(Object.entries(undone.repositories).map(([id, one]) => [id, one.refs])),
    );
    expect(record().inputs).toEqual(inputs);
    expect(record().fullBuiltAt).toBe("2026-11-02T08:00:00.000Z");
    expect(record().repositories["github.com/acme/b"]?.packages).toEqual([]);
  });

  it("keeps what was held in the undone build stale, so that it is tried again", async () => {
    const first = await publishOne({ packages: { "acme/a": "1.0.0" }, number: 1 });
    const undone = {
      ...first.record,
      repositories: { "github.com/acme/a": { url: "u", refs: "" as const, packages: [] } },
    };
    const { repositories } = rolledBack(first.record, undone, {
      build: buildId(3),
      at: "2026-11-02T08:00:00Z",
    });
    expect(repositories["github.com/acme/a"]).toMatchObject({ refs: "", packages: ["acme/a"] });
  });

  it("goes back to any build that is kept, beyond a cut of the history too", async () => {
    for (const number of [1, 2, 3]) await publishOne({ packages: { "acme/a": `1.${number}.0` }, number });
    expect(composer().commits("registry")).toHaveLength(1);
    await rollback(buildId(1), 4);
    expect(JSON.parse(published()["p2/acme/a.json"] ?? "").packages["acme/a"][0].version).toBe("1.1.0");
  });

  it("done twice undoes itself", async () => {
    await publishOne({ packages: { "acme/a": "1.0.0" }, number: 1 });
    await publishOne({ packages: { "acme/a": "1.1.0" }, number: 2 });
    await rollback(undefined, 3);
    await rollback(undefined, 4);
    expect(JSON.parse(published()["p2/acme/a.json"] ?? "").packages["acme/a"][0].version).toBe("1.1.0");
  });

  it("lists the builds when it is given none of them, and changes nothing", async () => {
    await publishOne({ packages: { "acme/a": "1.0.0" }, number: 1 });
    await publishOne({ packages: { "acme/a": "1.1.0" }, number: 2 });
    const before = tip();
    for (const wanted of ["nonsense", "../../x", buildId(9), "--all"]) {
      await expect(rollback(wanted, 3)).rejects.toThrow(
        `rollback: there is no such build: name one of: ${buildId(2)} (partial), ${buildId(1)} (partial)`,
      );
    }
    await expect(rollback(buildId(2), 3)).rejects.toThrow("this build is the published one");
    expect(tip()).toBe(before);
  });

  it("says so where there is nothing to go back to", async () => {
    await expect(rollback(undefined, 3)).rejects.toThrow("nothing was published yet: publish first");
    await publishOne({ packages: { "acme/a": "1.0.0" }, number: 1 });
    await expect(rollback(undefined, 3)).rejects.toThrow("there is no earlier build");
  });

  it("stages a tree whose record says what is in it", async () => {
    await publishOne({ packages: { "acme/a": "1.0.0" }, number: 1 });
    await publishOne({ packages: { "acme/a": "1.1.0" }, number: 2 });
    const { work, outcome } = await rollback(undefined, 3);
    const staged = parseRecord(await readFile(join(work.staged, "build.json"), "utf8"));
    expect(staged).toEqual(outcome.record);
  });
});
