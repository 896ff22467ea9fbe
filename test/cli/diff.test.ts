import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { diff } from "../../cli/commands/diff.ts";
import { code, MARKER } from "../../cli/diff/markdown.ts";
import { Said } from "../support/cli.ts";
import { satisOf } from "../support/teller.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "satis-fleet-diff-"));
  configure();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SECRET = "clear-token-0b1c2d3e4f";

function configure(config: Readonly<Record<string, unknown>> = {}): void {
  const all = {
    "github:owner": "acme",
    // A stack of the sandbox has its tokens in clear.
    "github:token": SECRET,
    "satis-fleet:dispatchToken": { secure: "v1:AAAA" },
    "satis-fleet:satisFile": join(folder, "satis.json"),
    ...config,
  };
  writeFileSync(join(folder, "Pulumi.dev.yaml"), stringify({ encryptionsalt: "v1:x", config: all }));
}

function git(...args: string[]): void {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"];
  execFileSync("git", [...identity, ...args], { cwd: folder, stdio: "ignore" });
}

function write(text: string, name = "satis.json"): void {
  writeFileSync(join(folder, name), text);
}

/** Commits one text, puts another beside it, and compares. */
async function compared(before: string, after: string, base = "HEAD") {
  write(before);
  git("init");
  git("add", "satis.json");
  git("commit", "-m", "x");
  write(after);
  return run(base);
}

async function run(
  base: string,
  options: { markdown?: boolean; json?: boolean; stack?: string } = { json: true },
) {
  const said = new Said();
  const exit = await diff(base, { stack: "dev", cwd: folder, ...options }, said);
  expect(said.all).not.toContain(SECRET);
  return { exit, said };
}

describe("fleet diff", () => {
  test("names what is added, removed and changed since a revision, secrets unread", async () => {
    const named = { type: "vcs", url: "https://github.com/acme/tool", name: "acme/the-tool" };
    const { exit, said } = await compared(satisOf("lib", "tool"), satisOf("new", named));
    expect(exit).toBe(0);
    expect(said.json).toMatchObject({
      empty: false,
      added: ["acme/new"],
      removed: ["acme/lib"],
      changed: [{ id: "acme/tool", dispatches: ["acme/tool", "acme/the-tool"] }],
      packages: 2,
    });
  });

  test("reads the file of a stack that is named with its organization and project", async () => {
    await compared(satisOf("lib"), satisOf("lib"));
    const { said } = await run("HEAD", { json: true, stack: "acme/satis-fleet/dev" });
    expect(said.json).toMatchObject({ empty: true, packages: 1 });
  });

  test("order, spelling and formatting are no difference", async () => {
    const respelt = { type: "git", url: "git@github.com:ACME/Lib.git" };
    const { said } = await compared(
      satisOf("lib", "tool"),
      satisOf("tool", respelt).replaceAll("\n", "\n\n"),
    );
    expect(said.json).toMatchObject({ empty: true, added: [], removed: [] });
  });

  test("a declared rename is one", async () => {
    configure({ "satis-fleet:renames": { "acme/old": "acme/lib" } });
    const { said } = await compared(satisOf("old", "tool"), satisOf("lib", "tool"));
    expect(said.json).toMatchObject({
      added: [],
      removed: [],
      renamed: [{ from: "acme/old", to: "acme/lib" }],
    });
  });

  test("a revision without satis.json, or with a broken one, is said: everything counts as added", async () => {
    const { said } = await compared("{,}", satisOf("lib"));
    expect(said.json).toMatchObject({ added: ["acme/lib"], notes: [expect.stringContaining("has faults")] });
    git("rm", "-f", "--cached", "satis.json");
    git("commit", "-m", "gone");
    expect((await run("HEAD")).said.json).toMatchObject({
      notes: [expect.stringContaining("no satis.json")],
    });
  });

  test("a file is a base, too", async () => {
    write(satisOf("lib"));
    write(satisOf("lib", "tool"), "before.json");
    expect((await run(join(folder, "before.json"))).said.json).toMatchObject({ removed: ["acme/tool"] });
  });

  test("only what the change brings is warned of", async () => {
    const twice = satisOf("lib", "lib");
    const { said } = await compared(twice, `${twice.slice(0, -2)}, "archiv": {}}`);
    expect(JSON.stringify(said.json.findings)).toContain("archiv");
    expect(JSON.stringify(said.json.findings)).not.toContain("already named");
  });

  test("as Markdown it begins with its marker and lets no text of the file act", async () => {
    const hostile = { type: "vcs", url: "https://gitlab.com/acme/[x](https://evil)`@admin`" };
    const url = "https://git.example.com/@admin/--[x]--/repo";
    await compared(satisOf("lib"), satisOf("lib", { type: "vcs", url }, { ...hostile, type: "composer" }));
    const { said } = await run("HEAD", { markdown: true });
    const text = said.results.join("\n");
    expect(text.startsWith(`${MARKER}\n`)).toBe(true);
    // Outside of code spans nothing of it is left.
    expect(text.replaceAll(/(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, "")).not.toMatch(/@admin|\[x\]|evil/);
  });

  test("as plain text it is lines that cannot act on a terminal or a CI log", async () => {
    const hostile = "x\u001b[31m\n::add-mask::y";
    const foreign = { type: hostile, url: "https://example.com/x" };
    const { said } = await compared(
      satisOf("lib"),
      JSON.stringify({ ...(JSON.parse(satisOf("lib", foreign)) as object), [hostile]: 1 }),
    );
    expect(JSON.stringify(said.json.settings)).toContain("add-mask");
    const { said: plain } = await run("HEAD", {});
    expect(plain.all).toContain(String.raw`settings of Satis: x\u{1b}[31m\n::add-mask::y`);
    for (const line of plain.results) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
      expect(line).not.toMatch(/[\u0000-\u001f]/);
    }
  });

  test.each([
    ["a missing satis.json", () => rmSync(join(folder, "satis.json")), /does not exist/],
    ["a fault in it", () => write('{"name": "x"}'), /homepage/],
    [
      "no configuration of the stack",
      () => rmSync(join(folder, "Pulumi.dev.yaml")),
      /no Pulumi\.dev\.yaml.*--stack/,
    ],
    ["a fault in the configuration", () => configure({ "satis-fleet:hostng": "pages" }), /did you mean/],
    ["no YAML", () => writeFileSync(join(folder, "Pulumi.dev.yaml"), "config: [\n"), /no YAML/],
  ])("%s is an error", async (_, spoil, message) => {
    await compared(satisOf("lib"), satisOf("lib"));
    spoil();
    await expect(run("HEAD")).rejects.toThrow(message);
  });

  test("a base that is no revision is refused, options of git among them", async () => {
    await compared(satisOf("lib"), satisOf("lib"));
    for (const base of ["no-such-branch", "--output=stolen", "HEAD:satis.json", "-h", ""]) {
      await expect(run(base)).rejects.toThrow(/neither a git revision nor a file/);
    }
  });
});

