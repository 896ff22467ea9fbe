import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { PublishError } from "../../publisher/fault.ts";
import { openTree, treeDigest } from "../../publisher/tree.ts";
import { verify } from "../../publisher/verify/index.ts";
import { isStandIn, packageRepository, READ_TOKEN, type StandInFaults } from "../support/satis/index.ts";
import { type BuildFleet, buildFleet } from "./support/builds.ts";

let fleet: BuildFleet;
afterEach(() => fleet.close());

const start = async (...names: string[]) => {
  fleet = await buildFleet(names);
};
const repository = (name: string, options = {}) => packageRepository(fleet.github, `acme/${name}`, options);
const release = async (name: string, version: string, commit = {}) =>
  (await repository(name)).release(version, commit);
/** Digest of a package's published files. */
const filesOf = async (name: string) =>
  (await fleet.published(`p2/acme/${name}.json`)) + (await fleet.published(`p2/acme/${name}~dev.json`));

describe("a build", () => {
  it("makes the whole tree, and says in build.json what it was built from", async () => {
    await start("core", "mail");
    const { record, rebuilt, changes, digest, leftOut } = await fleet.build();
    expect(await fleet.packages()).toEqual(["acme/core", "acme/mail"]);
    expect(rebuilt).toEqual(["acme/core", "acme/mail"]);
    expect(changes).toHaveLength(4);
    expect(leftOut).toEqual([]);
    expect(record).toMatchObject({
      kind: "full",
      held: {},
      repositories: { "github.com/acme/core": { packages: ["acme/core"], build: record.build } },
      packages: { "acme/core": { repository: "github.com/acme/core" } },
    });
    const tree = await openTree(fleet.work.published);
    expect(digest).toBe(await treeDigest(tree));
    expect(tree.files).toEqual([
      "build.json",
      expect.stringMatching(/^include\/all\$[0-9a-f]{40}\.json$/),
      "p2/acme/core.json",
      "p2/acme/core~dev.json",
      "p2/acme/mail.json",
      "p2/acme/mail~dev.json",
      "packages.json",
    ]);
    expect(JSON.parse(await fleet.published("packages.json"))).toMatchObject({
      packages: [],
      "metadata-url": "/composer/p2/%package%.json",
      "satis-fleet": record.build,
    });
  });

  it("builds what is stale and leaves every other file as it was", async () => {
    await start("core", "mail");
    const first = await fleet.build();
    const before = await filesOf("mail");
    await release("core", "1.1.0");
    const { record, rebuilt, changes } = await fleet.build();
    expect(record).toMatchObject({ kind: "partial", fullBuiltAt: first.record.fullBuiltAt });
    expect(rebuilt).toEqual(["acme/core"]);
    expect(changes.map(({ version, kind }) => `${kind} ${version}`)).toEqual([
      "added 1.1.0",
      "moved dev-main",
    ]);
    expect(await filesOf("mail")).toBe(before);
    expect(record.packages["acme/mail"]).toEqual(first.record.packages["acme/mail"]);
    const include = (await openTree(fleet.work.published)).files.filter((path) =>
      path.startsWith("include/"),
    );
    expect(include).toHaveLength(1);
    const { packages } = JSON.parse(await fleet.published(include[0] ?? ""));
    expect(Object.keys(packages["acme/core"]).sort()).toEqual(["1.0.0", "1.1.0", "dev-main"]);
    expect(Object.keys(packages["acme/mail"])).toEqual(["1.0.0", "dev-main"]);
    expect((await fleet.plan()).action).toBe("none");
  });

  it("follows deleted and moved tags, and force-pushed branches", async () => {
    await start("core");
    const core = await repository("core");
    await core.release("1.1.0");
    await core.release("1.2.0");
    await fleet.build();
    await core.deleteTag("1.1.0");
    const sha = await core.commit({ orphan: true, message: "Rewritten" });
    await core.tag("1.2.0", { at: sha, annotated: true });
    const { changes, faults } = await fleet.build();
    expect(faults).toEqual([]);
    expect(changes.map(({ version, kind }) => `${kind} ${version}`)).toEqual([
      "removed 1.1.0",
      "moved 1.2.0",
      "moved dev-main",
    ]);
    expect(changes[1]?.reference).toBe(sha);
  });

  it("follows a renamed default branch", async () => {
    await start("core");
    await fleet.build();
    const renamed = await fetch(`${fleet.github.url}repos/acme/core/branches/main/rename`, {
      method: "POST",
      headers: { authorization: `Bearer ${READ_TOKEN}` },
      body: JSON.stringify({ new_name: "2.x" }),
    });
    expect(renamed.status).toBe(201);
    const { record, changes } = await fleet.build({ verify });
    expect(record.held).toEqual({});
    expect(changes.map(({ version, kind }) => `${kind} ${version}`)).toEqual([
      "added 2.x-dev",
      "removed dev-main",
    ]);
    expect(await fleet.published("p2/acme/core~dev.json")).toContain('"default-branch": true');
  });

  it("passes every gate, and holds what they name", async () => {
    await start("core", "mail");
    expect((await fleet.build({ verify })).record.held).toEqual({});
    await release("core", "1.1.0");
    await release("mail", "1.1.0", {
      composer: { dist: { type: "zip", url: "https://evil.example/mail.zip", reference: "x" } },
    });
    const { record, rebuilt } = await fleet.build({ verify });
    expect(rebuilt).toEqual(["acme/core"]);
    expect(record.held["acme/mail"]?.reason).toContain("evil.example");
    expect(await fleet.versions("acme/mail")).toEqual(["1.0.0", "dev-main"]);
  });

  it("says which tags Composer leaves out, and why", async () => {
    await start("core");
    await release("core", "2.0.0", { composer: { version: "2.0.1" } });
    await (await repository("core")).tag("nonsense");
    const { leftOut } = await fleet.build();
    expect(leftOut).toEqual([
      expect.objectContaining({
        package: "acme/core",
        tag: "2.0.0",
        reason: expect.stringContaining("does not match"),
      }),
      expect.objectContaining({ package: "acme/core", tag: "nonsense" }),
    ]);
    await release("core", "3.0.0-beta1");
    const selected = await fleet.build({ satis: { "minimum-stability": "stable" } });
    expect(selected.leftOut).toContainEqual({
      package: "acme/core",
      tag: "3.0.0-beta1",
      reason: "minimum-stability is stable",
    });
  });

  it("drops a package whose entry is gone, with its files, and everything that nothing leads to", async () => {
    await start("core", "mail");
    await fleet.build();
    const stray = ["p/acme/core$0.json", "dist/core.zip", `include/all$${"0".repeat(40)}.json`];
    for (const path of stray) {
      await cp(join(fleet.work.published, "packages.json"), join(fleet.work.published, path));
    }
    await release("core", "1.1.0");
    await fleet.build();
    expect((await openTree(fleet.work.published)).files).not.toEqual(expect.arrayContaining([stray[0]]));
    fleet.entries = ["core"];
    const { record, changes } = await fleet.build();
    expect(record.kind).toBe("full");
    expect(await fleet.packages()).toEqual(["acme/core"]);
    expect(Object.keys(record.packages)).toEqual(["acme/core"]);
    expect(changes.filter(({ kind }) => kind === "removed")).toHaveLength(2);
    const { files } = await openTree(fleet.work.published);
    expect(files).toHaveLength(5);
  });

  it("writes the page before the gates look, and its digest covers it", async () => {
    await start("core");
    const seen: string[] = [];
    await fleet.build({
      pages: async (_, { build }) => ({ "README.md": `build ${build}` }),
      verify: async ({ tree }) => {
        seen.push((await tree.read("README.md")).toString());
        return [];
      },
    });
    expect(seen[0]).toMatch(/^build 2026/);
    expect(await fleet.published("README.md")).toBe(seen[0]);
  });

  it("tells progress without the token", async () => {
    await start("core");
    const told: string[] = [];
    await fleet.build({ progress: (line) => told.push(line) });
    expect(told).toContain("reading acme/core");
    expect(told.join("\n")).not.toContain(READ_TOKEN);
  });
});

