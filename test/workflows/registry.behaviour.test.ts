import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import { COMPOSER_FLOOR } from "../../workflows/pins.ts";
import { composerFile, executable, type Outcome, runScript, scratch, stepNamed } from "./support.ts";

const WORKFLOW = composerFile("registry");
const scriptOf = (name: string) => stepNamed(WORKFLOW, name).run;

/** A PATH with what the scripts use, and nothing that a machine may or may not have. */
function bin(): string {
  const folder = scratch();
  const path = (process.env.PATH ?? "").split(delimiter);
  for (const name of ["bash", "cat", "head", "mkdir", "rm", "sed", "sha256sum", "sort"]) {
    const found = path.map((one) => join(one, name)).find((file) => existsSync(file));
    if (found === undefined) throw new Error(`this machine has no ${name}`);
    symlinkSync(found, join(folder, name));
  }
  return folder;
}

/** A program that says which arguments it got, one after the other, and who runs it. */
const LISTS = 'shift\nprintf "%s\\0" "$@" >"$ARGUMENTS"\n';

describe("the check of the publisher", () => {
  const CONTENT = "console.log(1)\n";
  const sha256 = createHash("sha256").update(CONTENT).digest("hex");
  const node = (major: string) => `[ '${major}' -ge 22 ]\n`;

  async function check(change: {
    readonly content?: string | undefined;
    readonly sha256?: string;
    readonly path?: string;
    readonly cached?: string;
  }): Promise<Outcome & { readonly given: string }> {
    const home = scratch();
    const publisher = join(home, "publisher of ours.mjs");
    if (!("content" in change)) writeFileSync(publisher, CONTENT);
    else if (change.content !== undefined) writeFileSync(publisher, change.content);
    const path = bin();
    if (change.path !== undefined) executable(path, "node", node(change.path));
    const tools = join(home, "tools");
    if (change.cached !== undefined)
      executable(join(tools, "node", `${change.cached}.1.0`, "x64", "bin"), "node", node(change.cached));
    const output = join(home, "output");
    writeFileSync(output, "");
    const outcome = await runScript(
      scriptOf("Check the publisher"),
      {
        PUBLISHER: publisher,
        PUBLISHER_SHA256: change.sha256 ?? sha256,
        GITHUB_OUTPUT: output,
        RUNNER_TOOL_CACHE: tools,
        PATH: path,
      },
      {},
    );
    return {
      ...outcome,
      given: readFileSync(output, "utf8").replace(`${home}/`, "").replace(`${path}/`, ""),
    };
  }

  it("names the node that runs it", async () => {
    expect(await check({ path: "22" })).toEqual({ code: 0, output: "", given: "node=node\n" });
  });

  it("takes one of the runner's tool cache where the machine's own is older, or missing", async () => {
    for (const path of ["20", undefined]) {
      const found = await check({ ...(path === undefined ? {} : { path }), cached: "24" });
      expect(found).toMatchObject({ code: 0, given: "node=tools/node/24.1.0/x64/bin/node\n" });
    }
  });

  it("says so where no node is new enough", async () => {
    const found = await check({ path: "20", cached: "18" });
    expect(found).toMatchObject({ code: 1, given: "" });
    expect(found.output).toBe("::error::The publisher needs Node 22 or newer, and this runner has none\n");
  });

  it.each([
    ["has one byte more", { content: `${CONTENT} ` }],
    ["is missing", { content: undefined }],
    ["is expected with no digest", { sha256: "" }],
    ["is expected with a text that is no digest", { sha256: "x  /dev/null\n" }],
  ])("refuses a file that %s, with the remedy", async (_, change) => {
    const found = await check({ path: "22", ...change });
    expect(found).toMatchObject({ code: 1, given: "" });
    expect(found.output).toMatch(
      /^::error::.*publisher of ours\.mjs is not the file .*'pulumi up' of the fleet/m,
    );
  });
});

