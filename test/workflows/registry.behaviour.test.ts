import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ComposerRepository, type Packages, READ_TOKEN, type Satis, write } from "./registry-fixture.ts";
import { executable } from "./support.ts";

const PACKAGES: Packages = {
  "acme/anvil": "https://github.com/acme/anvil.git",
  "acme/rocket": "git@github.com:acme/Rocket-Repo.git",
};

const SATIS = {
  name: "acme/composer",
  homepage: "https://acme.github.io/composer",
  repositories: [
    { type: "vcs", url: "git@github.com:Acme/anvil" },
    { type: "vcs", url: "https://github.com/acme/rocket-repo/" },
    { type: "vcs", url: "https://gitlab.example.org/acme/elsewhere" },
    { type: "composer", url: "https://packages.example.org" },
    { packagist: false },
  ],
  "require-all": true,
};

const without = (name: string): Packages =>
  Object.fromEntries(Object.entries(PACKAGES).filter(([key]) => key !== name));

describe.concurrent("a complete result", () => {
  it("is committed to the branch `registry`, which the first publish makes without a parent", async () => {
    const repository = new ComposerRepository();
    const run = await repository.build(SATIS, { packages: PACKAGES });
    expect(run.outcome).toEqual(expect.objectContaining({ code: 0 }));
    expect(repository.published()).toHaveLength(1);
    expect(repository.publishedFile("packages.json")).toHaveProperty(
      ["available-packages"],
      Object.keys(PACKAGES),
    );
    expect(repository.publishedFile("p2/acme/rocket.json")).toHaveProperty(["packages", "acme/rocket"]);
    expect(run.outputs()).toEqual({ changed: "true", deploy: "true", commit: repository.published()[0] });
    expect(repository.git("log", "-1", "--format=%an|%B", "refs/heads/registry")).toMatch(
      /^github-actions\[bot\]\|Publish the registry\n\nBuilt from b{40}\.$/,
    );
  });

  it("is a commit on top of the last one, without files of packages that are gone", async () => {
    const repository = new ComposerRepository();
    await repository.build(SATIS, { packages: PACKAGES });
    const fewer = { ...SATIS, repositories: [SATIS.repositories[0]] };
    const run = await repository.build(fewer, { packages: without("acme/rocket") });
    expect(run.outcome.code).toBe(0);
    expect(repository.published()).toHaveLength(2);
    const files = repository.git("ls-tree", "-r", "--name-only", "refs/heads/registry");
    expect(files).not.toContain("rocket");
    expect(files.match(/include\//g)).toHaveLength(1);
  });

  it("that is already published is not committed again, whatever time its page shows", async () => {
    const repository = new ComposerRepository();
    await repository.build(SATIS, { packages: PACKAGES });
    const again = await repository.build(SATIS, { packages: PACKAGES });
    expect(again.outcome.output).toContain("Nothing to commit");
    expect(again.outputs()).toEqual({ changed: "false", deploy: "true", commit: repository.published()[0] });
    expect(repository.published()).toHaveLength(1);
  });

  it("is deployed until the site shows it, and then by hand only", async () => {
    const repository = new ComposerRepository();
    const first = await repository.build(SATIS, { packages: PACKAGES });
    const confirm = await first.step("Note what the site shows", { COMMIT: first.outputs().commit ?? "" });
    expect(confirm).toEqual({ code: 0, output: "" });
    const second = await repository.build(SATIS, { packages: PACKAGES });
    expect(second.outputs().deploy).toBe("false");
    await second.step("Publish", { ALWAYS_DEPLOY: "true" });
    expect(second.outputs().deploy).toBe("true");
  });

  it("that changed is deployed again and noted again", async () => {
    const repository = new ComposerRepository();
    for (const packages of [
      PACKAGES,
      { ...PACKAGES, "acme/more": "https://gitlab.example.org/acme/elsewhere" },
    ]) {
      const run = await repository.build(SATIS, { packages });
      expect(run.outputs().deploy).toBe("true");
      const commit = run.outputs().commit ?? "";
      expect((await run.step("Note what the site shows", { COMMIT: commit })).code).toBe(0);
      expect(repository.git("rev-parse", "refs/satis-fleet/deployed")).toBe(commit);
    }
  });

  it("of a fleet without packages is published too", async () => {
    const repository = new ComposerRepository();
    const run = await repository.build(
      { name: "a/b", homepage: "https://x.example", repositories: [] },
      { packages: {} },
    );
    expect(run.outcome.code).toBe(0);
    expect(repository.published()).toHaveLength(1);
  });

  it.each<[string, object, Packages]>([
    [
      "a filter leaves a repository without a package",
      { blacklist: { "acme/rocket": "*" } },
      without("acme/rocket"),
    ],
    ["only stable versions are asked for", { "minimum-stability": "stable" }, without("acme/rocket")],
    [
      "only some packages are required",
      { "require-all": false, require: { "acme/anvil": "*" } },
      without("acme/rocket"),
    ],
    [
      "repositories are an object",
      { repositories: { anvil: SATIS.repositories[0], "packagist.org": false } },
      PACKAGES,
    ],
    [
      "a renamed repository's package has its name in satis.json",
      { repositories: [{ type: "vcs", url: "https://github.com/acme/old-anvil", name: "acme/anvil" }] },
      PACKAGES,
    ],
  ])("is not refused where %s", async (_, change, packages) => {
    const repository = new ComposerRepository();
    const run = await repository.build({ ...SATIS, ...change }, { packages });
    expect(run.outcome).toEqual(expect.objectContaining({ code: 0 }));
    expect(repository.published()).toHaveLength(1);
  });

  it("is not refused for a dependency that comes from elsewhere", async () => {
    const repository = new ComposerRepository();
    const output = "The psr/log ^3.0 || ^2.0 requirement did not match any package\n";
    const run = await repository.build(
      { ...SATIS, "require-dependencies": true },
      { packages: PACKAGES, output },
    );
    expect(run.outcome.code).toBe(0);
  });
});

describe.concurrent("an incomplete result", () => {
  const repository = new ComposerRepository();
  beforeAll(async () => {
    await repository.build(SATIS, { packages: PACKAGES });
  });

  const CASES: readonly [string, Satis, RegExp, object?][] = [
    ["Satis failed", { packages: PACKAGES, code: 3 }, /Satis ended with exit code 3/],
    [
      "a required package was not found",
      { packages: PACKAGES, output: "The acme/rocket * requirement did not match any package\n" },
      /acme\/rocket is required, and no repository has a version/,
      { require: { "acme/rocket": "*" }, "require-dependencies": true },
    ],
    [
      "Satis skipped a repository",
      { packages: PACKAGES, output: "Skipping Exception 'no route to host'.\n" },
      /Satis left something out: Skipping Exception/,
    ],
    [
      "a repository's package is missing",
      { packages: without("acme/rocket") },
      /github\.com\/acme\/rocket-repo has no package in the result/,
    ],
    [
      "a package's files hold another package",
      {
        packages: PACKAGES,
        damage: (tree) => write(tree, "p2/acme/anvil.json", '{"packages":{"acme/other":[{}]}}'),
      },
      /acme\/anvil has no version in its files/,
    ],
    [
      "packages.json is missing",
      { packages: PACKAGES, damage: (tree) => rmSync(join(tree, "packages.json")) },
      /packages\.json is missing/,
    ],
    [
      "packages.json is cut off",
      { packages: PACKAGES, damage: (tree) => writeFileSync(join(tree, "packages.json"), '{"packages"') },
      /packages\.json is missing or no JSON/,
    ],
    [
      "an include is missing",
      { packages: PACKAGES, damage: (tree) => rmSync(join(tree, "include"), { recursive: true }) },
      /include\/all\$[0-9a-f]+\.json is named by packages\.json and missing/,
    ],
    [
      "an include is not the one that packages.json means",
      {
        packages: PACKAGES,
        damage: (tree) => append(join(tree, "include", readdirSync(join(tree, "include"))[0] ?? ""), "\n"),
      },
      /is not what packages\.json says/,
    ],
    [
      "an include lies outside of the tree",
      {
        packages: PACKAGES,
        damage: (tree) => edit(tree, { includes: { "../../etc/passwd": { sha1: "0".repeat(40) } } }),
      },
      /which is outside of the registry/,
    ],
    [
      "a package's file is missing",
      { packages: PACKAGES, damage: (tree) => rmSync(join(tree, "p2/acme/rocket~dev.json")) },
      /p2\/acme\/rocket~dev\.json is missing/,
    ],
    [
      "a package's file is cut off",
      { packages: PACKAGES, damage: (tree) => write(tree, "p2/acme/rocket.json", '{"packages":{"acme/ro') },
      /p2\/acme\/rocket\.json is no JSON/,
    ],
    [
      "a package's file is something else",
      { packages: PACKAGES, damage: (tree) => write(tree, "p2/acme/rocket.json", "[]") },
      /p2\/acme\/rocket\.json lists no packages/,
    ],
    [
      "a package's name leads elsewhere",
      { packages: PACKAGES, damage: (tree) => edit(tree, { "available-packages": ["../../x"] }) },
      /\.\.\/\.\.\/x is no package name/,
    ],
    [
      "the result holds the read token",
      { packages: PACKAGES, damage: (tree) => append(join(tree, "index.html"), READ_TOKEN) },
      /The result holds the read token/,
    ],
  ];

  it.each(CASES)(
    "is refused and leaves the branch alone where %s",
    async (_, satis, message, change = {}) => {
      const repository = new ComposerRepository();
      await repository.build(SATIS, { packages: PACKAGES });
      const before = repository.published();
      const { outcome } = await repository.build({ ...SATIS, ...change }, satis);
      expect(outcome.code).toBe(1);
      expect(outcome.output).toMatch(message);
      expect(outcome.output).toMatch(/^::error::/m);
      expect(repository.published()).toEqual(before);
    },
  );

  it("names everything that is missing, in one run", async () => {
    const damage = (tree: string) => {
      rmSync(join(tree, "p2/acme/rocket.json"));
      rmSync(join(tree, "p2/acme/anvil~dev.json"));
    };
    const { outcome } = await new ComposerRepository().build(SATIS, { packages: PACKAGES, damage });
    expect(outcome.output.match(/^::error::.*is missing$/gm)).toHaveLength(2);
  });
});

describe.concurrent("a published package", () => {
  const REQUIRED = { ...SATIS, "require-all": false, require: { "acme/anvil": "*", "acme/rocket": "*" } };

  it("may not vanish while it is required from a repository that is still listed", async () => {
    const repository = new ComposerRepository();
    await repository.build(REQUIRED, { packages: PACKAGES });
    const { outcome } = await repository.build(REQUIRED, { packages: without("acme/rocket") });
    expect(outcome.code).toBe(1);
    expect(outcome.output).toContain("::error::acme/rocket was published from github.com/acme/rocket-repo");
    expect(repository.published()).toHaveLength(1);
  });

  it.each<[string, object]>([
    ["is required no longer", { ...REQUIRED, require: { "acme/anvil": "*" } }],
    ["has lost its repository", { ...REQUIRED, repositories: [SATIS.repositories[0]] }],
    ["is blacklisted now", { ...SATIS, blacklist: { "acme/rocket": "*" } }],
  ])("may go when it %s", async (_, satisJson) => {
    const repository = new ComposerRepository();
    await repository.build(REQUIRED, { packages: PACKAGES });
    const { outcome } = await repository.build(satisJson, { packages: without("acme/rocket") });
    expect(outcome).toEqual(expect.objectContaining({ code: 0 }));
    expect(repository.published()).toHaveLength(2);
  });

  it("may take another name in the same repository", async () => {
    const repository = new ComposerRepository();
    await repository.build(SATIS, { packages: PACKAGES });
    const renamed = { ...without("acme/rocket"), "acme/rocket-two": PACKAGES["acme/rocket"] ?? "" };
    const { outcome } = await repository.build(SATIS, { packages: renamed });
    expect(outcome.code).toBe(0);
  });
});

describe("the push", () => {
  /** A git that lets somebody else commit to the branch just before each push of ours. */
  const RIVAL = (times: number) => `
    if [[ " $* " == *" push "* && $(cat "$RIVALS" 2>/dev/null | wc -l) -lt ${times} ]]; then
      echo x >>"$RIVALS"
      commit=$(PATH="$REAL_PATH" git -C "$BARE" -c user.name=r -c user.email=r@example.org commit-tree -m "rival $RANDOM" \\
        -p refs/heads/registry 'refs/heads/registry^{tree}')
      PATH="$REAL_PATH" git -C "$BARE" update-ref refs/heads/registry "$commit"
    fi
    PATH="$REAL_PATH" exec git "$@"`;

  async function race(times: number) {
    const repository = new ComposerRepository();
    const fewer = { ...SATIS, repositories: [SATIS.repositories[0]] };
    await repository.build(fewer, { packages: without("acme/rocket") });
    const run = repository.runner(SATIS, { packages: PACKAGES });
    await run.prepare();
    executable(run.bin, "git", RIVAL(times));
    const outcome = await run.step("Publish", {
      REAL_PATH: process.env.PATH ?? "",
      BARE: repository.bare,
      RIVALS: join(run.temp, "rivals"),
    });
    return { repository, outcome };
  }

  it("that somebody else was faster than is made again on top of theirs", async () => {
    const { repository, outcome } = await race(1);
    expect(outcome.code).toBe(0);
    expect(outcome.output).toContain("once more on top");
    expect(repository.git("log", "--format=%s", "refs/heads/registry").split("\n")).toEqual([
      "Publish the registry",
      expect.stringMatching(/^rival/),
      "Publish the registry",
    ]);
  });

  it("that loses twice is given up and forces nothing", async () => {
    const { repository, outcome } = await race(2);
    expect(outcome.code).toBe(1);
    expect(outcome.output).toContain("refused the push twice");
    expect(repository.git("log", "-1", "--format=%s", "refs/heads/registry")).toMatch(/^rival/);
  });

  it("sends the job's token to the server, which no command line holds", async () => {
    const repository = new ComposerRepository();
    const run = await repository.build(SATIS, { packages: PACKAGES });
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response
        .writeHead(request.headers.authorization ? 403 : 401, { "WWW-Authenticate": "Basic realm=x" })
        .end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    executable(run.bin, "git", `printf '%s\\n' "$@" >>"$ARGUMENTS"; PATH="$REAL_PATH" exec git "$@"`);
    const outcome = await run.step("Publish", {
      GITHUB_SERVER_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      ARGUMENTS: join(run.temp, "arguments"),
      REAL_PATH: process.env.PATH ?? "",
    });
    server.close();
    expect(outcome.code).not.toBe(0);
    expect(seen).toEqual([undefined, `Basic ${btoa("x-access-token:ghs_pushtoken")}`]);
    expect(outcome.output + run.read("arguments")).not.toContain("ghs_pushtoken");
  });
});

describe("the build step", () => {
  it("gives Satis the read token by its environment, and nobody else", async () => {
    const run = await new ComposerRepository().build(SATIS, { packages: PACKAGES });
    expect(JSON.parse(run.recorded("php.auth"))).toEqual({ "github-oauth": { "github.com": READ_TOKEN } });
    expect(run.recorded("php.args")).not.toContain(READ_TOKEN);
    expect(run.read("satis.log") + run.outcome.output).not.toContain(READ_TOKEN);
  });

  it("says so where the read token is missing, and builds what is public", async () => {
    const runner = new ComposerRepository().runner(SATIS, { packages: PACKAGES });
    await runner.step("Derive Satis's configuration");
    const outcome = await runner.step("Build with Satis", { READ_TOKEN: "" });
    expect(outcome.code).toBe(0);
    expect(outcome.output).toContain("::warning::The secret REGISTRY_READ_TOKEN is not set");
    expect(runner.recorded("php.auth")).toBe("{}");
  });

  it("lets nothing that Satis prints become a command of the workflow", async () => {
    const runner = new ComposerRepository().runner(SATIS, {
      packages: PACKAGES,
      output: "::add-path::/tmp\n",
    });
    const { output } = await runner.step("Build with Satis");
    const [, word] = /^::stop-commands::([0-9a-f]{32})\n/.exec(output) ?? [];
    expect(output).toBe(`::stop-commands::${word}\n::add-path::/tmp\n::${word}::\n`);
  });

  it("gets a configuration without archive and output-dir, and with the rest as it was", async () => {
    const runner = new ComposerRepository().runner(
      { ...SATIS, archive: { directory: "dist" }, "output-dir": "web", includes: false, providers: true },
      { packages: {} },
    );
    expect((await runner.step("Derive Satis's configuration")).code).toBe(0);
    expect(JSON.parse(runner.read("satis.json"))).toEqual({ ...SATIS, includes: false, providers: true });
  });

  it("knows the host of a GitHub Enterprise Server", async () => {
    const runner = new ComposerRepository().runner(SATIS, { packages: {} });
    await runner.step("Derive Satis's configuration", { GITHUB_SERVER_URL: "https://git.example.org" });
    expect(JSON.parse(runner.read("satis.json")).config).toEqual({
      "github-domains": ["git.example.org", "github.com"],
    });
  });
});

describe("a private registry", () => {
  it.each([
    ["https://api.github.com", "/repos/acme/composer/contents/p2/%package%.json?ref=registry"],
    ["https://git.example.org/api/v3", "/api/v3/repos/acme/composer/contents/p2/%package%.json?ref=registry"],
  ])("is addressed by the contents API of %s and not deployed", async (api, url) => {
    const repository = new ComposerRepository();
    const run = await repository.build(SATIS, { packages: PACKAGES });
    await run.step("Address the metadata by the contents API", { GITHUB_API_URL: api }, "private");
    const outcome = await run.step("Publish", {}, "private");
    expect(outcome.code).toBe(0);
    expect(repository.publishedFile("packages.json")).toHaveProperty(["metadata-url"], url);
    expect(run.outputs().deploy).toBe("false");
  });
});

describe("the report of what asked", () => {
  const report = async (name: string) => {
    const runner = new ComposerRepository().runner(SATIS, { packages: {} });
    const outcome = await runner.step("Report what asked for this build", { PACKAGE: name });
    return { ...outcome, summary: runner.read("github-summary") };
  };

  it.each(["acme/anvil", "Acme/Anvil.Repo_2"])("names %s in the run's summary", async (name) => {
    expect(await report(name)).toEqual(
      expect.objectContaining({ code: 0, summary: expect.stringContaining(`<code>${name}</code>`) }),
    );
  });

  it.each(["$(id)", "a/b/c", "a", "a/b\n::error::x", "<b>/x", "a/é", `a/${"b".repeat(201)}`])(
    "refuses %j and does not repeat it",
    async (name) => {
      const { code, output, summary } = await report(name);
      expect(code).toBe(1);
      expect(output).toBe("::error::The input package is no package name or owner/repository\n");
      expect(summary).toBe("");
    },
  );
});

describe("Composer's version", () => {
  it.each([
    ["Composer version 2.9.8 2026-01-01 00:00:00", 0],
    ["Composer version 2.10.1 2026-05-01 00:00:00", 0],
    ["Composer version 2.9.7 2025-12-01 00:00:00", 1],
    ["Composer version 1.10.27 2023-09-29", 1],
    ["nothing", 1],
  ])("%s ends the check with %s", async (line, code) => {
    const runner = new ComposerRepository().runner(SATIS, { packages: {} });
    executable(runner.bin, "composer", `echo '${line}'`);
    expect((await runner.step("Check Composer's version")).code).toBe(code);
  });

  it.each([
    ["2.9.8", 0],
    ["2.10.0", 0],
    ["2.9.7", 1],
  ])("%s inside Satis ends its installation with %s", async (version, code) => {
    const repository = new ComposerRepository();
    const runner = repository.runner(SATIS, { packages: {} });
    const lock = JSON.stringify({ packages: [{ name: "composer/composer", version }] });
    const commit = repository.commitFile("composer.lock", lock);
    executable(runner.bin, "composer", `printf '%s ' "$@"`);
    const outcome = await runner.step("Install Satis", {
      SATIS_COMMIT: commit,
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: `url.file://${repository.bare}.insteadOf`,
      GIT_CONFIG_VALUE_0: "https://github.com/composer/satis.git",
    });
    expect(outcome.code).toBe(code);
    expect(outcome.output).toContain("--no-dev --no-scripts --no-plugins --no-interaction");
  });
});

function append(file: string, text: string): void {
  writeFileSync(file, readFileSync(file, "utf8") + text);
}

function edit(tree: string, change: object): void {
  const file = join(tree, "packages.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...change }));
}