describe("a package with a fault", () => {
  it.runIf(isStandIn)("is held for as long as it lasts, and heals by itself", async () => {
    await start("core", "mail", "shop");
    await fleet.build();
    let version = 0;
    const cases: readonly (readonly [StandInFaults, RegExp])[] = [
      [{ drop: ["acme/core"] }, /did not say why/],
      [{ unmatched: ["acme/core"] }, /did not match any package/],
      [{ skip: ["acme/core"] }, /Skipping Exception/],
      [{ shrink: ["acme/core"] }, /would lose the version/],
      [{ garbage: ["p2/acme/core.json"] }, /do not hold its versions/],
      [
        { fail: { message: "Failed to clone https://github.com/acme/core.git", packages: ["acme/core"] } },
        /Failed to clone/,
      ],
      [{ fail: { message: "out of luck", packages: ["acme/core"] } }, /Satis failed/],
    ];
    const before = await filesOf("core");
    const since = new Set<string>();
    for (const [faults, reason] of cases) {
      const tag = `1.${++version}.0`;
      await Promise.all(["core", "mail"].map((name) => release(name, tag)));
      const held = await fleet.build({ faults });
      expect(held.record.held).toEqual({
        "acme/core": {
          repository: "github.com/acme/core",
          reason: expect.stringMatching(reason),
          remedy: expect.any(String),
          since: expect.any(String),
          published: true,
        },
      });
      since.add(held.record.held["acme/core"]?.since ?? "");
      expect(await filesOf("core")).toBe(before);
      expect(held.rebuilt).toEqual(["acme/mail"]);
      expect(await fleet.versions("acme/mail")).toContain(tag);
    }
    expect(since.size).toBe(1);
    const healed = await fleet.build();
    expect(healed.record.held).toEqual({});
    expect(await fleet.versions("acme/core")).toEqual(await fleet.versions("acme/mail"));
  });

  it("is left out when it was never published, and comes in when it heals", async () => {
    await start("core", "mail");
    await packageRepository(fleet.github, "acme/empty");
    const broken = await packageRepository(fleet.github, "acme/broken");
    await broken.commit({ files: { "composer.json": undefined } });
    fleet.entries = ["broken", "core", "empty", "gone", "mail"];
    const settings = { maxHeldPercent: 60 };
    const { record } = await fleet.build({ settings });
    expect(await fleet.packages()).toEqual(["acme/core", "acme/mail"]);
    expect(record.held).toMatchObject({
      "github.com/acme/broken": { published: false, reason: expect.stringContaining("composer.json") },
      "github.com/acme/empty": { published: false, reason: expect.stringContaining("no branch and no tag") },
      "github.com/acme/gone": { published: false, reason: expect.stringContaining("could not be read") },
    });
    await broken.release("1.0.0");
    const { record: after } = await fleet.build({ settings });
    expect(Object.keys(after.held)).toEqual(["github.com/acme/empty", "github.com/acme/gone"]);
    expect(after.held["github.com/acme/empty"]?.since).toBe(record.builtAt);
    expect(await fleet.packages()).toEqual(["acme/broken", "acme/core", "acme/mail"]);
  });

  it("stays when its repository is out of reach, whatever else is built", async () => {
    await start("core", "mail");
    await fleet.build();
    const before = await filesOf("core");
    fleet.github.move("core", "core-was-here");
    fleet.github.seed([{ name: "core", files: {} }]);
    const { record } = await fleet.build({ full: true });
    expect(record.held["acme/core"]).toMatchObject({ published: true });
    expect(await filesOf("core")).toBe(before);
    expect(record.packages["acme/core"]).toMatchObject({ repository: "github.com/acme/core" });
  });

  it("is held when a gate names it, and the gates see the tree again", async () => {
    await start("core", "mail");
    await fleet.build();
    for (const name of ["core", "mail"]) await release(name, "1.1.0");
    const rounds: string[][] = [];
    const { record, rebuilt } = await fleet.build({
      verify: async (candidate) => {
        rounds.push([...(candidate.rebuilt ?? [])]);
        if (candidate.held?.has("acme/core")) return [];
        return [{ by: "a-gate", package: "acme/core", message: "it is wrong", remedy: "put it right" }];
      },
    });
    expect(rounds).toEqual([["acme/core", "acme/mail"], ["acme/mail"]]);
    expect(rebuilt).toEqual(["acme/mail"]);
    expect(record.held["acme/core"]).toMatchObject({ reason: "it is wrong", published: true });
    expect(record.repositories["github.com/acme/core"]?.build).not.toBe(record.build);
    expect(await fleet.versions("acme/core")).toEqual(["1.0.0", "dev-main"]);
  });
});

