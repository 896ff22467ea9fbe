import { describe, expect, test } from "vitest";
import { updateBranch } from "../../fleet/announcement.ts";
import { updateSettings } from "../../fleet/update-settings.ts";
import { composerAuth } from "../../updater/composer.ts";
import { type Input, readInput } from "../../updater/input.ts";
import { changesBetween, isNews, type Locked, parseComposerJson, parseLock } from "../../updater/lock.ts";
import { movedPackages, originOf } from "../../updater/origins.ts";
import { covers, pullOf, stateComment } from "../../updater/pulls.ts";
import { raisesFor } from "../../updater/raise.ts";
import { bodyOf, stateOf, titleOf } from "../../updater/text.ts";
import type { Change, Update } from "../../updater/work.ts";
import { SUBSCRIPTION } from "./support.ts";

const [A, B] = ["a".repeat(40), "b".repeat(40)];
const REGISTRY = {
  owner: "acme",
  repository: "composer",
  registryUrl: "https://acme.github.io/composer/",
  hosting: "pages",
} as const;
const settings = updateSettings({ ...SUBSCRIPTION, notify: ["@ann"] }, REGISTRY);
const input = { settings } as Input;

function locked(
  name: string,
  version: string,
  { owner = "acme", reference = A }: { owner?: string; reference?: string } = {},
): Locked {
  const repository = name.split("/")[1];
  return {
    name,
    version,
    source: { type: "git", url: `https://github.com/${owner}/${repository}.git`, reference },
    dist: {
      type: "zip",
      url: `https://api.github.com/repos/${owner}/${repository}/zipball/${reference}`,
      reference,
    },
  };
}

const lock = (...packages: Locked[]) =>
  parseLock(JSON.stringify({ packages, "packages-dev": [] }), "composer.lock");

function update(changes: readonly Change[], more: Partial<Update> = {}): Update {
  const unit = { base: "main", baseSha: A, people: false, wanted: {}, pending: {} };
  return { unit, changes: [...changes], raised: [], lock: "{}", audit: [], ...more };
}

const change = (name: string, to: string, more: Partial<Change> = {}): Change => ({
  name,
  from: "1.0.0",
  to,
  reference: B,
  wanted: true,
  ...more,
});

describe("what is news to a lock file", () => {
  test.each([
    ["1.0.0", "1.1.0", B, true],
    ["1.1.0", "1.0.0", B, false],
    ["1.1.0", "v1.1.0", B, false],
    ["1.0.0", "1.0.0", A, false],
    ["1.0.0", "1.0.0", B, true],
    ["1.0.0", "dev-main", B, false],
    ["dev-main", "dev-main", B, true],
    ["dev-main", "dev-main", A, false],
    ["dev-main", "dev-next", B, false],
    ["1.x-dev", "1.1.0", B, true],
  ])("locked %s, announced %s at %s: %s", (version, announced, reference, expected) => {
    expect(isNews(locked("acme/anvil", version), { version: announced, reference })).toBe(expected);
  });
});

test("changes name the wanted packages first, and leave path repositories and equal packages out", () => {
  const path = {
    name: "acme/local",
    version: "dev-main",
    dist: { type: "path", url: "local", reference: A },
  };
  const before = lock(
    locked("acme/zip", "1.0.0"),
    locked("acme/gone", "1.0.0"),
    locked("acme/same", "1.0.0"),
    path,
  );
  const moved = { ...path, dist: { ...path.dist, reference: B } };
  const after = lock(
    locked("acme/zip", "1.1.0", { reference: B }),
    locked("acme/new", "2.0.0"),
    locked("acme/same", "1.0.0"),
    moved,
  );
  expect(changesBetween(before, after, new Set(["acme/zip"]))).toEqual([
    { name: "acme/zip", from: "1.0.0", to: "1.1.0", reference: B, wanted: true },
    { name: "acme/gone", from: "1.0.0", wanted: false },
    { name: "acme/new", to: "2.0.0", reference: A, wanted: false },
  ]);
});

test("a lock file that is none is told with its place", () => {
  expect(() => parseLock('{"packages": [{"name": "x"}]}', "composer.lock of main")).toThrow(
    /composer\.lock of main is no lock file/,
  );
});

