import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readEnvironment } from "../../../publisher/environment.ts";
import { runSatis } from "../../../publisher/satis/run.ts";

const TOKEN = "a-secret-without-a-shape";
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "satis-run-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs a Satis that is this shell script. */
async function satis(script: string, progress: string[] = []) {
  const bin = join(folder, "satis");
  await writeFile(bin, `#!/bin/sh\n${script}\n`);
  await chmod(bin, 0o755);
  const variables = {
    PATH: process.env.PATH,
    HOME: "/home/x",
    READ_TOKEN: TOKEN,
    PUSH_TOKEN: "push",
    SURPRISE: "1",
    SATIS_X: "2",
  };
  return runSatis(
    {
      bin,
      environment: readEnvironment(variables),
      settings: { githubHost: "github.acme.example" },
      home: join(folder, "home"),
      cache: join(folder, "cache"),
      timeout: 5000,
      progress: (line) => progress.push(line),
    },
    { folder: join(folder, "job"), configuration: { name: "x" }, packages: ["acme/core", "acme/mail"] },
  );
}

it("gives Satis its arguments without a shell, and only an environment of the publisher's making", async () => {
  const run = await satis(`printf '%s\\n' "$@" >args; env >environment; cat "$2" >configuration`);
  expect(run).toMatchObject({ ok: true, out: join(folder, "job/out") });
  const said = (name: string) => readFile(join(folder, "job", name), "utf8");
  const [file, out] = [join(folder, "job/satis.json"), join(folder, "job/out")];
  const args = ["build", file, out, "acme/core", "acme/mail", "--no-interaction", "--no-ansi", "-vv"];
  expect(await said("args")).toBe(`${args.join("\n")}\n`);
  expect(JSON.parse(await said("configuration"))).toEqual({ name: "x" });
  const environment = Object.fromEntries(
    (await said("environment"))
      .trim()
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  expect(environment).toMatchObject({
    COMPOSER_HOME: join(folder, "home"),
    COMPOSER_CACHE_DIR: join(folder, "cache"),
    COMPOSER_AUTH: JSON.stringify({ "github-oauth": { "github.acme.example": TOKEN } }),
    COMPOSER_NO_INTERACTION: "1",
    GIT_TERMINAL_PROMPT: "0",
    SATIS_X: "2",
  });
  for (const name of ["READ_TOKEN", "PUSH_TOKEN", "SURPRISE"]) expect(environment).not.toHaveProperty(name);
});

it("lets no credential into output and progress", async () => {
  const shaped = ["ghp", "0123456789abcdefghijABCDEFGHIJ012345"].join("_");
  const progress: string[] = [];
  const run = await satis(`echo "cloning with ${TOKEN}"; echo "and ${shaped}" >&2; exit 1`, progress);
  expect(run.ok).toBe(false);
  expect(run.output).toBe("cloning with ***\n\nand ***\n");
  expect(progress.sort()).toEqual(["and ***", "cloning with ***"]);
});

it("tells each package once as it comes", async () => {
  const progress: string[] = [];
  await satis(
    `for tag in 1 2 3; do echo "Reading composer.json of acme/core ($tag)"; echo "Importing tag $tag"; done; echo Done`,
    progress,
  );
  expect(progress).toEqual(["reading acme/core", "Done"]);
});

it("says why Satis ended without an exit code", async () => {
  expect(await satis("kill -9 $$")).toMatchObject({ ok: false, error: expect.stringContaining("SIGKILL") });
});
