import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { satisSchema } from "../fleet/satis-schema.ts";

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
      text: render(satisSchema, "satis.json", "What Satis reads, and the packages of a satis-fleet"),
    },
  ];
}

function render(schema: z.ZodType, title: string, description: string): string {
  const generated = z.toJSONSchema(schema, { target: "draft-07", io: "input" });
  const { $schema, ...rest } = generated;
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
