import { expect, test } from "vitest";
import { sourcesAllowed } from "../../../publisher/verify/sources-allowed.ts";
import { candidateOf, type Fixture, goodFixture, sha } from "../support/tree.ts";

const COMMIT = sha("acme/one 1.1.0");

async function messagesOf(
  dist: Record<string, unknown>,
  change: (fixture: Fixture) => void = () => {},
  key = "dist",
) {
  const fixture = goodFixture();
  fixture.now["acme/one"] = (fixture.now["acme/one"] ?? []).map((one) =>
    one.version === "1.1.0" ? { ...one, [key]: { type: "zip", reference: COMMIT, ...dist } } : one,
  );
  change(fixture);
  return (await sourcesAllowed.check(await candidateOf(fixture), {})).map(({ message }) => message);
}

test("every way to the package's own repository on GitHub is allowed", async () => {
  for (const url of [
    `https://api.github.com/repos/Acme/One/zipball/${COMMIT}`,
    `https://codeload.github.com/acme/one/legacy.zip/${COMMIT}`,
    `https://github.com/acme/one/archive/${COMMIT}.zip`,
    "git@github.com:acme/one.git",
    "ssh://git@github.com/acme/one.git",
  ]) {
    expect([url, await messagesOf({ url })]).toEqual([url, []]);
  }
});

test("another repository, another host and an unsafe way are refused", async () => {
  for (const [url, message] of [
    ["https://api.github.com/repos/acme/two/zipball/x", 'leads to "github.com/acme/two"'],
    ["https://api.github.com/repos/acme/one/../two/zipball/x", 'leads to "github.com/acme/two"'],
    ["https://api.github.com/gists/1", "which is not its repository"],
    ["git@github.com:stranger/one.git", 'leads to "github.com/stranger/one"'],
    ["https://evil.example/one.zip", 'is on "evil.example"'],
    ["https://github.com.evil.example/acme/one", 'is on "github.com.evil.example"'],
    ["http://api.github.com/repos/acme/one/zipball/x", "no https or ssh"],
    ["git://github.com/acme/one.git", "no https or ssh"],
    ["ext::sh -c id", "no https or ssh"],
    ["file:///etc/passwd", "no https or ssh"],
    ["/srv/one", "no https or ssh"],
  ] as const) {
    expect(await messagesOf({ url })).toEqual([expect.stringContaining(message)]);
    expect(await messagesOf({ url }, () => {}, "source")).toEqual([expect.stringContaining(message)]);
  }
});

test("a reference cannot hide the steps to another repository", async () => {
  const reference = "../../two/zipball/x";
  const url = `https://api.github.com/repos/acme/one/zipball/${reference}`;
  expect(await messagesOf({ url, reference })).toEqual([
    expect.stringContaining("which is not its repository"),
  ]);
});

test("mirrors and credentials are refused, and a credential is not repeated", async () => {
  const url = `https://api.github.com/repos/acme/one/zipball/${COMMIT}`;
  expect(await messagesOf({ url, mirrors: [{ url: "https://evil.example/%package%" }] })).toEqual([
    expect.stringContaining("mirrors"),
  ]);
  const [message] = await messagesOf({ url: url.replace("https://", "https://user:hunter2hunter2@") });
  expect(message).toContain("a password");
  expect(message).not.toContain("hunter2");
});

test("a host that satis.json names is allowed, wherever in an entry", async () => {
  const url = "https://git.example/acme/one/archive.zip";
  expect(await messagesOf({ url })).toHaveLength(1);
  const entries = [
    { type: "vcs", url: "ssh://git@git.example:7999/acme/one.git" },
    {
      type: "package",
      package: { name: "a/b", version: "1.0.0", dist: { type: "zip", url: "https://git.example/b.zip" } },
    },
  ];
  for (const entry of entries)
    expect(await messagesOf({ url }, (fixture) => fixture.entries.push(entry))).toEqual([]);
});

test("packages of another registry may be anywhere, those with a repository may not", async () => {
  const registry = { type: "composer", url: "https://packages.example" };
  const url = "https://elsewhere.example/one.zip";
  expect(await messagesOf({ url }, (fixture) => fixture.entries.push(registry))).toHaveLength(1);
  const withoutRepository = (fixture: Fixture) => {
    fixture.entries.push(registry);
    fixture.repositories.shift();
  };
  expect(await messagesOf({ url }, withoutRepository)).toEqual([]);
});

test("on one machine, plain http reaches the fleet's GitHub", async () => {
  const url = "http://127.0.0.1:8080/api/v3/repos/acme/one/zipball/x";
  const local = (fixture: Fixture) => {
    fixture.settings = { ...fixture.settings, apiUrl: "http://127.0.0.1:8080/api/v3" };
    for (const name of ["acme/one", "acme/two"]) {
      fixture.now[name] = (fixture.now[name] ?? []).map(({ dist: _, ...one }) => ({
        ...one,
        dist: { type: "zip", url: url.replace("acme/one", name) },
      }));
    }
  };
  expect(await messagesOf({ url }, local)).toEqual([]);
  expect(await messagesOf({ url }, () => {})).toHaveLength(1);
});
