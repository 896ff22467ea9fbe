import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { BUILD_KEY } from "../../publisher/record.ts";
import { teller } from "../../publisher/runner.ts";
import { type EmulatedGitHub, startGitHub } from "../../sandbox/github/index.ts";
import { readInput } from "../../updater/input.ts";
import { waitForVersions } from "../../updater/wait.ts";
import { type Plan, type WantedVersion, type Work, workIn, writeJson } from "../../updater/work.ts";

const SHA = "a".repeat(40);
const OTHER = "b".repeat(40);
const BUILD = "20261101T100000Z-0000000a";
const LATER = "20261101T110000Z-0000000a";

interface File {
  readonly body: unknown;
  readonly modified?: string;
}

let files: Record<string, File> = {};
let server: Server;
let url: string;
let github: EmulatedGitHub;
let folder: string;
let work: Work;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wait-"));
  work = workIn(folder);
  github = await startGitHub({
    repositories: [
      {
        name: "composer",
        files: {
          "packages.json": JSON.stringify(root(BUILD)),
          "p2/acme/anvil.json": JSON.stringify(metadata("1.1.0", SHA)),
        },
      },
    ],
    tokens: { reader: { permissions: { contents: "read" }, repositories: ["composer"] } },
  });
  server = createServer((request, response) => {
    const file = files[(request.url ?? "").slice(1)];
    if (file === undefined) return void response.writeHead(404).end();
    const { modified } = file;
    response.writeHead(200, {
      "content-type": "application/json",
      ...(modified ? { "last-modified": modified } : {}),
    });
    response.end(JSON.stringify(file.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  server.close();
  await github.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  files = { "packages.json": { body: root(BUILD) }, "p2/acme/anvil.json": { body: metadata("1.1.0", SHA) } };
});

function root(build: string, names: readonly string[] = ["acme/anvil"], metadataUrl = "/p2/%package%.json") {
  return { packages: [], "metadata-url": metadataUrl, "available-packages": names, [BUILD_KEY]: build };
}

function metadata(version: string, reference: string) {
  return {
    packages: {
      "acme/anvil": [{ name: "acme/anvil", version, source: { type: "git", url: "", reference } }],
    },
  };
}

interface Waited {
  readonly plan: Plan;
  readonly slept: number;
  readonly told: string;
}

/** Waits with a clock that jumps; `during` is called at each pause. */
async function wait(
  version: WantedVersion,
  { during, variables = {} }: { during?: (pause: number) => void; variables?: Record<string, string> } = {},
): Promise<Waited> {
  const unit = {
    base: "main",
    baseSha: SHA,
    people: false,
    wanted: { "acme/anvil": [version] },
    pending: {},
  };
  await writeJson(work.plan, { schema: 1, build: BUILD, units: [unit], faults: [] });
  const input = readInput({
    PATH: process.env.PATH,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GITHUB_REPOSITORY: "acme/website",
    ANNOUNCEMENT: JSON.stringify({
      schema: 1,
      build: BUILD,
      versions: [{ package: "acme/anvil", version: "1.1.0" }],
    }),
    SETTINGS: JSON.stringify({ ...SETTINGS, registryUrl: url }),
    ...variables,
  });
  let now = 0;
  let told = "";
  const sleep = async (milliseconds: number) => {
    now += milliseconds;
    during?.(now);
  };
  const tell = teller({}, (text) => {
    told += text;
  });
  const plan = await waitForVersions(input, work, tell, { sleep, now: () => now });
  return { plan, slept: now, told };
}

const SETTINGS = {
  schema: 1,
  registry: "acme/composer",
  hosting: "pages",
  branches: [],
  directory: "",
  batching: "all",
  strategy: "within-constraint",
  notify: [],
  labels: [],
  committer: { name: "x", email: "x@acme.example" },
  plugins: false,
};

const isWanted = ({ plan }: Waited) => plan.units.some(({ wanted }) => wanted["acme/anvil"] !== undefined);

test("a version that is there is not waited for", async () => {
  const waited = await wait({ version: "1.1.0", reference: SHA });
  expect(waited.slept).toBe(0);
  expect(isWanted(waited)).toBe(true);
});

test("the package's file is waited for behind a packages.json that is fresh", async () => {
  files["p2/acme/anvil.json"] = { body: metadata("1.0.0", OTHER) };
  const waited = await wait(
    { version: "1.1.0", reference: SHA },
    {
      during: (now) => {
        if (now > 600_000) files["p2/acme/anvil.json"] = { body: metadata("1.1.0", SHA) };
      },
    },
  );
  expect(waited.slept).toBeGreaterThan(600_000);
  expect(isWanted(waited)).toBe(true);
});

test("packages.json of an earlier build is waited for, although the file is there", async () => {
  files["packages.json"] = { body: root("20261101T090000Z-0000000a") };
  const waited = await wait(
    { version: "1.1.0", reference: SHA },
    {
      during: () => {
        files["packages.json"] = { body: root(BUILD) };
      },
    },
  );
  expect(waited.slept).toBe(1000);
});

test("a version that never comes ends the run after 15 minutes, with what to do", async () => {
  files["p2/acme/anvil.json"] = { body: metadata("1.0.0", OTHER) };
  await expect(wait({ version: "1.1.0", reference: SHA })).rejects.toThrow(
    /acme\/anvil: 1\.1\.0 is not to be seen in the registry after 15 minutes: .*start this run again/,
  );
});

test("a version that a later build has moved counts, if the file is no older than the announced build", async () => {
  files["packages.json"] = { body: root(LATER) };
  files["p2/acme/anvil.json"] = { body: metadata("1.1.0", OTHER), modified: "Sun, 01 Nov 2026 11:00:00 GMT" };
  const waited = await wait({ version: "1.1.0", reference: SHA });
  expect(waited.slept).toBe(0);
  expect(isWanted(waited)).toBe(true);

  files["p2/acme/anvil.json"] = { body: metadata("1.1.0", OTHER), modified: "Sun, 01 Nov 2026 09:00:00 GMT" };
  await expect(wait({ version: "1.1.0", reference: SHA })).rejects.toThrow("15 minutes");
});

test("a package that a later build has no more is taken out, and said", async () => {
  files = { "packages.json": { body: root(LATER, []) } };
  const waited = await wait({ version: "1.1.0", reference: SHA });
  expect(isWanted(waited)).toBe(false);
  expect(waited.told).toContain("acme/anvil is in the registry no more");
});

test("a registry that answers with something else is told as unreadable", async () => {
  files["packages.json"] = { body: "<html>" };
  await expect(wait({ version: "1.1.0", reference: SHA })).rejects.toThrow(/packages\.json" cannot be read/);
});

test("a private registry is read through GitHub with the consumer's token, and not without", async () => {
  const api = `${github.url}repos/acme/composer/contents`;
  const metadataUrl = "/repos/acme/composer/contents/p2/%package%.json?ref=main";
  await fetch(`${api}/packages.json`).then((answer) => expect(answer.status).toBe(404));
  const update = {
    message: "x",
    content: Buffer.from(JSON.stringify(root(BUILD, undefined, metadataUrl))).toString("base64"),
  };
  const before = (await (
    await fetch(`${api}/packages.json`, { headers: { authorization: "Bearer any" } })
  ).json()) as {
    sha: string;
  };
  await fetch(`${api}/packages.json`, {
    method: "PUT",
    headers: { authorization: "Bearer any", "content-type": "application/json" },
    body: JSON.stringify({ ...update, sha: before.sha }),
  });
  const settings = { ...SETTINGS, hosting: "private", registryUrl: `${api}/packages.json?ref=main` };
  const variables = { SETTINGS: JSON.stringify(settings), COMPOSER_REGISTRY_TOKEN: "reader" };
  expect((await wait({ version: "1.1.0", reference: SHA }, { variables })).slept).toBe(0);
  await expect(
    wait({ version: "1.1.0", reference: SHA }, { variables: { ...variables, COMPOSER_REGISTRY_TOKEN: "" } }),
  ).rejects.toThrow("15 minutes");
});