test("repositories and archives of one owner have one origin, on every GitHub", () => {
  const same = [
    "https://api.github.com/repos/Acme/anvil/zipball/1",
    "https://github.com/acme/anvil.git",
    "git@github.com:acme/anvil.git",
    "https://codeload.github.com/acme/anvil/zip/1",
  ];
  expect(new Set(same.map(originOf))).toEqual(new Set(["github.com/acme"]));
  expect(originOf("https://git.acme.example/api/v3/repos/acme/anvil/zipball/1")).toBe(
    "git.acme.example/acme",
  );
  expect(originOf("https://api.acme.ghe.com/repos/acme/anvil/zipball/1")).toBe("acme.ghe.com/acme");
});

test("an owner who is called repos speaks for nobody else", () => {
  expect(originOf("https://github.com/repos/acme/archive/main.zip")).toBe("github.com/repos");
  expect(originOf("https://codeload.github.com/repos/acme/zip/1")).toBe("github.com/repos");
});

test("a package from another owner or host is found, a new one is not", () => {
  const before = lock(locked("acme/anvil", "1.0.0"), locked("acme/rope", "1.0.0"));
  const elsewhere = {
    ...locked("acme/rope", "1.1.0"),
    source: null,
    dist: { type: "zip", url: "https://evil.example/acme/rope.zip" },
  };
  const after = lock(
    locked("acme/anvil", "1.1.0", { owner: "mallory" }),
    elsewhere,
    locked("acme/new", "1.0.0", { owner: "x" }),
  );
  expect(movedPackages(before, after).map(({ name, to }) => [name, to])).toEqual([
    ["acme/anvil", "github.com/mallory"],
    ["acme/rope", "evil.example/acme"],
  ]);
});

test("only what composer.json asks for itself, and what is newer and forbidden, is raised", () => {
  const composer = parseComposerJson(
    JSON.stringify({
      require: { "Acme/Anvil": "^1.0", "acme/rope": "^1.0" },
      "require-dev": { "acme/saw": "~1.0" },
    }),
    "composer.json",
  );
  const before = lock(...["anvil", "rope", "saw", "nail"].map((name) => locked(`acme/${name}`, "1.0.0")));
  const wanted = {
    "acme/anvil": [
      { version: "2.0.0" },
      { version: "v2.1.0" },
      { version: "3.0.0-beta1" },
      { version: "2.9$(id)" },
    ],
    "acme/rope": [{ version: "1.4.0" }],
    "acme/nail": [{ version: "2.0.0" }],
  };
  expect(raisesFor(composer, { wanted, pending: { "acme/saw": "2.0" } }, before)).toEqual([
    { name: "Acme/Anvil", from: "^1.0", to: "^2.1.0", dev: false },
    { name: "acme/saw", from: "~1.0", to: "^2.0", dev: true },
  ]);
});

