import { afterEach, describe, expect, it } from "vitest";
import type { EmulatedGitHub, GitHubOptions } from "../../../sandbox/github/index.ts";
import { type Api, started } from "./client.ts";

let github: EmulatedGitHub;
let api: Api;
const start = async (options: GitHubOptions = {}) => {
  ({ github, api } = await started(options));
};
afterEach(() => github.close());

const R = "/repos/acme/lib";
const RULESET = { name: "main", enforcement: "active", rules: [] };

describe("Pages", () => {
  it("is switched on once, changed and switched off", async () => {
    await start();
    const nope = await api("POST", `${R}/pages`, { build_type: "legacy", source: { branch: "nope" } });
    expect(nope.body.errors).toEqual(["The nope branch must exist before GitHub Pages can be built."]);
    const made = await api("POST", `${R}/pages`, { build_type: "legacy", source: { branch: "main" } });
    expect(made).toMatchObject({
      status: 201,
      body: { source: { branch: "main", path: "/" }, html_url: "https://acme.github.io/lib/" },
    });
    expect((await api("POST", `${R}/pages`, {})).body.message).toBe("GitHub Pages is already enabled.");
    expect(
      (await api("PUT", `${R}/pages`, { build_type: "workflow", cname: "php.acme.example" })).status,
    ).toBe(204);
    const changed = (await api("GET", `${R}/pages`)).body;
    expect(changed).toMatchObject({ build_type: "workflow", cname: "php.acme.example" });
    expect(changed).not.toHaveProperty("source");
    expect((await api("GET", R)).body.has_pages).toBe(true);
    expect((await api("DELETE", `${R}/pages`)).status).toBe(204);
    expect((await api("DELETE", `${R}/pages`)).status).toBe(404);
  });
});

describe("environments", () => {
  it("keep their rules and the branches that may deploy", async () => {
    await start();
    const E = `${R}/environments/registry`;
    const custom = { protected_branches: false, custom_branch_policies: true };
    const made = await api("PUT", E, { wait_timer: 5, reviewers: null, deployment_branch_policy: custom });
    expect(made.body).toMatchObject({ name: "registry", deployment_branch_policy: custom });
    expect(made.body.protection_rules.map((rule: { type: string }) => rule.type)).toEqual([
      "wait_timer",
      "branch_policy",
    ]);
    const policy = await api("POST", `${E}/deployment-branch-policies`, { name: "main", type: "branch" });
    const address = `${E}/deployment-branch-policies/${policy.body.id}`;
    await api("PUT", address, { name: "release/*" });
    expect((await api("GET", address)).body).toMatchObject({ name: "release/*", type: "branch" });
    expect((await api("DELETE", address)).status).toBe(204);
    expect((await api("GET", address)).status).toBe(404);
    expect((await api("DELETE", E)).status).toBe(204);
    expect((await api("GET", E)).status).toBe(404);
  });
});

describe("a free plan", () => {
  it("has no rulesets, Pages or environment rules for private repositories", async () => {
    await start({ plan: "free", repositories: [{ name: "lib" }, { name: "open", private: false }] });
    const ruleset = await api("POST", `${R}/rulesets`, RULESET);
    const message = "Upgrade to GitHub Pro or make this repository public to enable this feature.";
    expect(ruleset).toMatchObject({ status: 403, body: { message } });
    expect((await api("POST", `${R}/pages`, { build_type: "workflow" })).status).toBe(422);
    expect((await api("PUT", `${R}/environments/e`, { wait_timer: 5 })).status).toBe(422);
    expect((await api("POST", "/repos/acme/open/rulesets", RULESET)).status).toBe(201);
  });
});

