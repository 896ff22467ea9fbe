import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { type Fault, PublishError } from "../publisher/fault.ts";
import type { Teller } from "../publisher/runner.ts";
import { type Composer, composerFault, composerIn } from "./composer.ts";
import type { Input } from "./input.ts";
import { parseLock } from "./lock.ts";
import { movedPackages } from "./origins.ts";
import { lockPaths } from "./plan.ts";
import { openRepository } from "./repository.ts";
import { parseUpdates, readPlan, type Update, type Updates, type Work, writeJson } from "./work.ts";

/** SHA-256 of a text, in hexadecimal: what was verified is what is published. */
export function digestOf(text: string | Buffer): string {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * Checks every update in its tree: nothing comes from another host or owner than before, composer.json and composer.lock are valid and
 * belong together, and they can be installed. Known vulnerabilities are noted for the pull request and stop nothing.
 *
 * @throws PublishError with everything that failed since `check`; what passed is handed on all the same
 */
export async function verifyUpdates(input: Input, work: Work, tell: Teller): Promise<Updates> {
  const { build, updates, faults: earlier } = parseUpdates(await readFile(work.update, "utf8"));
  const repository = await openRepository(input, work.repository);
  const { units } = await readPlan(work);
  const good: Update[] = [];
  const faults: Fault[] = [...earlier];
  for (const update of updates) {
    const { unit } = update;
    const index = units.findIndex((one) => one.base === unit.base && one.package === unit.package);
    const before = (await repository.read(unit.baseSha, lockPaths(input.settings.directory).lock)) ?? "";
    const moved = movedPackages(parseLock(before, "composer.lock"), parseLock(update.lock, "composer.lock"));
    const wrong = moved.map(
      ({ name, from, to }): Fault => ({
        by: "origin",
        package: name,
        message: `would come from ${to}, and came from ${from.join(" and ") || "nowhere"} before`,
        remedy: "if that is right, update this package by hand: the updater refuses it",
      }),
    );
    const composer = await composerIn(join(work.tree(index), input.settings.directory), input, work, tell);
    if (wrong.length === 0) wrong.push(...(await checkWithComposer(composer)));
    if (wrong.length > 0) faults.push(...wrong);
    else good.push({ ...update, ...(await audit(composer)) });
  }
  const result: Updates = { schema: 1, build, updates: good, faults };
  await writeJson(work.update, result);
  await tell.output("action", good.length === 0 ? "none" : "publish");
  await tell.output("digest", digestOf(await readFile(work.update)));
  if (faults.length > 0) throw new PublishError(faults);
  return result;
}

async function checkWithComposer(composer: Composer): Promise<readonly Fault[]> {
  const valid = await composer("validate", "--no-check-publish");
  if (valid.code !== 0)
    return composerFault("validate", valid, "run it in this repository, and correct what it says").faults;
  const installs = await composer("install", "--dry-run", "--no-progress");
  if (installs.code !== 0)
    return composerFault("install --dry-run", installs, "look at config.platform").faults;
  return [];
}

const advisorySchema = z.looseObject({
  advisoryId: z.string(),
  title: z.string(),
  cve: z.string().nullish(),
});
const auditSchema = z.looseObject({
  advisories: z.union([
    z.record(z.string(), z.union([z.array(advisorySchema), z.record(z.string(), advisorySchema)])),
    z.array(z.never()),
  ]),
});

/** Lines such as `acme/anvil: CVE-2026-1: It falls`; none of them where Composer cannot tell. */
async function audit(composer: Composer): Promise<{ audit?: string[] }> {
  const { stdout } = await composer("audit", "--locked", "--format=json");
  try {
    const { advisories } = auditSchema.parse(JSON.parse(stdout));
    const lines = Object.entries(advisories).flatMap(([name, list]) =>
      Object.values(list).map(({ advisoryId, title, cve }) => `${name}: ${cve ?? advisoryId}: ${title}`),
    );
    return { audit: lines.sort() };
  } catch {
    return {};
  }
}
