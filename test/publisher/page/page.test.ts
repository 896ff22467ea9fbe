import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { escapeHtml, scriptJson, shellWord } from "../../../publisher/page/escape.ts";
import { type PagePackage, pagePackage, pagePackages } from "../../../publisher/page/packages.ts";
import { configCommand, type PageInput, page } from "../../../publisher/page/page.ts";
import { SCRIPT, THEME_SCRIPT } from "../../../publisher/page/script.ts";
import { STYLE } from "../../../publisher/page/style.ts";
import { run } from "../../../publisher/process.ts";
import { openTree } from "../../../publisher/tree.ts";

const SETTINGS = {
  owner: "Acme",
  registryUrl: "https://acme.github.io/composer",
  hosting: "pages",
  githubHost: "github.com",
} as const;

const input = (packages: readonly PagePackage[] = [], more: Partial<PageInput> = {}): PageInput => ({
  title: "Acme packages",
  settings: SETTINGS,
  build: "20261101T100000Z-0000000a",
  packages,
  ...more,
});

const version = (text: string, more: object = {}) => ({ name: "acme/a", version: text, ...more });
const shownOf = (...versions: object[]) =>
  pagePackage(
    "acme/a",
    versions.map((one) => ({ ...one })),
  );
/** What a reader of the page's data gets. */
const dataOf = (html: string): PagePackage[] =>
  JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)?.[1] ?? "");

const NASTY = [
  "</script><script>alert(1)</script>",
  "<!--<script>",
  "\u2028\u2029",
  `"><img src=x onerror=alert(1)>`,
  "' onload='x",
  "]]>",
  "&lt;b&gt;",
  "${1+1}`",
];

describe("the newest version", () => {
  it("is the newest stable one, whatever order the file has and whatever pre-release came later", () => {
    const shown = shownOf(version("1.9.0"), version("2.0.0-beta1"), version("1.10.0"), version("dev-main"));
    expect(shown?.versions.map(([text]) => text)).toEqual(["1.10.0", "2.0.0-beta1", "1.9.0", "dev-main"]);
    expect(shown?.install).toBe("acme/a");
  });

  it("is a pre-release or a branch where nothing is stable, and is named in what people copy", () => {
    expect(shownOf(version("1.0.0-RC1"), version("dev-main"))?.install).toBe("acme/a:1.0.0-RC1");
    const branches = shownOf(version("dev-x"), version("dev-main", { "default-branch": true }));
    expect(branches?.install).toBe("acme/a:dev-main");
    expect(branches?.versions.map(([text]) => text)).toEqual(["dev-main", "dev-x"]);
  });

  it("is not named in what people copy where a shell would act on it", () => {
    expect(shownOf(version("dev-$(id)"))?.install).toBe("acme/a");
    expect(shownOf(version("dev-a`id`"))?.install).toBe("acme/a");
  });

  it("gives description, license, requirements, commit and day", () => {
    const reference = "a".repeat(40);
    expect(
      shownOf(
        version("1.0.0", {
          description: " What\nit does ",
          license: ["MIT", "GPL-2.0-only"],
          require: { php: "^8.2", "acme/b": "^1.0" },
          source: { type: "git", url: "u", reference },
          time: "2026-01-31T23:30:00-05:00",
          abandoned: true,
        }),
      ),
    ).toEqual({
      name: "acme/a",
      description: "What it does",
      license: ["MIT", "GPL-2.0-only"],
      abandoned: "",
      install: "acme/a",
      requires: [
        ["php", "^8.2"],
        ["acme/b", "^1.0"],
      ],
      reference,
      versions: [["1.0.0", "2026-02-01"]],
    });
  });

  it("is shown without what has not the shape that it should have", () => {
    const odd = version("1.0.0", {
      description: 1,
      license: { a: 1 },
      require: [],
      time: "soon",
      dist: null,
    });
    expect(shownOf(odd)).toMatchObject({ description: "", license: [], requires: [], reference: "" });
    expect(shownOf()).toBeUndefined();
  });

  it("is shown without a credential, and without characters that turn text around", () => {
    const token = `ghp_${"a".repeat(36)}`;
    const shown = shownOf(version("1.0.0", { description: `use ${token} \u202egnp.exe` }));
    expect(shown?.description).toBe("use *** \\u{202e}gnp.exe");
  });
});

describe("the packages of a tree", () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "page-"));
    await mkdir(join(root, "p2/acme"), { recursive: true });
    const write = (path: string, content: unknown) =>
      writeFile(join(root, "p2/acme", path), typeof content === "string" ? content : JSON.stringify(content));
    await write("b.json", {
      minified: "composer/2.0",
      packages: {
        "acme/b": [
          version("1.1.0", { name: "acme/b", description: "as before", license: ["MIT"] }),
          { version: "1.0.0", license: "__unset" },
        ],
      },
    });
    await write("b~dev.json", { packages: { "acme/b": [version("dev-main", { name: "acme/b" })] } });
    await write("a~dev.json", { packages: { "acme/a": [version("dev-main")] } });
    await write("broken.json", "{");
    await write("other.json", { packages: { "acme/unrelated": [version("1.0.0")] } });
    await writeFile(join(root, "build.json"), '{"secret": "never shown"}');
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it("come from both p2 files, minified or not, in the order of their names, and from nothing else", async () => {
    const packages = await pagePackages(await openTree(root));
    expect(packages.map(({ name, versions }) => [name, versions.map(([text]) => text)])).toEqual([
      ["acme/a", ["dev-main"]],
      ["acme/b", ["1.1.0", "1.0.0", "dev-main"]],
    ]);
    expect(page(input(packages))).not.toContain("never shown");
  });
});

