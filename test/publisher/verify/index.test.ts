import { appendFileSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recordText } from "../../../publisher/record.ts";
import { ASKING, distsReachableGate } from "../../../publisher/verify/dists-reachable.ts";
import { GATES, verify, verifyDirectory } from "../../../publisher/verify/index.ts";
import { sizeGate } from "../../../publisher/verify/size.ts";
import { TOKEN } from "../../fleet/support.ts";
import { COMPOSER } from "../support/composer.ts";
import {
  candidateOf,
  type Fixture,
  goodFixture,
  planned,
  recordOf,
  temporaryFolder,
  version,
  writeRegistry,
} from "../support/tree.ts";

/** The gates as they are, but for limits that a test reaches quickly. */
const gates = GATES.map((gate) => {
  if (gate.name === "size") return sizeGate({ siteBytes: 1_000_000, fileBytes: 500_000, files: 100 });
  return gate.name === "dists-reachable" ? distsReachableGate({ ...ASKING, pause: 1 }) : gate;
});

async function speakers(fixture: Fixture): Promise<string[]> {
  const world = {
    head: async (url: string) => fixture.statuses.get(url) ?? 200,
    ...(COMPOSER === undefined ? {} : { composer: COMPOSER }),
  };
  const faults = await verify(await candidateOf(fixture), world, gates);
  return [...new Set(faults.map(({ by }) => by))];
}

/** Versions of acme/one that the good fixture has, one of them changed. */
function withOne(fixture: Fixture, text: string, change: Readonly<Record<string, unknown>>): void {
  fixture.now["acme/one"] = (fixture.now["acme/one"] ?? []).map((one) =>
    one.version === text ? { ...one, ...change } : one,
  );
}

function without(fixture: Fixture, text: string): void {
  fixture.now["acme/one"] = (fixture.now["acme/one"] ?? []).filter((one) => one.version !== text);
}

/** One corrupt tree for each gate: the good one with one thing broken. */
const CORRUPT: Readonly<Record<string, (fixture: Fixture) => void>> = {
  parses: (fixture) => {
    fixture.edit = (root) => writeFileSync(join(root, "p2/acme/one.json"), "{");
  },
  size: (fixture) => {
    fixture.edit = (root) => appendFileSync(join(root, "index.html"), " ".repeat(500_000));
  },
  "files-match-list": (fixture) => {
    fixture.edit = (root) => writeFileSync(join(root, "include", "all$0000.json"), "{}");
  },
  recorded: (fixture) => {
    fixture.alone = true;
    fixture.edit = (root) =>
      writeFileSync(join(root, "build.json"), recordText(recordOf(fixture.now, fixture.repositories)));
  },
  "expected-packages": (fixture) => {
    fixture.repositories.push(planned("acme/three", []));
    fixture.entries.push({ type: "vcs", url: "https://github.com/acme/three" });
  },
  untouched: (fixture) => {
    fixture.now["acme/two"] = (fixture.now["acme/two"] ?? []).map((one) => ({
      ...one,
      description: "changed",
    }));
  },
  "versions-kept": (fixture) => without(fixture, "dev-main"),
  "tags-are-versions": (fixture) => without(fixture, "1.0.0"),
  "sources-allowed": (fixture) =>
    withOne(fixture, "1.1.0", { dist: { type: "zip", url: "https://evil.example/one.zip" } }),
  "no-credential": (fixture) => withOne(fixture, "1.1.0", { description: `use ${TOKEN}` }),
  "dists-reachable": (fixture) => {
    fixture.statuses.set(version("acme/one", "1.1.0").dist?.url ?? "", 404);
  },
  "composer-resolves": (fixture) => withOne(fixture, "1.1.0", { require: { "psr/log": "no constraint !!" } }),
};

test("every gate has a corrupt tree", () => {
  expect(Object.keys(CORRUPT)).toEqual(GATES.map(({ name }) => name));
  expect(GATES.every(({ guarantees }) => guarantees.length > 20)).toBe(true);
});

test("no gate objects to the good tree, minified or not", async () => {
  expect(await speakers(goodFixture())).toEqual([]);
  expect(await speakers({ ...goodFixture(), minified: true })).toEqual([]);
});

for (const [name, corrupt] of Object.entries(CORRUPT)) {
  test.skipIf(name === "composer-resolves" && COMPOSER === undefined)(
    `${name} alone rejects the tree that is corrupt in its way`,
    async () => {
      const fixture = goodFixture();
      corrupt(fixture);
      expect(await speakers(fixture)).toEqual([name]);
    },
  );
}

test("a registry that does not parse is asked nothing more", async () => {
  const fixture = goodFixture();
  without(fixture, "1.0.0");
  fixture.edit = (root) => rmSync(join(root, "packages.json"));
  expect(await speakers(fixture)).toEqual(["parses"]);
});

test("a published directory is sound when its files are those of its build.json", async () => {
  const root = temporaryFolder();
  const { now, repositories, settings } = goodFixture();
  const digests = writeRegistry(root, now, settings);
  writeFileSync(join(root, "build.json"), recordText(recordOf(now, repositories, {}, digests)));
  expect(await verifyDirectory(root)).toEqual([]);

  const path = join(root, "p2/acme/two.json");
  writeFileSync(path, readFileSync(path, "utf8").replace("A package", "B package"));
  expect(await verifyDirectory(root)).toMatchObject([
    { by: "files-match-list", package: "acme/two" },
    { by: "recorded", package: "acme/two" },
  ]);
});

test("a directory that is none, or holds a link, is a fault and no exception", async () => {
  expect(await verifyDirectory(join(temporaryFolder(), "missing"))).toMatchObject([{ by: "tree" }]);
  const root = temporaryFolder();
  symlinkSync("/etc/passwd", join(root, "packages.json"));
  expect(await verifyDirectory(root)).toMatchObject([
    { by: "tree", message: expect.stringContaining("packages.json") },
  ]);
});
