import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sizeGate } from "../../../publisher/verify/size.ts";
import { candidateOf, goodFixture } from "../support/tree.ts";

const LARGE = { siteBytes: 1e9, fileBytes: 1e8, files: 1000 };

async function messages(budget: Partial<typeof LARGE>) {
  const edit = (root: string) => writeFileSync(join(root, "README.md"), "x".repeat(2_500_000));
  const candidate = await candidateOf({ ...goodFixture(), edit });
  return (await sizeGate({ ...LARGE, ...budget }).check(candidate, {})).map(({ message }) => message);
}

test("what GitHub does not take is told in MB, with the largest files", async () => {
  expect(await messages({})).toEqual([]);
  expect(await messages({ fileBytes: 2_000_000 })).toEqual([
    'git takes files up to 2.0 MB: "README.md" (2.5 MB)',
  ]);
  expect(await messages({ siteBytes: 1_000_000 })).toEqual([
    expect.stringMatching(
      /^the registry has 2\.5 MB, and a site may have 1\.0 MB; the largest files: "README\.md" \(2\.5 MB\), /,
    ),
  ]);
  expect(await messages({ files: 3 })).toEqual([expect.stringContaining("8 files, more than 3")]);
});
