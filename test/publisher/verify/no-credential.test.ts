import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formsOf, noCredential } from "../../../publisher/verify/no-credential.ts";
import { TOKEN } from "../../fleet/support.ts";
import { formsOf as formsOfLeaks } from "../../support/leaks.ts";
import { candidateOf, goodFixture } from "../support/tree.ts";

const SECRET = "s3cret/value+of a+run==";

async function faultsOf(text: string, path = "README.md") {
  const fixture = { ...goodFixture(), secrets: [SECRET, "short"] };
  fixture.edit = (root) => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  return noCredential.check(await candidateOf(fixture), {});
}

test("a token is found by its shape, in any file, and is never printed", async () => {
  const faults = await faultsOf(`see ${TOKEN} there`);
  expect(faults).toMatchObject([{ message: '"README.md" holds a GitHub token' }]);
  expect(faults[0]?.package).toBeUndefined();
  expect(JSON.stringify(faults)).not.toContain(TOKEN);
});

test("a secret of the environment is found in every form", async () => {
  const basic = Buffer.from(`x-access-token:${SECRET}`).toString("base64");
  const written = [
    SECRET,
    JSON.stringify({ a: SECRET }),
    encodeURIComponent(SECRET),
    basic,
    SECRET.replaceAll("/", "\\/"),
  ];
  for (const text of [...written, Buffer.from(`y${SECRET}`).toString("base64url")]) {
    const faults = await faultsOf(`before ${text} after`);
    expect([text, faults.length]).toEqual([text, 1]);
    expect(JSON.stringify(faults)).not.toContain(text);
  }
});

test("the forms are at least those that the program's other outputs are searched for", () => {
  const forms = formsOf(SECRET);
  expect(formsOfLeaks(SECRET).filter((form) => !forms.includes(form))).toEqual([]);
});

test("a credential in a path is found too", async () => {
  expect(await faultsOf("", `p2/acme/${TOKEN}.json`)).toMatchObject([
    { message: expect.stringContaining("path of a file") },
  ]);
});

test("a token is found where two windows of a large file meet", async () => {
  expect(await faultsOf(`${"x".repeat(4 * 1024 * 1024 - 10)} ${TOKEN}`)).toHaveLength(1);
});

test("addresses, sums and what is too short to be a secret are none", async () => {
  expect(
    await faultsOf('{"email": "mailto:a@b.example", "homepage": "https://x.example/?key=1", "a": "short"}'),
  ).toEqual([]);
});

test("a hundred megabytes are searched in seconds", async () => {
  const start = performance.now();
  const text =
    '{"name": "acme/package", "dist": {"url": "https://api.github.com/repos/a/b/zipball/0123456789"}}\n';
  expect(await faultsOf(text.repeat(Math.ceil(20e6 / text.length)))).toEqual([]);
  // A fifth of it, on a machine that does other things besides.
  expect(performance.now() - start).toBeLessThan(5000);
});