describe("the plan", () => {
  async function plan(name: string, deploy = "false"): Promise<readonly string[]> {
    const home = scratch();
    executable(home, "node", LISTS);
    const file = join(home, "arguments");
    const outcome = await runScript(
      scriptOf("Find out what is stale"),
      {
        NODE: join(home, "node"),
        PUBLISHER: "publisher.mjs",
        PACKAGE: name,
        ALWAYS_DEPLOY: deploy,
        RUNNER_TEMP: home,
        ARGUMENTS: file,
      },
      { cwd: home },
    );
    expect(outcome).toEqual({ code: 0, output: "" });
    expect(readdirSync(home).sort()).toEqual(["arguments", "node"]);
    const given = readFileSync(file, "utf8").split("\0").slice(0, -1);
    expect(given.slice(0, 3)).toEqual(["plan", "--work", `${home}/registry`]);
    return given.slice(3);
  }

  it("asks for nothing by name where nobody waits", async () => {
    expect(await plan("")).toEqual([]);
  });

  it.each([
    "acme/anvil",
    "a/b; rm -rf ~",
    "../x",
    "--deploy",
    "-x",
    "$(touch hacked)",
    "`touch hacked`",
    "' \" \\ * ? ~",
    "a\n::error::b\n--full",
    "${PUSH_TOKEN}",
    "%s%n",
    "x".repeat(10_000),
  ])("hands over what was dispatched as one argument, whatever it is: %j", async (name) => {
    expect(await plan(name)).toEqual([`--hint=${name}`]);
  });

  it("deploys again where somebody started the build by hand, and only then", async () => {
    expect(await plan("", "true")).toEqual(["--deploy"]);
    expect(await plan("", "true; touch hacked")).toEqual([]);
  });
});

describe("the check of Composer", () => {
  const check = (body: string | undefined) => {
    const path = bin();
    if (body !== undefined) executable(path, "composer", body);
    return runScript(scriptOf("Check Composer's version"), { COMPOSER_FLOOR, PATH: path });
  };
  const says = (text: string) => `printf '%s\\n' '${text}'\n`;

  it.each([
    ["Composer version 2.9.8 2026-05-13 10:00:00", "2.9.8"],
    ["Composer version 2.10.2 2026-08-01 10:00:00", "2.10.2"],
    ["Deprecated: something of PHP\nComposer version 3.0.0", "3.0.0"],
  ])("lets %j pass", async (text, version) => {
    expect(await check(says(text))).toEqual({ code: 0, output: `Composer ${version}\n` });
  });

  it.each([
    ["an old one", says("Composer version 2.9.7 2026-01-01"), "2.9.7"],
    [
      "one that is old but sorts late as text",
      says("Composer version 2.10.0").replace("2.10", "2.9"),
      "2.9.0",
    ],
    ["one that tells no version", says("hello"), "missing"],
    ["one that fails", "exit 255\n", "missing"],
    ["none at all", undefined, "missing"],
  ])("stops at %s and says why", async (_, body, found) => {
    const { code, output } = await check(body);
    expect(code).toBe(1);
    expect(output).toBe(
      `::error::Composer is ${found}, and below 2.9.8 it can print tokens (CVE-2026-45793): nothing is built\n`,
    );
  });
});

describe("the installation of Satis", () => {
  const install = (lock: object | undefined) => {
    const [path, home] = [bin(), scratch()];
    const text = JSON.stringify(lock, null, 4);
    const writes = lock === undefined ? "" : `cat >"$2/composer.lock" <<'LOCK'\n${text}\nLOCK\n`;
    executable(
      path,
      "git",
      `if [ "$1" = init ]; then mkdir "$3"; fi\nif [ "$3" = checkout ]; then :\n${writes}fi\n`,
    );
    executable(path, "composer", 'printf "%s " "$@"\n');
    const env = { COMPOSER_FLOOR, SATIS_COMMIT: "8".repeat(40), RUNNER_TEMP: home, PATH: path };
    return runScript(scriptOf("Install Satis"), env).then((outcome) => ({ ...outcome, home }));
  };
  const lockOf = (version: string) => ({
    packages: [
      { name: "composer/ca-bundle", version: "1.5.0" },
      { name: "composer/composer", version, require: { "composer/composer": "^1" } },
    ],
  });

  it("is from its lock, without scripts and plugins", async () => {
    const { code, output, home } = await install(lockOf("2.10.1"));
    expect(output).toBe(
      `install --working-dir=${home}/satis --no-dev --no-scripts --no-plugins --no-interaction --no-progress `,
    );
    expect(code).toBe(0);
  });

  it.each([
    ["an old Composer", lockOf("2.9.7"), "2.9.7"],
    ["no Composer", { packages: [] }, "of an unknown version"],
  ])("is refused where Satis brings %s", async (_, lock, found) => {
    const { code, output } = await install(lock);
    expect(code).toBe(1);
    expect(output).toContain(`::error::Satis brings Composer ${found}, and below 2.9.8 `);
  });

  it("is refused without a lock", async () => {
    expect((await install(undefined)).code).not.toBe(0);
  });
});
