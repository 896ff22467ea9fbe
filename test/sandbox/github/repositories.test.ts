import { afterEach, describe, expect, it } from "vitest";
import type { EmulatedGitHub, GitHubOptions } from "../../../sandbox/github/index.ts";
import { type Api, apiOf, base64, started } from "./client.ts";

let github: EmulatedGitHub;
let api: Api;
const start = async (options: GitHubOptions = {}) => {
  ({ github, api } = await started(options));
};
afterEach(() => github.close());

describe("accounts and repositories", () => {
  it("answers with and without the prefix of GitHub Enterprise Server, whatever the letter case", async () => {
    await start();
    for (const path of ["/orgs/acme", "/api/v3/orgs/ACME"]) {
      expect((await api("GET", path)).body).toMatchObject({ login: "acme", type: "Organization" });
    }
    expect((await api("GET", "/api/v3/repos/Acme/LIB")).body.full_name).toBe("acme/lib");
    expect((await api("GET", "/orgs/nobody")).status).toBe(404);
    expect((await api("GET", "/users/bot")).body.type).toBe("User");
  });

  it("creates a repository with a first commit, and refuses the same name again", async () => {
    await start();
    const first = await api("POST", "/orgs/acme/repos", {
      name: "composer",
      visibility: "private",
      auto_init: true,
    });
    expect(first).toMatchObject({
      status: 201,
      body: { private: true, default_branch: "main", visibility: "private" },
    });
    expect(github.repository("composer").files()).toEqual({ "README.md": "# composer" });
    const again = await api("POST", "/orgs/acme/repos", { name: "Composer" });
    expect(again.status).toBe(422);
    expect(again.body.errors[0].message).toBe("name already exists on this account");
    for (const name of ["../x", "a/b", ".."]) {
      expect((await api("PATCH", "/repos/acme/lib", { name })).status).toBe(422);
      expect((await api("POST", "/orgs/acme/repos", { name })).status).toBe(422);
    }
  });

  it("says that a visibility is the present one, as the provider expects", async () => {
    await start();
    const same = await api("PATCH", "/repos/acme/lib", { visibility: "private" });
    expect(same).toMatchObject({ status: 422, body: { message: "Visibility is already private." } });
    expect((await api("PATCH", "/repos/acme/lib", { visibility: "public" })).body.private).toBe(false);
  });

  it("redirects from the old name after a rename until somebody takes it", async () => {
    await start();
    await api("PATCH", "/repos/acme/lib", { name: "library" });
    const moved = await api("GET", "/api/v3/repos/acme/lib/contents/README.md?ref=main");
    const { id } = github.repository("library");
    const location = `${github.url}api/v3/repositories/${id}/contents/README.md?ref=main`;
    expect(moved.status).toBe(301);
    expect(moved.headers.get("location")).toBe(location);
    const write = await api("PUT", "/repos/acme/lib/topics", { names: ["php"] });
    expect(write.status).toBe(307);
    const headers = { authorization: "Bearer sandbox" };
    const followed = await fetch(`${github.url}repos/acme/lib/topics`, {
      method: "PUT",
      headers,
      body: '{"names":["php"]}',
    });
    expect(followed.status).toBe(200);
    expect(github.repository("library").topics).toEqual(["php"]);
    await api("POST", "/orgs/acme/repos", { name: "lib" });
    expect((await api("GET", "/repos/acme/lib")).body.id).not.toBe(id);
    await api("DELETE", "/repos/acme/lib");
    expect((await api("GET", "/repos/acme/lib")).status).toBe(404);
  });

  it("lets an archived repository be read, unarchived and deleted, and nothing else", async () => {
    await start({ repositories: [{ name: "lib", archived: true }] });
    expect((await api("GET", "/repos/acme/lib")).body.archived).toBe(true);
    const refused = await api("PUT", "/repos/acme/lib/topics", { names: [] });
    expect(refused).toMatchObject({
      status: 403,
      body: { message: "Repository was archived so is read-only." },
    });
    expect((await api("PATCH", "/repos/acme/lib", { archived: false })).status).toBe(200);
    expect((await api("DELETE", "/repos/acme/lib")).status).toBe(204);
    expect((await api("GET", "/repos/acme/lib")).status).toBe(404);
  });

  it("leads to the next page of a list", async () => {
    await start({ repositories: ["a", "b", "c"].map((name) => ({ name })) });
    const first = await api("GET", "/orgs/acme/repos?per_page=2");
    expect(first.body).toHaveLength(2);
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
    expect((await api("GET", next.slice(github.url.length))).body[0].name).toBe("c");
  });
});

