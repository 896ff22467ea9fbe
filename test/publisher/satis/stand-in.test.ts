import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readEnvironment } from "../../../publisher/environment.ts";
import { gitEnvironment } from "../../../publisher/git.ts";
import { run } from "../../../publisher/process.ts";
import { type EmulatedGitHub, startGitHub } from "../../../sandbox/github/index.ts";
import {
  isStandIn,
  packageRepository,
  publisherVariables,
  READ_TOKEN,
  releasePackage,
  removeCopies,
  type StandInFaults,
  satisBin,
} from "../../support/satis/index.ts";
import { matches, normalizeBranch, normalizeVersion, stability } from "../../support/satis/versions.ts";
import { COMPOSER } from "../support/composer.ts";

let github: EmulatedGitHub;
let folder: string;
beforeEach(async () => {
  github = await startGitHub();
  folder = await mkdtemp(join(tmpdir(), "satis-"));
});
afterEach(async () => {
  await removeCopies(github);
  await github.close();
  await rm(folder, { recursive: true, force: true });
});

const out = () => join(folder, "out");
const json = async (path: string) => JSON.parse(await readFile(join(out(), path), "utf8"));

async function satis(config: Record<string, unknown>, args: string[] = [], faults: StandInFaults = {}) {
  await mkdir(folder, { recursive: true });
  const file = join(folder, "satis.json");
  await writeFile(
    file,
    JSON.stringify({ name: "Acme", homepage: "https://acme.github.io/composer/", ...config }),
  );
  const env = {
    ...gitEnvironment(readEnvironment(publisherVariables(github))),
    GITHUB_API_URL: "https://api.github.com",
    COMPOSER_HOME: join(folder, "home"),
    COMPOSER_AUTH: JSON.stringify({ "github-oauth": { "github.com": READ_TOKEN } }),
    SATIS_STANDIN_FAULTS: JSON.stringify(faults),
  };
  return run(satisBin(), ["build", file, out(), ...args, "--no-interaction", "--no-ansi"], { env });
}

const entry = (name: string) => ({ type: "vcs", url: `https://github.com/${name}.git`, name });

it("builds the tree of all tags and branches", async () => {
  const core = await releasePackage(github, "acme/core", ["v1.0.0", "1.1.0-beta1"]);
  await core.commit({ branch: "2.x" });
  await core.tag("1.0");
  await core.tag("nonsense");
  await core.release("3.0.0", { composer: { version: "3.0.1" } });
  const done = await satis({ repositories: [entry("acme/core")] });
  expect(done).toMatchObject({ code: 0 });
  const root = await json("packages.json");
  expect(root).toMatchObject({
    "metadata-url": "/composer/p2/%package%.json",
    "available-packages": ["acme/core"],
  });
  const [include = ""] = Object.keys(root.includes);
  const { packages } = await json(include);
  expect(Object.keys(packages["acme/core"]).sort()).toEqual(["1.0", "1.1.0-beta1", "2.x-dev", "dev-main"]);
  const stable = await json("p2/acme/core.json");
  const sha = await core.git("rev-parse", "1.0");
  expect(stable.packages["acme/core"][0]).toMatchObject({
    version: "1.0",
    version_normalized: "1.0.0.0",
    source: { url: "https://github.com/acme/core.git", reference: sha },
    dist: { type: "zip", url: `https://api.github.com/repos/acme/core/zipball/${sha}` },
    require: { php: ">=8.1" },
  });
  expect((await json("p2/acme/core~dev.json")).packages["acme/core"]).toHaveLength(2);
});

it("reads the other packages of a partial build from the include files alone", async () => {
  await Promise.all(["core", "mail"].map((name) => releasePackage(github, `acme/${name}`, ["1.0.0"])));
  const repositories = [entry("acme/core"), entry("acme/mail")];
  await satis({ repositories });
  const core = await packageRepository(github, "acme/core");
  await core.release("1.1.0");
  await satis({ repositories }, ["acme/core"]);
  expect((await json("packages.json"))["available-packages"]).toEqual(["acme/core", "acme/mail"]);
  await rm(join(out(), "include"), { recursive: true });
  const { code } = await satis({ repositories }, ["acme/core"]);
  expect(code).toBe(0);
  expect((await json("packages.json"))["available-packages"]).toEqual(["acme/core"]);
  expect(existsSync(join(out(), "p2/acme/mail.json"))).toBe(true);
});

it("ends with code 1 for one repository without a package, or out of reach", async () => {
  await packageRepository(github, "acme/empty");
  const empty = await satis({ repositories: [entry("acme/empty")] });
  expect(empty).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("No valid composer.json was found"),
  });
  const gone = await satis({ repositories: [entry("acme/gone")] });
  expect(gone).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("https://github.com/acme/gone.git"),
  });
});

it("selects by require, stability and blacklist", async () => {
  await releasePackage(github, "acme/core", ["1.0.0", "1.5.0", "2.0.0", "2.1.0-RC1"]);
  const repositories = [entry("acme/core")];
  const names = async () => {
    const [include = ""] = Object.keys((await json("packages.json")).includes);
    return Object.keys((await json(include)).packages["acme/core"]);
  };
  await satis({ repositories, require: { "acme/core": "^1.2 || dev-main" } });
  expect(await names()).toEqual(["1.5.0", "dev-main"]);
  await satis({ repositories, "minimum-stability": "stable", blacklist: { "acme/core": "<1.1" } });
  expect(await names()).toEqual(["1.5.0", "2.0.0"]);
});