describe("Actions", () => {
  const workflow = (on: string) => `name: Build\non:\n${on}\njobs: {}\n`;
  const files = {
    ".github/workflows/partial-build.yml": workflow(
      "  workflow_dispatch:\n    inputs:\n      package:\n        required: true\n      mode:\n        default: full",
    ),
    ".github/workflows/push.yml": workflow("  push:"),
  };
  const dispatch = (file: string, body: object, headers = {}) =>
    api("POST", `${R}/actions/workflows/${file}/dispatches`, body, headers);

  it("accepts a dispatch, and gives the run's id to those who ask", async () => {
    await start({ repositories: [{ name: "lib", files }] });
    const body = { ref: "main", inputs: { package: "acme/lib" } };
    expect((await dispatch("partial-build.yml", body)).status).toBe(204);
    const detailed = await dispatch("partial-build.yml", { ...body, return_run_details: true });
    const { workflow_run_id: id } = detailed.body;
    expect(detailed.status).toBe(200);
    expect((await api("GET", `${R}/actions/runs/${id}`)).body).toMatchObject({
      status: "queued",
      event: "workflow_dispatch",
    });
    expect((await dispatch("partial-build.yml", body, { "x-github-api-version": "2026-03-10" })).status).toBe(
      200,
    );
    expect(github.repository("lib").dispatches).toHaveLength(3);
    expect(github.repository("lib").dispatches[0]?.inputs).toEqual({ package: "acme/lib", mode: "full" });
    expect(
      (await api("GET", `${R}/actions/workflows/partial-build.yml/runs?status=queued`)).body.total_count,
    ).toBe(3);
  });

  it("refuses a dispatch that the workflow does not declare", async () => {
    await start({ repositories: [{ name: "lib", files }] });
    const message = async (file: string, body: object) => (await dispatch(file, body)).body.message;
    const inputs = { package: "p", other: "x" };
    expect(await message("partial-build.yml", { ref: "main", inputs })).toBe(
      'Unexpected inputs provided: ["other"]',
    );
    expect(await message("partial-build.yml", { ref: "main" })).toBe("Required input 'package' not provided");
    expect(await message("partial-build.yml", { ref: "nope", inputs })).toBe("No ref found for: nope");
    expect(await message("push.yml", { ref: "main" })).toBe(
      "Workflow does not have 'workflow_dispatch' trigger",
    );
    expect(await message("nope.yml", { ref: "main" })).toBe("Not Found");
    await api("PUT", `${R}/actions/workflows/partial-build.yml/disable`);
    expect((await dispatch("partial-build.yml", { ref: "main", inputs: { package: "p" } })).status).toBe(422);
    expect(github.repository("lib").dispatches).toEqual([]);
  });

  it("keeps what Actions may do", async () => {
    await start();
    expect(
      (await api("PUT", `${R}/actions/permissions/workflow`, { can_approve_pull_request_reviews: true }))
        .status,
    ).toBe(204);
    expect((await api("GET", `${R}/actions/permissions/workflow`)).body).toEqual({
      default_workflow_permissions: "read",
      can_approve_pull_request_reviews: true,
    });
  });
});

describe("issues and pull requests", () => {
  it("are opened, found, commented on and closed", async () => {
    await start();
    const made = await api("POST", `${R}/issues`, { title: "Held", labels: ["registry"] });
    expect(made).toMatchObject({ status: 201, body: { number: 1, state: "open" } });
    await api("POST", `${R}/issues/1/comments`, { body: "again" });
    expect((await api("GET", `${R}/issues?labels=registry`)).body).toHaveLength(1);
    await api("PATCH", `${R}/issues/1`, { state: "closed" });
    expect((await api("GET", `${R}/issues`)).body).toEqual([]);
    expect((await api("GET", `${R}/issues/1/comments`)).body[0].body).toBe("again");
    expect((await api("POST", `${R}/labels`, { name: "x", color: "red" })).body.errors[0]).toMatchObject({
      field: "color",
    });
  });

  it("bring a branch into another, once", async () => {
    await start({ repositories: [{ name: "lib", branches: ["dev"], protectedByPullRequest: true }] });
    const body = { title: "Update", head: "dev", base: "main" };
    expect((await api("POST", `${R}/pulls`, body)).body.errors[0].message).toBe(
      "No commits between main and dev",
    );
    await api("PUT", `${R}/contents/a.txt`, { message: "m", content: "eA==", branch: "dev" });
    expect(await api("POST", `${R}/pulls`, { ...body, head: "acme:dev" })).toMatchObject({
      status: 201,
      body: { number: 1 },
    });
    const again = await api("POST", `${R}/pulls`, body);
    expect(again.body.errors[0].message).toBe("A pull request already exists for acme:dev.");
    expect((await api("GET", `${R}/pulls?head=acme:dev`)).body).toHaveLength(1);
    expect((await api("PATCH", `${R}/pulls/1`, { title: "Better" })).body.title).toBe("Better");
    expect((await api("PUT", `${R}/pulls/1/merge`)).body.merged).toBe(true);
    expect(github.repository("lib").files()).toMatchObject({ "a.txt": "x" });
    expect((await api("GET", `${R}/pulls/1`)).body).toMatchObject({ state: "closed", merged: true });
    expect((await api("PUT", `${R}/pulls/1/merge`)).status).toBe(405);
  });
});
