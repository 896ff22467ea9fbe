import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { WorkflowRun } from "../../demo/actions/runner.ts";
import { registryStandIns } from "../../demo/actions/stand-ins.ts";
import { UPDATE_BRANCH } from "../../fleet/announcement.ts";
import { composerJson, consumeBoth, NO_COMPOSER, startWorld, type World } from "./support.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world?.close());

const download = registryStandIns({ satis: "", site: "", cache: "" })["actions/download-artifact"];
const snapshot = () => JSON.stringify(world.github.snapshot());

describe.skipIf(NO_COMPOSER)("with a real Composer", () => {
  test("an announcement that is not one is refused before anything runs, and nothing in it is carried out", async () => {
    await consumeBoth(world);
    const { build, versions } = await world.release("acme/anvil", "1.1.0");
    const before = snapshot();
    const bad: unknown[] = [
      { schema: 1, build, versions: [{ package: "acme/anvil", version: "1.0.0$(id)" }] },
      { schema: 1, build, versions: [{ package: "acme/anvil", version: "`id`" }] },
      { schema: 1, build, versions: [{ package: "acme/../anvil", version: "1.0.0" }] },
      { schema: 1, build: "$(id)", versions },
      '"; id; "',
    ];
    for (const announcement of bad) {
      const run = await world.update(announcement);
      expect(run.conclusion).toBe("failure");
      expect(run.output).toMatch(/::error::input: announcement/);
      expect(run.output).not.toMatch(/uid=|at .*\.mjs:/);
    }
    expect(snapshot()).toBe(before);
  });

  test("a version that mentions people is shown to nobody", async () => {
    await consumeBoth(world);
    const { build } = await world.release("acme/anvil", "1.1.0");
    // The registry's next build shows the package without that version: it is taken as overtaken.
    await world.registry.build();
    const versions = [{ package: "acme/anvil", version: "1.2.0@org" }];
    const run = await world.update({ schema: 1, build, versions });
    expect(run.output).not.toContain("org");
    expect(
      world
        .pulls()
        .map(({ title }) => title)
        .join(),
    ).not.toContain("org");
  });

  test("two dispatches that race lose nobody's update: the one that comes second says to start it again", async () => {
    await consumeBoth(world);
    const one = await world.release("acme/anvil", "1.1.0");
    const two = await world.release("acme/rope", "1.1.0");
    // The second one runs from its beginning to its end between the two jobs of the first.
    let inBetween: WorkflowRun | undefined;
    const slow = await world.update(one, {
      "actions/download-artifact": async (context) => {
        inBetween ??= await world.update(two);
        return (await download?.(context)) ?? {};
      },
    });
    expect(inBetween?.conclusion, inBetween?.output).toBe("success");
    expect(slow.conclusion).toBe("failure");
    expect(slow.output).toContain("changed while this update was made: start this run again");
    expect(world.pulls().map(({ title }) => title)).toEqual(["Update acme/rope to 1.1.0"]);
    for (const announcement of [one, two]) {
      const again = await world.update(announcement);
      expect(again.conclusion, again.output).toBe("success");
    }
    expect(world.pulls().map(({ title }) => title)).toEqual([
      "Update acme/anvil to 1.1.0 and acme/rope to 1.1.0",
    ]);
  });

  test("a run that may not open pull requests says what to allow, and the next one takes up its branch", async () => {
    await consumeBoth(world, { mayOpen: false });
    const announcement = await world.release("acme/anvil", "1.1.0");
    const run = await world.update(announcement);
    expect(run.conclusion).toBe("failure");
    expect(run.output).toContain("Allow GitHub Actions to create and approve pull requests");
    const pushed = world.consumer.commits(UPDATE_BRANCH)[0]?.sha;
    const settings = { can_approve_pull_request_reviews: true };
    await world.api("PUT", "repos/acme/website/actions/permissions/workflow", settings);
    const again = await world.update(announcement);
    expect(again.conclusion, again.output).toBe("success");
    expect(world.consumer.commits(UPDATE_BRANCH)[0]?.sha).toBe(pushed);
    expect(world.pulls()).toHaveLength(1);
  });

  test("a consumer that is archived is told as such", async () => {
    await consumeBoth(world);
    world.consumer.archive();
    const run = await world.update(await world.release("acme/anvil", "1.1.0"));
    expect(run.conclusion).toBe("failure");
    expect(run.output).toMatch(/::error::git: git push failed: .*archived/);
    expect(world.pulls()).toEqual([]);
  });

  test("a package file that a cache still has as it was is waited for behind a fresh packages.json", async () => {
    await consumeBoth(world);
    world.registry.freeze("p2/acme/anvil.json", 2);
    const run = await world.update(await world.release("acme/anvil", "1.1.0"));
    expect(run.conclusion, run.output).toBe("success");
    expect(run.output).toContain("Waiting for 1 of 1 versions");
    expect(world.locked(UPDATE_BRANCH, "acme/anvil")).toBe("1.1.0");
  });

  test("a package that the registry has no more is left alone", async () => {
    await consumeBoth(world);
    const announcement = await world.release("acme/anvil", "1.1.0");
    world.registry.drop("acme/anvil");
    await world.registry.build();
    const run = await world.update(announcement);
    expect(run.conclusion, run.output).toBe("success");
    expect(run.output).toContain("acme/anvil is in the registry no more");
    expect(world.pulls()).toEqual([]);
  });

  test("a version that would come from another owner is refused", async () => {
    await consumeBoth(world);
    const announcement = await world.release("acme/anvil", "1.1.0");
    world.registry.edit("p2/acme/anvil.json", (text) =>
      text.replaceAll("/acme/anvil/zipball", "/mallory/anvil/zipball"),
    );
    const run = await world.update(announcement);
    expect(run.conclusion).toBe("failure");
    expect(run.output).toContain("acme/anvil: would come from 127.0.0.1");
    expect(run.output).toContain("/mallory, and came from");
    expect(world.pulls()).toEqual([]);
    expect(world.consumer.branches).toEqual(["main"]);
  });

  test("a consumer that is itself a package does not follow branches that ask for it", async () => {
    const rope = await world.package("acme/rope");
    await rope.commit({ composer: { "require-dev": { "acme/website": "*" } } });
    await world.registry.build();
    await world.consume(
      composerJson(world.registry, { "acme/rope": "dev-main" }, { "minimum-stability": "dev" }),
    );
    const reference = await rope.commit({
      composer: { "require-dev": { "acme/website": "*" } },
      message: "Another",
    });
    const build = await world.registry.build();
    const run = await world.update({
      schema: 1,
      build,
      versions: [{ package: "acme/rope", version: "dev-main", reference }],
    });
    expect(run.conclusion, run.output).toBe("success");
    expect(run.output).toContain("asks for this repository itself");
    expect(world.pulls()).toEqual([]);
  });

  test("a branch that moved is followed where nothing leads back", async () => {
    const rope = await world.package("acme/rope");
    await rope.commit();
    await world.registry.build();
    await world.consume(
      composerJson(world.registry, { "acme/rope": "dev-main" }, { "minimum-stability": "dev" }),
    );
    const reference = await rope.commit({ message: "Another" });
    const build = await world.registry.build();
    const versions = [
      { package: "acme/rope", version: "dev-main", reference },
      { package: "acme/rope", version: `dev-${UPDATE_BRANCH}`, reference },
    ];
    const run = await world.update({ schema: 1, build, versions });
    expect(run.conclusion, run.output).toBe("success");
    expect(world.pulls()[0]?.body).toContain(reference.slice(0, 10));
  });

  test("an update that is not the verified one is not published", async () => {
    await consumeBoth(world);
    const announcement = await world.release("acme/anvil", "1.1.0");
    const run = await world.update(announcement, {
      "actions/download-artifact": async (context) => {
        const outputs = (await download?.(context)) ?? {};
        const file = join(context.with.path ?? "", "update.json");
        await writeFile(file, (await readFile(file, "utf8")).replaceAll("acme/anvil", "evil/anvil"));
        return outputs;
      },
    });
    expect(run.conclusion).toBe("failure");
    expect(run.output).toContain("update.json is not the file that was verified");
    expect(world.consumer.branches).toEqual(["main"]);
  });

  test("an updater that was changed by hand does not run", async () => {
    await consumeBoth(world);
    await world.commit(".github/satis-fleet/updater.mjs", "console.log('changed')\n", "main");
    const run = await world.update(await world.release("acme/anvil", "1.1.0"));
    expect(run.conclusion).toBe("failure");
    expect(run.output).toContain("pulumi up");
    expect(run.output).not.toContain("changed\n");
  });
});
