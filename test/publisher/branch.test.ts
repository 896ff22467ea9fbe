import { readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetchPublished, openRegistry } from "../../publisher/branch.ts";
import { run } from "../../publisher/process.ts";
import { writeSite } from "../../publisher/site.ts";
import { openTree } from "../../publisher/tree.ts";
import type { Work } from "../../publisher/work.ts";
import { type PublishWorld, publishWorld, stage, TOKEN } from "./publish-support.ts";

let world: PublishWorld;
beforeEach(async () => {
  world = await publishWorld();
});
afterEach(() => world.close());

const tip = () => world.github.repository("composer").refs.get("refs/heads/registry");
const registryIn = (work: Work) => openRegistry(work, world.environment, world.settings);

describe("the published tree", () => {
  it("is absent before the first publish", async () => {
    const work = await world.work();
    expect(await fetchPublished(await registryIn(work), work.published)).toBeUndefined();
    await expect(stat(work.published)).rejects.toThrow(/ENOENT/);
  });

  it("is written out without links, executables and git's own files, when somebody pushed such by hand", async () => {
    const work = await world.work();
    const clone = join(work.root, "clone");
    const env = {
      ...world.variables,
      GIT_AUTHOR_NAME: "x",
      GIT_AUTHOR_EMAIL: "x@x",
      GIT_COMMITTER_NAME: "x",
      GIT_COMMITTER_EMAIL: "x@x",
    };
    const shell = async (...args: string[]) => {
      const done = await run("git", ["-C", clone, ...args], { env });
      expect(done.code, done.stderr).toBe(0);
    };
    await run("git", ["init", "-q", clone], { env });
    await symlink("/etc/passwd", join(clone, "packages.json"));
    await writeFile(join(clone, "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
    await writeFile(join(clone, "text.json"), "a\nb\n");
    await writeFile(join(clone, ".gitattributes"), "* text eol=crlf\n");
    await shell("add", "-A");
    await shell("commit", "-qm", "by hand");
    await shell(
      "push",
      "-q",
      `${world.github.url.replace("//", `//x-access-token:${TOKEN}@`)}acme/composer.git`,
      "HEAD:refs/heads/registry",
    );
    const published = await fetchPublished(await registryIn(work), work.published);
    expect(published).toEqual({ commit: tip() });
    expect(await readdir(work.published)).toEqual(["run.sh", "text.json"]);
    expect((await stat(join(work.published, "run.sh"))).mode & 0o111).toBe(0);
    expect(await readFile(join(work.published, "text.json"), "utf8")).toBe("a\nb\n");
  });

  it("reaches the site without build.json, README.md and what nobody thought of", async () => {
    const work = await world.work();
    await stage(work, {
      packages: { "acme/a": "1.0.0" },
      number: 1,
      files: {
        "index.html": "<html>",
        "include/all$1.json": "{}",
        "consumers.json": "[]",
        "errors/x.txt": "secret",
        "p2/acme/note.txt": "x",
      },
    });
    await writeSite(work.staged, work.site);
    expect((await openTree(work.site)).files).toEqual([
      "include/all$1.json",
      "index.html",
      "p2/acme/a.json",
      "packages.json",
    ]);
  });
});
