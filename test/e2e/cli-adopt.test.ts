import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import sodium from "libsodium-wrappers";
import { expect, test } from "vitest";
import { adopt } from "../../cli/commands/adopt.ts";
import { tellAdoption } from "../../demo/adopt.ts";
import { SANDBOX_TOKENS, type World } from "../../demo/world.ts";
import { NOTIFY_PATH, notifyWorkflow } from "../../workflows/notify.ts";
import { contextOf, ENGINE, holdLock, openCommandWorld, Said, writesOf } from "../support/cli.ts";
import { leaks } from "../support/leaks.ts";
import { type StoryWorld, satisOf } from "../support/teller.ts";

const SECRET = "COMPOSER_REPO_PAT";

/** The workflow as it is declared. */
function declared(repository: string): string {
  const id = `acme/${repository}`;
  const composer = { owner: "acme", repository: "composer", branch: "main" };
  return notifyWorkflow({ repository: id, dispatchName: id, composer, secretName: SECRET });
}

/** A state as `pulumi stack export` gives that of a new stack. */
const EMPTY = { manifest: { time: "2026-01-01T00:00:00Z", magic: "", version: "" } };

/** A token as people leave it in a workflow made by hand; it belongs in no output. */
const LITERAL = ["ghp", "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"].join("_");
const THEIRS = `name: theirs\nrun: 'curl -H "Authorization: Bearer ${LITERAL}" $URL'\n`;

const withWorkflow = (name: string, text = declared(name)) => ({ name, files: { [NOTIFY_PATH]: text } });

async function adopted(
  world: World,
  options: Partial<Parameters<typeof adopt>[1]> = {},
  { said = new Said(), meanwhile = [] }: { said?: Said; meanwhile?: readonly string[] } = {},
) {
  world.github.resetCalls();
  const out = join(world.home, "import.json");
  const code = await adopt(await contextOf(world), { out, json: true, ...options }, said);
  expect(leaks(said.all + (await readFile(out, "utf8")), { ...SANDBOX_TOKENS, LITERAL })).toEqual([]);
  expect(writesOf(world)).toEqual(meanwhile);
  return { code, said, result: options.json === false ? {} : said.json };
}

/** Asks GitHub for something as a person would, beside the fleet. */
async function stranger(world: World, method: string, path: string, body?: object): Promise<Response> {
  const headers = { authorization: "Bearer sandbox-script" };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  return fetch(`${world.github.url}${path}`, { method, headers, ...text });
}

async function scripted(world: StoryWorld = {}): Promise<World> {
  const opened = await openCommandWorld({
    repositories: [withWorkflow("lib"), withWorkflow("tool", THEIRS), { name: "composer", private: true }],
    ...world,
  });
  for (const name of ["lib", "tool"]) opened.github.repository(name).setSecret(SECRET, "the script's");
  return opened;
}

test("the demo's fleet is adopted: nothing deleted, no equal file committed, one write a secret, the rest brought true", async () => {
  const story = await tellAdoption(ENGINE, () => undefined);
  expect(story).toMatchObject({
    deletes: 0,
    fileCommitsOfEqualContent: 0,
    secretWrites: story.secrets,
    settled: true,
  });
  expect(story.updated).toHaveLength(3);
});

test("configuration that would change what is there is named first, nothing is imported, and --configure sets it", async () => {
  const composer = { name: "composer", defaultBranch: "trunk", private: false };
  const world = await scripted({ repositories: [withWorkflow("lib"), withWorkflow("tool"), composer] });
  try {
    const { code, result } = await adopted(world, { import: true });
    expect([code, result.imported]).toEqual([2, false]);
    expect(result.settings).toMatchObject([
      { command: "pulumi config set satis-fleet:composerBranch trunk" },
      { command: "pulumi config set satis-fleet:visibility public" },
    ]);
    expect((await world.stack.exportStack()).deployment?.resources ?? []).toEqual([]);
    const set = await adopted(world, { import: true, configure: true });
    expect([set.code, set.result.imported]).toEqual([0, true]);
    // Opened anew, as the next command does: the world's own stack has the old configuration.
    await (await contextOf(world)).stack.up({ refresh: true });
    const repository = world.github.repository("composer");
    expect([repository.private, repository.defaultBranch]).toEqual([false, "trunk"]);
  } finally {
    await world.close();
  }
});

