import { afterEach, describe, expect, it } from "vitest";
import type { EmulatedGitHub, GitHubOptions } from "../../../sandbox/github/index.ts";
import { type Api, putSecret, sealed, started } from "./client.ts";

let github: EmulatedGitHub;
let api: Api;
const start = async (options: GitHubOptions = {}) => {
  ({ github, api } = await started(options));
};
afterEach(() => github.close());

const ACTIONS = "/repos/acme/lib/actions";

describe("secrets", () => {
  it("are opened with the private key, and never shown", async () => {
    await start();
    expect((await putSecret(api, ACTIONS, "PAT", "hunter2 ✓")).status).toBe(201);
    expect(github.repository("lib").secretValue("pat")).toBe("hunter2 ✓");
    const shown = [await api("GET", `${ACTIONS}/secrets/PAT`), await api("GET", `${ACTIONS}/secrets`)];
    expect(JSON.stringify(shown.map(({ body }) => body))).not.toContain("hunter2");
    expect(JSON.stringify(github.snapshot())).not.toContain("hunter2");
  });

  it("tell of an overwrite by their time alone, even within a second", async () => {
    await start();
    await putSecret(api, ACTIONS, "PAT", "one");
    const before = (await api("GET", `${ACTIONS}/secrets/PAT`)).body;
    expect((await putSecret(api, ACTIONS, "PAT", "two")).status).toBe(204);
    const after = (await api("GET", `${ACTIONS}/secrets/PAT`)).body;
    expect(after.created_at).toBe(before.created_at);
    expect(Date.parse(after.updated_at)).toBeGreaterThan(Date.parse(before.updated_at));
  });

  it("refuse what is sealed wrongly, too long or badly named", async () => {
    await start({ repositories: [{ name: "lib" }, { name: "other" }] });
    const { body: key } = await api("GET", `${ACTIONS}/secrets/public-key`);
    const { body: foreign } = await api("GET", "/repos/acme/other/actions/secrets/public-key");
    const put = async (name: string, body: object) =>
      (await api("PUT", `${ACTIONS}/secrets/${name}`, body)).status;
    expect(await put("PAT", { encrypted_value: "eA==", key_id: key.key_id })).toBe(422);
    expect(await put("PAT", await sealed(foreign, "x"))).toBe(422);
    expect(await put("PAT", { ...(await sealed(key, "x")), key_id: foreign.key_id })).toBe(422);
    expect(await put("PAT", { ...(await sealed(foreign, "x")), key_id: key.key_id })).toBe(422);
    expect(await put("PAT", await sealed(key, "x".repeat(48 * 1024 + 1)))).toBe(422);
    expect(await put("PAT", await sealed(key, "x".repeat(48 * 1024)))).toBe(201);
    for (const name of ["GITHUB_X", "1A", "A-B"]) expect(await put(name, await sealed(key, "x"))).toBe(422);
  });

  it("belong to environments too, by name and by repository id", async () => {
    await start();
    await api("PUT", "/repos/acme/lib/environments/release%2Fprod", {});
    const byName = "/repos/acme/lib/environments/release%2Fprod";
    const byId = `/api/v3/repositories/${github.repository("lib").id}/environments/release%2Fprod`;
    expect((await putSecret(api, byName, "READ", "one")).status).toBe(201);
    expect((await putSecret(api, byId, "READ", "two")).status).toBe(204);
    expect(github.repository("lib").secretValue("READ", "release/prod")).toBe("two");
    expect((await api("GET", "/repos/acme/lib/environments/nope/secrets")).status).toBe(404);
  });

  it("of an organization reach the repositories that were chosen", async () => {
    await start({ repositories: [{ name: "a" }, { name: "b" }] });
    const S = "/orgs/acme/actions/secrets/ORG";
    expect((await putSecret(api, "/orgs/acme/actions", "ORG", "v", { visibility: "selected" })).status).toBe(
      201,
    );
    const ids = ["a", "b"].map((name) => github.repository(name).id);
    const names = async () =>
      (await api("GET", `${S}/repositories`)).body.repositories.map((one: { name: string }) => one.name);
    await api("PUT", `${S}/repositories`, { selected_repository_ids: ids });
    expect(await names()).toEqual(["a", "b"]);
    await api("DELETE", `${S}/repositories/${ids[0]}`);
    await putSecret(api, "/orgs/acme/actions", "ORG", "w");
    expect(await names()).toEqual(["b"]);
    expect((await api("GET", S)).body.visibility).toBe("selected");
    await api("DELETE", "/repos/acme/b");
    expect(await names()).toEqual([]);
    expect(github.organizationSecret("ORG")).toBe("w");
    await api("DELETE", S);
    expect((await api("PUT", `${S}/repositories`, { selected_repository_ids: [] })).status).toBe(404);
  });
});

describe("variables", () => {
  it("are created once, changed and deleted", async () => {
    await start();
    const V = `${ACTIONS}/variables`;
    expect((await api("POST", V, { name: "URL", value: "a" })).status).toBe(201);
    expect((await api("POST", V, { name: "url", value: "b" })).body.message).toBe(
      "Already exists - Variable already exists",
    );
    expect((await api("PATCH", `${V}/URL`, { value: "c" })).status).toBe(204);
    expect(github.repository("lib").variables).toEqual({ URL: "c" });
    expect((await api("DELETE", `${V}/URL`)).status).toBe(204);
    expect((await api("GET", `${V}/URL`)).status).toBe(404);
  });
});