describe("who may do what", () => {
  const tokens = {
    revoked: { revoked: true },
    reader: { permissions: { contents: "read" } },
    files: { permissions: { contents: "write" }, repositories: ["lib"] },
  } as const;

  it("knows revoked, missing and limited tokens apart", async () => {
    await start({
      tokens,
      repositories: [{ name: "lib" }, { name: "other" }, { name: "open", private: false }],
    });
    const put = (token: string, path: string) =>
      apiOf(github, token)("PUT", path, { message: "m", content: base64("x") });
    expect((await apiOf(github, "revoked")("GET", "/orgs/acme")).body.message).toBe("Bad credentials");
    expect((await apiOf(github, "")("GET", "/repos/acme/lib")).status).toBe(404);
    expect((await apiOf(github, "")("GET", "/repos/acme/open")).status).toBe(200);
    expect((await put("", "/repos/acme/open/contents/a.txt")).status).toBe(401);
    const refused = await put("reader", "/repos/acme/lib/contents/a.txt");
    expect(refused.body.message).toBe("Resource not accessible by personal access token");
    expect(refused.headers.get("x-accepted-github-permissions")).toBe("contents=write");
    expect((await put("files", "/repos/acme/lib/contents/a.txt")).status).toBe(201);
    expect((await put("files", "/repos/acme/lib/contents/.github/workflows/a.yml")).status).toBe(403);
    expect((await put("files", "/repos/acme/other/contents/a.txt")).status).toBe(404);
  });

  it("lets nobody write to a repository that may only be read, nor see its secrets", async () => {
    await start({ repositories: [{ name: "lib", readOnly: true }] });
    expect((await api("GET", "/repos/acme/lib/contents/README.md")).status).toBe(200);
    expect((await api("PUT", "/repos/acme/lib/topics", { names: [] })).status).toBe(403);
    expect((await api("GET", "/repos/acme/lib/actions/secrets/public-key")).status).toBe(403);
  });
});

describe("limits and caches", () => {
  it("answers 304 to an unchanged conditional request, without counting it", async () => {
    await start();
    const first = await api("GET", "/repos/acme/lib");
    const etag = first.headers.get("etag") ?? "";
    const second = await api("GET", "/repos/acme/lib", undefined, { "if-none-match": etag });
    expect(second.status).toBe(304);
    const used = (reply: typeof first) => reply.headers.get("x-ratelimit-used");
    expect(used(second)).toBe(used(first));
    await api("PUT", "/repos/acme/lib/topics", { names: ["php"] });
    expect((await api("GET", "/repos/acme/lib", undefined, { "if-none-match": etag })).status).toBe(200);
  });

  it("refuses a token whose hour is used up, and still tells it so", async () => {
    await start({ rateLimit: 2 });
    await api("GET", "/orgs/acme");
    await api("GET", "/orgs/acme");
    const refused = await api("GET", "/orgs/acme");
    expect(refused.status).toBe(403);
    expect(refused.headers.get("x-ratelimit-remaining")).toBe("0");
    expect((await api("GET", "/rate_limit")).body.rate).toMatchObject({ limit: 2, remaining: 0 });
    expect((await apiOf(github, "another")("GET", "/orgs/acme")).status).toBe(200);
  });
});
