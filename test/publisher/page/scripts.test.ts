import { build } from "esbuild";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { type PageInput, page } from "../../../publisher/page/page.ts";
import { SCRIPT, THEME_SCRIPT } from "../../../publisher/page/script.ts";

const INPUT: PageInput = {
  title: "Acme packages",
  settings: {
    owner: "acme",
    registryUrl: "https://acme.github.io/composer",
    hosting: "pages",
    githubHost: "github.com",
  },
  build: "20261101T100000Z-0000000a",
  packages: [],
};

describe("the page's scripts", () => {
  it("are the same in the publisher's one file as in its source", async () => {
    const { outputFiles } = await build({
      entryPoints: [new URL("../../../publisher/page/page.ts", import.meta.url).pathname],
      bundle: true,
      write: false,
      platform: "node",
      format: "esm",
      charset: "utf8",
    });
    const bundle = `data:text/javascript;base64,${Buffer.from(outputFiles[0]?.contents ?? "").toString("base64")}`;
    const bundled: { page: typeof page } = await import(bundle);
    expect(bundled.page(INPUT)).toBe(page(INPUT));
  });

  it("pass the type checker against the browser's types", () => {
    const files: Readonly<Record<string, string>> = { "/theme.js": THEME_SCRIPT, "/page.js": SCRIPT };
    const options: ts.CompilerOptions = {
      allowJs: true,
      checkJs: true,
      noEmit: true,
      strict: true,
      noUncheckedIndexedAccess: true,
      noUnusedLocals: true,
      noUnusedParameters: true,
      moduleDetection: ts.ModuleDetectionKind.Force,
      target: ts.ScriptTarget.ES2023,
      lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
      types: [],
    };
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists, readFile: readText } = host;
    host.fileExists = (path) => path in files || fileExists(path);
    host.readFile = (path) => files[path] ?? readText(path);
    host.getSourceFile = (path, target, ...rest) =>
      files[path] === undefined
        ? getSourceFile.call(host, path, target, ...rest)
        : ts.createSourceFile(path, files[path], target);
    const program = ts.createProgram(Object.keys(files), options, host);
    const faults = ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => {
      const line = file?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0;
      return `${file?.fileName}:${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    });
    expect(faults).toEqual([]);
  }, 60_000);

  it("make no markup of text", () => {
    expect(SCRIPT + THEME_SCRIPT).not.toMatch(
      /innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function/,
    );
  });
});
