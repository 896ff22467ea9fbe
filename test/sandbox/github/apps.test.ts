import { generateKeyPairSync } from "node:crypto";
import { createAppAuth } from "@octokit/auth-app";
import { afterEach, expect, it } from "vitest";
import type { EmulatedGitHub } from "../../../sandbox/github/index.ts";
import { type Api, apiOf, started } from "./client.ts";

const newKey = () =>
  generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
const { publicKey, privateKey } = newKey();

let github: EmulatedGitHub;
afterEach(() => github.close());

const signedIn = async (appId: number, key = privateKey): Promise<Api> =>
  apiOf(github, (await createAppAuth({ appId, privateKey: key })({ type: "app" })).token);

it("an App signs in with its own key and mints tokens of what it may, where it is installed", async () => {
  ({ github } = await started({
    organizations: ["other"],
    repositories: [{ name: "lib" }, { name: "tool" }],
  }));
  const permissions = { contents: "read", issues: "write" } as const;
  github.setApp(7, { publicKey, owner: "acme", permissions, repositories: ["lib"] });
  const app = await signedIn(7);
  expect((await app("GET", "/app")).body).toEqual({ id: 7 });
  const place = await app("GET", "/orgs/acme/installation");
  expect(place.body).toMatchObject({
    id: 7,
    permissions,
    repository_selection: "selected",
    suspended_at: null,
  });
  expect((await app("GET", "/users/other/installation")).status).toBe(404);
  const tokens = "/app/installations/7/access_tokens";
  const minted = await app("POST", tokens, { permissions: { contents: "read" } });
  expect(minted).toMatchObject({
    status: 201,
    body: { permissions: { metadata: "read", contents: "read" } },
  });
  const api = apiOf(github, minted.body.token);
  expect((await api("GET", "/repos/acme/lib/commits")).status).toBe(200);
  expect((await api("POST", "/repos/acme/lib/issues", { title: "no" })).status).toBe(403);
  expect((await api("GET", "/repos/acme/tool")).status).toBe(404);
  expect((await app("POST", tokens, { permissions: { contents: "write" } })).status).toBe(422);
  github.setApp(7, { publicKey, owner: "acme", permissions, suspended: true });
  expect((await app("POST", tokens)).status).toBe(403);
});

it("an App with another's key, and one that is not there, are refused", async () => {
  ({ github } = await started());
  github.setApp(7, { publicKey, owner: "acme", permissions: {} });
  expect((await (await signedIn(7, newKey().privateKey))("GET", "/app")).status).toBe(401);
  expect((await (await signedIn(8))("GET", "/app")).status).toBe(404);
});
