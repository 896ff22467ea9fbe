import { afterEach, describe, expect, it } from "vitest";
import type { EmulatedGitHub, GitHubOptions } from "../../../sandbox/github/index.ts";
import { type Api, apiOf, base64, started } from "./client.ts";

let github: EmulatedGitHub;
let api: Api;
const start = async (options: GitHubOptions = {}) => {
  ({ github, api } = await started(options));
};
afterEach(() => github.close());

const FILE = "/repos/acme/lib/contents/docs/a%20b.txt";

describe("the contents API", () => {
  it("creates, reads, updates and deletes a file, each a commit", async () => {
    await start();
    const made = await api("PUT", FILE, { message: "Add it", content: base64("one\n") });
    expect(made).toMatchObject({ status: 201, body: { content: { path: "docs/a b.txt" } } });
    // The id that `git hash-object` gives for the same bytes.
    expect(made.body.content.sha).toBe("5626abf0f72e58d7a153368ba57db4c673c0e171");
    const read = await api("GET", `${FILE}?ref=main`);
    expect(read.body).toMatchObject({ type: "file", encoding: "base64", sha: made.body.content.sha });
    expect(read.body.url).toContain("?ref=main");
    expect(Buffer.from(read.body.content, "base64").toString()).toBe("one\n");
    const update = { message: "Change it", content: base64("two\n"), sha: made.body.content.sha };
    const changed = await api("PUT", FILE, update);
    expect(changed.status).toBe(200);
    const stale = await api("PUT", FILE, update);
    expect(stale).toMatchObject({
      status: 409,
      body: { message: `docs/a b.txt does not match ${update.sha}` },
    });
    expect((await api("PUT", FILE, { message: "m", content: "" })).status).toBe(422);
    await api("DELETE", FILE, { message: "Remove it", sha: changed.body.content.sha });
    expect((await api("GET", FILE)).status).toBe(404);
    expect(
      github
        .repository("lib")
        .commits()
        .map(({ message }) => message),
    ).toEqual(["Remove it", "Change it", "Add it", "Initial commit"]);
  });

  it("names the commit, and says which is not there", async () => {
    await start();
    const author = { name: "fleet", email: "fleet@acme.example" };
    const made = await api("PUT", FILE, { message: "Add it", content: "eA==", author });
    const { sha } = made.body.commit;
    expect((await api("GET", `/repos/acme/lib/commits/${sha}`)).body).toMatchObject({
      commit: { message: "Add it", author },
      files: [{ filename: "docs/a b.txt", status: "added" }],
    });
    const listed = await api("GET", "/repos/acme/lib/commits?path=docs%2Fa%20b.txt&sha=main");
    expect(listed.body.map((commit: { sha: string }) => commit.sha)).toEqual([sha]);
    const missing = "0940165628d0eefdca732601d3c25d1f61ef8150";
    expect(await api("GET", `/repos/acme/lib/commits/${missing}`)).toMatchObject({
      status: 422,
      body: { message: `No commit found for SHA: ${missing}` },
    });
  });

  it("lists folders, and gives raw bytes to Composer, again only when they changed", async () => {
    await start({
      repositories: [{ name: "lib", files: { "p2/acme/lib.json": "{}", "packages.json": "[]" } }],
    });
    const root = await api("GET", "/repos/acme/lib/contents");
    expect(root.body.map(({ name, type }: Record<string, string>) => `${type} ${name}`)).toEqual(
      ["dir p2", "file packages.json"].toSorted(),
    );
    const accept = { accept: "application/vnd.github.raw" };
    const raw = await api("GET", "/repos/acme/lib/contents/packages.json?ref=main", undefined, accept);
    expect(raw.body).toBe("[]");
    const since = { ...accept, "if-modified-since": raw.headers.get("last-modified") ?? "" };
    expect((await api("GET", "/repos/acme/lib/contents/packages.json", undefined, since)).status).toBe(304);
  });

  it("starts an empty repository with the first file", async () => {
    await start({ repositories: [{ name: "lib", files: {} }] });
    expect((await api("GET", "/repos/acme/lib/git/ref/heads/main")).status).toBe(409);
    expect((await api("PUT", FILE, { message: "m", content: "eA==" })).status).toBe(201);
    expect(github.repository("lib").branches).toEqual(["main"]);
    expect((await api("PUT", FILE, { message: "m", content: "eA==", branch: "nope" })).body.message).toBe(
      "Branch nope not found",
    );
  });

  it("refuses paths that git would refuse, and content that is no base64", async () => {
    await start();
    for (const path of ["a%2F..%2Fb", ".git/config", "a//b"]) {
      const reply = await api("PUT", `/repos/acme/lib/contents/${path}`, { message: "m", content: "eA==" });
      expect(reply.status).toBe(422);
    }
    expect((await api("PUT", FILE, { message: "m", content: "%%%" })).body.message).toBe(
      "content is not valid Base64",
    );
  });
});

