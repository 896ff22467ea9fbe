import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { composerFile, executable, type Outcome, runScript, scratch, stepNamed } from "./support.ts";

export const READ_TOKEN = "github_pat_11READ0123456789_secret";

/** What a hand-made Satis leaves behind: packages by name, each with the repository it comes from. */
export type Packages = Readonly<Record<string, string>>;

/** How a hand-made Satis behaves. */
export interface Satis {
  readonly packages: Packages;
  readonly output?: string;
  readonly code?: number;
  /** Changes files of the tree after it was made. */
  readonly damage?: (tree: string) => void;
}

/** Writes the files that Satis writes for these packages. */
export function writeTree(tree: string, packages: Packages): void {
  const versions = Object.entries(packages).map(([name, url]) => [
    name,
    [{ name, version: "1.0.0", type: "library", source: { type: "git", url, reference: "a".repeat(40) } }],
  ]);
  const include = JSON.stringify({ packages: Object.fromEntries(versions) });
  const sha1 = createHash("sha1").update(include).digest("hex");
  write(tree, `include/all$${sha1}.json`, include);
  for (const [name, stable] of versions) {
    write(tree, `p2/${name}.json`, JSON.stringify({ packages: { [String(name)]: stable } }));
    write(tree, `p2/${name}~dev.json`, JSON.stringify({ packages: { [String(name)]: [] } }));
  }
  const root = {
    packages: [],
    includes: { [`include/all$${sha1}.json`]: { sha1 } },
    "metadata-url": "/composer/p2/%package%.json",
    "available-packages": Object.keys(packages),
  };
  write(tree, "packages.json", JSON.stringify(root));
  write(tree, "index.html", `<time>${process.hrtime.bigint()}</time>`);
}

export function write(tree: string, path: string, content: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), content);
}

/** One composer repository with a bare git repository behind it; every run is a new runner. */
export class ComposerRepository {
  readonly server = scratch();
  readonly bare = join(this.server, "acme/composer.git");

  constructor() {
    mkdirSync(dirname(this.bare), { recursive: true });
    execFileSync("git", ["init", "--quiet", "--bare", this.bare]);
  }

  git(...args: readonly string[]): string {
    return execFileSync("git", ["-C", this.bare, ...args], { encoding: "utf8" }).trim();
  }

  /** Commits one file to a branch of its own and gives the commit's id. */
  commitFile(path: string, content: string): string {
    const input = (args: readonly string[], text: string) =>
      execFileSync("git", ["-C", this.bare, "-c", "user.name=x", "-c", "user.email=x@example.org", ...args], {
        encoding: "utf8",
        input: text,
      }).trim();
    const blob = input(["hash-object", "-w", "--stdin"], content);
    const commit = input(
      ["commit-tree", "-m", path, input(["mktree"], `100644 blob ${blob}\t${path}\n`)],
      "",
    );
    this.git("update-ref", "refs/heads/other", commit);
    return commit;
  }

  /** Commits of the published branch, the newest first. */
  published(): readonly string[] {
    if (this.git("for-each-ref", "refs/heads/registry") === "") return [];
    return this.git("rev-list", "refs/heads/registry").split("\n");
  }

  publishedFile(path: string): unknown {
    return JSON.parse(this.git("show", `refs/heads/registry:${path}`));
  }

  runner(satisJson: unknown, satis: Satis): Runner {
    return new Runner(this, satisJson, satis);
  }

  /** Builds and publishes on a new runner; the outcome is that of the last step that ran. */
  async build(satisJson: unknown, satis: Satis): Promise<Runner & { readonly outcome: Outcome }> {
    const runner = this.runner(satisJson, satis);
    let outcome = await runner.prepare();
    if (outcome.code === 0) outcome = await runner.step("Publish");
    return Object.assign(runner, { outcome });
  }
}

/** One runner: its folders, its programs, and the steps of the workflow. */
export class Runner {
  readonly temp = scratch();
  readonly workspace = scratch();
  readonly bin = scratch();
  readonly repository: ComposerRepository;

  constructor(repository: ComposerRepository, satisJson: unknown, satis: Satis) {
    this.repository = repository;
    write(this.workspace, "satis.json", JSON.stringify(satisJson));
    const tree = scratch();
    writeTree(tree, satis.packages);
    satis.damage?.(tree);
    write(this.bin, "satis.out", satis.output ?? "Scanning packages\n");
    executable(
      this.bin,
      "php",
      `printf '%s\\n' "$@" >"${this.bin}/php.args"; printf '%s' "$COMPOSER_AUTH" >"${this.bin}/php.auth"
       cp -R "${tree}/." "\${@: -1}"; cat "${this.bin}/satis.out"; exit ${satis.code ?? 0}`,
    );
  }

  /** Builds and verifies; the outcome is that of the last step that ran. */
  async prepare(): Promise<Outcome> {
    let outcome: Outcome = { code: 0, output: "" };
    for (const step of ["Derive Satis's configuration", "Build with Satis", "Refuse an incomplete result"]) {
      if (outcome.code === 0) outcome = await this.step(step);
    }
    return outcome;
  }

  /** Runs a step with the values that GitHub would give it. */
  step(
    name: string,
    env: Record<string, string> = {},
    hosting: "pages" | "private" = "pages",
  ): Promise<Outcome> {
    const workflow = composerFile("registry", {
      hosting,
      cronMinute: 17,
      branch: "main",
      environment: undefined,
      readTokenSecret: "REGISTRY_READ_TOKEN",
    });
    const step = stepNamed(workflow, name);
    const values: Record<string, string> = {
      READ_TOKEN,
      PUSH_TOKEN: "ghs_pushtoken",
      ALWAYS_DEPLOY: "false",
    };
    const given = Object.entries(step.env ?? {}).map(([key, value]) => [key, values[key] ?? value]);
    const onDisk = name === "Publish" || name === "Note what the site shows";
    return runScript(
      step.run,
      {
        PATH: `${this.bin}:${process.env.PATH ?? ""}`,
        RUNNER_TEMP: this.temp,
        GITHUB_OUTPUT: join(this.temp, "github-output"),
        GITHUB_STEP_SUMMARY: join(this.temp, "github-summary"),
        GITHUB_SERVER_URL: onDisk ? `file://${this.repository.server}` : "https://github.com",
        GITHUB_API_URL: "https://api.github.com",
        GITHUB_REPOSITORY: "acme/composer",
        GITHUB_SHA: "b".repeat(40),
        ...Object.fromEntries(given),
        ...env,
      },
      { cwd: this.workspace },
    );
  }

  read(file: string): string {
    const path = join(this.temp, file);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  /** What the program of that name got, as recorded in `kind`. */
  recorded(kind: "php.args" | "php.auth"): string {
    return readFileSync(join(this.bin, kind), "utf8");
  }

  outputs(): Record<string, string> {
    const lines = this.read("github-output").trim().split("\n");
    return Object.fromEntries(lines.map((line) => line.split("=", 2) as [string, string]));
  }
}
