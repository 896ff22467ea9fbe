import { describe, expect, test } from "vitest";
import type { Properties } from "../../../sandbox/provider/types.ts";
import { apiOf } from "../github/client.ts";
import { comparable, configured, Driver, recorded, token, type World, world } from "./support.ts";

/** Runs operations one after the other and compares the requests of each with the recording. */
class Story {
  readonly world: World;
  readonly driver: Driver;
  readonly #recording: ReturnType<typeof recorded>;
  readonly #type: string;

  constructor(at: World, driver: Driver, file: string, type: string) {
    this.world = at;
    this.driver = driver;
    this.#recording = recorded(file);
    this.#type = type;
  }

  async expect(operation: string, act: () => Promise<unknown>): Promise<void> {
    this.world.taken();
    await act();
    const calls = this.#recording[`${this.#type}: ${operation}`];
    expect(calls, operation).toBeDefined();
    expect(comparable(this.world.taken()), operation).toEqual(comparable(calls ?? []));
  }

  up(operation: string, props: Properties): Promise<void> {
    return this.expect(operation, () => this.driver.up(props));
  }
}

async function story(name: string, file: string, title = name): Promise<Story> {
  const at = await world();
  const driver = new Driver(await configured(at.url), token(name));
  return new Story(at, driver, file, title);
}

