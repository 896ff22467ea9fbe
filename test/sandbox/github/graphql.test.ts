import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import type { EmulatedGitHub, GitHubOptions } from "../../../sandbox/github/index.ts";
import { type Api, started } from "./client.ts";

const run = promisify(execFile);

let github: EmulatedGitHub;
let api: Api;
const start = async (options: GitHubOptions = {}) => {
  ({ github, api } = await started(options));
};
afterEach(() => github.close());

/** Pushes an annotated tag of the first commit, which only git can make; gives the tag's id. */
async function pushTag(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "clone-"));
  const git = async (...args: string[]) =>
    (await run("git", ["-c", "user.name=Ann", "-c", "user.email=ann@acme.example", ...args], { cwd: folder }))
      .stdout;
  await git("clone", "-q", `${github.url.replace("://", "://x:sandbox@")}acme/lib.git`, ".");
  await git("tag", "-a", name, "-m", "annotated");
  await git("push", "-q", "origin", name);
  const id = await git("rev-parse", name);
  await rm(folder, { recursive: true });
  return id.trim();
}

const ask = async (query: string, variables = {}) =>
  (await api("POST", "/api/graphql", { query, variables })).body;

describe("GraphQL", () => {
  it("answers for many repositories at once, and names those that are missing", async () => {
    await start({
      repositories: [
        { name: "a", files: { "x.txt": "hello" } },
        { name: "b", archived: true },
      ],
    });
    const field = (name: string) => `r_${name}: repository(owner: "ACME", name: "${name}") {
      id databaseId nameWithOwner isArchived isPrivate
      defaultBranchRef { name target { oid } }
      object(expression: "HEAD:x.txt") { ... on Blob { oid text byteSize isBinary } }
    }`;
    const { data, errors } = await ask(
      `{ ${["a", "b", "c"].map(field).join(" ")} rateLimit { cost remaining } }`,
    );
    const { id } = github.repository("a");
    expect(data.r_a).toMatchObject({
      id: `R_${id}`,
      databaseId: id,
      nameWithOwner: "acme/a",
      isArchived: false,
      object: { text: "hello", byteSize: 5, isBinary: false },
    });
    expect(data.r_a.defaultBranchRef.target.oid).toBe(github.repository("a").refs.get("refs/heads/main"));
    expect(data.r_b).toMatchObject({ isArchived: true, object: null });
    expect(data.r_c).toBeNull();
    expect(errors).toMatchObject([{ type: "NOT_FOUND", path: ["r_c"] }]);
    expect(errors[0].message).toBe("Could not resolve to a Repository with the name 'ACME/c'.");
  });

  it("pages through refs, and looks behind annotated tags", async () => {
    await start({ repositories: [{ name: "lib", tags: ["v1", "v2", "v3"] }] });
    const sha = github.repository("lib").refs.get("refs/heads/main");
    const tag = { sha: await pushTag("v9") };
    const query = `query($ids: [ID!]!, $after: String) { nodes(ids: $ids) { ... on Repository {
      refs(refPrefix: "refs/tags/", first: 3, after: $after) {
        totalCount pageInfo { hasNextPage endCursor } nodes { name target { oid ... on Tag { target { oid } } } }
      } } } }`;
    const ids = [`R_${github.repository("lib").id}`, "R_999999"];
    const first = await ask(query, { ids });
    const { refs } = first.data.nodes[0];
    expect(refs.nodes.map(({ name }: { name: string }) => name)).toEqual(["v1", "v2", "v3"]);
    expect(refs).toMatchObject({ totalCount: 4, pageInfo: { hasNextPage: true } });
    expect(first.data.nodes[1]).toBeNull();
    const second = await ask(query, { ids, after: refs.pageInfo.endCursor });
    expect(second.data.nodes[0].refs.nodes).toEqual([
      { name: "v9", target: { oid: tag.sha, target: { oid: sha } } },
    ]);
  });

  it("finds a repository by its former name, but not without a token", async () => {
    await start();
    github.move("lib", "library");
    const query = '{ repository(owner: "acme", name: "lib") { nameWithOwner } }';
    expect((await ask(query)).data.repository.nameWithOwner).toBe("acme/library");
    const anonymous = await fetch(`${github.url}graphql`, {
      method: "POST",
      body: JSON.stringify({ query }),
    });
    expect(anonymous.status).toBe(401);
  });
});
