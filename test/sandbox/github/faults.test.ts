import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { type EmulatedGitHub, secondaryLimit } from "../../../sandbox/github/index.ts";
import { type Api, base64, putSecret, started } from "./client.ts";

let github: EmulatedGitHub;
let api: Api;
afterEach(() => github.close());

const FILE = "/repos/acme/lib/contents/a.txt";
const FILE_BODY = { message: "m", content: base64("x") };

describe("faults", () => {
  it("meet the requests that they are meant for, as often as they are meant to", async () => {
    ({ github, api } = await started());
    github.inject({
      method: "PUT",
      path: "/repos/:owner/:repo/contents/:path",
      skip: 1,
      times: 2,
      ...secondaryLimit(2),
    });
    const statuses = [];
    for (const name of ["a", "b", "c", "d"]) {
      statuses.push((await api("PUT", `/repos/acme/lib/contents/${name}`, FILE_BODY)).status);
    }
    expect(statuses).toEqual([201, 403, 403, 201]);
    github.inject({
      path: /lib\/topics/,
      status: 502,
      body: "<html>",
      headers: { "content-type": "text/html" },
    });
    expect((await api("GET", "/repos/acme/lib")).status).toBe(200);
    expect(await api("GET", "/repos/acme/lib/topics")).toMatchObject({ status: 502, body: "<html>" });
  });

  it("drop the connection before the request, or after it was carried out", async () => {
    ({ github, api } = await started());
    github.inject({ method: "PUT", drop: true });
    await expect(api("PUT", FILE, FILE_BODY)).rejects.toThrow();
    expect(github.repository("lib").files()).not.toHaveProperty(["a.txt"]);
    github.inject({ method: "PUT", drop: true, after: true });
    await expect(api("PUT", FILE, FILE_BODY)).rejects.toThrow();
    expect(github.repository("lib").files()).toHaveProperty(["a.txt"]);
    expect(github.calls.log.map(({ status }) => status)).toEqual(["dropped", "dropped"]);
  });

  it("delay, and can be taken back", async () => {
    ({ github, api } = await started());
    github.inject({ latencyMs: 60 });
    const begin = performance.now();
    expect((await api("GET", "/orgs/acme")).status).toBe(200);
    expect(performance.now() - begin).toBeGreaterThan(50);
    github.inject({ status: 500, times: Number.POSITIVE_INFINITY });
    expect((await api("GET", "/orgs/acme")).status).toBe(500);
    github.clearFaults();
    expect((await api("GET", "/orgs/acme")).status).toBe(200);
  });
});

describe("what is seen from outside", () => {
  it("is the calls by route, with path, status and condition", async () => {
    ({ github, api } = await started());
    await api("GET", "/api/v3/repos/acme/lib/contents/README.md?ref=main", undefined, {
      "if-none-match": '"x"',
    });
    await api("GET", "/nowhere");
    expect(github.calls.log).toEqual([
      {
        method: "GET",
        path: "/repos/acme/lib/contents/README.md?ref=main",
        route: "GET /repos/:owner/:repo/contents/:path",
        conditional: true,
        status: 200,
      },
      { method: "GET", path: "/nowhere", route: "GET *", conditional: false, status: 404 },
    ]);
    expect(github.calls.counts["GET /repos/:owner/:repo/contents/:path"]).toBe(1);
    github.resetCalls();
    expect(github.calls.total).toBe(0);
  });

  it("is one picture for two GitHubs with the same history, and another for any difference", async () => {
    const other = await started();
    ({ github, api } = await started());
    for (const each of [other.api, api]) {
      await each("PUT", FILE, FILE_BODY);
      await putSecret(each, "/repos/acme/lib/actions", "PAT", "v");
    }
    expect(github.snapshot()).toEqual(other.github.snapshot());
    await putSecret(api, "/repos/acme/lib/actions", "PAT", "w");
    expect(github.snapshot()).not.toEqual(other.github.snapshot());
    await other.github.close();
  });

  it("is nothing once it is closed", async () => {
    const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("emulated-github-"));
    const before = new Set(folders());
    const { github: passing } = await started();
    await fetch(`${passing.url}acme/lib.git/info/refs?service=git-upload-pack`, {
      headers: { authorization: `Basic ${base64("x:sandbox")}` },
    });
    const [mine = ""] = folders().filter((name) => !before.has(name));
    expect(existsSync(`${tmpdir()}/${mine}`)).toBe(true);
    await passing.close();
    expect(existsSync(`${tmpdir()}/${mine}`)).toBe(false);
    await expect(fetch(passing.url)).rejects.toThrow();
    ({ github, api } = await started());
  });

  it("starts with a thousand repositories within two seconds", async () => {
    const begin = performance.now();
    const repositories = Array.from({ length: 1000 }, (_, index) => ({ name: `lib-${index}` }));
    ({ github, api } = await started({ repositories }));
    expect(performance.now() - begin).toBeLessThan(2000);
    expect(github.repositories).toHaveLength(1000);
  });
});
