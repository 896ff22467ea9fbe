import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { renderSchemas } from "../../docs/schemas.ts";
import { SATIS_KEYS } from "../../fleet/satis-schema.ts";

const ROOT = new URL("../../", import.meta.url);

test("the committed JSON Schemas are what the program checks with (npm run docs renders them)", () => {
  for (const { file, text } of renderSchemas()) expect(readFileSync(new URL(file, ROOT), "utf8")).toBe(text);
});

test("the schema of satis.json knows every key that the program knows, and takes the example", () => {
  const [satis] = renderSchemas();
  const schema = JSON.parse(satis?.text ?? "") as { properties: object; required: string[] };
  expect(Object.keys(schema.properties)).toEqual(SATIS_KEYS);
  const example = JSON.parse(readFileSync(new URL("satis.json", ROOT), "utf8")) as object;
  for (const key of schema.required) expect(example).toHaveProperty(key);
});
