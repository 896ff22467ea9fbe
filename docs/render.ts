import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CONFIG_KEYS } from "../fleet/config-keys.ts";
import { GATES } from "../publisher/verify/index.ts";
import { renderPolicies } from "./policies.ts";

const README = fileURLToPath(new URL("../README.md", import.meta.url));
const POLICIES = fileURLToPath(new URL("policies.md", import.meta.url));
const PUBLISHER = fileURLToPath(new URL("publisher.md", import.meta.url));
const GATE_SECTION = /(<!-- gates:[^\n]*-->\n)[\s\S]*?(<!-- \/gates -->)/;
const SECTION = /(<!-- config:[^\n]*-->\n)[\s\S]*?(<!-- \/config -->)/;

/** README.md's text with its configuration table rendered from the table of keys that the program reads. */
export function renderReadme(text: string): string {
  const rows = CONFIG_KEYS.map(({ name, secret, type, choices, default: value, doc }) => {
    const kind = type === "one of" && choices ? choices.join(", ") : type;
    const shown = secret ? `${kind} (secret)` : kind;
    return `| \`${name}\` | ${cell(shown)} | ${value === undefined ? "" : `\`${cell(value)}\``} | ${cell(doc)} |`;
  });
  const table = ["| key | type | default | |", "| --- | --- | --- | --- |", ...rows].join("\n");
  return text.replace(SECTION, (_, open: string, close: string) => `${open}${table}\n${close}`);
}

/** docs/publisher.md's text with its table of gates, from the gates themselves. */
export function renderPublisher(text: string): string {
  const rows = GATES.map(({ name, guarantees }) => `| \`${name}\` | ${cell(guarantees)} |`);
  const table = ["| gate | guarantees that |", "| --- | --- |", ...rows].join("\n");
  return text.replace(GATE_SECTION, (_, open: string, close: string) => `${open}${table}\n${close}`);
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(README, renderReadme(readFileSync(README, "utf8")));
  writeFileSync(POLICIES, renderPolicies());
  writeFileSync(PUBLISHER, renderPublisher(readFileSync(PUBLISHER, "utf8")));
}
