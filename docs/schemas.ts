import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { satisSchema } from "../fleet/satis-schema.ts";
import { subscriptionsSchema } from "../fleet/subscriptions-schema.ts";
import type { Rule } from "../policy/rule.ts";
import { RULES } from "../policy/rules.ts";

/** A JSON Schema for editors. */
export interface SchemaFile {
  /** Path below the repository. */
  readonly file: string;
  readonly text: string;
}

/** Columns of the repository's formatter. */
const WIDTH = 110;

/** The JSON Schemas that editors check the fleet's files with, from what the program itself checks them with. */
export function renderSchemas(): readonly SchemaFile[] {
  return [
    {
      file: "schemas/satis.schema.json",
      text: render(
        z.toJSONSchema(satisSchema, { target: "draft-07", io: "input" }),
        "satis.json",
        "What Satis reads, and the packages of a satis-fleet",
      ),
    },
    {
      file: "schemas/subscriptions.schema.json",
      text: render(
        z.toJSONSchema(subscriptionsSchema, { target: "draft-07", io: "input" }),
        "subscriptions.json",
        "Which repositories get a pull request when packages are released",
      ),
    },
    {
      file: "schemas/policy-config.schema.json",
      text: render(policyConfigSchema(RULES), "policy-config.json", "How strict a fleet's policies are"),
    },
  ];
}

const LEVEL = { enum: ["advisory", "mandatory", "disabled"] };

/** A level for each rule, or its options; `all` stands for the rules that are not named. */
function policyConfigSchema(rules: readonly Rule[]): object {
  const ruleSchemas = rules.map(({ name, description, options }) => [
    name,
    { description, anyOf: [LEVEL, settings(options)] },
  ]);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    type: "object",
    properties: {
      all: { description: "Every rule that is not named.", anyOf: [LEVEL, settings({})] },
      ...Object.fromEntries(ruleSchemas),
    },
    additionalProperties: false,
  };
}

function settings(options: Rule["options"]): object {
  return {
    type: "object",
    properties: { enforcementLevel: LEVEL, ...options },
    additionalProperties: false,
  };
}

function render(generated: object, title: string, description: string): string {
  const { $schema, ...rest } = generated as { $schema?: string };
  return `${inFormat(JSON.stringify({ $schema, title, description, ...rest }, undefined, 2))}\n`;
}

/** As the formatter leaves it: lists of plain values on one line where they fit. */
function inFormat(json: string): string {
  return json.replace(
    /^(.*)\[\n([^[\]{}]*?)\n\s*\](,?)$/gm,
    (whole, before: string, items: string, comma: string) => {
      const line = `${before}[${items.trim().replace(/,\n\s*/g, ", ")}]${comma}`;
      return line.length <= WIDTH ? line : whole;
    },
  );
}

if (import.meta.main) {
  for (const { file, text } of renderSchemas()) {
    const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
    mkdirSync(fileURLToPath(new URL("../schemas", import.meta.url)), { recursive: true });
    writeFileSync(path, text);
  }
}