test("a code span holds whatever text it is given", () => {
  expect(code("a")).toBe("`a`");
  expect(code("`a``b`")).toBe("``` `a``b` ```");
  expect(code("a\n# b")).toBe("`a\\n# b`");
});

describe("fleet diff of subscriptions.json", () => {
  const subscribed = (...list: readonly object[]) =>
    JSON.stringify({ subscriptions: list.map((one) => ({ packages: ["acme/*"], ...one })) });
  const before = subscribed({ repository: "acme/website" }, { repository: "acme/shop" });
  const after = subscribed(
    { repository: "Acme/Website", paused: true, labels: ["a", "`b`"] },
    { repository: "acme/blog", directory: "site" },
  );

  test("names who is subscribed, who is not any more, and what changed", async () => {
    configure({ "satis-fleet:announceToken": { secure: "v1:AAAA" } });
    write(satisOf("lib"));
    write(before, "subscriptions.json");
    git("init");
    git("add", "satis.json", "subscriptions.json");
    git("commit", "-m", "x");
    write(after, "subscriptions.json");
    const { said } = await run("HEAD");
    expect(said.json).toMatchObject({
      empty: false,
      added: [],
      subscriptions: {
        added: ["acme/blog/site"],
        removed: ["acme/shop"],
        changed: [{ id: "acme/website", keys: ["labels", "paused"] }],
        count: 2,
      },
    });
    const { said: text } = await run("HEAD", {});
    expect(text.results).toEqual([
      "+ acme/blog/site is subscribed",
      "- acme/shop is not subscribed any more",
      "~ the subscription of acme/website: labels, paused",
      "no package changes; 1 subscription added; 1 subscription removed; 1 subscription changed; 1 packages afterwards, compared with HEAD",
    ]);
    const { said: markdown } = await run("HEAD", { markdown: true });
    expect(markdown.all).toContain(
      "**Subscribed: each gets the update workflow, unless it has its own** (1)\n\n- `acme/blog/site`",
    );
    expect(markdown.all).toContain("- `acme/website`: `labels`, `paused`");
  });

  test("where the base's has faults, says that all count as added, and compares the packages", async () => {
    configure({ "satis-fleet:announceToken": { secure: "v1:AAAA" } });
    write(satisOf("lib"));
    git("init");
    for (const faulty of [
      "{",
      '{"subscriptions": [{"repositry": 1}]}',
      subscribed({ repository: "other/website" }),
    ]) {
      write(faulty, "subscriptions.json");
      git("add", "satis.json", "subscriptions.json");
      git("commit", "-m", "x");
      write(before, "subscriptions.json");
      const { said } = await run("HEAD");
      expect(said.json, faulty).toMatchObject({
        added: [],
        subscriptions: { added: ["acme/shop", "acme/website"] },
        notes: ["subscriptions.json of HEAD has faults: every subscription counts as added."],
      });
    }
  });

  test("that lost its last one lost its token, too: the others are compared as ever", async () => {
    write(satisOf("lib"));
    write(before, "subscriptions.json");
    git("init");
    git("add", "satis.json", "subscriptions.json");
    git("commit", "-m", "x");
    write(subscribed(), "subscriptions.json");
    expect((await run("HEAD")).said.json).toMatchObject({
      added: [],
      subscriptions: { removed: ["acme/shop", "acme/website"] },
      notes: [],
    });
  });

  test("says its faults, and a token that is missing, as the program does", async () => {
    write(satisOf("lib"));
    git("init");
    git("add", "satis.json");
    git("commit", "-m", "x");
    write(after, "subscriptions.json");
    await expect(run("HEAD")).rejects.toThrow("satis-fleet:announceToken is missing");
    write('{"subscriptions": [{"repositry": 1}]}', "subscriptions.json");
    await expect(run("HEAD")).rejects.toThrow(/subscriptions\.json:1:21: fault: there is no key "repositry"/);
  });
});