describe("the page", () => {
  it("is the same text for the same input", () => {
    const packages = [shownOf(version("1.0.0"))].filter((one) => one !== undefined);
    expect(page(input(packages))).toBe(page(input(structuredClone(packages))));
  });

  it.each(NASTY)("carries %j of a package as data, and as nothing else", (text) => {
    const one: PagePackage = {
      name: text,
      description: text,
      license: [text],
      abandoned: text,
      install: text,
      requires: [[text, text]],
      reference: text,
      versions: [[text, text]],
    };
    const html = page(input([one]));
    expect(dataOf(html)).toEqual([one]);
    expect(html.match(/<script/g)).toHaveLength(3);
    expect(html.match(/<\/script/g)).toHaveLength(3);
    expect(html).not.toMatch(/<img|<!--|[\u2028\u2029]/);
  });

  it.each(NASTY)("shows %j of satis.json as text", (text) => {
    const html = page(input([], { title: text, description: text }));
    expect(html.match(/<script/g)).toHaveLength(3);
    expect(html).not.toMatch(/<img|<!--|[\u2028\u2029]|' onload/);
  });

  it("forbids every request and every script and style that is not its own", () => {
    const html = page(input());
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
    const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    expect(policy?.split("; ")).toEqual([
      "default-src 'none'",
      `script-src ${hash(THEME_SCRIPT)} ${hash(SCRIPT)}`,
      `style-src ${hash(STYLE)}`,
      "img-src data:",
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
    expect(html).toContain(`<style>${STYLE}</style>`);
    expect(html).toContain(`<script>${SCRIPT}</script>`);
    expect(html.indexOf("Content-Security-Policy")).toBeLessThan(html.indexOf("<style>"));
    // Without one, browsers ask the server for a picture.
    expect(html).toContain('<link rel="icon" href="data:image/svg+xml,');
    expect(html).not.toMatch(/ (?:style|on\w+)="/);
  });

  it("lists names and newest versions for browsers without scripts", () => {
    const packages = [shownOf(version("1.2.0"))].filter((one) => one !== undefined);
    expect(page(input(packages))).toContain("<noscript><ul><li>acme/a 1.2.0</li></ul></noscript>");
    expect(page(input())).toContain("No packages yet.");
  });

  it("tells when it was built, from the build's id", () => {
    expect(page(input())).toContain("Built on 2026-11-01 at 10:00 UTC by satis-fleet.");
  });
});

describe("the line that adds the registry", () => {
  const hasComposer = async () =>
    (await run("composer", ["--version"], { env: { PATH: process.env.PATH, HOME: tmpdir() } })).code === 0;

  it.each([
    ["pages", "https://acme.github.io/composer"],
    ["private", "https://api.github.com/repos/acme/composer/contents/packages.json?ref=registry"],
  ] as const)("does so in a shell with a real Composer, with hosting %s", async (hosting, registryUrl) => {
    if (!(await hasComposer())) return console.log("skipped: there is no composer on the PATH");
    const folder = await mkdtemp(join(tmpdir(), "page-composer-"));
    await writeFile(join(folder, "composer.json"), "{}");
    const line = configCommand({ ...SETTINGS, hosting, registryUrl });
    const env = { PATH: process.env.PATH, HOME: folder, COMPOSER_ALLOW_SUPERUSER: "1" };
    const finished = await run("sh", ["-c", line], { cwd: folder, env });
    expect(finished.stderr).not.toMatch(/error|exception/i);
    const { repositories } = JSON.parse(await readFile(join(folder, "composer.json"), "utf8"));
    const [entry] = Object.values<{ type: string; url: string; options?: object }>(repositories);
    expect(entry).toMatchObject({ type: "composer", url: registryUrl });
    const header = ["Accept: application/vnd.github.raw"];
    expect(entry?.options).toEqual(hosting === "private" ? { http: { header } } : undefined);
    await rm(folder, { recursive: true, force: true });
  });

  it("is one word for a shell, whatever the address", () => {
    expect(shellWord("https://x.test/a'b$(id)")).toBe(`'https://x.test/a'\\''b$(id)'`);
  });
});

describe("escaping", () => {
  it("leaves nothing that ends a text, an attribute or a script", () => {
    for (const text of NASTY) {
      expect(escapeHtml(text)).not.toMatch(/[<>"']/);
      expect(scriptJson({ [text]: [text] })).not.toMatch(/[<>&\u2028\u2029]/);
      expect(JSON.parse(scriptJson({ [text]: [text] }))).toEqual({ [text]: [text] });
    }
  });
});
