import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { holds, type Scope } from "../../demo/actions/expressions.ts";
import {
  executable,
  type Outcome,
  type ParsedWorkflow,
  parseWorkflow,
  runScript,
  scratch,
  stepNamed,
} from "./support.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const own = (name: string) =>
  parseWorkflow(readFileSync(join(ROOT, ".github/workflows", `${name}.yml`), "utf8"));
const UP = own("up");
const DRIFT = own("drift");
const PREVIEW = own("preview");

/** Every file of this repository that these files import, and what those import, themselves included. */
function imported(files: readonly string[], known = new Set<string>()): ReadonlySet<string> {
  for (const file of files.filter((one) => !known.has(one))) {
    known.add(file);
    const text = readFileSync(join(ROOT, file), "utf8");
    const paths = [...text.matchAll(/(?:from\s+|import\s+|import\()"(\.[^"]+)"/g)].map(
      ([, path = ""]) => path,
    );
    imported(
      paths.map((path) => relative(ROOT, normalize(join(ROOT, dirname(file), path)))),
      known,
    );
  }
  return known;
}

/** A path filter's patterns as Node's own; `**` of both spans folders, none included. */
const filesOf = (patterns: unknown) =>
  globSync(patterns as string[], { cwd: ROOT, exclude: (path) => path.includes("node_modules") });

describe.each([
  ["up", UP.on.push],
  ["preview", PREVIEW.on.pull_request],
])("what starts %s.yml", (_, filter) => {
  const { paths, "paths-ignore": ignored } = filter as Record<string, unknown>;

  test("is everything but what no managed file, command or policy comes from", () => {
    expect(paths).toBeUndefined();
    const programs = ["index.ts", "bundle.ts", "publisher/main.ts", "updater/main.ts", "cli/main.ts"];
    const used = imported([...programs, "policy/index.ts"]);
    expect(used).toContain("updater/registry.ts");
    const passedOver = filesOf(ignored);
    expect(passedOver).toContain("README.md");
    expect(passedOver.filter((file) => used.has(file) || !/\.(md|ts)$/.test(file))).toEqual([]);
  });
});

/** Whether a job of a workflow runs, in a fleet's repository that is set up, unless `contexts` say otherwise. */
function runs({ jobs }: ParsedWorkflow, job: string, contexts: Partial<Scope["contexts"]> = {}): boolean {
  const repository = "acme/fleet";
  const github = {
    event_name: "push",
    ref_name: "main",
    repository,
    event: {
      repository: { default_branch: "main" },
      pull_request: { head: { repo: { full_name: repository } } },
    },
  };
  const vars = { FLEET_STACK: "production", FLEET_PREVIEW: "true" };
  const needs = { diff: { outputs: { markdown: "### Fleet", says: "true" } } };
  return holds(jobs[job]?.if, { contexts: { github, vars, needs, ...contexts }, status: "success" });
}

describe("a job with credentials", () => {
  test.each([
    ["up", UP, "up"],
    ["drift", DRIFT, "look"],
    ["preview", PREVIEW, "preview"],
  ] as const)("of %s.yml waits until its environment is said to be there", (_, workflow, job) => {
    expect(workflow.jobs[job]?.environment).toBeDefined();
    expect(runs(workflow, job)).toBe(true);
    expect(runs(workflow, job, { vars: {} })).toBe(false);
  });

  test("previews no pull request where no reviewer stands before it, and none of a fork", () => {
    expect(runs(PREVIEW, "preview", { vars: { FLEET_STACK: "production" } })).toBe(false);
    const fork = { head: { repo: { full_name: "somebody/fleet" } } };
    const github = { repository: "acme/fleet", event: { pull_request: fork } };
    expect(runs(PREVIEW, "preview", { github })).toBe(false);
    expect(runs(PREVIEW, "comment", { github })).toBe(false);
  });

  test.each([
    ["up", UP, "up"],
    ["drift", DRIFT, "look"],
  ] as const)("of %s.yml runs on the default branch alone, whoever starts it", (_, workflow, job) => {
    const event = { repository: { default_branch: "main" } };
    const github = { event_name: "workflow_dispatch", ref_name: "mine", event };
    expect(runs(workflow, job, { github })).toBe(false);
  });

  test("looks for drift by schedule, whose event names no repository", () => {
    const github = { event_name: "schedule", ref_name: "main", event: { schedule: "23 4 * * *" } };
    expect(runs(DRIFT, "look", { github })).toBe(true);
  });
});

/** Runs a step's script with stand-ins for the programs that it calls; gives what these were called with, too. */
async function run(
  script: string,
  env: Record<string, string>,
  programs: Readonly<Record<string, string>>,
): Promise<Outcome & { readonly calls: string; readonly folder: string }> {
  const [folder, bin] = [scratch(), scratch()];
  for (const [name, body] of Object.entries(programs))
    executable(bin, name, `echo "${name} $*" >> "${folder}/calls"\n${body}\n`);
  const files = { RUNNER_TEMP: folder, GITHUB_OUTPUT: join(folder, "output") };
  const all = { ...env, ...files, GITHUB_STEP_SUMMARY: join(folder, "summary") };
  const path = `${bin}:${process.env.PATH ?? ""}`;
  const outcome = await runScript(script, { ...all, PATH: path }, { cwd: folder });
  const calls = existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8") : "";
  return { ...outcome, calls, folder };
}

