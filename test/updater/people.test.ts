import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UPDATE_BRANCH } from "../../fleet/announcement.ts";
import { composerJson, NO_COMPOSER, startWorld, type World } from "./support.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world?.close());

/** An open pull request for acme/anvil 1.1.0, on whose branch somebody has committed. */
async function pullOfPeople(): Promise<void> {
  await world.release("acme/rope", "1.0.0");
  await world.release("acme/anvil", "1.0.0");
  await world.consume(composerJson(world.registry, { "acme/anvil": "^1.0", "acme/rope": "^1.0" }));
  await world.update(await world.release("acme/anvil", "1.1.0"));
  await world.commit("src/fix.php", "<?php\n", UPDATE_BRANCH);
}

const shas = (branch = UPDATE_BRANCH) => world.consumer.commits(branch).map(({ sha }) => sha);

describe.skipIf(NO_COMPOSER)("with a real Composer", () => {
  test("commits of people that a squashing merge brought into the base are no open work", async () => {
    await pullOfPeople();
    const [theirs = ""] = shas();
    const number = world.pulls()[0]?.number;
    await world.api("PUT", `repos/acme/website/pulls/${number}/merge`, { merge_method: "squash" });
    const run = await world.update(await world.release("acme/rope", "1.1.0"));
    expect(run.conclusion, run.output).toBe("success");
    expect(shas()).not.toContain(theirs);
    expect(world.consumer.files(UPDATE_BRANCH)["src/fix.php"]).toBe("<?php\n");
    const [pull] = world.pulls();
    expect(pull?.title).toBe("Update acme/rope to 1.1.0");
    expect(await world.comments(pull?.number ?? 0)).toEqual([]);
  });

  test("what people commit after the merge is kept", async () => {
    await pullOfPeople();
    const number = world.pulls()[0]?.number;
    await world.api("PUT", `repos/acme/website/pulls/${number}/merge`, { merge_method: "squash" });
    await world.commit("src/more.php", "<?php\n", UPDATE_BRANCH);
    const [theirs = ""] = shas();
    const run = await world.update(await world.release("acme/rope", "1.1.0"));
    expect(run.conclusion, run.output).toBe("success");
    expect(shas()).toContain(theirs);
  });

  test("what the base got meanwhile is not shown as taken back", async () => {
    await pullOfPeople();
    await world.release("acme/rope", "1.1.0");
    const pinned = composerJson(world.registry, { "acme/anvil": "1.0.0", "acme/rope": "^1.0" });
    const { "composer.lock": lock = "" } = await world.lock(pinned);
    await world.commit("composer.lock", lock, "main");
    expect(world.locked("main", "acme/rope")).toBe("1.1.0");
    const run = await world.update(await world.release("acme/anvil", "1.2.0"));
    expect(run.conclusion, run.output).toBe("success");
    const [pull] = world.pulls();
    expect(pull?.body).toContain("| `acme/anvil` | `1.0.0` | `1.2.0` |");
    expect(pull?.body).not.toContain("acme/rope");
  });

  test("a branch from which people took composer.lock is told with what to do", async () => {
    await pullOfPeople();
    const at = "repos/acme/website/contents/composer.lock";
    const { body } = await world.api("GET", `${at}?ref=${encodeURIComponent(UPDATE_BRANCH)}`);
    const { sha } = body as { sha: string };
    await world.api("DELETE", at, { message: "Take it out", sha, branch: UPDATE_BRANCH });
    const run = await world.update(await world.release("acme/anvil", "1.2.0"));
    expect(run.conclusion).toBe("failure");
    expect(run.output).toMatch(/::error::update: main: composer\.lock cannot be read/);
    expect(run.output).not.toMatch(/ENOENT|at .*\.mjs:/);
  });

  test("a composer.lock that is behind its composer.json gets what it lacks, and the table says so", async () => {
    await world.release("acme/rope", "1.0.0");
    await world.release("acme/anvil", "1.0.0");
    await world.consume(composerJson(world.registry, { "acme/anvil": "^1.0" }));
    const more = composerJson(world.registry, { "acme/anvil": "^1.0", "acme/rope": "^1.0" });
    await world.commit("composer.json", JSON.stringify(more), "main");
    const run = await world.update(await world.release("acme/anvil", "1.1.0"));
    expect(run.conclusion, run.output).toBe("success");
    expect(world.pulls()[0]?.body).toContain("| `acme/rope` (dependency) | new | `1.0.0` |");
    expect(Object.keys(world.consumer.files(UPDATE_BRANCH))).toEqual(Object.keys(world.consumer.files()));
  });
});