test("a whole fleet whose state was lost is adopted in place: site, environment, ruleset and files", async () => {
  const world = await openCommandWorld();
  try {
    await world.stack.up();
    await world.stack.importStack({ version: 3, deployment: EMPTY });
    const { code, result } = await adopted(world, { import: true });
    expect(code).toBe(0);
    expect(result.found).toEqual({ repositories: 1, files: 7, secrets: 3, settings: 4 });
    world.github.resetCalls();
    const { operations } = await world.stack.up({ refresh: true });
    expect(operations.delete ?? 0).toBe(0);
    // The minute is drawn anew: the file that holds it is the one that differs.
    const files = writesOf(world).filter((write) => write.includes("/contents/"));
    expect(files.filter((write) => !write.endsWith("/build.yml"))).toEqual([]);
    expect(writesOf(world).filter((write) => write.includes("/secrets/"))).toHaveLength(3);
    expect(writesOf(world).filter((write) => write.startsWith("DELETE"))).toEqual([]);
    expect(Object.keys((await world.stack.up({ refresh: true })).operations)).toEqual(["same"]);
  } finally {
    await world.close();
  }
});

test("a site served from a folder and its domain are told of", async () => {
  const world = await scripted();
  try {
    const answer = await fetch(`${world.github.url}repos/acme/composer/pages`, {
      method: "POST",
      headers: { authorization: "Bearer sandbox-script" },
      body: JSON.stringify({ build_type: "legacy", source: { branch: "main", path: "/" } }),
    });
    expect(answer.ok).toBe(true);
    const { code, result } = await adopted(world);
    expect(code).toBe(0);
    expect(result.notes).toEqual([expect.stringContaining("runbook")]);
    expect(JSON.stringify(result.document)).toContain('"composer-pages"');
  } finally {
    await world.close();
  }
});

test("differing files are shown, and so is one whose last commit skips workflows", async () => {
  const world = await scripted();
  try {
    const file = `${world.github.url}repos/acme/lib/contents/${NOTIFY_PATH}`;
    const headers = { authorization: "Bearer sandbox-script" };
    const { sha, content } = (await (await fetch(file, { headers })).json()) as {
      sha: string;
      content: string;
    };
    await fetch(file, {
      method: "PUT",
      headers,
      body: JSON.stringify({ message: "x", sha, content: "eA==" }),
    });
    const { sha: now } = (await (await fetch(file, { headers })).json()) as { sha: string };
    const message = "Add the workflow [skip ci]";
    await fetch(file, {
      method: "PUT",
      headers,
      body: JSON.stringify({ message, sha: now, content: content.replaceAll("\n", "") }),
    });
    const text = (await adopted(world, { json: false })).said.all;
    const { result } = await adopted(world, { import: true });
    expect(text).toContain("-run: 'curl -H \"Authorization: Bearer ***\" $URL'");
    expect(result.rewritten).toMatchObject([
      { repository: "acme/lib", path: NOTIFY_PATH, why: expect.stringContaining("skip workflows") },
      { repository: "acme/tool", path: NOTIFY_PATH, diff: expect.stringContaining("-name: theirs") },
    ]);
    await world.stack.up({ refresh: true });
    for (const name of ["lib", "tool"]) {
      const repository = world.github.repository(name);
      expect(repository.files()[NOTIFY_PATH]).toBe(declared(name));
      expect(repository.commits()[0]?.message).toBe(`chore: update ${NOTIFY_PATH} (satis-fleet)`);
    }
  } finally {
    await world.close();
  }
});

test("what is missing, renamed or archived is said, gives 2, and nothing is imported", async () => {
  const world = await scripted({
    satis: satisOf("archived", "gone", "lib", "moved"),
    repositories: [withWorkflow("archived"), withWorkflow("lib"), withWorkflow("moved"), { name: "tool" }],
  });
  try {
    world.github.repository("archived").archive();
    world.github.move("moved", "elsewhere");
    const { code, result } = await adopted(world, { import: true });
    expect([code, result.imported]).toEqual([2, false]);
    const problems = result.problems as { repository: string; reason: string }[];
    expect(Object.fromEntries(problems.map(({ repository, reason }) => [repository, reason]))).toMatchObject({
      "acme/archived": expect.stringContaining("archived"),
      "acme/gone": expect.stringContaining("not there"),
      "acme/moved": expect.stringContaining("acme/elsewhere now"),
    });
  } finally {
    await world.close();
  }
});

test("requests that are dropped are made again: the report is a whole one", async () => {
  const world = await scripted();
  try {
    const calm = await adopted(world);
    for (const path of [
      "/graphql",
      "/repos/:owner/:repo/actions/secrets/:name",
      "/repos/:owner/:repo/pages",
    ]) {
      world.github.inject({ path, drop: true, times: 1 });
    }
    const { code, result } = await adopted(world);
    expect([code, result.document, result.problems]).toEqual([0, calm.result.document, []]);
  } finally {
    await world.close();
  }
});

