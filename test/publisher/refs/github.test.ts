import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { githubRefs } from "../../../publisher/refs/github.ts";
import { connectGraphQL, graphqlUrl } from "../../../publisher/refs/graphql.ts";
import {
  type EmulatedGitHub,
  primaryLimit,
  secondaryLimit,
  startGitHub,
} from "../../../sandbox/github/index.ts";
import { onGitHub } from "../support/plans.ts";

let github: EmulatedGitHub;
let waits: number[];
beforeEach(async () => {
  github = await startGitHub();
  waits = [];
});
afterEach(() => github.close());

const sleep = async (milliseconds: number) => void waits.push(milliseconds);
const connect = (token = "sandbox") => connectGraphQL(`${github.url}api/graphql`, token, { sleep });
const seconds = () => waits.map((wait) => wait / 1000);
const read = (names: readonly string[], token?: string) =>
  githubRefs(connect(token)).read(names.map((name) => onGitHub(name)));
const numbered = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(4, "0")}`);
const id = (name: string) => `github.com/acme/${name}`;
/** Kind of each result: `there`, `gone`, `unreachable`. */
const kinds = (results: Awaited<ReturnType<typeof read>>) =>
  Object.fromEntries([...results].map(([key, { refs, error }]) => [key, refs ? "there" : error.kind]));

const GRAPHQL = { path: "/graphql" };

describe("refs by GitHub's GraphQL", () => {
  it("are heads, tags and the default branch, as GitHub has them", async () => {
    github.seed([
      {
        name: "lib",
        branches: ["1.x", "feature/a#b"],
        tags: ["v1.0.0", "v1.0.0-rc.1"],
        defaultBranch: "trunk",
      },
    ]);
    const refs = github.repository("lib").refs;
    const sha = (name: string) => refs.get(name) ?? "";
    expect((await read(["lib"])).get(id("lib"))).toEqual({
      refs: {
        heads: {
          trunk: sha("refs/heads/trunk"),
          "1.x": sha("refs/heads/1.x"),
          "feature/a#b": sha("refs/heads/feature/a#b"),
        },
        tags: { "v1.0.0": sha("refs/tags/v1.0.0"), "v1.0.0-rc.1": sha("refs/tags/v1.0.0-rc.1") },
        head: "trunk",
      },
    });
  });

  it("cost one call for a hundred repositories, and a few more where some have hundreds of refs", async () => {
    const names = numbered(250, "lib-");
    github.seed(names.map((name) => ({ name, tags: ["v1"] })));
    const large = numbered(3, "large-");
    github.seed(large.map((name) => ({ name, tags: numbered(250, "v"), branches: numbered(120, "b") })));
    const results = await read([...names, ...large]);
    expect(results.size).toBe(253);
    for (const name of large) {
      const { refs } = results.get(id(name)) ?? {};
      expect(Object.keys(refs?.heads ?? {})).toHaveLength(121);
      expect(Object.keys(refs?.tags ?? {})).toHaveLength(250);
    }
    // Three of first pages; a second one of heads, a second and a third one of tags.
    expect(github.calls.counts).toEqual({ "POST /graphql": 6 });
  });

  it("of an empty repository are none, which is no error", async () => {
    github.seed([{ name: "empty", files: {} }]);
    expect((await read(["empty"])).get(id("empty"))).toEqual({ refs: { heads: {}, tags: {} } });
  });

  it("of a repository under its former name are those of the new one", async () => {
    github.seed([{ name: "lib" }]);
    github.move("lib", "library");
    expect(kinds(await read(["lib"]))).toEqual({ [id("lib")]: "there" });
  });

  it("that are gone, or not for this token, take no other repository with them", async () => {
    github.seed([{ name: "lib" }, { name: "secret" }]);
    github.setToken("narrow", { repositories: ["lib"] });
    const results = await read(["lib", "secret", "deleted"], "narrow");
    expect(kinds(results)).toEqual({ [id("lib")]: "there", [id("secret")]: "gone", [id("deleted")]: "gone" });
    expect(github.calls.total).toBe(1);
  });

  it("never stand in the query's text, whatever the repository is called", async () => {
    const results = await githubRefs(connect()).read([onGitHub('a") { id } evil: viewer { login } #')]);
    expect([...results.values()]).toMatchObject([{ error: { kind: "gone" } }]);
  });
});

describe("faults on the way to GitHub", () => {
  const NAMES = numbered(100, "lib-");
  const ALL_THERE = Object.fromEntries(NAMES.map((name) => [id(name), "there"]));
  beforeEach(() => github.seed(NAMES.map((name) => ({ name }))));

  it.each([
    ["a 502", { status: 502, body: "<html>" }],
    ["a lost connection", { drop: true }],
    ["an answer that is no JSON", { status: 200, body: "<html>" }],
    ["a query that took too long", { status: 200, body: { data: null, errors: [{ message: "timeout" }] } }],
  ])("such as %s are asked again, in halves", async (_, fault) => {
    github.inject({ ...GRAPHQL, ...fault });
    expect(kinds(await read(NAMES))).toEqual(ALL_THERE);
    expect(github.calls.total).toBe(3);
    expect(seconds()).toEqual([1]);
  });

  it("that go on for a while are met with growing pauses", async () => {
    github.inject({ ...GRAPHQL, status: 503, times: 3 });
    expect(kinds(await read(["lib-0000"]))).toEqual({ [id("lib-0000")]: "there" });
    expect(seconds()).toEqual([1, 2, 4]);
  });

  it("that never end give every repository an error within a bounded number of calls", async () => {
    github.inject({ ...GRAPHQL, status: 502, times: Number.POSITIVE_INFINITY });
    const more = numbered(500, "more-");
    const results = await read([...NAMES, ...more]);
    expect(new Set(Object.values(kinds(results)))).toEqual(new Set(["unreachable"]));
    expect(results.size).toBe(600);
    expect(results.get(id("more-0499"))?.error?.message).toBe("GitHub does not answer: GitHub answered 502");
    expect(github.calls.total).toBeLessThan(32);
  });

  it("of one repository alone cost the others nothing but calls", async () => {
    let alone = 0;
    const proxy = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", async () => {
        const body = Buffer.concat(parts).toString();
        if (body.includes("lib-0042")) {
          if (!body.includes("name1:")) alone++;
          return void response.writeHead(502).end();
        }
        const { authorization = "" } = request.headers;
        const answer = await fetch(`${github.url}graphql`, {
          method: "POST",
          headers: { authorization },
          body,
        });
        response.end(await answer.text());
      });
    });
    await new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", resolve));
    try {
      const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/graphql`;
      const results = await githubRefs(connectGraphQL(url, "t", { sleep })).read(
        NAMES.map((name) => onGitHub(name)),
      );
      expect(kinds(results)).toEqual({ ...ALL_THERE, [id("lib-0042")]: "unreachable" });
      expect(alone).toBe(4);
    } finally {
      proxy.close();
    }
  });

  it("in a later page leave the repository without refs, never with some of them", async () => {
    github.seed([{ name: "large", tags: numbered(150, "v") }]);
    github.inject({ ...GRAPHQL, skip: 1, status: 502, times: Number.POSITIVE_INFINITY });
    expect(await read(["large", "lib-0000"])).toMatchObject(
      new Map([
        [id("large"), { error: { kind: "unreachable", message: "GitHub answered 502" } }],
        [id("lib-0000"), { refs: { head: "main" } }],
      ]),
    );
  });

  it("such as an error of one repository that is no NOT_FOUND are told in GitHub's words", async () => {
    const errors = [{ type: "FORBIDDEN", path: ["r0"], message: "Resource protected by organization SAML" }];
    github.inject({ ...GRAPHQL, status: 200, body: { data: { r0: null }, errors } });
    expect([...(await read(["lib-0000"])).values()]).toEqual([
      { error: { kind: "unreachable", message: "Resource protected by organization SAML" } },
    ]);
  });

  it("such as a secondary limit are sat out for as long as GitHub asks", async () => {
    github.inject({ ...GRAPHQL, ...secondaryLimit(7), times: 2 });
    expect(kinds(await read(NAMES))).toEqual(ALL_THERE);
    expect(seconds()).toEqual([7, 7]);
  });

  it("such as a limit that is used up end the reading at once, with the time when to come back", async () => {
    github.inject({ ...GRAPHQL, ...primaryLimit(1800), times: Number.POSITIVE_INFINITY });
    const results = await read([...NAMES, ...numbered(900, "more-")]);
    expect(results.get(id("lib-0000"))?.error?.message).toMatch(
      /^GitHub's limit of requests is used up until 20\d\d-.*Z$/,
    );
    expect(results.size).toBe(1000);
    expect(github.calls.total).toBeLessThanOrEqual(4);
    expect(waits).toEqual([]);
  });

  it("such as a token that is revoked are told once for all", async () => {
    github.setToken("old", { revoked: true });
    const results = await read(NAMES, "old");
    expect(results.get(id("lib-0099"))).toEqual({
      error: { kind: "unreachable", message: "GitHub does not accept the token (401)" },
    });
    expect(github.calls.total).toBe(1);
  });

  it("such as a redirect never take the token to another host", async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end("{}");
    });
    await new Promise<void>((resolve) => void other.listen(0, "127.0.0.1", resolve));
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/graphql`;
    github.inject({ ...GRAPHQL, status: 307, headers: { location } });
    const results = await read(["lib-0000"]);
    other.close();
    expect(seen).toEqual([]);
    expect(results.get(id("lib-0000"))?.error?.message).toMatch(/^GitHub answered 307 to GraphQL/);
  });
});

describe("what is left of GitHub's limit", () => {
  it("is read from the answer", async () => {
    github.seed([{ name: "lib" }]);
    const graphql = connect();
    await githubRefs(graphql).read([onGitHub("lib")]);
    expect(graphql.limit?.remaining).toBeGreaterThan(0);
    expect(graphql.calls).toBe(1);
  });

  it("is read from the headers where the answer has none", async () => {
    const headers = { "x-ratelimit-remaining": "12", "x-ratelimit-reset": "1767225600" };
    github.inject({ ...GRAPHQL, status: 200, body: { data: { r0: null } }, headers });
    const graphql = connect();
    await graphql.query("query { viewer { login } }", {});
    expect(graphql.limit).toEqual({ remaining: 12, resetAt: "2026-01-01T00:00:00.000Z" });
  });
});

describe("the address of GraphQL", () => {
  it.each([
    ["https://api.github.com", "https://api.github.com/graphql"],
    ["https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql"],
    ["https://github.example/api/v3", "https://github.example/api/graphql"],
  ])("beside %s is %s", (api, graphql) => {
    expect(graphqlUrl(api)).toBe(graphql);
  });

  it("is what the runner says", () => {
    const variables = { GITHUB_GRAPHQL_URL: "https://ghe.example/api/graphql" };
    expect(graphqlUrl("https://api.github.com", variables)).toBe("https://ghe.example/api/graphql");
    expect(graphqlUrl("https://api.github.com", { GITHUB_GRAPHQL_URL: "" })).toBe(
      "https://api.github.com/graphql",
    );
  });
});
