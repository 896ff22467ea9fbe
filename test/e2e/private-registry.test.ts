import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { composerEnvironment, hasComposer } from "../../demo/composer.ts";
import { type FaultWorld, openFaultWorld } from "../../demo/faults/world.ts";

const execute = promisify(execFile);
const composer = await hasComposer();

let world: FaultWorld;
let proxy: { url: string; seen: string[]; close(): void };
let home: string;

/**
 * Composer sends `github-oauth` to api.github.com alone, and as Bearer there: so it is asked under that name, through a proxy to the
 * emulated GitHub.
 */
async function openProxy(target: string): Promise<typeof proxy> {
  const seen: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const { pathname, search, host } = new URL(incoming.url ?? "");
    seen.push(`${host}${pathname}`);
    const headers = { ...incoming.headers, host: new URL(target).host };
    const onward = request(
      new URL(`${pathname}${search}`, target),
      { method: incoming.method, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(onward);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () => server.close(),
  };
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "private-"));
  world = await openFaultWorld("private");
  world.github.setToken("consumer", { permissions: { contents: "read", metadata: "read" } });
  proxy = await openProxy(world.github.url);
});

afterAll(async () => {
  proxy.close();
  await world.close();
  await rm(home, { recursive: true, force: true });
});

async function update(
  name: string,
  { token, accept }: { token?: string; accept: boolean },
): Promise<string[]> {
  const folder = join(home, name);
  await mkdir(folder);
  const project = {
    name: "acme/consumer",
    require: { "acme/anvil": "^1.0" },
    repositories: [
      {
        type: "composer",
        url: "http://api.github.com/repos/acme/composer/contents/packages.json?ref=registry",
        ...(accept ? { options: { http: { header: ["Accept: application/vnd.github.raw"] } } } : {}),
      },
      { "packagist.org": false },
    ],
    config: { "secure-http": false },
  };
  await writeFile(join(folder, "composer.json"), JSON.stringify(project));
  const auth = token === undefined ? {} : { "github-oauth": { "github.com": token } };
  await execute("composer", ["update", "--no-install", "--no-interaction", "--no-plugins", "--no-scripts"], {
    cwd: folder,
    env: { ...composerEnvironment(folder, auth), http_proxy: proxy.url },
  });
  const lock = JSON.parse(await readFile(join(folder, "composer.lock"), "utf8")) as {
    packages: { name: string; version: string }[];
  };
  return lock.packages.map((one) => `${one.name} ${one.version}`);
}

it.runIf(composer)("a real Composer resolves from a private registry with its token", async () => {
  expect(await update("with-token", { token: "consumer", accept: true })).toEqual(["acme/anvil v1.0.0"]);
  expect(proxy.seen).toContain("api.github.com/repos/acme/composer/contents/packages.json");
  expect(proxy.seen).toContain("api.github.com/repos/acme/composer/contents/p2/acme/anvil.json");
});

it.runIf(composer)(
  "and is refused without the token, or without the header that asks for the file itself",
  async () => {
    await expect(update("without-token", { accept: true })).rejects.toThrow(
      /404|Could not authenticate|not be found/,
    );
    await expect(update("without-header", { token: "consumer", accept: false })).rejects.toThrow();
  },
);

it("publishes nothing to Pages, and confirms through the API", () => {
  const { refs, files } = world.github.repository("composer");
  expect([...refs.keys()].filter((name) => name.startsWith("refs/satis-fleet/"))).toEqual([]);
  expect(JSON.parse(files("registry")["packages.json"] ?? "{}")).toHaveProperty(
    "metadata-url",
    "/repos/acme/composer/contents/p2/%package%.json?ref=registry",
  );
});
