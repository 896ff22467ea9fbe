import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

// Runs `npm start` on every satis.json of a folder: real input that is not part of this repository.
const [folder, ...rest] = process.argv.slice(2);
const start = fileURLToPath(new URL("../demo/start.ts", import.meta.url));

function run(file: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [start, "--json", "--satis", file, ...rest]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
}

if (folder === undefined) {
  console.error("npm run test:cases -- DIR [--engine sandbox|pulumi]: a folder of satis.json files");
  process.exitCode = 2;
} else {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  let failed = 0;
  for (const file of files) {
    const { code, stdout, stderr } = await run(join(folder, file));
    if (code !== 0) failed += 1;
    const told = code === 0 ? JSON.parse(stdout) : undefined;
    console.log(
      told
        ? `ok    ${basename(file)}: ${told.packages} packages, ${told.unmanaged} not managed, ${told.warnings} warnings, engine ${told.engine}`
        : `FAIL  ${basename(file)}: exit ${code}\n${stderr.trim()}`,
    );
  }
  console.log(`${files.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}
