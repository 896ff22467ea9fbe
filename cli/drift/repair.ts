import type { EngineEvent, OpMap } from "@pulumi/pulumi/automation/index.js";
import { safeText } from "../../fleet/findings.ts";
import { messageOf, type Output, TERMINAL } from "../command.ts";
import type { Context } from "../context.ts";
import { RunFailure } from "../engine.ts";
import { describePlan } from "../up/describe.ts";
import { apply, planned, refreshed, type UpdateOptions } from "../up/update.ts";
import type { Drift, Findings } from "./finding.ts";
import { reasonOf } from "./reader.ts";

/** What a repair did. */
export interface Repair {
  /** Of the update, as the engine's summary counts them. */
  readonly operations: OpMap;
  /** Workflows that Actions runs again, `owner/repository path`. */
  readonly enabled: readonly string[];
  /** What went wrong, safe to print, on lines of its own; what was done stays done. */
  readonly error?: string;
}

/**
 * Brings GitHub back by an update as `fleet up` makes it, in batches and at its pace; overwritten secrets are replaced: no refresh sees
 * those.
 *
 * Where a repository is gone, archived or could not be read, the update is limited to what can be repaired elsewhere; what fails all the
 * same does not stop what does not depend on it.
 */
export async function repair(
  context: Context,
  found: Findings,
  output: Output = TERMINAL,
  tuning: Pick<UpdateOptions, "batchSize" | "wait"> = {},
): Promise<Repair> {
  const { enabled, failures } = await enableAll(context, found);
  const kept = keptTo(found);
  const { operations, errors } =
    kept === undefined
      ? { operations: {}, errors: [] }
      : await update(context, { ...tuning, ...kept, continueOnError: true }, output);
  const all = [...failures, ...errors].flatMap((text) => text.split("\n")).map(safeText);
  return { operations, enabled, ...(all.length > 0 ? { error: all.join("\n") } : {}) };
}

/** What an update is kept to; `undefined` where none repairs anything. */
export function keptTo(found: Findings): Pick<UpdateOptions, "target" | "replace"> | undefined {
  const alone = leftAlone(found);
  const within = found.drift.filter(
    ({ remedy, repository }) => remedy === undefined && !alone.has(repository),
  );
  if (within.length === 0) return undefined;
  const urns = (some: readonly Drift[]) => [
    ...new Set(some.flatMap(({ urn }) => (urn === undefined ? [] : [urn]))),
  ];
  const target = alone.size > 0 ? urns(within) : [];
  if (alone.size > 0 && target.length === 0) return undefined;
  return { target, replace: urns(within.filter((one) => one.replace)) };
}

/** Repositories in which an update would fail, or would write without anybody knowing what is there. */
function leftAlone({ drift, unread }: Findings): ReadonlySet<string> {
  return new Set([...drift.filter(({ blocks }) => blocks), ...unread].map(({ repository }) => repository));
}

async function update(
  context: Context,
  options: UpdateOptions,
  output: Output,
): Promise<{ readonly operations: OpMap; readonly errors: readonly string[] }> {
  const operations: OpMap = {};
  const errors: string[] = [];
  const onEvent = ({ summaryEvent }: EngineEvent) => {
    for (const [kind, count] of Object.entries(summaryEvent?.resourceChanges ?? {}))
      operations[kind as keyof OpMap] = (operations[kind as keyof OpMap] ?? 0) + count;
  };
  try {
    await refreshed(context, options, output).catch((error: unknown) => {
      // What could not be read stays as the state has it; the engine has refreshed the others.
      if (!(error instanceof RunFailure)) throw error;
      errors.push(error.message);
    });
    const plan = await planned(context, options, output);
    if (plan.steps.length > 0) {
      for (const line of describePlan(plan)) output.err(line);
      await apply(context, plan, { ...options, onEvent }, output);
    }
  } catch (error) {
    errors.push(messageOf(error));
  }
  return { operations, errors };
}

/** Enables the workflows that somebody disabled; one that GitHub refuses does not stop the others. */
async function enableAll(
  context: Context,
  found: Findings,
): Promise<{ readonly enabled: readonly string[]; readonly failures: readonly string[] }> {
  const alone = leftAlone(found);
  const enabled: string[] = [];
  const failures: string[] = [];
  for (const one of found.drift.filter(({ kind }) => kind === "workflow disabled")) {
    if (alone.has(one.repository)) continue;
    const workflow = `${one.repository} ${one.name ?? ""}`;
    try {
      await enable(context, one);
      enabled.push(workflow);
    } catch (error) {
      failures.push(`${workflow} is not enabled: ${reasonOf(error)}`);
    }
  }
  return { enabled, failures };
}

async function enable({ github }: Context, { calledNow, repository, name = "" }: Drift): Promise<void> {
  const [owner, repo] = (calledNow ?? repository).split("/");
  const workflow = name.slice(name.lastIndexOf("/") + 1);
  await github.request("PUT /repos/{owner}/{repo}/actions/workflows/{workflow}/enable", {
    owner,
    repo,
    workflow,
  });
}
