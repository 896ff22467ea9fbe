import { afterAll, beforeAll, expect, it } from "vitest";
import { type EmulatedGitHub, startGitHub } from "../../../sandbox/github/index.ts";

let github: EmulatedGitHub;
beforeAll(async () => {
  github = await startGitHub({
    repositories: [{ name: "website", branches: ["topic"] }],
    tokens: {
      job: {
        login: "github-actions[bot]",
        permissions: { metadata: "read", contents: "write", pull_requests: "write" },
        repositories: ["website"],
        role: "write",
      },
    },
  });
  const content = Buffer.from("x").toString("base64");
  await call("PUT", "contents/new.txt", { message: "x", content, branch: "topic" }, "person");
});
afterAll(() => github.close());

async function call(method: string, path: string, body: unknown, token: string) {
  const response = await fetch(`${github.url}repos/acme/website/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as unknown };
}

const wanted = { title: "x", head: "topic", base: "main" };

it("lets Actions open a pull request only where the repository allows it", async () => {
  const refused = await call("POST", "pulls", wanted, "job");
  expect(refused.status).toBe(403);
  expect(refused.body).toMatchObject({
    message: "GitHub Actions is not permitted to create or approve pull requests.",
  });
  const settings = { can_approve_pull_request_reviews: true };
  await fetch(`${github.url}repos/acme/website/actions/permissions/workflow`, {
    method: "PUT",
    headers: { authorization: "Bearer person", "content-type": "application/json" },
    body: JSON.stringify(settings),
  });
  expect((await call("POST", "pulls", wanted, "job")).status).toBe(201);
});

it("lets a token that may write pull requests label them and comment on them, but not open issues", async () => {
  const labels = await call("POST", "issues/1/labels", { labels: ["one", "two"] }, "job");
  expect(labels.status).toBe(200);
  await call("POST", "issues/1/labels", { labels: ["two", "three"] }, "job");
  const [pull] = github.repository("website").pulls;
  expect(((pull?.labels ?? []) as { name: string }[]).map(({ name }) => name)).toEqual([
    "one",
    "two",
    "three",
  ]);
  expect((await call("POST", "issues/1/comments", { body: "x" }, "job")).status).toBe(201);
  const refused = await call("POST", "issues", { title: "x" }, "job");
  expect(refused.status).toBe(403);
  expect(refused.headers.get("x-accepted-github-permissions")).toBe("issues=write");
});

it("names every permission that would do", async () => {
  github.setToken("reader", { permissions: { metadata: "read" } });
  const refused = await call("POST", "issues/1/comments", { body: "x" }, "reader");
  expect(refused.headers.get("x-accepted-github-permissions")).toBe("issues=write; pull_requests=write");
});

it("keeps the head that a pull request had when it was merged", async () => {
  const add = (path: string) =>
    call("PUT", `contents/${path}`, { message: "x", content: "eA==", branch: "topic" }, "person");
  const head = async () => {
    const { body } = await call("GET", "pulls/1", undefined, "person");
    return (body as { head: { sha: string } }).head.sha;
  };
  const before = await head();
  await add("more.txt");
  const merged = await head();
  expect(merged).not.toBe(before);
  expect((await call("PUT", "pulls/1/merge", {}, "person")).status).toBe(200);
  await add("later.txt");
  expect(await head()).toBe(merged);
});
