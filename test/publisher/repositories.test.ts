import { expect, test } from "vitest";
import { sourcesOf } from "../../publisher/repositories.ts";
import { satisOf } from "./support/plans.ts";

const GITHUB = { githubHost: "github.com" };
const sources = (repositories: unknown, keys?: object) => sourcesOf(satisOf(repositories, keys), GITHUB);

test("a repository is listed once, however often and in whatever form it is named", () => {
  const { repositories } = sources([
    { type: "vcs", url: "git@github.com:Acme/Lib.git" },
    { type: "git", url: "https://github.com/acme/lib/", name: "Acme/Lib" },
    { type: "vcs", url: "https://github.com/stranger/other" },
    { type: "gitlab", url: "https://gitlab.example/Group/Sub/App.git" },
    { type: "vcs", url: "ssh://git@git.example:2222/app.git" },
  ]);
  expect(repositories).toEqual([
    {
      id: "git.example/app",
      url: "ssh://git@git.example:2222/app.git",
      kind: "git",
    },
    {
      id: "github.com/acme/lib",
      url: "git@github.com:Acme/Lib.git",
      kind: "github",
      owner: "acme",
      name: "lib",
      packageName: "acme/lib",
    },
    {
      id: "github.com/stranger/other",
      url: "https://github.com/stranger/other",
      kind: "github",
      owner: "stranger",
      name: "other",
    },
    {
      id: "gitlab.example/Group/Sub/App",
      url: "https://gitlab.example/Group/Sub/App.git",
      kind: "git",
    },
  ]);
});

test("the order of entries changes nothing but which form of a URL is kept", () => {
  const entries = [
    { type: "vcs", url: "https://github.com/acme/b", name: "acme/z" },
    { type: "vcs", url: "https://github.com/acme/a" },
    { type: "vcs", url: "https://github.com/acme/b", name: "acme/y" },
  ];
  expect(sources(entries)).toEqual(sources(entries.toReversed()));
  expect(sources(entries).repositories[1]?.packageName).toBe("acme/y");
});

test("free text as an entry's name is no package name", () => {
  const { repositories } = sources([{ type: "vcs", url: "https://github.com/acme/a", name: "Our library" }]);
  expect(repositories[0]).not.toHaveProperty("packageName");
});

test("entries without refs of git make the file one that is built as a whole, and each says why", () => {
  const { repositories, wholeOnly } = sources([
    { type: "composer", url: "https://packages.example" },
    { type: "composer", url: "https://other.example" },
    { type: "package", package: { name: "a/b", version: "1" } },
    { type: "svn", url: "https://svn.example/repository" },
    { type: "vcs", url: "svn://svn.example/repository" },
    { type: "vcs", url: "./packages/a" },
  ]);
  expect(repositories).toEqual([]);
  expect(wholeOnly).toEqual([
    "it has entries of type composer",
    "it has entries of type package",
    "it has entries of type svn",
    "it has entries that Subversion reads",
    "it has an entry that is a path on the machine that builds",
  ]);
});

test("selections that reach beyond the entries make the file one that is built as a whole", () => {
  const lib = [{ type: "vcs", url: "https://github.com/acme/lib" }];
  const { wholeOnly } = sources(lib, {
    "require-dependencies": true,
    "require-dev-dependencies": false,
    "only-dependencies": true,
    "repositories-dep": [{ type: "composer", url: "https://packages.example" }],
  });
  expect(wholeOnly).toEqual([
    "it sets require-dependencies",
    "it sets only-dependencies",
    "it sets repositories-dep",
  ]);
  expect(sources(lib, { "require-all": true }).wholeOnly).toEqual([]);
});
