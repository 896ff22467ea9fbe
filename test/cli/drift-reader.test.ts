import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openReader, type Reader } from "../../cli/drift/reader.ts";
import { readRepositories } from "../../cli/drift/repositories.ts";
import { connect } from "../../cli/github.ts";
import { parseConfig } from "../../fleet/config.ts";
import { type EmulatedGitHub, primaryLimit, startGitHub } from "../../sandbox/github/index.ts";

const SECRET = "GET /repos/{owner}/{repo}/actions/secrets/{name}";
const names = (count: number) => Array.from({ length: count }, (_, index) => `p${index}`);
const questions = (count: number) => names(count).map((repository) => ({ repository, files: [] }));

describe("reading GitHub", () => {
  let github: EmulatedGitHub;
  let folder: string;
  let cacheFile: string;

  beforeEach(async () => {
    github = await startGitHub({ repositories: names(150).map((name) => ({ name })) });
    folder = await mkdtemp(join(tmpdir(), "satis-fleet-"));
    cacheFile = join(folder, "seen.json");
  });

  afterEach(async () => {
    await github.close();
    await rm(folder, { recursive: true });
  });

  async function open(): Promise<Reader> {
    const values = new Map([
      ["github:owner", "acme"],
      ["github:baseUrl", github.url],
      ["satis-fleet:notify", "poll"],
    ]);
    const { config } = parseConfig(values, new Set(["github:token"]));
    if (!config) throw new Error("the test's configuration is wrong");
    const raw = { "github:token": { value: "sandbox-reader", secret: true } };
    return openReader(connect(config, raw, { onlyReads: true }), cacheFile);
  }

  const readSecret = (reader: Reader, repo: string) =>
    reader.read(SECRET, { owner: "acme", repo, name: "TOKEN" }, ({ updated_at }) => ({ updated_at }));

  test("asks a hundred repositories a request", async () => {
    const found = await readRepositories(await open(), "acme", questions(150));
    expect([...found.values()].map(({ status }) => status)).toEqual(names(150).map(() => "there"));
    expect(github.calls.counts).toEqual({ "POST /graphql": 2 });
  });

  test("loses no repository to one that is gone", async () => {
    const found = await readRepositories(await open(), "acme", [
      ...questions(2),
      { repository: "never-was", files: [] },
    ]);
    expect([...found.values()].map(({ status }) => status)).toEqual(["there", "there", "gone"]);
  });

  test("asks a batch that GitHub cannot answer again in halves, and loses only the half that fails", async () => {
    const refused = { path: "/graphql", status: 403, body: { message: "Timeout" } };
    github.inject(refused);
    github.inject({ ...refused, skip: 1 });
    const found = await readRepositories(await open(), "acme", questions(10));
    const answers = [...found.values()];
    expect(answers.filter(({ status }) => status === "there")).toHaveLength(5);
    expect(answers.filter(({ status }) => status === "unread")).toHaveLength(5);
    expect(answers.find(({ status }) => status === "unread")).toMatchObject({ reason: "403 Timeout" });
  });

  test("remembers what it saw, so that nothing new costs nothing", async () => {
    github.repository("p0").setSecret("TOKEN", "value");
    const first = await open();
    const before = await readSecret(first, "p0");
    await first.save();
    expect(await readFile(cacheFile, "utf8")).not.toContain("sandbox-reader");
    const second = await open();
    expect(await readSecret(second, "p0")).toEqual(before);
    expect(second.calls).toEqual({ total: 1, free: 1 });
  });

  test("remembers what it did not ask for again, as where an earlier look came further", async () => {
    github.repository("p0").setSecret("TOKEN", "value");
    for (const name of ["p0", "p1", "p0"]) {
      const reader = await open();
      await readSecret(reader, name);
      await reader.save();
      expect(reader.calls.total).toBe(1);
    }
    const last = await open();
    await readSecret(last, "p0");
    expect(last.calls).toEqual({ total: 1, free: 1 });
  });

  test("does without a memory that is broken", async () => {
    github.repository("p0").setSecret("TOKEN", "value");
    await writeFile(cacheFile, '{"https://');
    const reader = await open();
    expect(await readSecret(reader, "p0")).toMatchObject({ status: "there" });
    expect(reader.calls).toEqual({ total: 1, free: 0 });
  });

  test("ends at once where the hour's requests are used up", async () => {
    github.inject({ ...primaryLimit(3000), times: 10 });
    await expect(readSecret(await open(), "p0")).rejects.toThrow(/used up until \d{4}-.*Z: try again then/);
  });
});
