import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { githubNames, gitNames, nameIn } from "../../publisher/names-source.ts";
import { connectGraphQL } from "../../publisher/refs/graphql.ts";
import { sourceByKind } from "../../publisher/refs/index.ts";
import { type EmulatedGitHub, startGitHub } from "../../sandbox/github/index.ts";
import { environmentOf, onGitHub, settingsFor } from "./support/plans.ts";

let github: EmulatedGitHub;
beforeEach(async () => {
  github = await startGitHub();
});
afterEach(() => github.close());

const byApi = () => githubNames(connectGraphQL(`${github.url}graphql`, "sandbox", { sleep: async () => {} }));
const byGit = () => gitNames({ environment: environmentOf(github), settings: settingsFor() });
const composer = (name: unknown) => ({ "composer.json": JSON.stringify({ name }) });
const id = (name: string) => `github.com/acme/${name}`;

const CASES = [
  { name: "named", files: composer("Acme/Named") },
  { name: "bare", files: { "README.md": "x" } },
  { name: "empty", files: {} },
  { name: "nameless", files: composer(undefined) },
  { name: "broken", files: { "composer.json": "{" } },
  { name: "hostile", files: composer("a/b; rm -rf ~") },
  { name: "folder", files: { "composer.json/x": "y" } },
  { name: "trunk", defaultBranch: "trunk", files: composer("acme/trunk") },
];

describe.each([
  ["GitHub's GraphQL", byApi],
  ["git", byGit],
] as const)("package names by %s", (how, names) => {
  it("come from composer.json of the default branch, in lower case, or say what is wrong", async () => {
    github.seed(CASES);
    const read = await names().read([...CASES.map(({ name }) => onGitHub(name)), onGitHub("deleted")]);
    expect(
      Object.fromEntries([...read].filter(([key]) => key !== id("deleted") && key !== id("folder"))),
    ).toEqual({
      [id("named")]: { name: "acme/named" },
      [id("bare")]: { error: "it has no composer.json on its default branch" },
      [id("empty")]: { error: "it has no composer.json on its default branch" },
      [id("nameless")]: { error: "its composer.json has no name" },
      [id("broken")]: { error: "its composer.json is not valid JSON" },
      [id("hostile")]: { error: '"a/b; rm -rf ~" in its composer.json is no package name' },
      [id("trunk")]: { name: "acme/trunk" },
    });
    const gone = how === "git" ? /not found|could not read/i : /^it is deleted/;
    expect(read.get(id("deleted"))?.error).toMatch(gone);
    expect(read.get(id("folder"))?.error).toMatch(/no composer\.json|no text file/);
  });
});

describe("package names", () => {
  it("of a hundred repositories cost one call", async () => {
    const names = Array.from({ length: 101 }, (_, index) => `lib-${index}`);
    github.seed(names.map((name) => ({ name, files: composer(`acme/${name}`) })));
    const read = await byApi().read(names.map((name) => onGitHub(name)));
    expect(read.get(id("lib-100"))).toEqual({ name: "acme/lib-100" });
    expect(github.calls.total).toBe(2);
  });

  it("of none cost nothing", async () => {
    expect((await sourceByKind({ git: byGit(), github: byApi() }).read([])).size).toBe(0);
    expect(github.calls.total).toBe(0);
  });

  it("of other hosts are read by git", async () => {
    const files = composer("acme/mirror");
    github.seed([
      { name: "lib", files: composer("acme/lib") },
      { name: "mirror", private: false, files },
    ]);
    const mirror = { id: "git.example/mirror", url: `${github.url}acme/mirror.git`, kind: "git" } as const;
    const read = await sourceByKind({ git: byGit(), github: byApi() }).read([onGitHub("lib"), mirror]);
    expect([...read.values()]).toEqual([{ name: "acme/lib" }, { name: "acme/mirror" }]);
  });
});

it.each([
  ['\ufeff{"name": "acme/lib"}', { name: "acme/lib" }],
  ["[]", { error: "its composer.json has no name" }],
  ["null", { error: "its composer.json has no name" }],
  ['{"name": 7}', { error: '"7" in its composer.json is no package name' }],
  ['{"name": "../x/y"}', { error: '"../x/y" in its composer.json is no package name' }],
])("a composer.json of %j gives %j", (text, result) => {
  expect(nameIn(text)).toEqual(result);
});
