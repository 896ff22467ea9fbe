import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { filesMatchList } from "../../../publisher/verify/files-match-list.ts";
import { candidateOf, goodFixture, version } from "../support/tree.ts";

async function faultsAfter(edit: (root: string) => void) {
  return filesMatchList.check(await candidateOf({ ...goodFixture(), edit }), {});
}

function change(
  root: string,
  path: string,
  act: (document: { packages: Record<string, unknown[]> }) => void,
) {
  const document = JSON.parse(readFileSync(join(root, path), "utf8"));
  act(document);
  writeFileSync(join(root, path), JSON.stringify(document));
}

test("a listed package has both its files, and a file is listed", async () => {
  expect(await faultsAfter((root) => rmSync(join(root, "p2/acme/one~dev.json")))).toMatchObject([
    { package: "acme/one", message: expect.stringContaining("p2/acme/one~dev.json is not there") },
  ]);
  const faults = await faultsAfter((root) => {
    for (const end of [".json", "~dev.json"])
      renameSync(join(root, `p2/acme/one${end}`), join(root, `p2/acme/zero${end}`));
  });
  expect(new Set(faults.map(({ package: name }) => name))).toEqual(new Set(["acme/one", "acme/zero"]));
});

test("stable and development versions stand in their own files, under their own name", async () => {
  const dev = version("acme/one", "dev-main");
  expect(
    await faultsAfter((root) =>
      change(root, "p2/acme/one.json", ({ packages }) => packages["acme/one"]?.push(dev)),
    ),
  ).toMatchObject([{ package: "acme/one", message: '"dev-main" stands in the file of stable versions' }]);
  expect(
    await faultsAfter((root) =>
      change(root, "p2/acme/one.json", ({ packages }) => {
        packages["acme/other"] = packages["acme/one"] ?? [];
      }),
    ),
  ).toMatchObject([{ package: "acme/one", message: 'its files hold versions of "acme/other"' }]);
});

test("the include file says what the package's own files say", async () => {
  expect(
    await faultsAfter((root) =>
      change(root, "p2/acme/one.json", ({ packages }) => packages["acme/one"]?.pop()),
    ),
  ).toMatchObject([
    { package: "acme/one", message: "the include file has more versions than its own files" },
  ]);
  expect(
    await faultsAfter((root) =>
      change(root, "p2/acme/one.json", ({ packages }) => {
        packages["acme/one"] = (packages["acme/one"] ?? []).map((one) => ({
          ...(one as object),
          description: "other",
        }));
      }),
    ),
  ).toMatchObject([
    { package: "acme/one", message: expect.stringContaining('differs from its own files at "1.0.0"') },
  ]);
});

test("leftovers of Satis are refused: archives, files of p/, packages that are gone", async () => {
  const leftovers = ["p/acme/one$00.json", "dist/one.zip", "p2/acme/gone.json"];
  const faults = await faultsAfter((root) => {
    for (const path of leftovers) {
      mkdirSync(join(root, path, ".."), { recursive: true });
      writeFileSync(join(root, path), '{"packages": {"acme/gone": []}}');
    }
  });
  expect(faults.map(({ message }) => message).sort()).toEqual(
    leftovers.sort().map((path) => `nothing refers to "${path}"`),
  );
});

test("with patterns in place of a list, every package fits one", async () => {
  const patterned = (patterns: string[]) => (root: string) => {
    const path = join(root, "packages.json");
    const { "available-packages": _, ...rest } = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...rest, "available-package-patterns": patterns }));
  };
  expect(await faultsAfter(patterned(["acme/*"]))).toEqual([]);
  expect(await faultsAfter(patterned(["acme/o*"]))).toMatchObject([{ package: "acme/two" }]);
});