describe("requests are those of the real provider", () => {
  test("for a repository", async () => {
    const one = await story("Repository", "repository");
    const props: Properties = {
      name: "lib3",
      description: "A library",
      visibility: "private",
      autoInit: true,
      hasIssues: true,
      deleteBranchOnMerge: true,
      allowRebaseMerge: false,
      archiveOnDestroy: true,
      vulnerabilityAlerts: true,
    };
    const named = (calls: unknown) => JSON.parse(JSON.stringify(calls).replaceAll("lib3", "lib"));
    const at = one.world;
    at.taken();
    await one.driver.up(props);
    const created = recorded("repository")["Repository: create"] ?? [];
    expect(named(comparable(at.taken()))).toEqual(comparable(created));
    await one.driver.refresh();
    expect(at.taken()).toEqual([{ method: "GET", path: "/repos/acme/lib3", ifNoneMatch: true, status: 304 }]);
    await one.driver.up({ ...props, description: "Another" });
    const updated = recorded("repository")["Repository: change description"] ?? [];
    expect(named(comparable(at.taken()))).toEqual(comparable(updated));
  });

  test("for a repository that is renamed, and archived instead of deleted", async () => {
    const { driver, world: at } = await story("Repository", "repository");
    const props: Properties = { name: "one", visibility: "private", archiveOnDestroy: true };
    await driver.up(props);
    const id = driver.state?.id;
    at.taken();
    const outputs = await driver.up({ ...props, name: "two" });
    expect(at.taken().map(({ method, path }) => `${method} ${path}`)).toEqual([
      "PATCH /repos/acme/one",
      "GET /repos/acme/two",
      "GET /repos/acme/two/vulnerability-alerts",
    ]);
    expect([driver.state?.id, id, outputs.id]).toEqual(["one", "one", "two"]);
    await driver.destroy();
    expect(at.taken().map(({ method, path }) => `${method} ${path}`)).toEqual(["PATCH /repos/acme/two"]);
    expect(at.github.repository("two").archived).toBe(true);
  });

  test("for a file", async () => {
    const one = await story("RepositoryFile", "repository-file");
    const props: Properties = {
      repository: "lib",
      branch: "main",
      file: ".github/workflows/notify.yml",
      content: "on: push\n",
      commitMessage: "Add notify workflow",
      commitAuthor: "fleet",
      commitEmail: "fleet@acme.example",
      overwriteOnCreate: true,
    };
    await one.up("create", props);
    await one.expect("refresh, no change", () => one.driver.refresh());
    await one.up("change content", { ...props, content: "on: [push]\n" });
    const other = { ...props, content: "on: [push]\n", commitMessage: "Other message" };
    await one.up("change commitMessage only", other);
  });

  test("for a file with the default message and branch", async () => {
    const one = await story("RepositoryFile", "repository-file", "RepositoryFile (plain)");
    const props = { repository: "lib", file: "satis.json", content: "{}\n" };
    await one.up("create", props);
    await one.up("change content", { ...props, content: "{ }\n" });
    expect(await one.driver.diff({ ...props, content: "{ }\n", branch: "main" })).toMatchObject({
      changes: false,
    });
  });

  test("for a secret of a repository", async () => {
    const one = await story("ActionsSecret", "secrets");
    const props = { repository: "lib", secretName: "COMPOSER_REPO_PAT", value: "first" };
    await one.up("create", props);
    await one.expect("refresh, no change", () => one.driver.refresh());
    await one.up("change value", { ...props, value: "second" });
    expect(one.world.github.repository("lib").secretValue("COMPOSER_REPO_PAT")).toBe("second");
    await one.up("change secretName", { ...props, secretName: "OTHER", value: "second" });
    await one.up("change repository", { repository: "lib2", secretName: "OTHER", value: "second" });
  });

  test("for a secret of the organization, and the repositories that may read it", async () => {
    const one = await story("ActionsOrganizationSecret", "secrets");
    const props = { secretName: "ORG_PAT", value: "x", visibility: "selected" };
    await one.up("create", props);
    await one.up("change value", { ...props, value: "y" });
    const provider = await configured(one.world.url);
    const access = new Driver(provider, token("ActionsOrganizationSecretRepositories"));
    const id = one.world.github.repository("lib").id;
    const title = "ActionsOrganizationSecretRepositories";
    const two = new Story(one.world, access, "secrets", title);
    await access.up({ secretName: "ORG_PAT", selectedRepositoryIds: [id, id + 1] });
    await two.up("change selectedRepositoryIds reordered", {
      secretName: "ORG_PAT",
      selectedRepositoryIds: [id + 1, id],
    });
    await two.up("change selectedRepositoryIds empty", { secretName: "ORG_PAT", selectedRepositoryIds: [] });
    await one.up("change selectedRepositoryIds", { ...props, value: "y", selectedRepositoryIds: [id] });
  });

  test("for Pages", async () => {
    const one = await story("RepositoryPages", "pages", "RepositoryPages (legacy)");
    const props = { repository: "lib", buildType: "legacy", source: { branch: "gh-pages", path: "/" } };
    await one.up("create", props);
    await one.expect("refresh, no change", () => one.driver.refresh());
    await one.up("change source.path", { ...props, source: { branch: "gh-pages", path: "/docs" } });
    const main = { ...props, source: { branch: "main", path: "/" } };
    await one.driver.up(main);
    await one.up("change cname", { ...main, cname: "composer.acme.example" });
    await one.driver.up(main);
    await one.up("change buildType workflow, source removed", { repository: "lib", buildType: "workflow" });
  });

  test("for an environment and its branch policy", async () => {
    const one = await story("RepositoryEnvironment", "environment");
    const policy = { customBranchPolicies: true, protectedBranches: false };
    const props = { repository: "lib", environment: "github-pages", deploymentBranchPolicy: policy };
    await one.up("create", props);
    await one.expect("refresh, no change", () => one.driver.refresh());
    await one.up("change waitTimer", { ...props, waitTimer: 10 });
    const provider = await configured(one.world.url);
    const policies = new Driver(provider, token("RepositoryEnvironmentDeploymentPolicy"));
    const title = "RepositoryEnvironmentDeploymentPolicy";
    const two = new Story(one.world, policies, "environment", title);
    const branch = { repository: "lib", environment: "github-pages" };
    await policies.up({ ...branch, branchPattern: "main" });
    await two.up("change branchPattern", { ...branch, branchPattern: "gh-pages" });
    await two.up("change branchPattern -> tagPattern", { ...branch, tagPattern: "v*" });
  });

  test("for a ruleset", async () => {
    const one = await story("RepositoryRuleset", "ruleset");
    const pullRequest = { dismissStaleReviewsOnPush: true, requiredApprovingReviewCount: 1 };
    const props: Properties = {
      name: "main",
      repository: "lib",
      target: "branch",
      enforcement: "active",
      bypassActors: [
        { actorId: 5, actorType: "RepositoryRole", bypassMode: "always" },
        { actorId: 1, actorType: "OrganizationAdmin", bypassMode: "always" },
      ],
      conditions: { refName: { includes: ["~DEFAULT_BRANCH"], excludes: [] } },
      rules: { deletion: true, nonFastForward: true, pullRequest },
    };
    await one.up("create", props);
    expect(await one.driver.diff(props)).toMatchObject({ changes: false });
    await one.driver.refresh();
    expect(await one.driver.diff(props)).toMatchObject({ changes: false });
  });
});

