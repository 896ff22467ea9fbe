import { describe, expect, test } from "vitest";
import { secondaryLimit } from "../../../sandbox/github/index.ts";
import { providers } from "../../../sandbox/provider/index.ts";
import { PartialFailure, ProviderError, UNKNOWN } from "../../../sandbox/provider/types.ts";
import { configured, Driver, list, TOKEN, token, world } from "./support.ts";

const SECRET = "hush-hush-hush";

async function at(name: string, settings = {}) {
  const where = await world();
  return { ...where, driver: new Driver(await configured(where.url, settings), token(name)) };
}

async function failure(act: () => Promise<unknown>): Promise<ProviderError> {
  const error = await act().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ProviderError);
  return error as ProviderError;
}

const file = { repository: "lib", file: "n.yml", content: "1\n" };

describe("a secret", () => {
  const props = { repository: "lib", secretName: "PAT", value: SECRET };

  test("that was overwritten elsewhere moves a time and proposes nothing", async () => {
    const { driver, github } = await at("ActionsSecret");
    const before = await driver.up(props);
    github.repository("lib").setSecret("PAT", "another");
    const after = await driver.refresh();
    expect(after?.remoteUpdatedAt).not.toBe(before.remoteUpdatedAt);
    expect(after?.updatedAt).toBe(before.updatedAt);
    expect(await driver.diff(props)).toEqual({ changes: false, diffs: [], replaces: [] });
  });

  test("that was deleted elsewhere is gone after a refresh", async () => {
    const { driver, github } = await at("ActionsSecret");
    await driver.up(props);
    github.repository("lib").deleteSecret("PAT");
    expect(await driver.refresh()).toBeUndefined();
  });

  test("that GitHub does not know yet is asked for again", async () => {
    const { driver, github } = await at("ActionsSecret");
    github.inject({ method: "GET", path: /PAT/, times: 2, status: 404, body: { message: "Not Found" } });
    expect((await driver.up(props)).createdAt).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC$/);
  });

  test("with a name that GitHub reserves or refuses fails its check in the real words", async () => {
    const { driver } = await at("ActionsSecret");
    const reasons = async (secretName: string) =>
      (await driver.check({ ...props, secretName })).failures.map(({ reason }) => reason);
    expect(await reasons("github_x")).toEqual([
      "Error. secret names must not start with the GITHUB_ prefix. Examine values at 'x.secretName'.",
    ]);
    expect(await reasons("1-X")).toEqual([
      "Error. secret names can only contain alphanumeric characters or underscores and must not start with a number. Examine values at 'x.secretName'.",
    ]);
  });

  test("without a value fails for each of the four ways to give one", async () => {
    const { driver } = await at("ActionsSecret");
    const { failures } = await driver.check({ repository: "lib", secretName: "PAT" });
    expect(failures.map(({ reason }) => reason).sort()).toContain(
      "Invalid combination of arguments. \"value\": one of `encrypted_value,plaintext_value,value,value_encrypted` must be specified. Examine values at 'x.value'.",
    );
    expect(failures).toHaveLength(4);
  });

  test("and the token are in no error", async () => {
    const { driver, github } = await at("ActionsSecret");
    for (const fault of [{ status: 500 }, { drop: true }, { status: 422, body: { message: "No" } }]) {
      github.inject({ method: "PUT", times: 4, ...fault });
      const error = await failure(() => driver.up(props));
      github.clearFaults();
      const text = `${error.message} ${error.detail} ${error.stack}`;
      for (const value of [TOKEN, SECRET]) expect(text).not.toContain(value);
    }
  });
});

describe("a repository's new name", () => {
  test("is a rename when the id stays, and asks GitHub in diff and update", async () => {
    const { driver, github, taken } = await at("RepositoryFile");
    await driver.up(file);
    github.move("lib", "lib3");
    taken();
    expect(await driver.diff({ ...file, repository: "lib3" })).toMatchObject({ replaces: [] });
    expect(taken().map(({ path }) => path)).toEqual(["/repos/acme/lib3"]);
  });

  test("is a replacement that only __meta tells when the id is another", async () => {
    const { driver } = await at("RepositoryFile");
    await driver.up(file);
    expect(await driver.diff({ ...file, repository: "lib2" })).toEqual({
      changes: true,
      diffs: ["__meta", "repository"],
      replaces: ["__meta"],
    });
  });

  test("that no repository has yet is an update", async () => {
    const { driver } = await at("RepositoryFile");
    await driver.up(file);
    expect(await driver.diff({ ...file, repository: "later" })).toMatchObject({ replaces: [] });
  });

  test("is found through redirects under the old one, writes too", async () => {
    const { driver, github } = await at("RepositoryFile");
    await driver.up(file);
    github.move("lib", "lib3");
    await driver.up({ ...file, content: "2\n" });
    expect(github.repository("lib3").files()["n.yml"]).toBe("2\n");
  });
});

