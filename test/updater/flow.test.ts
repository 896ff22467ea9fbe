import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UPDATE_BRANCH } from "../../fleet/announcement.ts";
import { composerJson, consumeBoth, NO_COMPOSER, startWorld, type World } from "./support.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world?.close());

const head = (branch = UPDATE_BRANCH) => world.consumer.refs.get(`refs/heads/${branch}`);
const shas = (branch = UPDATE_BRANCH) => world.consumer.commits(branch).map(({ sha }) => sha);
const writes = () =>
  world.github.calls.log.filter(
    ({ method, path }) => method !== "GET" && /acme\/website/.test(path) && !/upload-pack/.test(path),
  );

describe.skipIf(NO_COMPOSER)("with a real Composer", () => {
  test("a release becomes a pull request, and the second release reuses it", async () => {
    await consumeBoth(world, { subscription: { labels: ["dependencies"], notify: ["@ann", "@acme/web"] } });
    const before = world.consumer.files();
    const announcement = await world.release("acme/anvil", "1.1.0");
    const first = await world.update(announcement);
    expect(first.conclusion, first.output).toBe("success");
    const [pull] = world.pulls();
    expect(pull).toMatchObject({
      title: "Update acme/anvil to 1.1.0",
      head: UPDATE_BRANCH,
      base: "main",
      labels: ["dependencies"],
    });
    expect(pull?.body).toContain("| `acme/anvil` | `1.0.0` | `1.1.0` |");
    expect(pull?.body).toContain("For @ann @acme/web");
    expect(world.locked(UPDATE_BRANCH, "acme/anvil")).toBe("1.1.0");
    const after = world.consumer.files(UPDATE_BRANCH);
    const changed = Object.keys(after).filter((path) => after[path] !== before[path]);
    expect(changed).toEqual(["composer.lock"]);
    expect(first.summary).toContain("Opened");

    world.github.resetCalls();
    const again = await world.update(announcement);
    expect(again.conclusion, again.output).toBe("success");
    expect(writes()).toEqual([]);

    const [was] = shas();
    const second = await world.update(await world.release("acme/rope", "1.2.0"));
    expect(second.conclusion, second.output).toBe("success");
    expect(world.pulls()).toHaveLength(1);
    expect(world.pulls()[0]).toMatchObject({
      number: pull?.number,
      title: "Update acme/anvil to 1.1.0 and acme/rope to 1.2.0",
    });
    expect(world.locked(UPDATE_BRANCH, "acme/anvil")).toBe("1.1.0");
    expect(world.locked(UPDATE_BRANCH, "acme/rope")).toBe("1.2.0");
    expect(shas()[1]).toBe(was);
    expect(world.locked("main", "acme/anvil")).toBe("1.0.0");
  });

  test("a burst of releases becomes one pull request", async () => {
    await consumeBoth(world);
    const one = await world.release("acme/anvil", "1.1.0");
    const two = await world.release("acme/anvil", "1.2.0");
    const three = await world.release("acme/rope", "1.0.1");
    const versions = [one, two, three].flatMap((announcement) => announcement.versions);
    await world.update({ ...three, versions });
    expect(world.pulls().map(({ title }) => title)).toEqual([
      "Update acme/anvil to 1.2.0 and acme/rope to 1.0.1",
    ]);
  });

  test("what the lock file does not have, an older version, and what a constraint forbids open nothing", async () => {
    await consumeBoth(world);
    for (const [name, version] of [
      ["acme/else", "1.0.0"],
      ["acme/anvil", "0.9.0"],
      ["acme/anvil", "2.0.0"],
    ] as const) {
      const run = await world.update(await world.release(name, version));
      expect(run.conclusion, run.output).toBe("success");
      expect(run.jobs.publish?.result).toBe("skipped");
    }
    expect(world.pulls()).toEqual([]);
    expect(head()).toBeUndefined();
  });

  test("a constraint is raised where the subscription says so", async () => {
    await consumeBoth(world, { subscription: { strategy: "raise" } });
    const run = await world.update(await world.release("acme/anvil", "2.0.0"));
    expect(run.conclusion, run.output).toBe("success");
    const { require } = JSON.parse(world.consumer.files(UPDATE_BRANCH)["composer.json"] ?? "{}");
    expect(require).toEqual({ "acme/anvil": "^2.0.0", "acme/rope": "^1.0" });
    expect(world.locked(UPDATE_BRANCH, "acme/anvil")).toBe("2.0.0");
    expect(world.pulls()[0]?.body).toContain("raised from `^1.0` to `^2.0.0`");
    await world.update(await world.release("acme/rope", "1.3.0"));
    expect(world.locked(UPDATE_BRANCH, "acme/anvil")).toBe("2.0.0");
    expect(world.locked(UPDATE_BRANCH, "acme/rope")).toBe("1.3.0");
  });

  test("a constraint stays where raising it cannot be solved", async () => {
    await world.release("acme/anvil", "1.0.0");
    await world.release("acme/rope", "1.0.0", { require: { "acme/anvil": "^1.0" } });
    await world.consume(composerJson(world.registry, { "acme/anvil": "^1.0", "acme/rope": "^1.0" }), {
      subscription: { strategy: "raise" },
    });
    const run = await world.update(await world.release("acme/anvil", "2.0.0"));
    expect(run.conclusion, run.output).toBe("success");
    expect(run.output).toContain("cannot be raised");
    expect(world.pulls()).toEqual([]);
  });

  test("commits of people are kept, and a comment says so once", async () => {
    await consumeBoth(world);
    await world.update(await world.release("acme/anvil", "1.1.0"));
    await world.commit("src/fix.php", "<?php\n", UPDATE_BRANCH);
    const [theirs = ""] = shas();
    for (const version of ["1.2.0", "1.3.0"]) {
      const run = await world.update(await world.release("acme/anvil", version));
      expect(run.conclusion, run.output).toBe("success");
    }
    expect(shas()).toContain(theirs);
    expect(world.consumer.files(UPDATE_BRANCH)["src/fix.php"]).toBe("<?php\n");
    expect(world.locked(UPDATE_BRANCH, "acme/anvil")).toBe("1.3.0");
    const [pull] = world.pulls();
    expect(pull?.title).toBe("Update acme/anvil to 1.3.0");
    const comments = await world.comments(pull?.number ?? 0);
    expect(comments).toHaveLength(1);
    expect(comments[0]).toContain("Their commits are kept");
  });

  test("a branch that conflicts with its base is renewed without force where only the updater committed on it", async () => {
    await consumeBoth(world);
    await world.update(await world.release("acme/anvil", "1.1.0"));
    const [before = ""] = shas();
    const lock = world.consumer.files()["composer.lock"] ?? "";
    await world.commit(
      "composer.lock",
      lock
        .replace(/"plugin-api-version".*/, '"plugin-api-version": "2.9.0"')
        .replace('"packages-dev": [],', '"packages-dev": [ ],'),
      "main",
    );
    await world.commit("README.md", "new\n", "main");
    const [base] = shas("main");
    const run = await world.update(await world.release("acme/anvil", "1.2.0"));
    expect(run.conclusion, run.output).toBe("success");
    expect(shas()).toContain(before);
    expect(shas()).toContain(base);
    expect(world.consumer.files(UPDATE_BRANCH)["README.md"]).toBe("new\n");
    expect(world.locked(UPDATE_BRANCH, "acme/anvil")).toBe("1.2.0");
    expect(world.pulls()).toHaveLength(1);
    const merged = await world.api("PUT", `repos/acme/website/pulls/${world.pulls()[0]?.number}/merge`, {});
    expect(merged.status).toBe(200);
  });

  test("a branch that conflicts with its base and has commits of people is left to them, with a comment", async () => {
    await consumeBoth(world);
    await world.update(await world.release("acme/anvil", "1.1.0"));
    await world.commit("README.md", "theirs\n", UPDATE_BRANCH);
    await world.commit("README.md", "ours\n", "main");
    const run = await world.update(await world.release("acme/anvil", "1.2.0"));
    expect(run.conclusion, run.output).toBe("success");
    expect(world.consumer.files(UPDATE_BRANCH)["README.md"]).toBe("theirs\n");
    const comments = await world.comments(world.pulls()[0]?.number ?? 0);
    expect(comments.some((text) => text.includes("conflicts with its base"))).toBe(true);
  });

  test("a pull request that people closed is not opened again for the same versions", async () => {
    await consumeBoth(world);
    const announcement = await world.release("acme/anvil", "1.1.0");
    await world.update(announcement);
    const number = world.pulls()[0]?.number;
    await world.api("PATCH", `repos/acme/website/pulls/${number}`, { state: "closed" });
    const again = await world.update(announcement);
    expect(again.conclusion, again.output).toBe("success");
    expect(again.summary).toContain("people closed it");
    expect(world.pulls()).toEqual([]);
    await world.update(await world.release("acme/anvil", "1.2.0"));
    expect(world.pulls().map(({ title }) => title)).toEqual(["Update acme/anvil to 1.2.0"]);
  });

  test("after a merge that squashes, the next pull request begins anew", async () => {
    await consumeBoth(world);
    await world.update(await world.release("acme/anvil", "1.1.0"));
    const [old = ""] = shas();
    const number = world.pulls()[0]?.number;
    await world.api("PUT", `repos/acme/website/pulls/${number}/merge`, { merge_method: "squash" });
    const run = await world.update(await world.release("acme/rope", "1.1.0"));
    expect(run.conclusion, run.output).toBe("success");
    expect(shas()).not.toContain(old);
    expect(world.pulls().map(({ title }) => title)).toEqual(["Update acme/rope to 1.1.0"]);
  });

  test("each package has a pull request of its own where the subscription says so", async () => {
    await consumeBoth(world, { subscription: { batching: "package" } });
    const one = await world.release("acme/anvil", "1.1.0");
    const two = await world.release("acme/rope", "1.1.0");
    const run = await world.update({ ...two, versions: [...one.versions, ...two.versions] });
    expect(run.conclusion, run.output).toBe("success");
    expect(world.pulls().map(({ title, head: branch }) => [title, branch])).toEqual([
      ["Update acme/anvil to 1.1.0", `${UPDATE_BRANCH}+acme/anvil`],
      ["Update acme/rope to 1.1.0", `${UPDATE_BRANCH}+acme/rope`],
    ]);
  });

  test("each base branch has a pull request; one that is missing is told and stops no other", async () => {
    await consumeBoth(world, {
      branches: ["release/1.x"],
      subscription: { branches: ["gone", "main", "release/1.x"] },
    });
    const run = await world.update(await world.release("acme/anvil", "1.1.0"));
    expect(world.pulls().map(({ head: branch, base }) => [branch, base])).toEqual([
      [UPDATE_BRANCH, "main"],
      [`${UPDATE_BRANCH}@release/1.x`, "release/1.x"],
    ]);
    expect(run.conclusion).toBe("failure");
    expect(run.output).toContain("there is no branch gone in acme/website");
  });

  test("path repositories, the platform and the working directory are the consumer's own", async () => {
    await world.release("acme/rope", "1.0.0");
    const local = { name: "acme/local", description: "x", license: "MIT", require: { "acme/rope": "^1.0" } };
    const composer = composerJson(
      world.registry,
      { "acme/local": "dev-main", "acme/rope": "^1.0", "ext-strange": "*" },
      {
        repositories: [{ type: "path", url: "packages/*", options: { symlink: false } }],
        config: { platform: { php: "8.2.0", "ext-strange": "1.0" } },
        "minimum-stability": "dev",
        "prefer-stable": true,
      },
    );
    await world.consume(composer, {
      files: { "packages/local/composer.json": JSON.stringify(local) },
      subscription: { directory: "apps/web" },
    });
    await world.release("acme/rope", "1.2.0", { require: { php: ">=8.3" } });
    const run = await world.update(await world.release("acme/rope", "1.1.0"));
    expect(run.conclusion, run.output).toBe("success");
    const branch = `${UPDATE_BRANCH}-apps-web`;
    expect(world.locked(branch, "acme/rope", "apps/web")).toBe("1.1.0");
    expect(world.locked(branch, "acme/local", "apps/web")).toBe(
      world.locked("main", "acme/local", "apps/web"),
    );
    expect(world.pulls()[0]?.body).not.toContain("acme/local");
  });
});