// Measured against the real provider as well, but in no recording.
describe("requests for", () => {
  const short = (at: World) => at.taken().map(({ method, path }) => `${method} ${path}`);

  test("an environment's secret go by the repository's id", async () => {
    const { driver, world: at } = await story("ActionsEnvironmentSecret", "secrets");
    const id = at.github.repository("lib").id;
    const base = `/repositories/${id}/environments/release%2Fprod`;
    await apiOf(at.github)("PUT", "/repos/acme/lib/environments/release%2Fprod", {});
    at.taken();
    const props = { repository: "lib", environment: "release/prod", secretName: "READ", value: "x" };
    await driver.up(props);
    expect(driver.state?.id).toBe("lib:release/prod:READ");
    expect(short(at)).toEqual([
      "GET /repos/acme/lib",
      `GET ${base}/secrets/public-key`,
      `PUT ${base}/secrets/READ`,
      `GET ${base}/secrets/READ`,
    ]);
    expect(await driver.diff({ ...props, environment: "other" })).toMatchObject({
      replaces: ["environment"],
    });
    await driver.refresh();
    await driver.destroy();
    expect(short(at)).toEqual([`GET ${base}/secrets/READ`, `DELETE ${base}/secrets/READ`]);
  });

  test("what workflows may do are a write and a read, and deletion sets the defaults again", async () => {
    const { driver, world: at } = await story("WorkflowRepositoryPermissions", "environment");
    const props = {
      repository: "lib",
      defaultWorkflowPermissions: "write",
      canApprovePullRequestReviews: true,
    };
    const path = "/repos/acme/lib/actions/permissions/workflow";
    await driver.up(props);
    expect(driver.state?.id).toBe("lib");
    await driver.refresh();
    expect(short(at)).toEqual([`PUT ${path}`, `GET ${path}`, `GET ${path}`]);
    await driver.destroy();
    const body = { default_workflow_permissions: "read", can_approve_pull_request_reviews: false };
    expect(at.taken()).toMatchObject([{ method: "PUT", body }]);
  });
});

describe("imports", () => {
  test("ask for a file's newest commit and leave nothing to change", async () => {
    const { driver, world: at } = await story("RepositoryFile", "repository-file");
    await driver.up({ repository: "lib", file: "satis.json", content: "{}\n" });
    at.taken();
    await driver.import("lib:satis.json:");
    const paths = at.taken().map(({ method, path }) => `${method} ${path.replace(/[0-9a-f]{40}/, "SHA")}`);
    expect(paths).toEqual([
      "GET /repos/acme/lib",
      "GET /repos/acme/lib/contents/satis.json?ref=main",
      "GET /repos/acme/lib/contents/satis.json?ref=main",
      "GET /repos/acme/lib/commits?path=satis.json&sha=main",
      "GET /repos/acme/lib/commits/SHA",
    ]);
    const props = { repository: "lib", file: "satis.json", content: "{}\n" };
    expect(await driver.diff(props)).toMatchObject({ changes: false });
    expect(driver.state?.id).toBe("lib:satis.json:main");
  });

  test("of what is not there, or of an id that makes no sense, find nothing", async () => {
    const { driver } = await story("RepositoryFile", "repository-file");
    expect(await driver.import("lib:nowhere.md:")).toBeUndefined();
    expect(await driver.import("lib")).toBeUndefined();
  });

  test("of Pages by the repository's name answer the numeric id, and only settings that may stand alone", async () => {
    const { driver, world: at } = await story("RepositoryPages", "pages");
    await apiOf(at.github)("POST", "/repos/acme/lib/pages", { source: { branch: "gh-pages" } });
    await driver.import("lib");
    expect(driver.state?.id).toBe(String(at.github.repository("lib").id));
    expect(driver.state?.inputs).not.toHaveProperty("httpsEnforced");
  });
});