test("every third request may be dropped: the report is a whole one", async () => {
  const world = await scripted();
  try {
    const calm = await adopted(world);
    for (let skip = 2; skip < 200; skip += 3) world.github.inject({ drop: true, skip });
    const { code, result } = await adopted(world);
    expect([code, result]).toEqual([0, calm.result]);
  } finally {
    await world.close();
  }
});

test("one secret of the organization is adopted with the configuration that it asks for, and said where it cannot be read", async () => {
  const world = await openCommandWorld({
    repositories: [{ name: "lib" }, { name: "tool" }, { name: "composer", private: true }],
  });
  try {
    const secrets = "orgs/acme/actions/secrets";
    const { key, key_id } = (await (await stranger(world, "GET", `${secrets}/public-key`)).json()) as {
      key: string;
      key_id: string;
    };
    await sodium.ready;
    const sealed = sodium.crypto_box_seal("the script's", Buffer.from(key, "base64"));
    const encrypted_value = Buffer.from(sealed).toString("base64");
    const selected_repository_ids = ["lib", "tool"].map((name) => world.github.repository(name).id);
    const secret = { encrypted_value, key_id, visibility: "selected", selected_repository_ids };
    expect((await stranger(world, "PUT", `${secrets}/${SECRET}`, secret)).ok).toBe(true);
    const refusal = { status: 403, body: { message: "Resource not accessible by personal access token" } };
    world.github.inject({ path: "/orgs/:org/actions/secrets/:name", ...refusal, times: 9 });
    const blind = await adopted(world);
    expect([blind.code, blind.result.notes]).toEqual([
      0,
      [expect.stringMatching(/403.*: where it is, pulumi config set satis-fleet:secretScope organization/)],
    ]);
    world.github.clearFaults();
    const { code, result } = await adopted(world, { import: true, configure: true });
    expect([code, result.imported, result.found]).toEqual([0, true, expect.objectContaining({ secrets: 1 })]);
    world.github.resetCalls();
    const { stack } = await contextOf(world);
    await stack.up({ refresh: true });
    expect(writesOf(world).filter((write) => write.includes(SECRET))).toHaveLength(1);
    expect(world.github.organizationSecret(SECRET)).toBe(SANDBOX_TOKENS.dispatch);
    expect(Object.keys((await stack.up({ refresh: true })).operations)).toEqual(["same"]);
  } finally {
    await world.close();
  }
});

test("a stack that somebody is working on is left alone", async () => {
  const world = await scripted();
  try {
    await holdLock(world);
    await expect(adopted(world, { import: true })).rejects.toThrow(
      /locked by somebody.*nothing was imported/,
    );
    expect((await world.stack.exportStack()).deployment?.resources ?? []).toEqual([]);
  } finally {
    await world.close();
  }
});

test("a repository that is deleted meanwhile is said: while it is looked at, and before the import", async () => {
  const world = await scripted();
  try {
    const route = "/repos/:owner/:repo/actions/secrets/:name";
    world.github.inject({ path: route, latencyMs: 300, times: 9 });
    const meanwhile = ["DELETE /repos/acme/tool"];
    const looking = adopted(world, { import: true }, { meanwhile });
    while (!world.github.calls.log.some((call) => call.route === `GET ${route}`)) await sleep(2);
    await stranger(world, "DELETE", "repos/acme/tool");
    const { code, result } = await looking;
    expect([code, result.imported]).toEqual([2, false]);
    expect(result.problems).toMatchObject([{ repository: "acme/tool" }]);
    world.github.seed([withWorkflow("tool")]);
    const said = new Said();
    const note = said.err;
    const deleting = Object.assign(said, {
      err: (text: string) => {
        note(text);
        if (text.startsWith("making the provider")) void stranger(world, "DELETE", "repos/acme/tool");
      },
    });
    await expect(adopted(world, { import: true }, { said: deleting })).rejects.toThrow(
      /^the import failed:\n {2}[^\n]*'tool:[^\n]* does not exist\nwhat was imported is recorded: run it again to go on$/,
    );
    world.github.seed([withWorkflow("tool")]);
    expect(await adopted(world, { import: true })).toMatchObject({ code: 0, result: { imported: true } });
  } finally {
    await world.close();
  }
});

test("a token that may not read secrets, and one that GitHub refuses: said, nothing imported", async () => {
  const world = await scripted();
  try {
    world.github.setToken(SANDBOX_TOKENS.provider, {
      permissions: { contents: "read", administration: "read" },
    });
    const { code, result } = await adopted(world, { import: true });
    expect([code, result.imported]).toEqual([2, false]);
    expect(JSON.stringify(result.problems)).toContain("secrets=read");
    world.github.setToken(SANDBOX_TOKENS.provider, { revoked: true });
    await expect(adopted(world)).rejects.toThrow(/401|token/);
  } finally {
    await world.close();
  }
});