describe("a file", () => {
  test("that exists is refused unless it may be overwritten", async () => {
    const { driver } = await at("RepositoryFile");
    const error = await failure(() => driver.up({ ...file, file: "README.md" }));
    expect(error.message).toBe(
      "1 error occurred:\n\t* refusing to overwrite existing file: configure `overwrite_on_create` to `true` to override\n\n",
    );
  });

  test("edited by hand is a conflict without a refresh and drift with one", async () => {
    const { driver, url } = await at("RepositoryFile");
    await driver.up(file);
    const other = new Driver(await configured(url), token("RepositoryFile"));
    await other.import("lib:n.yml:");
    await other.up({ ...file, content: "by hand\n" });
    const error = await failure(() => driver.up({ ...file, content: "2\n" }));
    expect(error).toBeInstanceOf(PartialFailure);
    expect(error.detail).toMatch(/^PUT .*contents\/n\.yml: 409 /);
    await driver.refresh();
    expect(await driver.diff(file)).toMatchObject({ diffs: ["content"], replaces: [] });
  });

  test("whose update fails keeps the new values and the old id in the state", async () => {
    const { driver, github } = await at("RepositoryFile");
    await driver.up(file);
    github.inject({ method: "PUT", times: 4, status: 503, body: { message: "Unavailable" } });
    const error = await failure(() => driver.up({ ...file, content: "2\n" }));
    expect(error).toBeInstanceOf(PartialFailure);
    expect((error as PartialFailure).state).toMatchObject({
      id: "lib:n.yml:main",
      outputs: { content: "2\n" },
    });
  });

  test("on a branch that is missing fails with that text and nothing else", async () => {
    const { driver } = await at("RepositoryFile");
    const error = await failure(() => driver.up({ ...file, branch: "nope" }));
    expect(error.detail).toBe("unexpected status code: 404 Not Found");
  });

  test("in an archived repository cannot be updated, and is forgotten when deleted", async () => {
    const { driver, github } = await at("RepositoryFile");
    await driver.up(file);
    github.repository("lib").archive();
    expect((await failure(() => driver.up({ ...file, content: "2\n" }))).detail).toContain(": 403 ");
    await driver.destroy();
  });

  test("with dots for folders in its path never leaves the repository", async () => {
    const { driver, taken } = await at("RepositoryFile");
    await failure(() => driver.up({ ...file, file: "../../../orgs/acme/x" }));
    expect(taken().every(({ method }) => method === "GET")).toBe(true);
  });

  test("keeps a default of the state that a refresh made indistinguishable from a choice", async () => {
    const { driver } = await at("RepositoryFile");
    await driver.up({ ...file, overwriteOnCreate: true });
    await driver.refresh();
    expect((await driver.check(file)).inputs).toMatchObject({
      __defaults: ["overwriteOnCreate"],
      overwriteOnCreate: true,
    });
  });
});

describe("Pages", () => {
  test("forget the domain that was set at creation until the next update", async () => {
    const { driver, taken } = await at("RepositoryPages");
    const props = { repository: "lib", buildType: "workflow", cname: "a.example" };
    await driver.up(props);
    expect(await driver.diff(props)).toMatchObject({ diffs: ["cname"] });
    taken();
    await driver.up(props);
    expect(taken()).toMatchObject([{ method: "PUT", body: { cname: "a.example", build_type: "workflow" } }]);
  });

  test("that fail half made carry the state to keep", async () => {
    const { driver } = await at("RepositoryPages");
    const props = { repository: "lib", buildType: "workflow", cname: "a.example", httpsEnforced: true };
    expect(await failure(() => driver.up(props))).toBeInstanceOf(PartialFailure);
  });

  test("with a source that does not fit the build type are refused in previews", async () => {
    const { driver } = await at("RepositoryPages");
    const error = await failure(() =>
      driver.preview({ repository: "lib", source: { branch: "main" }, buildType: "workflow" }),
    );
    expect(error.detail).toBe("'source' is not supported for workflow build type");
  });
});

describe("previews", () => {
  test("of a create know the inputs and defaults, and say of the rest that it is unknown", async () => {
    const { driver, taken } = await at("RepositoryFile");
    expect(await driver.preview(file)).toMatchObject({
      branch: UNKNOWN,
      commitAuthor: null,
      commitSha: UNKNOWN,
      id: UNKNOWN,
      overwriteOnCreate: false,
    });
    expect(taken()).toEqual([]);
  });
});

