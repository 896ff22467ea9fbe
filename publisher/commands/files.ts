import { readFile, writeFile } from "node:fs/promises";
import * as z from "zod";
import { type Fault, PublishError } from "../fault.ts";
import type { Outcome } from "../outcome.ts";
import type { Plan } from "../plan.ts";
import { readPlanFile } from "../plan-file.ts";
import { buildRecordSchema } from "../record.ts";
import type { Work } from "../work.ts";

/** Reads the plan that an earlier command made. @throws PublishError where there is none */
export async function readPlan(work: Work): Promise<Plan> {
  return readPlanFile(await textOf(work.plan, "plan"));
}

const faultSchema = z.strictObject({
  by: z.string(),
  package: z.string().optional(),
  message: z.string(),
  remedy: z.string(),
});

const outcomeSchema = z.strictObject({
  build: buildRecordSchema.shape.build,
  rebuilt: z.array(z.string()),
  changes: z.array(
    z.strictObject({
      package: z.string(),
      version: z.string(),
      kind: z.enum(["added", "removed", "moved"]),
      reference: z.string().optional(),
    }),
  ),
  leftOut: z.array(z.strictObject({ package: z.string(), tag: z.string(), reason: z.string() })),
  faults: z.array(faultSchema),
  record: buildRecordSchema,
  unchanged: z.boolean(),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Reads what a build did; `undefined` where none came to an end. @throws PublishError where the file is no outcome */
export async function readOutcome(work: Work): Promise<Outcome | undefined> {
  const text = await readFile(work.outcome, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  return parsed(outcomeSchema, text, "outcome.json") as Outcome;
}

export function writeOutcome(work: Work, outcome: Outcome): Promise<void> {
  return writeFile(work.outcome, `${JSON.stringify(outcome)}\n`);
}

/** Reads the faults that ended a build; none where it did not fail. */
export async function readFailure(work: Work): Promise<readonly Fault[]> {
  const text = await readFile(work.failure, "utf8").catch(() => undefined);
  return text === undefined ? [] : (parsed(z.array(faultSchema), text, "failure.json") as Fault[]);
}

export function writeFailure(work: Work, faults: readonly Fault[]): Promise<void> {
  return writeFile(work.failure, `${JSON.stringify(faults)}\n`);
}

async function textOf(file: string, command: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch {
    const message = `there is no ${command}.json in the working directory`;
    throw new PublishError([{ by: "input", message, remedy: `run ${command} first, with the same --work` }]);
  }
}

function parsed<T>(schema: z.ZodType<T>, text: string, name: string): T {
  try {
    const result = schema.safeParse(JSON.parse(text));
    if (result.success) return result.data;
  } catch {
    // Told below.
  }
  const message = `${name} is not what a build writes`;
  throw new PublishError([{ by: "input", message, remedy: "run build again" }]);
}
