import type { OpMap } from "@pulumi/pulumi/automation/index.js";
import { type Output, TERMINAL } from "../command.ts";
import type { Context } from "../context.ts";
import { RunFailure, type RunOptions, type RunResult } from "../engine.ts";
import { unlocked } from "../up/leftovers.ts";
import { LockedError, runEngine } from "../up/run.ts";
import type { Drift } from "./finding.ts";
import { reasonOf } from "./reader.ts";

/** What a repair did. */
export interface Repair {
  /** Of the update, as the engine's summary counts them. */
  readonly operations: OpMap;
  /** Workflows that Actions runs again, `owner/repository path`. */
  readonly enabled: readonly string[];
  /** Why it stopped; what was done until then stays done. */
  readonly error?: string;
}

/** Independent resources side by side; the engine's default is bound by the cores. */
const PARALLEL = 64;

/**
 * Brings GitHub back by an update with refresh, in which overwritten secrets are replaced: no refresh sees those.
 *
 * A preview comes first, since only that checks protection before anything is deleted. Where a repository is gone or archived the update
 * is limited to what can be repaired elsewhere; what fails all the same does not stop what does not depend on it.
 */
export async function repair(
  context: Context,
  drift: readonly Drift[],
  output: Output = TERMINAL,
): Promise<Repair> {
  const enabled: string[] = [];
  try {
    for (const one of drift.filter(({ kind }) => kind === "workflow disabled")) {
      await enable(context, one);
      enabled.push(`${one.repository} ${one.name ?? ""}`);
    }
    const options = optionsOf(drift);
    if (options === undefined) return { operations: {}, enabled };
    const { operations } = await unlocked(context, false, output, () => update(context, options, output));
    return { operations, enabled };
  } catch (error) {
    const told = error instanceof RunFailure || error instanceof LockedError;
    const operations = error instanceof RunFailure ? error.operations : {};
    return { operations, enabled, error: told ? error.message : reasonOf(error) };
  }
}

async function update(context: Context, options: RunOptions, output: Output): Promise<RunResult> {
  const before = { ...options, ...context.policies };
  await runEngine(context, { command: "preview", name: "preview", options: before }, output);
  // Policies of the whole stack cannot judge a part of it; the preview just before has judged the whole.
  const policies = options.target === undefined ? context.policies : {};
  const after = { ...options, ...policies, continueOnError: true };
  return runEngine(context, { command: "up", name: "up", options: after }, output);
}

/** What the engine is told; `undefined` where no update repairs anything. */
export function optionsOf(drift: readonly Drift[]): RunOptions | undefined {
  const repairable = drift.filter(({ remedy }) => remedy === undefined);
  const blocked = new Set(drift.filter(({ blocks }) => blocks).map(({ repository }) => repository));
  const within = repairable.filter(({ repository }) => !blocked.has(repository));
  if (within.length === 0) return undefined;
  const urns = (some: readonly Drift[]) => [
    ...new Set(some.flatMap(({ urn }) => (urn === undefined ? [] : [urn]))),
  ];
  const replace = urns(within.filter((one) => one.replace));
  const target = blocked.size > 0 ? urns(within) : [];
  if (blocked.size > 0 && target.length === 0) return undefined;
  return {
    refresh: true,
    parallel: PARALLEL,
    ...(replace.length > 0 ? { replace } : {}),
    ...(target.length > 0 ? { target } : {}),
  };
}

async function enable({ github }: Context, { repository, name = "" }: Drift): Promise<void> {
  const [owner, repo] = repository.split("/");
  const workflow = name.slice(name.lastIndexOf("/") + 1);
  await github.request("PUT /repos/{owner}/{repo}/actions/workflows/{workflow}/enable", {
    owner,
    repo,
    workflow,
  });
}