describe("the client", () => {
  test("tries three times more after a fault of the server or a dropped connection, writes too", async () => {
    const { driver, github, taken } = await at("RepositoryFile");
    github.inject({ method: "PUT", times: 2, status: 502, body: "<html>" });
    github.inject({ method: "PUT", drop: true });
    await driver.up(file);
    expect(taken().filter(({ method }) => method === "PUT")).toHaveLength(4);
    github.inject({ method: "PUT", times: 4, drop: true });
    const { detail } = await failure(() => driver.up({ ...file, content: "2\n" }));
    expect(detail).toMatch(
      /^Put "http:\/\/127\.0\.0\.1:\d+\/api\/v3\/repos\/acme\/lib\/contents\/n\.yml": EOF$/,
    );
  });

  test("waits as long as a secondary limit says, and then goes on", async () => {
    const { driver, github } = await at("RepositoryFile");
    github.inject({ method: "PUT", ...secondaryLimit(1) });
    const start = Date.now();
    await driver.up(file);
    expect(Date.now() - start).toBeGreaterThanOrEqual(1000);
  });

  test("pauses after every write as long as writeDelayMs says", async () => {
    const { driver, taken } = await at("RepositoryFile", { writeDelayMs: "150" });
    const start = Date.now();
    await driver.up(file);
    await driver.up({ ...file, content: "2\n" });
    // Two writes, each followed by a read.
    expect(taken().filter(({ method }) => method === "PUT")).toHaveLength(2);
    expect(Date.now() - start).toBeGreaterThanOrEqual(300);
  });

  test("sends one request at a time unless told otherwise", async () => {
    const { driver, github } = await at("RepositoryFile", { parallelRequests: "false" });
    github.inject({ method: "GET", times: 100, latencyMs: 20 });
    await driver.up(file);
    const start = Date.now();
    await Promise.all([driver.refresh(), driver.refresh(), driver.refresh()]);
    expect(Date.now() - start).toBeGreaterThanOrEqual(110);
  });

  test("words errors as go-github does", async () => {
    const { driver, github } = await at("RepositoryFile");
    const errors = [{ resource: "File", field: "name", code: "invalid" }, "The branch must exist."];
    github.inject({ method: "PUT", status: 422, body: { message: "Validation Failed", errors } });
    const { detail } = await failure(() => driver.up(file));
    expect(detail).toMatch(
      /: 422 Validation Failed \[{Resource:File Field:name Code:invalid Message:} {Resource: Field: Code: Message:The branch must exist\.}\]$/,
    );
  });
});

describe("the provider", () => {
  const start = (settings: Record<string, string>) =>
    configured("http://127.0.0.1:9/", { maxRetries: "0", ...settings });

  test("asks for its owner at the start and says what went wrong", async () => {
    const { detail } = await failure(() => start({}));
    expect(detail).toBe(
      'failed to lookup organization "acme": Get "http://127.0.0.1:9/api/v3/orgs/acme": dial tcp 127.0.0.1:9: connect: connection refused',
    );
  });

  test("never speaks to github.com", async () => {
    for (const baseUrl of ["https://api.github.com/", "https://github.com/", "https://x.ghe.com/"]) {
      expect((await failure(() => start({ baseUrl }))).detail).toContain("an emulated GitHub only");
    }
  });

  test("takes a base that ends in /api/v3/ and an owner that is a user", async () => {
    const { url, taken } = await world();
    await configured(`${url}api/v3/`, { owner: "somebody" });
    expect(taken()).toMatchObject([{ path: "/orgs/somebody", status: 404 }]);
  });

  test("refuses settings, types, inputs and functions that it does not carry by their names", async () => {
    const { url } = await world();
    expect((await failure(() => configured(url, { readOnly: "true" }))).detail).toContain("'readOnly'");
    const provider = await configured(url);
    expect(provider.types.has(token("Team"))).toBe(false);
    expect((await failure(() => provider.invoke("github:index/getUser:getUser", {}))).detail).toContain(
      "getUser",
    );
    const repository = new Driver(provider, token("Repository"));
    const { failures } = await repository.check({ name: "x", pages: { source: { branch: "main" } } });
    expect(failures).toMatchObject([{ property: "pages" }]);
  });
});

describe("sets", () => {
  test("are ordered by value in the state whatever the program's order", async () => {
    const { driver } = await at("Repository");
    const outputs = await driver.up({
      name: "sorted",
      visibility: "private",
      topics: ["satis", "composer", "php"],
    });
    expect(list(outputs.topics)).toEqual(["composer", "php", "satis"]);
  });
});

test("every package of the program has a provider", () => {
  expect(Object.keys(providers).sort()).toEqual(["github", "random"]);
});
