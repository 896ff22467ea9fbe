import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PublishError } from "../../publisher/fault.ts";
import { connectGitHub, githubFetch } from "../../publisher/github.ts";
import {
  type EmulatedGitHub,
  primaryLimit,
  secondaryLimit,
  startGitHub,
} from "../../sandbox/github/index.ts";

let github: EmulatedGitHub;
let waits: number[];
const sleep = async (milliseconds: number) => {
  waits.push(milliseconds);
};
beforeEach(async () => {
  waits = [];
  github = await startGitHub({ repositories: [{ name: "composer" }] });
});
afterEach(() => github.close());

const api = () => connectGitHub(`${github.url}api/v3`, "token", { sleep });
const issues = ["repos", "acme", "composer", "issues"];
const address = () => `${github.url}repos/acme/composer`;

describe("requests to GitHub", () => {
  it("are tried again after 5xx and lost connections, with growing pauses", async () => {
    github.inject({ status: 502 });
    github.inject({ drop: true });
    expect((await githubFetch(address(), {}, { token: "t", sleep })).status).toBe(200);
    expect(waits).toEqual([1000, 2000]);
  });

  it("wait as long as a limit asks for, whatever the method", async () => {
    github.inject({ ...secondaryLimit(7) });
    await api().request("POST", issues, { body: { title: "x" } });
    github.inject({ ...primaryLimit(30) });
    await api().request("GET", issues);
    expect(waits[0]).toBe(7000);
    expect(waits[1]).toBeGreaterThan(25_000);
    expect(waits[1]).toBeLessThanOrEqual(31_000);
    expect(github.repository("composer").issues).toHaveLength(1);
  });

  it("do not wait for an hour: the refusal is the answer", async () => {
    github.inject({ ...primaryLimit(3000), times: 9 });
    await expect(api().request("GET", issues)).rejects.toThrow("API rate limit exceeded");
    expect(waits).toEqual([]);
  });

  it("are not repeated where a second time would do harm", async () => {
    github.inject({ method: "POST", after: true, status: 502 });
    await expect(api().request("POST", issues, { body: { title: "x" } })).rejects.toThrow(PublishError);
    expect(github.repository("composer").issues).toHaveLength(1);
    github.inject({ method: "POST", after: true, drop: true });
    await expect(api().request("POST", issues, { body: { title: "x" } })).rejects.toThrow("no answer from");
    expect(github.repository("composer").issues).toHaveLength(2);
    github.inject({ method: "POST", status: 502 });
    const body = JSON.stringify({ title: "y" });
    const response = await githubFetch(
      `${address()}/issues`,
      { method: "POST", body },
      { token: "t", repeatable: true, sleep },
    );
    expect(response.status).toBe(201);
  });

  it("end in words, not in a stack trace, and name the permission that is missing", async () => {
    github.setToken("token", { permissions: { metadata: "read" } });
    await expect(api().request("GET", issues)).rejects.toThrow(
      "github: GitHub answered 403 to GET /api/v3/repos/acme/composer/issues: Resource not accessible by personal access token: give the token the permission issues=read",
    );
    await expect(githubFetch("http://127.0.0.1:1/", {}, { sleep })).rejects.toThrow(
      /no answer from 127\.0\.0\.1:1/,
    );
  });

  it("keep every part of a path in its place", async () => {
    await expect(
      api().request("GET", ["repos", "acme", "../../user?x=1#y"], { allow: [404] }),
    ).resolves.toMatchObject({ status: 404 });
    expect(github.calls.log.at(-1)?.path).toBe("/repos/acme/..%2F..%2Fuser%3Fx%3D1%23y");
    await expect(api().request("GET", ["repos", "..", "user"])).rejects.toThrow("is no part of a path");
  });
});
