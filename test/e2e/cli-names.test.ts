import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { names } from "../../cli/commands/names.ts";
import { syntheticSatis } from "../../demo/synthetic.ts";
import { SANDBOX_TOKENS } from "../../demo/world.ts";
import { contextOf, openCommandWorld, Said, writesOf } from "../support/cli.ts";
import { leaks } from "../support/leaks.ts";
import { satisOf } from "../support/teller.ts";

const composer = (name: string) => ({ "composer.json": `{"name": ${JSON.stringify(name)}}` });

test("fleet names writes names into satis.json, says what it could not read, and writes nothing to GitHub", async () => {
  const entry = (repository: string, name: string) => ({
    type: "vcs",
    url: `https://github.com/acme/${repository}`,
    name,
  });
  const entries = ["lib", "tool", "twin-a", "twin-b", "broken", "bad", "gone", "bare", "foreign", "binary"];
  const world = await openCommandWorld({
    satis: satisOf(...entries, entry("named", "other/named"), entry("titled", "a title")).replaceAll(
      "\n",
      "\r\n",
    ),
    repositories: [
      { name: "lib", files: composer("Acme/Library") },
      { name: "tool", files: composer("other/tool") },
      { name: "twin-a", files: composer("acme/twin") },
      { name: "twin-b", files: composer("acme/twin") },
      { name: "broken", files: { "composer.json": "{" } },
      { name: "bad", files: composer("../../etc") },
      { name: "bare" },
      { name: "foreign", files: composer("symfony/http-kernel") },
      { name: "titled", files: composer("acme/titled") },
      { name: "binary", files: { "composer.json": "\0" } },
    ],
  });
  try {
    const file = join(world.home, "satis.json");
    const before = await readFile(file, "utf8");
    const context = await contextOf(world);
    const dry = new Said();
    expect(await names(context, { dryRun: true }, dry)).toBe(2);
    expect(await readFile(file, "utf8")).toBe(before);
    const said = new Said();
    expect(await names(context, { json: true }, said)).toBe(2);
    expect(said.json).toMatchObject({
      names: [
        { id: "acme/lib", name: "acme/library" },
        { id: "acme/tool", name: "other/tool" },
      ],
      written: 2,
    });
    const reasons = JSON.stringify(said.json.unnamed);
    for (const part of [
      "not valid JSON",
      "no package name",
      "not there",
      "no composer.json",
      "that of acme/twin-b",
      'add \\"symfony\\" to satis-fleet:vendors',
      "the name of its entry is no package name",
      "could not be read: it is no text",
    ]) {
      expect(reasons).toContain(part);
    }
    const url = (name: string) => `"url": "https://github.com/acme/${name}"`;
    const added = (text: string, name: string, value: string) =>
      text.replace(url(name), `${url(name)},\r\n      "name": "${value}"`);
    expect(await readFile(file, "utf8")).toBe(
      added(added(before, "lib", "acme/library"), "tool", "other/tool"),
    );
    expect(writesOf(world)).toEqual([]);
    expect(leaks(dry.all + said.all)).toEqual([]);
    const again = new Said();
    expect(await names(await contextOf(world), {}, again)).toBe(2);
    expect(again.all).toContain("no name to write");
  } finally {
    await world.close();
  }
});

test("a name that the registry's build would hold is left to people: a renamed package, and one that another has", async () => {
  const time = "2026-01-01T00:00:00.000Z";
  const digest = "0".repeat(64);
  const record = {
    schema: 1,
    build: "20260101T000000Z-00000000",
    builtAt: time,
    fullBuiltAt: time,
    kind: "full",
    inputs: { satis: digest, settings: digest, publisher: digest },
    repositories: { "github.com/acme/lib": { url: "x", refs: "", packages: ["acme/lib"] } },
    packages: {},
    held: {},
  };
  const world = await openCommandWorld({
    repositories: [
      { name: "composer", branches: ["registry"], files: { "build.json": JSON.stringify(record) } },
      { name: "lib", files: composer("acme/renamed") },
      { name: "tool", files: composer("acme/lib") },
    ],
  });
  try {
    const file = join(world.home, "satis.json");
    const before = await readFile(file, "utf8");
    const said = new Said();
    expect(await names(await contextOf(world), {}, said)).toBe(2);
    expect(said.all).toMatch(
      /acme\/lib: no name: .*published "acme\/lib" and now has the name "acme\/renamed"/,
    );
    expect(said.all).toMatch(/acme\/tool: no name: .*"acme\/lib", which belongs to github\.com\/acme\/lib/);
    expect(await readFile(file, "utf8")).toBe(before);
    world.github.inject({ path: /contents\/build\.json/, status: 403, body: { message: "No" } });
    await expect(names(await contextOf(world), {}, said)).rejects.toThrow(
      "build.json of the registry could not be read: 403 No",
    );
  } finally {
    await world.close();
  }
});

test("250 names take seven requests, dropped ones are made again", async () => {
  const width = 3;
  const repositories = Array.from({ length: 250 }, (_, index) => {
    const name = `package-${String(index + 1).padStart(width, "0")}`;
    return { name, files: composer(`acme/${name}`) };
  });
  const world = await openCommandWorld({ satis: syntheticSatis("acme", 250), repositories });
  try {
    const context = await contextOf(world);
    world.github.resetCalls();
    world.github.inject({ method: "POST", path: "/graphql", drop: true, times: 1 });
    const said = new Said();
    expect(await names(context, { json: true }, said)).toBe(0);
    expect(said.json).toMatchObject({ written: 250, unnamed: [] });
    expect(world.github.calls.total).toBeLessThanOrEqual(8);
  } finally {
    await world.close();
  }
});

test("a token that GitHub refuses is an error that names it, and the file stays", async () => {
  const world = await openCommandWorld();
  try {
    const file = join(world.home, "satis.json");
    const before = await readFile(file, "utf8");
    world.github.setToken(SANDBOX_TOKENS.provider, { revoked: true });
    const said = new Said();
    await expect(names(await contextOf(world), {}, said)).rejects.toThrow(/does not accept the token/);
    expect(await readFile(file, "utf8")).toBe(before);
    await writeFile(file, "{");
    await expect(contextOf(world)).rejects.toThrow(/satis\.json/);
  } finally {
    await world.close();
  }
});
