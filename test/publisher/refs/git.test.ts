import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readEnvironment } from "../../../publisher/environment.ts";
import { git } from "../../../publisher/git.ts";
import { gitProblem, gitRefs, gitServer } from "../../../publisher/refs/git.ts";
import { githubRefs } from "../../../publisher/refs/github.ts";
import { connectGraphQL } from "../../../publisher/refs/graphql.ts";
import { sourceByKind } from "../../../publisher/refs/index.ts";
import type { SourceRepository } from "../../../publisher/repositories.ts";
import { type EmulatedGitHub, startGitHub } from "../../../sandbox/github/index.ts";
import { environmentOf, onGitHub, settingsFor } from "../support/plans.ts";

let github: EmulatedGitHub;
beforeEach(async () => {
  github = await startGitHub();
});
afterEach(() => github.close());

const settings = settingsFor();
const sleep = async () => {};
const source = (token?: string) =>
  gitRefs({ environment: environmentOf(github, token), settings }, { sleep });
const elsewhere = (url: string): SourceRepository => ({ id: url.replace(/^\w+:\/\//, ""), url, kind: "git" });
const only = async (source: ReturnType<typeof gitRefs>, repository: SourceRepository) =>
  (await source.read([repository])).get(repository.id);
/** An http server of this machine, and what it was asked with. */
async function serve(status: number) {
  const seen: (string | undefined)[] = [];
  const server = createHttpServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/a/b.git`,
    seen,
    close: () => server.close(),
  };
}

/** Pushes an annotated tag, and gives the tag's own id. */
async function tagged(name: string, tag: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "tagged-"));
  const identity = ["-c", "user.name=Ann", "-c", "user.email=ann@acme.example"];
  const env = { PATH: process.env.PATH };
  const run = (...args: string[]) => git([...identity, ...args], { cwd: folder, env });
  try {
    await run("clone", "-q", `${github.url.replace("//", "//x:sandbox@")}acme/${name}.git`, ".");
    await run("tag", "-a", tag, "-m", tag);
    await run("push", "-q", "origin", tag);
    return (await run("rev-parse", tag)).stdout.trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("refs by git", () => {
  it("are the same heads and tags that GitHub's API gives, annotated tags by the tag itself", async () => {
    github.seed([{ name: "lib", branches: ["feature/a#b"], tags: ["v1.0.0"] }]);
    const sha = github.repository("lib").refs.get("refs/heads/main");
    const annotated = await tagged("lib", "v2");
    expect(annotated).not.toBe(sha);
    const byGit = await only(source(), onGitHub("lib"));
    expect(byGit?.refs?.tags).toEqual({ "v1.0.0": sha, v2: annotated });
    const graphql = connectGraphQL(`${github.url}graphql`, "sandbox");
    const byApi = await only(githubRefs(graphql), onGitHub("lib"));
    expect({ ...byGit?.refs, head: "main" }).toEqual(byApi?.refs);
  });

  it("of an empty repository are none, which is no error", async () => {
    github.seed([{ name: "empty", files: {} }]);
    expect(await only(source(), onGitHub("empty"))).toEqual({ refs: { heads: {}, tags: {} } });
  });

  it("of many repositories are read at once, and one that is gone stops no other", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `lib-${index}`);
    github.seed(names.map((name) => ({ name })));
    const results = await source().read([...names, "deleted"].map((name) => onGitHub(name)));
    expect(results.size).toBe(21);
    expect(results.get("github.com/acme/deleted")?.error?.kind).toBe("gone");
    expect([...results.values()].filter(({ refs }) => refs !== undefined)).toHaveLength(20);
  });

  it("without a token are those of public repositories alone", async () => {
    github.seed([{ name: "open", private: false }, { name: "closed" }]);
    const results = await source("").read([onGitHub("open"), onGitHub("closed")]);
    expect(results.get("github.com/acme/open")?.refs).toBeDefined();
    expect(results.get("github.com/acme/closed")?.error).toMatchObject({ kind: "gone" });
  });

  it("of another host are asked for without GitHub's token", async () => {
    const other = await serve(404);
    const result = await only(source("a-token-of-github"), elsewhere(other.url));
    other.close();
    expect(other.seen.length).toBeGreaterThan(0);
    expect(new Set(other.seen)).toEqual(new Set([undefined]));
    expect(result?.error).toMatchObject({ kind: "gone", message: expect.stringMatching(/not found/) });
  });
});

describe("faults on the way to a server", () => {
  it.each([
    [403, "gone"],
    [500, "unreachable"],
    [503, "unreachable"],
  ])("such as status %i mean %s", async (status, kind) => {
    const other = await serve(status);
    const result = await only(source(), elsewhere(other.url));
    other.close();
    expect(result?.error?.kind).toBe(kind);
  });

  it("that pass are tried again", async () => {
    github.seed([{ name: "lib" }]);
    github.inject({ path: /info\/refs/, status: 503 });
    expect((await only(source(), onGitHub("lib")))?.refs).toBeDefined();
  });

  it("such as a server that never answers end in time, with everything that git started", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => void silent.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/a/b.git`;
    const begin = performance.now();
    const patient = gitRefs({ environment: environmentOf(github), settings }, { timeout: 300, sleep });
    expect(await only(patient, elsewhere(url))).toEqual({
      error: { kind: "unreachable", message: "git was ended by SIGKILL, after too long" },
    });
    expect(performance.now() - begin).toBeLessThan(5000);
    silent.close();
  });

  it.each([
    ["a program", "ext::sh -c 'touch /tmp/owned' a/b"],
    ["a file", "file:///etc/a"],
    ["git's own transport, which nobody can trust", "git://127.0.0.1/a/b.git"],
    ["an option", "--upload-pack=touch /tmp/owned"],
  ])("such as a URL that is %s are refused by git", async (_, url) => {
    const result = await only(source(), { id: "host/path", url, kind: "git" });
    expect(result?.error?.kind).toMatch(/unreachable|gone/);
    expect(result?.error?.message).toMatch(/not allowed|strange pathname|not appear to be/);
  });

  it("such as plain http to another machine are refused where the server itself is not on this one", async () => {
    const environment = readEnvironment({ PATH: process.env.PATH, GITHUB_SERVER_URL: "https://github.com" });
    const result = await only(gitRefs({ environment, settings }, { sleep }), elsewhere(github.url));
    expect(result?.error?.message).toMatch(/'http' not allowed/);
  });
});

