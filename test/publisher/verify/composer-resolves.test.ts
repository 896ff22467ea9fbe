import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openTree } from "../../../publisher/tree.ts";
import { composerResolves } from "../../../publisher/verify/composer-resolves.ts";
import { serveTree } from "../../../publisher/verify/serve.ts";
import { COMPOSER } from "../support/composer.ts";
import {
  candidateOf,
  type Fixture,
  goodFixture,
  temporaryFolder,
  version,
  writeRegistry,
} from "../support/tree.ts";

const PRIVATE = "/repos/acme/packages/contents/p2/%package%.json?ref=registry";

async function check(change: (fixture: Fixture) => void, composer = COMPOSER) {
  const fixture = goodFixture();
  change(fixture);
  const warnings: string[] = [];
  const world = {
    ...(composer === undefined ? {} : { composer }),
    warn: (message: string) => warnings.push(message),
  };
  return { faults: await composerResolves.check(await candidateOf(fixture), world), warnings };
}

test.skipIf(COMPOSER === undefined)(
  "a real Composer resolves every rebuilt package, and names the one it cannot",
  async () => {
    const { faults } = await check((fixture) => {
      for (const name of ["acme/a", "acme/b", "acme/c"]) {
        const constraint = name === "acme/b" ? "no constraint !!" : "^99.0";
        fixture.now[name] = [version(name, "1.0.0", { require: { "acme/one": constraint } })];
        fixture.rebuilt.add(name);
      }
    });
    expect(faults).toMatchObject([
      { package: "acme/b", message: expect.stringContaining("Could not parse version constraint no:") },
    ]);
  },
);

test.skipIf(COMPOSER === undefined)(
  "the private hosting is served as the contents API serves it",
  async () => {
    const { faults } = await check((fixture) => {
      fixture.settings = { ...fixture.settings, metadataUrl: PRIVATE };
    });
    expect(faults).toEqual([]);
  },
);

test.skipIf(COMPOSER === undefined)("a metadata-url that Composer cannot follow is found", async () => {
  const { faults } = await check((fixture) => {
    fixture.settings = { ...fixture.settings, metadataUrl: "p2/%package%.json" };
  });
  expect(faults).toMatchObject([{ package: "acme/one" }]);
});

test("a Composer that does not run judges nobody", async () => {
  const { faults, warnings } = await check(() => {}, join(temporaryFolder(), "missing"));
  expect(faults).toEqual([]);
  expect(warnings).toEqual([expect.stringContaining("Composer did not finish")]);
});

test("Composer gets an environment of its own, without the runner's secrets", async () => {
  const script = join(temporaryFolder(), "composer");
  writeFileSync(script, '#!/bin/sh\nenv > "$(dirname "$0")/env"\nexit 1\n');
  chmodSync(script, 0o755);
  process.env.READ_TOKEN = "secret-of-the-runner";
  try {
    expect((await check(() => {}, script)).faults).toHaveLength(1);
  } finally {
    delete process.env.READ_TOKEN;
  }
  const { readFileSync } = await import("node:fs");
  const seen = readFileSync(join(script, "../env"), "utf8");
  expect(seen).toContain("https_proxy=http://127.0.0.1:9");
  expect(seen).not.toContain("secret-of-the-runner");
});

test("only files of the tree are served, under their own path and query", async () => {
  const root = temporaryFolder();
  writeRegistry(root, goodFixture().now, { metadataUrl: PRIVATE });
  const served = await serveTree(await openTree(root), PRIVATE);
  try {
    const { origin } = new URL(served.url);
    const status = async (path: string) => (await fetch(`${origin}${path}`)).status;
    expect((await fetch(served.url)).status).toBe(200);
    expect(await status("/repos/acme/packages/contents/p2/acme/one.json?ref=registry")).toBe(200);
    expect(await status("/repos/acme/packages/contents/p2/acme/one.json")).toBe(404);
    expect(await status("/p2/acme/one.json?ref=registry")).toBe(404);
    expect(await status("/repos/acme/packages/contents/..%2f..%2fetc/passwd?ref=registry")).toBe(404);
  } finally {
    await served.close();
  }
});