describe("what people read", () => {
  test("a title names versions only where they are harmless", () => {
    expect(titleOf(update([change("acme/anvil", "1.1.0")]), input)).toBe("Update acme/anvil to 1.1.0");
    expect(titleOf(update([change("acme/anvil", "1.1.0@org"), change("acme/rope", "`id`")]), input)).toBe(
      "Update acme/anvil and acme/rope",
    );
    const many = ["a", "b", "c", "d"].map((name) => change(`acme/${name}`, "1.1.0"));
    expect(titleOf(update(many), input)).toBe("Update 4 packages of acme/composer");
  });

  test("the text escapes what others wrote, mentions those who asked for it, and fits", () => {
    const audit = ["acme/anvil: CVE-2026-1: <img src=x> @org [x](http://evil.example) | #1"];
    const nasty = change("acme/anvil", "1.0.0` @org | <b> $(id) -->", { wanted: true });
    const body = bodyOf(update([nasty], { audit }), input);
    const [visible = ""] = body.split("<!-- satis-fleet");
    expect(visible).not.toMatch(/@org|<img|<b>|\]\(http|(?<!&)#1/);
    expect(visible.match(/@\w+/g)).toEqual(["@ann"]);
    expect(body.match(/-->/g)).toHaveLength(1);
    const many = Array.from({ length: 2000 }, (_, index) =>
      change(`acme/package-${index}`, "1".repeat(400), { wanted: false }),
    );
    expect(bodyOf(update(many, { audit: Array(2000).fill("x".repeat(1000)) }), input).length).toBeLessThan(
      60_000,
    );
  });

  test("what a pull request says of itself is read back; what people made of it is not trusted", () => {
    const state = stateOf(
      update([
        change("acme/anvil", "1.1.0@org --> <x>"),
        change("acme/dependency", "2.0.0", { wanted: false }),
      ]),
    );
    expect(Object.keys(state.packages)).toEqual(["acme/anvil"]);
    const pull = (body: string) =>
      pullOf({ number: 1, title: "x", body, html_url: "x", head: { sha: A } }).state;
    expect(pull(`text\r\n\r\n${stateComment(state)}\r\n`)).toEqual(state);
    expect(stateComment(state)).not.toMatch(/@org|--> </);
    expect(pull('<!-- satis-fleet {"packages": {"../x": {"version": "1"}}} -->')).toBeUndefined();
    expect(pull("rewritten by people")).toBeUndefined();
  });

  test("a closed pull request stands for its versions and no others", () => {
    const state = (version: string, reference = A) => ({
      packages: { "acme/anvil": { version, reference } },
    });
    expect(covers(state("1.1.0"), state("1.1.0"))).toBe(true);
    expect(covers(state("1.1.0"), state("1.2.0"))).toBe(false);
    expect(covers(state("dev-main"), state("dev-main", B))).toBe(false);
  });
});

test("every update has a branch of its own, always the same", () => {
  const target = { base: "main", defaultBranch: "main", directory: "" };
  const branches = [
    updateBranch(target),
    updateBranch({ ...target, base: "release/1.x" }),
    updateBranch({ ...target, directory: "apps/web" }),
    updateBranch({ ...target, packageName: "Acme/Anvil" }),
  ];
  expect(branches).toEqual([
    "satis-fleet/composer-updates",
    "satis-fleet/composer-updates@release/1.x",
    "satis-fleet/composer-updates-apps-web",
    "satis-fleet/composer-updates+acme/anvil",
  ]);
});

describe("what the workflow gives", () => {
  const good = {
    GITHUB_REPOSITORY: "acme/website",
    ANNOUNCEMENT: JSON.stringify({
      schema: 1,
      build: "20261101T100000Z-0000000a",
      versions: [{ package: "acme/anvil", version: "1.1.0" }],
    }),
    SETTINGS: JSON.stringify(settings),
  };

  test("is taken where it is sound", () => {
    expect(readInput(good).announcement.versions).toHaveLength(1);
  });

  test("is refused with every fault at once", () => {
    const read = () =>
      readInput({
        ...good,
        ANNOUNCEMENT: '{"schema": 2}',
        SETTINGS: JSON.stringify({ ...settings, directory: "../x", branches: ["-x"] }),
      });
    expect(read).toThrow(
      /announcement\.schema[\s\S]*announcement\.versions[\s\S]*SETTINGS\.branches\.0[\s\S]*SETTINGS\.directory/,
    );
  });

  test.each([
    ["missing", undefined],
    ["not JSON", "{"],
    ["too long", `"${"x".repeat(200_000)}"`],
  ])("is refused where it is %s", (_, ANNOUNCEMENT) => {
    expect(() => readInput({ ...good, ANNOUNCEMENT })).toThrow(/announcement/);
  });
});

test.each([
  ["github.com", "https://api.github.com/repos/acme/composer/contents/packages.json?ref=registry", []],
  ["git.acme.example", "https://git.acme.example/api/v3/repos/acme/composer/contents/packages.json", []],
  [
    "acme.ghe.com",
    "https://api.acme.ghe.com/repos/acme/composer/contents/packages.json",
    ["api.acme.ghe.com"],
  ],
])("on %s Composer has the registry's token under the names that it looks for", (host, url, more) => {
  const names = [host, ...more];
  expect(JSON.parse(composerAuth([host, url], "t"))).toEqual({
    "github-oauth": Object.fromEntries(names.map((name) => [name, "t"])),
  });
});
