#!/usr/bin/env node
// The `fleet` command where the package is linked. TypeScript runs on the Node of this package's own dependencies, whatever the machine has.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const node = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));
const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const { status, error } = spawnSync(node, [main, ...process.argv.slice(2)], { stdio: "inherit" });
if (error) console.error(`fleet: ${error.message}: run npm ci`);
process.exitCode = status ?? 1;
