#!/usr/bin/env node
// The `fleet` command where the package is linked. TypeScript runs on the Node of this package's own dependencies, whatever the machine has.
import { spawn } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";

const node = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));
const main = fileURLToPath(new URL("./main.ts", import.meta.url));

/** @type {import("node:child_process").ChildProcess | undefined} */
let child;
const onTerminal = [0, 1, 2].some((stream) => isatty(stream));
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** @param {NodeJS.Signals} signal */
function forward(signal) {
  // From a terminal Ctrl-C has reached the child as well, and a second one would end it before it has recorded what it has begun.
  if (signal !== "SIGINT" || !onTerminal) child?.kill(signal);
}

// Before there is a child: nothing that ends this process may leave one behind.
for (const signal of SIGNALS) process.on(signal, forward);
// Pulumi runs the program on the `node` of the PATH.
const env = { ...process.env, PATH: [dirname(node), process.env.PATH ?? ""].join(delimiter) };
child = spawn(node, [main, ...process.argv.slice(2)], { stdio: "inherit", env });
child.once("error", (error) => {
  console.error(`fleet: ${error.message}: run npm ci`);
  process.exitCode = 1;
});
child.once("exit", (code, signal) => {
  for (const name of SIGNALS) process.off(name, forward);
  if (signal) process.kill(process.pid, signal);
  else process.exitCode = code ?? 1;
});
