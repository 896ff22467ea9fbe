import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { type Finding, quoted } from "../fleet/findings.ts";
import { type JsonDocument, type JsonPath, parseJson } from "../fleet/json.ts";
import { schemaFindings } from "../fleet/schema-findings.ts";
import { suggest } from "../fleet/suggest.ts";
import type { RunOptions } from "./engine.ts";

/** What every run of a fleet that may change something is judged by, as the engines take it. */
export type Policies = Required<Pick<RunOptions, "policyPacks" | "policyPackConfigs">>;

/** Name of the configuration that is found by itself, beside satis.json. */
export const POLICY_CONFIG = "policy-config.json";

const PACK = fileURLToPath(new URL("../policy", import.meta.url));
const SCHEMA = new URL("../schemas/policy-config.schema.json", import.meta.url);

/**
 * Gives the policy pack with its configuration: the file that was named, else the one beside satis.json, else none.
 *
 * Engines know a rule by its name only and pass over one that they do not know, so a misspelt name would leave the rule as strict as it
 * was without a word: names and options are checked here, before anything runs.
 */
export function loadPolicies(
  named: string | undefined,
  satisFile: string,
): { policies: Policies; findings: readonly Finding[] } {
  const beside = join(dirname(satisFile), POLICY_CONFIG);
  const file = named === undefined ? beside : resolve(named);
  const present = named !== undefined || existsSync(beside);
  return {
    policies: { policyPacks: [PACK], policyPackConfigs: present ? [file] : [] },
    findings: present ? readPolicyConfig(file, named ?? POLICY_CONFIG) : [],
  };
}

/** Says everything that is wrong in a configuration of the policy pack, each with line, column and remedy. */
export function readPolicyConfig(path: string, file: string): readonly Finding[] {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    const message = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    return [{ severity: "fault", file, message, remedy: "write it, or name another: --policy-config FILE" }];
  }
  const { document, findings } = parseJson(text, { file });
  if (document === undefined) return findings;
  const parsed = loose.safeParse(document.value);
  const issues = parsed.success ? [] : parsed.error.issues;
  return [
    ...findings,
    ...unknownNames(document, file),
    ...schemaFindings(issues, document, { file, remedies: {} }),
  ].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

interface RuleSchema {
  readonly anyOf: readonly { readonly properties?: Readonly<Record<string, object>> }[];
}

const schema = JSON.parse(readFileSync(SCHEMA, "utf8")) as {
  readonly properties: Readonly<Record<string, RuleSchema>>;
};

/** The same without its refusal of unknown keys, which are told with a suggestion instead. */
const loose = z.fromJSONSchema(
  JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === "additionalProperties" ? undefined : value,
  ),
);

function unknownNames(document: JsonDocument, file: string): Finding[] {
  const rules = Object.keys(schema.properties);
  return entriesOf(document.value).flatMap(([rule, setting]) => {
    const known = schema.properties[rule];
    if (known === undefined) return [unknown(document, file, [rule], "the pack has no rule", rules)];
    const options = known.anyOf.flatMap(({ properties = {} }) => Object.keys(properties));
    return entriesOf(setting)
      .filter(([option]) => !options.includes(option))
      .map(([option]) => unknown(document, file, [rule, option], `${rule} has no option`, options));
  });
}

function entriesOf(value: unknown): readonly [string, unknown][] {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

function unknown(
  document: JsonDocument,
  file: string,
  path: JsonPath,
  message: string,
  known: readonly string[],
): Finding {
  const name = String(path.at(-1));
  const meant = suggest(name, known);
  return {
    severity: "fault",
    file,
    ...document.keyPositionOf(path),
    message: `${message} ${quoted(name)}`,
    remedy: meant === undefined ? "docs/policies.md lists them" : `did you mean ${quoted(meant)}?`,
  };
}
