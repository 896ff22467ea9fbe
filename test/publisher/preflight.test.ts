import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readEnvironment } from "../../publisher/environment.ts";
import { type PreflightOptions, preflight } from "../../publisher/preflight.ts";
import { satisCommand } from "../../publisher/satis-program.ts";
import { settingsFor } from "./support/plans.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "preflight-"));
  await mkdir(at("bin"));
  await program("satis", 'echo "Satis 3.0.0-dev"');
  await program("composer", 'echo "Composer version 2.10.0 2026-08-01 10:00:00"');
  await writeFile(at("settings.json"), JSON.stringify(settingsFor()));
  await writeFile(
    at("satis.json"),
    JSON.stringify({ name: "a", homepage: "https://acme.github.io/composer/" }),
  );
});
afterEach(() => rm(root, { recursive: true, force: true }));

const at = (...path: string[]) => join(root, ...path);
/** A program of the machine, in front of all others. */
const program = (name: string, body: string) =>
  writeFile(at("bin", name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
const look = (more: Partial<PreflightOptions> = {}, variables: Record<string, string> = {}) =>
  preflight({
    environment: readEnvironment({
      PATH: `${at("bin")}${delimiter}${process.env.PATH}`,
      HOME: root,
      SATIS_BIN: at("bin/satis"),
      ...variables,
    }),
    satisFile: at("satis.json"),
    settingsFile: at("settings.json"),
    staged: at("staged"),
    published: at("published"),
    ...more,
  });
const messages = async (...args: Parameters<typeof look>) =>
  (await look(...args)).faults.map(({ message }) => message.replaceAll(root, ""));

it("finds nothing where all is well, and gives the files that it read", async () => {
  const { faults, warnings, satis, settings } = await look();
  expect({ faults, warnings }).toEqual({ faults: [], warnings: [] });
  expect(satis?.name).toBe("a");
  expect(settings?.owner).toBe("acme");
});

it("tells every fault at once, each with a remedy, and changes nothing", async () => {
  await writeFile(at("settings.json"), "{");
  await writeFile(at("satis.json"), '{"name": 1}');
  await program("git", 'echo "git version 2.29.0"');
  await program("composer", 'echo "Composer version 2.5.5"');
  const before = await readdir(root);
  const variables = { SATIS_BIN: at("nowhere"), READ_TOKEN: "t" };
  const { faults } = await look({ published: at("staged/published") }, variables);
  expect(faults.map(({ message }) => message.replaceAll(root, ""))).toEqual([
    '"/staged/published" lies inside "/staged"',
    '"/settings.json" is not valid JSON',
    expect.stringContaining("/satis.json:1:1: homepage is missing"),
    expect.stringContaining("/satis.json:1:10: name"),
    '"git version 2.29.0" is too old',
    'there is no Satis at "/nowhere"',
    "Composer 2.5.5 can print tokens in its output (CVE-2026-45793)",
  ]);
  expect(faults.every(({ by, remedy }) => by === "preflight" && remedy !== "")).toBe(true);
  expect(await readdir(root)).toEqual(before);
});

describe("staged and published directory", () => {
  it("may not be one, by whatever way it is named", async () => {
    await mkdir(at("staged"));
    await symlink(at("staged"), at("other"));
    expect(await messages({ published: at("other") })).toContain(
      'staged and published directory are one: "/staged"',
    );
    expect(await messages({ published: at("x/../staged") })).toHaveLength(1);
  });

  it("may not lie in each other, even where links hide it or they are not there yet", async () => {
    await mkdir(at("outer"));
    await symlink(at("outer"), at("link"));
    const paths = { staged: at("link/deep/staged"), published: at("outer") };
    expect(await messages(paths)).toEqual(['"/outer/deep/staged" lies inside "/outer"']);
    expect(await messages({ staged: at("a"), published: at("a-b") })).toEqual([]);
  });

  it("may hold no symbolic link and no special file", async () => {
    await mkdir(at("staged/p2"), { recursive: true });
    await symlink("/etc/passwd", at("staged/p2/a.json"));
    await mkdir(at("published"));
    execFileSync("mkfifo", [at("published/pipe")]);
    expect(await messages()).toEqual([
      '"/staged": p2/a.json is neither a file nor a directory',
      '"/published": pipe is neither a file nor a directory',
    ]);
  });

  it("must be directories", async () => {
    await writeFile(at("staged"), "");
    expect(await messages()).toEqual(['"/staged" cannot be read (ENOTDIR)']);
  });
});

describe("settings.json", () => {
  it("that is not there, or says something else, is a fault", async () => {
    await rm(at("settings.json"));
    expect(await messages()).toEqual(['"/settings.json" does not exist']);
    await writeFile(at("settings.json"), JSON.stringify({ ...settingsFor(), hosting: "ftp", extra: 1 }));
    const found = await messages();
    expect(found[0]).toMatch(/^"\/settings\.json": hosting: /);
    expect(found).toHaveLength(2);
  });
});

describe("programs", () => {
  it("are not asked for where nothing is built", async () => {
    const { faults, warnings } = await look({ builds: false }, { SATIS_BIN: "", READ_TOKEN: "t" });
    expect({ faults, warnings }).toEqual({ faults: [], warnings: [] });
  });

  it("are told no secret", async () => {
    await program("satis", `env > ${at("seen")}; echo "Satis 3.0.0-dev"`);
    const { faults } = await look({}, { READ_TOKEN: "very-secret", PUSH_TOKEN: "more-secret" });
    expect(faults).toEqual([]);
    expect(execFileSync("cat", [at("seen")]).toString()).not.toMatch(/secret/);
  });

  it("such as a Satis that nobody names, or that is something else, are a fault", async () => {
    expect(await messages({}, { SATIS_BIN: "" })).toEqual(["nobody says where Satis is"]);
    await program("satis", 'echo "Symfony 7.3"');
    expect((await messages())[0]).toMatch(/answers "Symfony 7\.3", which is no version of Satis$/);
    await program("satis", "echo broken >&2; exit 3");
    expect(await messages()).toEqual(['Satis does not run: exit code 3: "broken"']);
  });

  it("such as a Composer that is not there are a warning, for Satis brings its own", async () => {
    await program("composer", "exit 127");
    expect((await look()).warnings[0]?.message).toMatch(/^there is no Composer to try the registry with/);
  });

  it("such as an old Composer are a warning without a token", async () => {
    await program("composer", 'echo "Composer version 2.5.5"');
    const { faults, warnings } = await look();
    expect(faults).toEqual([]);
    expect(warnings.map(({ message }) => message)).toEqual([
      "Composer 2.5.5 can print tokens in its output (CVE-2026-45793)",
    ]);
  });
});

describe("PHP", () => {
  it("is asked for only where Satis is a PHP program", async () => {
    await program("php", 'echo "8.3.12"');
    expect(await messages()).toEqual([]);
    await writeFile(at("satis.phar"), "");
    expect(await messages({ satisBin: at("satis.phar") })).toEqual(['PHP "8.3.12" is too old']);
  });

  it("runs a Satis that is one", async () => {
    await program("php", 'if [ "$1" = -r ]; then echo 8.4.1; else echo "Satis 3.0.0-dev"; fi');
    await writeFile(at("satis.phar"), "");
    expect(await messages({ satisBin: at("satis.phar") })).toEqual([]);
  });

  it("is told from the file's name, its place or its first line", async () => {
    await writeFile(at("script"), "#!/usr/bin/env php\n<?php\n");
    await writeFile(at("script84"), "#!/usr/bin/php8.4 -d memory_limit=-1\n");
    await writeFile(at("node"), "#!/usr/bin/env node\n// php\n");
    const isPhp = async (path: string) => (await satisCommand(path)).php;
    expect(await Promise.all(["script", "script84", "node"].map((name) => isPhp(at(name))))).toEqual([
      true,
      true,
      false,
    ]);
    expect(await isPhp("/opt/satis/vendor/bin/satis")).toBe(true);
    expect(await isPhp("satis.phar")).toBe(true);
    expect(await isPhp("/nowhere/satis")).toBe(false);
  });
});