describe("what git says of a repository", () => {
  const said = (stderr: string) =>
    gitProblem({ code: 128, stdout: "", stderr }, { secrets: ["s3cret-value"] });

  it.each([
    ["remote: Repository not found.\nfatal: repository 'https://github.com/a/b/' not found"],
    ["fatal: could not read Username for 'https://github.com': terminal prompts disabled"],
    ["fatal: Authentication failed for 'https://github.com/a/b/'"],
    ["git@git.example: Permission denied (publickey).\nfatal: Could not read from remote repository."],
    ["ERROR: Repository not found.\nfatal: Could not read from remote repository."],
    ["fatal: unable to access 'https://h/': The requested URL returned error: 403"],
  ])("%j is gone", (stderr) => {
    expect(said(stderr).kind).toBe("gone");
  });

  it.each([
    ["fatal: unable to access 'https://h/a/': Could not resolve host: h"],
    ["fatal: unable to access 'https://h/a/': Failed to connect to h port 443: Connection refused"],
    ["fatal: unable to access 'https://h/a/': The requested URL returned error: 502"],
    ["ssh: connect to host h port 22: Connection timed out\nfatal: Could not read from remote repository."],
    [""],
  ])("%j is unreachable", (stderr) => {
    expect(said(stderr).kind).toBe("unreachable");
  });

  it("is told in one line without secrets", () => {
    const stderr =
      "warning: x\nfatal: no 's3cret-value'\u001b[31m https://u:pass@h/ ghp_abcdefghijklmnopqrst\nand more";
    expect(said(stderr).message).toBe("fatal: no '***'\\u{1b}[31m https://***@h/ ***");
  });
});

describe("the server that git asks", () => {
  const server = (serverUrl: string) =>
    gitServer({ environment: readEnvironment({ GITHUB_SERVER_URL: serverUrl }), settings });
  it("is the runner's where it is the fleet's GitHub, or stands in for it on this machine", () => {
    expect(server("https://github.com/")).toBe("https://github.com");
    expect(server("http://127.0.0.1:8080")).toBe("http://127.0.0.1:8080");
  });
  it("is the fleet's where the runner belongs to another GitHub, so that the token goes there", () => {
    expect(server("https://github.example")).toBe("https://github.com");
  });
});

describe("one source for all repositories", () => {
  it("reads GitHub's by the API and all others by git", async () => {
    github.seed([{ name: "lib" }, { name: "mirror", private: false }]);
    const mirror = elsewhere(`${github.url}acme/mirror.git`);
    const graphql = connectGraphQL(`${github.url}graphql`, "sandbox");
    const results = await sourceByKind({ git: source(), github: githubRefs(graphql) }).read([
      onGitHub("lib"),
      mirror,
    ]);
    expect([...results.values()].map(({ refs }) => Object.keys(refs?.heads ?? {}))).toEqual([
      ["main"],
      ["main"],
    ]);
    const byGit = github.calls.log.filter(({ path }) => path.includes("_git/"));
    expect(new Set(byGit.map(({ path }) => path.split("/")[3]))).toEqual(new Set(["mirror"]));
    expect(github.calls.counts["POST /graphql"]).toBe(1);
  });

  it("reads GitHub's by git where there is no API", async () => {
    github.seed([{ name: "lib" }]);
    const results = await sourceByKind({ git: source() }).read([onGitHub("lib")]);
    expect(results.get("github.com/acme/lib")?.refs?.heads).toHaveProperty("main");
    expect(github.calls.counts["POST /graphql"]).toBeUndefined();
  });
});