describe("the update", () => {
  const { run: script } = stepNamed(UP, "Update, with refresh, policies and preview");

  test.each([
    ["true", "npm run --silent fleet -- up --yes --stack production --unlock\n"],
    ["false", "npm run --silent fleet -- up --yes --stack production\n"],
    // A push has no inputs.
    ["", "npm run --silent fleet -- up --yes --stack production\n"],
  ])("with unlock %j calls %s", async (unlock, called) => {
    const { code, calls } = await run(script, { STACK: "production", UNLOCK: unlock }, { npm: "" });
    expect([code, calls]).toEqual([0, called]);
  });

  test("fails where the command does", async () => {
    expect((await run(script, { STACK: "production", UNLOCK: "" }, { npm: "exit 1" })).code).toBe(1);
  });
});

describe("the comment", () => {
  const { run: script } = stepNamed(
    PREVIEW,
    "Write one comment where there is something to say, or bring it up to date",
  );
  const comment = async (says: string, known: string) => {
    const env = { MARKDOWN: "### Fleet", NUMBER: "7", REPOSITORY: "acme/fleet", SAYS: says };
    const { code, calls } = await run(script, env, {
      gh: `case "$*" in *--paginate*) echo "${known}";; esac`,
    });
    expect(code).toBe(0);
    return [...calls.matchAll(/--method (\w+) (\S+)/g)].map(([, method, path]) => `${method} ${path}`);
  };

  test("is written once, then brought up to date, and left away where there is nothing to say", async () => {
    expect(await comment("true", "")).toEqual(["POST repos/acme/fleet/issues/7/comments"]);
    expect(await comment("true", "42")).toEqual(["PATCH repos/acme/fleet/issues/comments/42"]);
    expect(await comment("false", "42")).toEqual(["PATCH repos/acme/fleet/issues/comments/42"]);
    expect(await comment("false", "")).toEqual([]);
  });
});

const noJq = spawnSync("jq", ["--version"]).status !== 0;

describe.skipIf(noJq)(
  noJq ? "the difference (skipped: there is no jq on the PATH)" : "the difference",
  () => {
    const { run: script } = stepNamed(PREVIEW, "Compare with the target branch");
    const compare = async (json: object, stack = "production") => {
      const npm = `case "$*" in *--json*) echo '${JSON.stringify(json)}';; *) echo '### Fleet';; esac`;
      const file = `touch Pulumi.production.yaml\n${script}`;
      const { code, calls, folder } = await run(file, { BASE: "abc", STACK: stack }, { npm });
      expect(code).toBe(0);
      const read = (name: string) =>
        existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "";
      return { calls, output: read("output"), summary: read("summary") };
    };

    test.each([
      [{ empty: true, findings: [], notes: [] }, "false"],
      [{ empty: false, findings: [], notes: [] }, "true"],
      [{ empty: true, findings: [{ severity: "warning" }], notes: [] }, "true"],
      [{ empty: true, findings: [], notes: ["abc has no satis.json"] }, "true"],
    ])("of %j says something: %s", async (json, says) => {
      const { output, summary } = await compare(json);
      expect(output).toMatch(new RegExp(`^says=${says}\nmarkdown<<(end-\\w+)\n### Fleet\n\n\\1\n$`));
      expect(summary).toBe("### Fleet\n");
    });

    test("is none where the stack has no file here, as in a repository that was just made", async () => {
      const { calls, output, summary } = await compare({}, "staging");
      expect([calls, output]).toEqual(["", ""]);
      expect(summary).toContain("no Pulumi.staging.yaml");
    });
  },
);

test("what drift keeps between runs is what the look wrote down, and nothing else of its folder", () => {
  const steps = DRIFT.jobs.look?.steps ?? [];
  const cached = steps.filter(({ uses }) => uses?.startsWith("actions/cache/"));
  expect(cached.map(({ uses }) => uses?.split("@")[0])).toEqual([
    "actions/cache/restore",
    "actions/cache/save",
  ]);
  const [restore, save] = cached.map((step) => step.with ?? {});
  expect([restore?.path, restore?.key]).toEqual([save?.path, save?.key]);
  expect(restore?.key).toContain("github.run_attempt");
  const folder = scratch();
  for (const name of ["seen-production.json", "production.json", "outdated-cache.json"])
    writeFileSync(join(folder, name), "");
  const pattern = restore?.path?.replace(".satis-fleet/", "") ?? "";
  expect(globSync(pattern, { cwd: folder })).toEqual(["seen-production.json"]);
  expect(readFileSync(join(ROOT, "cli/drift/look.ts"), "utf8")).toContain('".satis-fleet", `seen-');
});
