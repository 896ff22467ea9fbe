import * as z from "zod";
import { safeText } from "../fleet/findings.ts";
import { isOwner, isPackageName, isRepository } from "../fleet/grammar.ts";
import { type Fault, PublishError } from "./fault.ts";
import type { Plan } from "./plan.ts";
import { buildRecordSchema } from "./record.ts";

const sha = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const refs = z.record(z.string(), sha);
const packageName = z.string().refine((name) => isPackageName(name) && name === name.toLowerCase());
/** Ids and URLs as `sourcesOf` gives them: no option of a program, no control character. `git@host:repository` has no slash. */
const place = z.string().regex(/^[^-\p{C}\s][^\p{C}]*[/:][^\p{C}]+$/u);

const planSchema = z.strictObject({
  build: buildRecordSchema.shape.build,
  now: z.iso.datetime(),
  action: z.enum(["none", "deploy", "partial", "full"]),
  reasons: z.array(z.string()),
  publishedCommit: sha.optional(),
  previous: buildRecordSchema.optional(),
  inputs: buildRecordSchema.shape.inputs,
  repositories: z.array(
    z.strictObject({
      id: place,
      url: place,
      kind: z.enum(["github", "git"]),
      owner: z.string().refine(isOwner).optional(),
      name: z.string().refine(isRepository).optional(),
      digest: digest.optional(),
      refs: z.strictObject({ heads: refs, tags: refs, head: z.string().optional() }).optional(),
      error: z.strictObject({ kind: z.enum(["gone", "unreachable"]), message: z.string() }).optional(),
      stale: z.boolean(),
      packageName: packageName.optional(),
      nameError: z.string().optional(),
    }),
  ),
  cost: z.strictObject({
    calls: z.int().nonnegative(),
    remaining: z.int().nonnegative().optional(),
    clones: z.boolean(),
  }),
  hints: z.array(
    z.strictObject({ text: z.string(), verdict: z.enum(["stale", "fresh", "unknown", "malformed"]) }),
  ),
});

/** Text of plan.json. */
export function planFileText(plan: Plan): string {
  return `${JSON.stringify(plan, null, 1)}\n`;
}

/**
 * Reads plan.json. Another job wrote it, so nothing in it is taken on trust: names follow the grammar that paths and command lines
 * rely on, and no URL can be an option.
 *
 * @throws PublishError where it is no plan.
 */
export function readPlanFile(text: string): Plan {
  const fault = (message: string): Fault => ({
    by: "plan",
    message: safeText(`plan.json is no plan: ${message}`),
    remedy: "run the plan again; no other program writes this file",
  });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new PublishError([fault("it is not valid JSON")]);
  }
  const { data, error } = planSchema.safeParse(document);
  if (data === undefined) {
    const [first] = error.issues;
    throw new PublishError([fault(`${first?.path.join(".") ?? ""} ${first?.message ?? ""}`.trim())]);
  }
  // zod's optional keys are optional here too, never there and undefined: JSON has no undefined.
  return data as Plan;
}