it.runIf(isStandIn)("commits the faults that it is told to", async () => {
  await Promise.all(
    ["core", "mail"].map((name) => releasePackage(github, `acme/${name}`, ["1.0.0", "1.1.0"])),
  );
  const repositories = [entry("acme/core"), entry("acme/mail")];
  const failed = await satis({ repositories }, [], {
    fail: { message: "out of luck", packages: ["acme/mail"] },
  });
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining("out of luck") });
  expect((await satis({ repositories }, [], { killed: "before" })).error).toMatch(/SIGKILL/);
  expect(existsSync(out())).toBe(false);
  expect((await satis({ repositories }, [], { killed: "middle" })).error).toMatch(/SIGKILL/);
  expect(await readdir(out())).toEqual(["include"]);
  const said = await satis({ repositories }, [], {
    unmatched: ["acme/core"],
    shrink: ["acme/mail"],
    leftovers: true,
    noIncludes: true,
    add: "evil/one",
    garbage: ["p2/acme/mail~dev.json"],
  });
  expect(said).toMatchObject({ code: 0, stdout: expect.stringContaining("did not match any package") });
  expect(await json("packages.json")).not.toHaveProperty("includes");
  expect((await json("packages.json"))["available-packages"]).toEqual(["acme/mail", "evil/one"]);
  await expect(json("p2/acme/mail~dev.json")).rejects.toThrow(SyntaxError);
  expect((await json("p2/acme/mail.json")).packages["acme/mail"]).toHaveLength(1);
});

it.skipIf(COMPOSER === undefined)("is fed by packages that Composer finds valid", async () => {
  const core = await releasePackage(github, "acme/core", ["1.0.0"]);
  await writeFile(join(folder, "composer.json"), await core.git("show", "main:composer.json"));
  const env = { PATH: process.env.PATH, HOME: folder, COMPOSER_ALLOW_SUPERUSER: "1" };
  const done = await run(COMPOSER ?? "", ["validate", "--strict", "--no-interaction"], { cwd: folder, env });
  expect(done.stdout).toContain("composer.json is valid");
});

/** composer/semver itself, where Debian's Composer is installed. */
const AUTOLOAD = "/usr/share/php/Composer/Semver/autoload.php";
const php = await run("php", ["-v"], { env: { PATH: process.env.PATH } });
it.runIf(php.code === 0 && existsSync(AUTOLOAD))("knows versions as composer/semver does", async () => {
  const versions =
    "1 1.0 v1.2.3 1.2.3.4 2.0-beta 2.0.0-RC2 1.0a2 1.0.0-alpha.3 1.0-patch1 1.0pl2 20200101 2020.01.01 v2020-01-01.1 1.0.0+build.5 1.x-dev 1.0.x-dev dev-main master 1.0-dev foo 1.0.0.0.0 1.2.3-foo 123456.1 release-1 1.0.0-stable 1.0-rc.1-dev".split(
      " ",
    );
  const branches = "main 1.x v2.x 1.2 3 feature/x 1.X 2.*".split(" ");
  const pairs = [
    ["1.5.0", "^1.2"],
    ["2.0.0", "^1.2"],
    ["1.2.0-beta1", "^1.2"],
    ["0.3.4", "^0.3"],
    ["0.4.0", "^0.3"],
    ["1.2.9", "~1.2.3"],
    ["1.3.0", "~1.2.3"],
    ["1.9", "~1.2"],
    ["1.4.7", "1.4.*"],
    ["1.5.0", "1.4.*"],
    ["2.0.0", ">=1.0 <2.0"],
    ["1.9.9", ">=1.0,<2.0"],
    ["1.0.0", "1.0"],
    ["1.0.1", "!=1.0"],
    ["3.0.0", "^1 || ^3"],
    ["dev-main", "dev-main"],
    ["dev-main", "*"],
    ["dev-main", "^1"],
    ["1.0.0", "dev-main"],
    ["1.x-dev", "^1.2"],
    ["1.0.0", "<1.1"],
  ];
  const code = `require "${AUTOLOAD}"; $p = new Composer\\Semver\\VersionParser; $in = json_decode(stream_get_contents(STDIN), true);
    $n = function ($v) use ($p) { try { return $p->normalize($v); } catch (Exception $e) { return null; } };
    echo json_encode([array_map($n, $in[0]), array_map([$p, "normalizeBranch"], $in[1]), array_map(["Composer\\Semver\\VersionParser", "parseStability"], $in[0]),
      array_map(function ($x) { return Composer\\Semver\\Semver::satisfies($x[0], $x[1]); }, $in[2])]);`;
  const done = await run("php", ["-r", code], {
    env: { PATH: process.env.PATH },
    input: JSON.stringify([versions, branches, pairs]),
  });
  const [normal, branch, stable, met] = JSON.parse(done.stdout);
  expect(versions.map((version) => normalizeVersion(version) ?? null)).toEqual(normal);
  expect(branches.map(normalizeBranch)).toEqual(branch);
  expect(versions.map((version) => ["stable", "RC", "beta", "alpha", "dev"][stability(version)])).toEqual(
    stable,
  );
  const of = (version: string) => normalizeVersion(version) ?? version;
  expect(
    pairs.map(([version = "", constraint = ""]) => [version, constraint, matches(of(version), constraint)]),
  ).toEqual(pairs.map(([version, constraint], at) => [version, constraint, met[at]]));
});