describe("a branch that takes pull requests only", () => {
  it("refuses the contents API with GitHub's text", async () => {
    await start({ repositories: [{ name: "lib", protectedByPullRequest: true, branches: ["dev"] }] });
    const reply = await api("PUT", FILE, { message: "m", content: "eA==" });
    expect(reply.status).toBe(409);
    expect(reply.body.message).toMatch(
      /^Repository rule violations found\s+Changes must be made through a pull request/,
    );
    expect((await api("PUT", FILE, { message: "m", content: "eA==", branch: "dev" })).status).toBe(201);
  });

  it("lets those pass whom the ruleset names", async () => {
    await start({ tokens: { app: { app: 7 } } });
    const ruleset = (actor: object) => ({
      name: "main",
      target: "branch",
      enforcement: "active",
      conditions: { ref_name: { include: ["~DEFAULT_BRANCH"], exclude: [] } },
      rules: [{ type: "pull_request", parameters: {} }],
      bypass_actors: [{ bypass_mode: "always", ...actor }],
    });
    const made = await api(
      "POST",
      "/repos/acme/lib/rulesets",
      ruleset({ actor_id: 7, actor_type: "Integration" }),
    );
    const put = (as: Api, name: string) =>
      as("PUT", `/repos/acme/lib/contents/${name}`, { message: "m", content: "eA==" });
    expect((await put(api, "a")).status).toBe(409);
    expect((await put(apiOf(github, "app"), "a")).status).toBe(201);
    const address = `/repos/acme/lib/rulesets/${made.body.id}`;
    await api("PUT", address, ruleset({ actor_id: 5, actor_type: "RepositoryRole" }));
    expect((await put(api, "b")).status).toBe(201);
    expect((await api("DELETE", address)).status).toBe(204);
    expect((await api("GET", `${address}?includes_parents=false`)).status).toBe(404);
  });
});

describe("refs", () => {
  it("are made, moved and deleted with GitHub's refusals", async () => {
    await start();
    const R = "/repos/acme/lib";
    const { sha } = (await api("GET", `${R}/git/ref/heads/main`)).body.object;
    expect((await api("POST", `${R}/git/refs`, { ref: "refs/heads/dev", sha })).status).toBe(201);
    const message = async (body: object) => (await api("POST", `${R}/git/refs`, body)).body.message;
    expect(await message({ ref: "refs/heads/dev", sha })).toBe("Reference already exists");
    expect(await message({ ref: "refs/heads/x", sha: "0".repeat(40) })).toBe("Object does not exist");
    expect(await message({ ref: "refs/heads/../../x", sha })).toMatch("not a valid ref name");
    await api("PUT", FILE, { message: "m", content: "eA==" });
    const moved = (await api("GET", `${R}/git/ref/heads/main`)).body.object.sha;
    expect((await api("PATCH", `${R}/git/refs/heads/dev`, { sha: moved })).status).toBe(200);
    const back = await api("PATCH", `${R}/git/refs/heads/dev`, { sha });
    expect(back.body.message).toBe("Update is not a fast forward");
    expect((await api("PATCH", `${R}/git/refs/heads/dev`, { sha, force: true })).status).toBe(200);
    expect((await api("POST", `${R}/branches/dev/rename`, { new_name: "trunk" })).status).toBe(201);
    expect((await api("DELETE", `${R}/git/refs/heads/trunk`)).status).toBe(204);
    expect((await api("DELETE", `${R}/git/refs/heads/trunk`)).body.message).toBe("Reference does not exist");
    expect((await api("GET", `${R}/branches/trunk`)).status).toBe(404);
  });

  it("may be built object by object", async () => {
    await start();
    const G = "/repos/acme/lib/git";
    const tree = (
      await api("POST", `${G}/trees`, { tree: [{ path: "a/b.txt", mode: "100644", content: "x" }] })
    ).body;
    const commit = (await api("POST", `${G}/commits`, { message: "root", tree: tree.sha, parents: [] })).body;
    await api("POST", `${G}/refs`, { ref: "refs/heads/registry", sha: commit.sha });
    await api("POST", `${G}/refs`, { ref: "refs/satis-fleet/announced", sha: commit.sha });
    expect(github.repository("lib").files("registry")).toEqual({ "a/b.txt": "x" });
    expect((await api("GET", `${G}/ref/satis-fleet/announced`)).body.object.sha).toBe(commit.sha);
    expect((await api("GET", `${G}/trees/registry?recursive=1`)).body.tree).toMatchObject([
      { path: "a/b.txt" },
    ]);
  });
});
