import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EmulatedGitHub, GitHubOptions } from "../../../sandbox/github/index.ts";
import { type Api, base64, started } from "./client.ts";

const run = promisify(execFile);

let github: EmulatedGitHub;
let api: Api;
let folder: string;
const start = async (options: GitHubOptions = {}) => {
  ({ github, api } = await started(options));
};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "clone-"));
});
afterEach(async () => {
  await github.close();
  await rm(folder, { recursive: true, force: true });
});

const identity = ["-c", "user.name=Ann", "-c", "user.email=ann@acme.example", "-c", "commit.gpgSign=false"];
const git = (...args: string[]) =>
  run("git", [...identity, ...args], {
    cwd: folder,
    env: { ...process.env, GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_GLOBAL: "/dev/null" },
  });
const address = (name: string, user = "x-access-token:sandbox@") =>
  `${github.url.replace("http://", `http://${user}`)}acme/${name}.git`;

describe("git over HTTP", () => {
  it("serves many at once", async () => {
    await start();
    const clones = Array.from({ length: 8 }, (_, index) =>
      git("clone", "-q", address("lib"), `copy-${index}`),
    );
    await expect(Promise.all(clones)).resolves.toHaveLength(8);
  });

  it("clones what the API wrote, and the API reads what git pushed", async () => {
    await start({
      repositories: [
        { name: "lib", files: { "composer.json": "{}", "src/A.php": "<?php", "src.php": "" }, tags: ["v1"] },
      ],
    });
    await api("PUT", "/repos/acme/lib/contents/src/b.txt", { message: "by API", content: base64("one") });
    await git("clone", "-q", address("lib"), ".");
    expect(await readFile(join(folder, "src/b.txt"), "utf8")).toBe("one");
    expect((await git("fsck", "--strict")).stderr).not.toMatch(/error|warning/);
    expect((await git("tag")).stdout).toBe("v1\n");
    await writeFile(join(folder, "src/b.txt"), "two");
    await git("commit", "-qam", "by git");
    await git("tag", "-a", "v2", "-m", "second");
    await git("push", "-q", "origin", "HEAD", "HEAD:refs/heads/dev", "v2");
    const { stdout } = await git("rev-parse", "HEAD", "v2");
    const [head, tag] = stdout.trim().split("\n");
    expect((await api("GET", "/repos/acme/lib/commits/main")).body).toMatchObject({
      sha: head,
      commit: { message: "by git", author: { name: "Ann", email: "ann@acme.example" } },
    });
    expect((await api("GET", "/repos/acme/lib/git/ref/tags/v2")).body.object).toMatchObject({
      type: "tag",
      sha: tag,
    });
    expect((await api("GET", "/repos/acme/lib/commits/v2")).body.sha).toBe(head);
    expect(github.repository("lib").files("dev")["src/b.txt"]).toBe("two");
  });

  it("shows later writes and deletions by the API to the next fetch", async () => {
    await start({ repositories: [{ name: "lib", branches: ["a/b"] }] });
    await git("clone", "-q", address("lib"), ".");
    const R = "/repos/acme/lib";
    const made = await api("PUT", `${R}/contents/n.yml`, { message: "later", content: "eA==" });
    await api("DELETE", `${R}/git/refs/heads/a/b`);
    await api("POST", `${R}/git/refs`, { ref: "refs/heads/a", sha: made.body.commit.sha });
    await git("fetch", "-q", "--prune");
    expect((await git("rev-parse", "origin/main", "origin/a")).stdout).toBe(
      `${made.body.commit.sha}\n`.repeat(2),
    );
  });

  it("asks for credentials, and refuses pushes that the rules or the archive forbid", async () => {
    await start({ repositories: [{ name: "lib", protectedByPullRequest: true }] });
    await expect(git("ls-remote", address("lib", ""))).rejects.toThrow(/could not read Username/);
    await git("clone", "-q", address("lib"), ".");
    await git("commit", "-q", "--allow-empty", "-m", "m");
    await expect(git("push", "-q", "origin", "HEAD")).rejects.toThrow(
      /Changes must be made through a pull request/,
    );
    await git("push", "-q", "origin", "HEAD:refs/heads/topic");
    github.repository("lib").archive();
    await expect(git("push", "-q", "origin", "HEAD:refs/heads/other")).rejects.toThrow(/403/);
    expect(github.repository("lib").branches).toEqual(["main", "topic"]);
  });

  it("follows a rename", async () => {
    await start();
    const old = address("lib");
    github.move("lib", "library");
    await git("clone", "-q", old, ".");
    expect(existsSync(join(folder, "README.md"))).toBe(true);
  });
});

describe("archives", () => {
  it("are fetched from the address that the API redirects to", async () => {
    await start({ repositories: [{ name: "lib", tags: ["v1"] }] });
    const moved = await api("GET", "/repos/acme/lib/zipball/v1");
    expect(moved.status).toBe(302);
    const zip = await fetch(moved.headers.get("location") ?? "");
    expect(Buffer.from(await zip.arrayBuffer()).toString("latin1")).toMatch(
      /^PK.*acme-lib-[0-9a-f]{7}\/README\.md/s,
    );
    expect((await fetch((moved.headers.get("location") ?? "").replace(/token=.*/, "token=x"))).status).toBe(
      404,
    );
  });
});
