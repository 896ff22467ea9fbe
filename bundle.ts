// Bundles the programs that the control plane commits elsewhere, each into one file: npm run bundle [publisher|updater].
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, type Plugin, transform } from "esbuild";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** Readers of the repositories can review it, and GitHub's contents API carries it whole. */
const LIMIT = 500_000;

/**
 * zod can describe its schemas as JSON Schema, which no program here does, and the code for that hangs on every schema: 36 kB. The two
 * methods that are asked for when a schema is made stay, as methods that say so.
 */
const withoutJsonSchema: Plugin = {
  name: "without-json-schema",
  setup({ onLoad }) {
    const stub = (name: string, methods: readonly string[], others: readonly string[]) =>
      onLoad({ filter: new RegExp(`[\\\\/]zod[\\\\/]v4[\\\\/]core[\\\\/]${name}\\.js$`) }, () => ({
        contents: `
          const refuse = () => { throw new Error("this program was bundled without JSON Schema"); };
          const method = () => refuse;
          export { ${[...methods.map((one) => `method as ${one}`), ...others.map((one) => `refuse as ${one}`)].join(", ")} };
        `,
      }));
    stub("json-schema-processors", [], ["allProcessors", "toJSONSchema"]);
    stub(
      "to-json-schema",
      ["createToJSONSchemaMethod", "createStandardJSONSchemaMethod"],
      ["extractDefs", "finalize", "handleUnrepresentable", "initializeContext", "processSchema"],
    );
  },
};

/** Libraries' syntax is shortened, as their own distributions often are; names and lines stay, and our own code is as it was written. */
const shorterLibraries: Plugin = {
  name: "shorter-libraries",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/].*\.js$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), {
        minifySyntax: true,
        target: "node22",
        charset: "utf8",
        legalComments: "inline",
      });
      return { contents: code };
    });
  },
};

const PROGRAMS = ["publisher", "updater"];

for (const name of process.argv.length > 2 ? process.argv.slice(2) : PROGRAMS) {
  if (!PROGRAMS.includes(name))
    throw new Error(`there is no program ${name}: write ${PROGRAMS.join(" or ")}`);
  const outfile = at(`${name}/dist/${name}.mjs`);
  await build({
    entryPoints: [at(`${name}/main.ts`)],
    outfile,
    absWorkingDir: at("."),
    bundle: true,
    platform: "node",
    target: "node22",
    format: "esm",
    // Some libraries have an ES module only there, and without it what they require is not found.
    mainFields: ["module", "main"],
    charset: "utf8",
    // Unminified: what runs in a repository can be read there.
    minify: false,
    legalComments: "inline",
    plugins: [withoutJsonSchema, shorterLibraries],
    logLevel: "warning",
    logOverride: { "import-is-undefined": "silent" },
    banner: {
      js: `// The ${name} of satis-fleet, bundled. Managed: the next \`pulumi up\` puts back what is written here.`,
    },
  });
  const { size } = await stat(outfile);
  if (size > LIMIT) throw new Error(`${outfile} has ${size} bytes; it must stay under ${LIMIT}`);
}