describe("a name", () => {
  it("stays with the repository that published it first", async () => {
    await start("core");
    await fleet.build();
    const before = await filesOf("core");
    const thief = await packageRepository(fleet.github, "acme/core", { repository: "thief" });
    await thief.release("9.0.0");
    fleet.entries = ["thief", "core"];
    const { record } = await fleet.build();
    expect(record.held).toEqual({
      "github.com/acme/thief": expect.objectContaining({
        reason: expect.stringContaining("belongs to github.com/acme/core"),
        published: false,
      }),
    });
    expect(await filesOf("core")).toBe(before);
  });

  it("does not change, and is not swapped, until satis.json says so", async () => {
    await start("core", "mail");
    await fleet.build();
    const before = [await filesOf("core"), await filesOf("mail")];
    await release("core", "2.0.0", { composer: { name: "acme/mail" } });
    await release("mail", "2.0.0", { composer: { name: "acme/core" } });
    const settings = { maxHeldPercent: 100 };
    const { record } = await fleet.build({ settings });
    expect(Object.keys(record.held).sort()).toEqual(["acme/core", "acme/mail"]);
    expect([await filesOf("core"), await filesOf("mail")]).toEqual(before);
    fleet.entries = [
      { type: "vcs", url: "https://github.com/acme/core", name: "acme/mail" },
      { type: "vcs", url: "https://github.com/acme/mail", name: "acme/core" },
    ];
    const allowed = await fleet.build({ settings });
    expect(allowed.record.held).toEqual({});
    expect(allowed.record.packages["acme/mail"]?.repository).toBe("github.com/acme/core");
    expect(await fleet.versions("acme/mail")).toEqual(["1.0.0", "2.0.0", "dev-main"]);
  });

  it("of another vendor is refused unless satis.json names it", async () => {
    await start("core");
    const evil = await packageRepository(fleet.github, "symfony/http-kernel");
    await evil.release("99.0.0");
    fleet.entries = ["core", "http-kernel"];
    const { record } = await fleet.build();
    expect(record.held["github.com/acme/http-kernel"]?.reason).toContain("vendor");
    expect(await fleet.packages()).toEqual(["acme/core"]);
    const named = { type: "vcs", url: "https://github.com/acme/http-kernel", name: "symfony/http-kernel" };
    fleet.entries = ["core", named];
    await fleet.build();
    expect(await fleet.packages()).toEqual(["acme/core", "symfony/http-kernel"]);
  });
});

