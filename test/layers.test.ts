import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What each folder may import of the others; demo, bench and test may import everything. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  fleet: [],
  workflows: ["fleet"],
  components: ["fleet", "workflows"],
  "index.ts": ["components"],
  publisher: ["fleet"],
  updater: ["fleet", "publisher"],
  cli: ["fleet", "workflows"],
  sandbox: [],
  policy: ["fleet", "workflows"],
};

/** The one way from a product folder to the sandbox. */
const DYNAMIC_EXCEPTION = "cli/engine/sandbox.ts -> sandbox";

function sources(): string[] {
  return Object.keys(MAY_IMPORT).flatMap((layer) =>
    layer.endsWith(".ts") ? [layer] : globSync(`${layer}/**/*.ts`, { cwd: ROOT }),
  );
}

function imports(file: string): { target: string; dynamic: boolean }[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const found = [...text.matchAll(/(?:from\s+|import\s+|(import)\()"(\.[^"]+)"/g)];
  return found.map(([, dynamic, path]) => ({
    target: relative(ROOT, normalize(join(ROOT, dirname(file), path ?? ""))),
    dynamic: dynamic !== undefined,
  }));
}

const layerOf = (path: string) => path.split("/")[0] ?? path;

/** What the publisher knows of Composer's versions and of claims to names, pure, for commands that only read. */
const READ_ONLY = /^publisher\/(?:verify\/(?:version|constraint)|claim|record|repositories)\.ts$/;

test("a folder imports only from the folders below it", () => {
  const wrong = sources().flatMap((file) =>
    imports(file)
      .filter(({ target }) => layerOf(target) !== layerOf(file))
      .filter(({ target }) => !(layerOf(file) === "cli" && READ_ONLY.test(target)))
      .filter(({ target }) => !MAY_IMPORT[layerOf(file)]?.includes(layerOf(target)))
      .filter(({ target, dynamic }) => !(dynamic && `${file} -> ${layerOf(target)}` === DYNAMIC_EXCEPTION))
      .map(({ target }) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("pure folders know nothing of Pulumi, the network or processes", () => {
  const impure = globSync(["fleet/**/*.ts", "workflows/**/*.ts"], { cwd: ROOT }).filter((file) =>
    /from "(@pulumi\/|node:(http|https|net|child_process)|undici)/.test(
      readFileSync(join(ROOT, file), "utf8"),
    ),
  );
  expect(impure).toEqual([]);
});

test("the program knows nothing of the sandbox", () => {
  const naming = globSync(["fleet/**/*.ts", "workflows/**/*.ts", "components/**/*.ts", "index.ts"], {
    cwd: ROOT,
  }).filter((file) => /sandbox/i.test(readFileSync(join(ROOT, file), "utf8")));
  expect(naming).toEqual([]);
});
