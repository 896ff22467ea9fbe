import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { BUILD_KEY } from "../../publisher/record.ts";
import type { EmulatedGitHub } from "../../sandbox/github/index.ts";
import { type PackageRepository, publisherVariables, READ_TOKEN, satisBin } from "../support/satis/index.ts";

const exec = promisify(execFile);

/** A registry on loopback, as its CDN serves it. */
export interface LoopbackRegistry {
  readonly url: string;
  /** Builds what the package repositories have now; gives the build's id. */
  build(): Promise<string>;
  /** Takes a package out of the next builds. */
  drop(name: string): void;
  /** Serves a path as it is now for that many requests more, whatever is built. */
  freeze(path: string, requests: number): void;
  /** Text of a served file, and its replacement. */
  edit(path: string, change: (text: string) => string): void;
  readonly requests: readonly string[];
}

interface Served {
  readonly text: string;
  readonly modified: Date;
}

let builds = 0;

/** Serves what Satis builds from the package repositories. */
export async function startRegistry(
  github: EmulatedGitHub,
  folder: string,
  packages: ReadonlyMap<string, PackageRepository>,
): Promise<{ registry: LoopbackRegistry; server: Server }> {
  const served = new Map<string, Served>();
  const frozen = new Map<string, { left: number; file: Served | undefined }>();
  const dropped = new Set<string>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "/").slice(1).split("?")[0] ?? "");
    requests.push(path);
    const stale = frozen.get(path);
    if (stale !== undefined && --stale.left < 0) frozen.delete(path);
    const file = frozen.get(path)?.file ?? (frozen.has(path) ? undefined : served.get(path));
    if (file === undefined) return void response.writeHead(404).end();
    response.writeHead(200, {
      "content-type": "application/json",
      "last-modified": file.modified.toUTCString(),
    });
    response.end(file.text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const registry: LoopbackRegistry = {
    url,
    requests,
    drop: (name) => void dropped.add(name),
    freeze: (path, left) => void frozen.set(path, { left, file: served.get(path) }),
    edit: (path, change) => {
      const file = served.get(path);
      if (file !== undefined) served.set(path, { ...file, text: change(file.text) });
    },
    build: async () => {
      const out = await mkdtemp(join(folder, "registry-"));
      const config = join(out, "..", `satis-${++builds}.json`);
      const repositories = [...packages]
        .filter(([name]) => !dropped.has(name))
        .map(([name, one]) => ({ type: "vcs", url: one.url, name }));
      await writeFile(
        config,
        JSON.stringify({ name: "acme/packages", homepage: url, repositories, "require-all": true }),
      );
      const env = {
        ...publisherVariables(github),
        COMPOSER_CACHE_DIR: join(folder, "satis-cache"),
        COMPOSER_AUTH: JSON.stringify({ "github-oauth": { "github.com": READ_TOKEN } }),
      };
      await exec(satisBin(), ["build", config, out, "--no-interaction"], { env });
      const id = `20261101T10${String(builds).padStart(4, "0")}Z-0000000a`;
      const modified = new Date(Date.UTC(2026, 10, 1, 10, 30, builds));
      served.clear();
      for (const path of await readdir(out, { recursive: true, withFileTypes: true })) {
        if (!path.isFile()) continue;
        const file = join(path.parentPath, path.name);
        served.set(file.slice(out.length + 1), { text: await readFile(file, "utf8"), modified });
      }
      registry.edit("packages.json", (text) => JSON.stringify({ ...JSON.parse(text), [BUILD_KEY]: id }));
      return id;
    },
  };
  return { registry, server };
}
