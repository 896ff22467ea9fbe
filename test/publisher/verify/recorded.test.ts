import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recordText } from "../../../publisher/record.ts";
import { openTree } from "../../../publisher/tree.ts";
import { recorded } from "../../../publisher/verify/recorded.ts";
import { goodFixture, recordOf, temporaryFolder, writeRegistry } from "../support/tree.ts";

async function faultsAfter(edit: (root: string) => void) {
  const root = temporaryFolder();
  const { now, repositories, settings } = goodFixture();
  const digests = writeRegistry(root, now, settings);
  writeFileSync(join(root, "build.json"), recordText(recordOf(now, repositories, {}, digests)));
  edit(root);
  return recorded.check({ tree: await openTree(root) }, {});
}

test("a file that is gone, changed or new is told", async () => {
  expect(await faultsAfter(() => {})).toEqual([]);
  expect(await faultsAfter((root) => rmSync(join(root, "p2/acme/one.json")))).toMatchObject([
    { package: "acme/one", message: '"p2/acme/one.json" is not there' },
  ]);
  for (const path of ["p2/acme/one.json", "p2/acme/new.json"]) {
    expect(await faultsAfter((root) => writeFileSync(join(root, path), "{}"))).toMatchObject([
      { message: `"${path}" is not as it was built` },
    ]);
  }
});

test("a build.json of somebody else is told, and none at all is no question", async () => {
  expect(await faultsAfter((root) => writeFileSync(join(root, "build.json"), '{"schema": 9}'))).toHaveLength(
    1,
  );
  expect(await faultsAfter((root) => rmSync(join(root, "build.json")))).toEqual([]);
});