describe("the whole fleet", () => {
  const ends = async (promise: Promise<unknown>) => {
    const before = await treeDigest(await openTree(fleet.work.published));
    const error = await promise.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PublishError);
    expect(await treeDigest(await openTree(fleet.work.published))).toBe(before);
    return error as PublishError;
  };

  it("keeps what is published when a gate finds a fault of no package", async () => {
    await start("core");
    await fleet.build();
    await release("core", "1.1.0");
    const fault = { by: "no-credential", message: "a token", remedy: "revoke it" };
    expect((await ends(fleet.build({ verify: async () => [fault] }))).faults).toEqual([fault]);
    await fleet.build();
    expect(await fleet.versions("acme/core")).toContain("1.1.0");
  });

  it("keeps it when a gate is not content with what is held", async () => {
    await start("core");
    await fleet.build();
    await release("core", "1.1.0");
    const fault = { by: "a-gate", package: "acme/core", message: "wrong", remedy: "none" };
    await ends(fleet.build({ verify: async () => [fault] }));
  });

  it("keeps it when too many packages would be held", async () => {
    await start("one", "two", "three", "four", "five", "six");
    await fleet.build();
    const broken = ["one", "two"];
    for (const name of broken) await release(name, "1.1.0");
    const faults = { drop: broken.map((name) => `acme/${name}`) };
    if (!isStandIn) return;
    expect((await ends(fleet.build({ faults }))).message).toContain("2 of 6 packages would be held");
    await fleet.build({ faults, settings: { maxHeldPercent: 40 } });
  });

  it.runIf(isStandIn)("keeps it when Satis fails for all, is killed, or cannot be run", async () => {
    await start("core", "mail");
    await fleet.build();
    for (const name of ["core", "mail"]) await release(name, "1.1.0");
    await ends(fleet.build({ faults: { fail: { message: "out of memory" } } }));
    await ends(fleet.build({ faults: { killed: "middle" } }));
    await fleet.build();
    expect(await fleet.versions("acme/core")).toContain("1.1.0");
  });

  it.runIf(isStandIn)("does not mind what Satis loses, adds or leaves behind of others", async () => {
    await start("core", "mail");
    await fleet.build();
    await release("core", "1.1.0");
    const faults = {
      noIncludes: true,
      leftovers: true,
      add: "evil/one",
      garbage: ["p2/acme/mail.json", "packages.json"],
    };
    const { record } = await fleet.build({ faults });
    expect(record.held).toEqual({});
    expect(await fleet.packages()).toEqual(["acme/core", "acme/mail"]);
    expect((await openTree(fleet.work.published)).files).toHaveLength(7);
  });

  it("heals a published tree that lost its include file", async () => {
    await start("core", "mail");
    await fleet.build();
    await rm(join(fleet.work.published, "include"), { recursive: true });
    await release("core", "1.1.0");
    await fleet.build();
    expect(await fleet.packages()).toEqual(["acme/core", "acme/mail"]);
    const root = JSON.parse(await fleet.published("packages.json"));
    const { packages } = JSON.parse(await fleet.published(Object.keys(root.includes)[0] ?? ""));
    expect(Object.keys(packages["acme/mail"])).toEqual(["1.0.0", "dev-main"]);
  });

  it("is selected and set up as satis.json says", async () => {
    await start("core", "mail");
    await release("core", "2.0.0");
    const satis = {
      require: { "acme/core": "^1.0" },
      includes: false,
      providers: true,
      abandoned: { "acme/core": "acme/mail" },
      "notify-batch": "https://example.com/downloads",
      archive: { directory: "dist" },
    };
    const { record } = await fleet.build({ satis, settings: { maxHeldPercent: 100 } });
    expect(await fleet.versions("acme/core")).toEqual(["1.0.0"]);
    expect(record.held).toEqual({});
    expect(await fleet.published("p2/acme/core.json")).toContain('"abandoned": "acme/mail"');
    expect(JSON.parse(await fleet.published("packages.json"))["notify-batch"]).toBe(
      "https://example.com/downloads",
    );
    expect((await openTree(fleet.work.published)).files.some((path) => path.startsWith("p/"))).toBe(false);
  });

  it("is content where satis.json selects nothing of a package", async () => {
    await start("core", "mail");
    await fleet.build();
    const satis = { blacklist: { "acme/mail": "*" } };
    const { record } = await fleet.build({ satis });
    expect(record.held).toEqual({});
    expect(await fleet.packages()).toEqual(["acme/core"]);
    expect((await fleet.plan({ satis })).action).toBe("none");
    expect((await fleet.build()).record.held).toEqual({});
    expect(await fleet.packages()).toEqual(["acme/core", "acme/mail"]);
  });

  it("with entries that have no refs is built as a whole", async () => {
    await start("core");
    fleet.entries.push({
      type: "package",
      package: {
        name: "other/tool",
        version: "1.0.0",
        dist: { type: "zip", url: "https://example.com/tool.zip" },
      },
    });
    const { record } = await fleet.build();
    expect(await fleet.packages()).toEqual(["acme/core", "other/tool"]);
    expect(record.packages["other/tool"]).not.toHaveProperty("repository");
    await release("core", "1.1.0");
    expect((await fleet.build()).record.kind).toBe("full");
    expect(await fleet.packages()).toEqual(["acme/core", "other/tool"]);
  });

  it("is not built where the plan has nothing to build", async () => {
    await start("core");
    await fleet.build();
    await expect(fleet.build()).rejects.toThrow("the plan is to do nothing");
  });

  it("is published again where somebody changed what is published, though build.json says the same", async () => {
    await start("core");
    await fleet.build();
    expect((await fleet.build({ full: true })).unchanged).toBe(true);
    const changes: Readonly<Record<string, (text: string) => string>> = {
      "p2/acme/core.json": (text) => text.replace("1.0.0", "9.9.9"),
      "packages.json": (text) => text.replace("acme/core", "acme/cord"),
    };
    for (const [path, change] of Object.entries(changes)) {
      const text = await fleet.published(path);
      await writeFile(join(fleet.work.published, path), change(text));
      expect((await fleet.build({ full: true })).unchanged).toBe(false);
      expect(await fleet.published(path)).not.toContain("9.9.9");
    }
    expect((await fleet.build({ full: true })).unchanged).toBe(true);
  });

  it("never writes the published tree", async () => {
    await start("core", "mail");
    await fleet.build();
    const root = join(fleet.work.published, "packages.json");
    await writeFile(root, await readFile(root));
    const before = await treeDigest(await openTree(fleet.work.published));
    await release("core", "1.1.0");
    await fleet.build({ dry: true });
    expect(await treeDigest(await openTree(fleet.work.published))).toBe(before);
  });
});
