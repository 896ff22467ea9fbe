import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parse } from "yaml";
import { safeText } from "../../fleet/findings.ts";
import type { ConfigEntry } from "../engine.ts";

/**
 * The stack's configuration as its file has it: no engine, no passphrase, no secret.
 *
 * A secret's text stays behind: what is left of it is that it is set.
 *
 * @throws Error where the file is missing or no configuration.
 */
export function readStackFile(path: string): Readonly<Record<string, ConfigEntry>> {
  const name = basename(path);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new Error(`there is no ${name} here: name the stack with --stack, and the folder with --cwd`);
  }
  let config: unknown;
  try {
    ({ config } = (parse(text) ?? {}) as { config?: unknown });
  } catch (error) {
    const [first = ""] = (error instanceof Error ? error.message : "").split("\n");
    throw new Error(`${name} is no YAML: ${safeText(first)}`);
  }
  if (config === undefined || config === null) return {};
  if (typeof config !== "object" || Array.isArray(config)) throw new Error(`${name}: "config" is no table`);
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, entryOf(value)]));
}

function entryOf(value: unknown): ConfigEntry {
  if (typeof value === "string") return { value };
  const isTable = typeof value === "object" && value !== null;
  if (isTable && "secure" in value) return { value: "set", secret: true };
  return { value: JSON.stringify(value) };
}
