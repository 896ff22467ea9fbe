/** One preview, update, refresh or destroy, from the state before it to the state after it. */
import type { ProviderFactory } from "../provider/types.ts";
import { deletions } from "./deletes.ts";
import { Bail, Deployment, type Selection } from "./deployment.ts";
import type { Events } from "./events.ts";
import { Executor } from "./executor.ts";
import { Hooks } from "./hooks.ts";
import { ProgramMonitor } from "./monitor.ts";
import { Policies } from "./policy.ts";
import { type Program, startProgram } from "./program.ts";
import { Providers } from "./providers.ts";
import { refreshAll } from "./refresh.ts";
import { type RunInfo, serve } from "./rpc.ts";
import type { Snapshot } from "./snapshot.ts";
import { dependenciesOf, type State } from "./state.ts";
import type { Operation, Step } from "./steps.ts";
import { STACK_TYPE } from "./urn.ts";

export type Kind = "update" | "refresh" | "destroy";

export interface RunRequest extends RunInfo {
  readonly kind: Kind;
  readonly refresh: boolean;
  /** Whether the program runs: always for an update, for a destroy where it is asked for. */
  readonly withProgram: boolean;
  readonly continueOnError: boolean;
  readonly selection: Selection;
  readonly policyPacks: readonly string[];
  /** Files of configuration (JSON), one for each pack, in their order. */
  readonly policyPackConfigs: readonly string[];
  readonly events: Events;
  readonly snapshot: Snapshot;
  readonly providers: Readonly<Record<string, ProviderFactory>>;
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
}

/** Runs it. False when it failed or was cancelled: the events say why. Throws for a fault that nobody was told yet. */
export async function run(request: RunRequest): Promise<boolean> {
  const { dryRun, events, snapshot } = request;
  const deletes = new Set<string>();
  const ended = new AbortController();
  const hooks = new Hooks();
  const operation: Operation = {
    dryRun,
    refreshOnly: request.kind === "refresh",
    events,
    snapshot,
    providers: new Providers(request.providers, ended.signal),
    hooks,
    deletes,
    postStepFailure: false,
  };
  const deployment = new Deployment(
    operation,
    deletes,
    request,
    request.selection,
    request.kind === "destroy" && request.withProgram,
  );
  const executor = new Executor(operation, request.parallel, request.continueOnError);
  let canceled = false;
  const cancel = () => {
    canceled = true;
    executor.stop();
  };
  if (request.signal?.aborted) cancel();
  request.signal?.addEventListener("abort", cancel);
  let told = false;
  try {
    await perform(request, deployment, executor);
  } catch (error) {
    if (!(error instanceof Bail)) events.diagnostic("error", (error as Error).message);
    told = true;
    executor.stop();
  } finally {
    await executor.idle();
    request.signal?.removeEventListener("abort", cancel);
    ended.abort();
    hooks.close();
  }
  return conclude(request, deployment, executor, told, canceled);
}

/** Says in one line how it ended, as Pulumi does: nothing more where the user knows already. */
function conclude(
  { dryRun, events }: RunRequest,
  deployment: Deployment,
  executor: Executor,
  told: boolean,
  canceled: boolean,
): boolean {
  const verb = dryRun ? "preview" : "update";
  const failed = executor.failed.length > 0 || deployment.errored || deployment.operation.postStepFailure;
  if (failed && !told) events.diagnostic("error", `${verb} failed`, stackOf(deployment));
  else if (canceled && !told) events.diagnostic("error", `${verb} canceled`, stackOf(deployment));
  return !failed && !canceled && !told;
}

function stackOf(deployment: Deployment): string {
  const registered = [...deployment.urns].find((urn) => urn.includes(`::${STACK_TYPE}::`));
  return registered ?? deployment.prev.find((state) => state.type === STACK_TYPE)?.urn ?? "";
}

async function perform(request: RunRequest, deployment: Deployment, executor: Executor): Promise<void> {
  const { selection, kind } = request;
  if (request.refresh || kind === "refresh") {
    deployment.checkExist(selection.target);
    await refreshAll(deployment, executor);
    if (kind === "refresh" || executor.failed.length > 0 || executor.stopped) return;
  } else if (!request.dryRun) warnOfPending(deployment);
  deployment.checkExist(selection.replace);
  if (request.withProgram) return runProgram(request, deployment, executor);
  refuseHooks(deployment);
  await removeRest(request, deployment, executor);
}

async function runProgram(request: RunRequest, deployment: Deployment, executor: Executor): Promise<void> {
  const policies = new Policies(request, deployment);
  const monitor = new ProgramMonitor(
    deployment,
    executor,
    request,
    policies.analyze,
    request.continueOnError,
  );
  const server = await serve(monitor);
  let program: Program | undefined;
  try {
    await policies.start(server.address);
    program = startProgram({
      ...request,
      entry: request.program,
      address: server.address,
      onLine: (line, isError) => request.events.diagnostic(isError ? "info#err" : "info", line),
    });
    const ended = await Promise.race([
      program.ended,
      monitor.registeredAll.then(() => ({ ok: true })),
      executor.whenStopped.then(() => ({ ok: true })),
    ]);
    const broken = !ended.ok || monitor.bailed;
    if (!ended.ok && "message" in ended) {
      request.events.diagnostic("error", ended.message ?? "", monitor.stackUrn);
    }
    // What runs is finished, and counts; nothing is deleted for a program that broke off.
    if (broken) executor.stop();
    if (!executor.stopped) await removeRest(request, deployment, executor);
    await executor.idle();
    const errored = broken || executor.failed.length > 0 || deployment.errored || executor.stopped;
    finishStack(monitor, deployment, executor, errored);
    // A preview tells what stack policies say even where a resource's policy has refused already.
    const refused = request.dryRun && policies.violated && !broken && executor.failed.length === 0;
    if (!errored || refused)
      await policies.analyzeStack([...executor.news.values()].flatMap((step) => step.new ?? []));
    if (broken || monitor.bailed) throw new Bail("the program failed");
  } finally {
    monitor.release();
    program?.stop();
    await program?.ended;
    policies.close();
    server.close();
  }
}

/** Where something failed, an output that the program did not give may only be missing: it stays as it was. */
function finishStack(
  monitor: ProgramMonitor,
  deployment: Deployment,
  executor: Executor,
  errored: boolean,
): void {
  const step = executor.news.get(monitor.stackUrn);
  if (step?.new === undefined || monitor.stackOutputs === undefined) return;
  const before = errored ? (deployment.olds.get(monitor.stackUrn)?.outputs ?? {}) : {};
  step.new.outputs = { ...before, ...monitor.stackOutputs };
  const { operation } = deployment;
  operation.events.outputs(step);
  if (!operation.dryRun && !deployment.deletes.has(step.new.urn)) operation.snapshot.put(step.new);
}

async function removeRest(request: RunRequest, deployment: Deployment, executor: Executor): Promise<void> {
  deployment.checkExist(request.selection.target);
  const { kept, groups } = deletions(deployment);
  await settle(executor, [kept]);
  for (const group of groups) {
    if (executor.stopped) return;
    const needed = neededBy(deployment, executor.failed);
    await settle(
      executor,
      group.filter(({ old }) => old && !needed.has(old.urn)).map((step) => [step]),
    );
  }
}

async function settle(executor: Executor, chains: readonly (readonly Step[])[]): Promise<void> {
  await Promise.allSettled(chains.map((steps) => executor.run(steps)));
}

/** What a resource that could not be deleted still depends on. */
function neededBy(deployment: Deployment, failed: readonly Step[]): Set<string> {
  const needed = new Set<string>();
  const next: (State | undefined)[] = failed.map((step) => step.old ?? step.new);
  for (let state = next.pop(); next.length > 0 || state; state = next.pop()) {
    for (const urn of state ? dependenciesOf(state) : []) {
      if (needed.has(urn)) continue;
      needed.add(urn);
      next.push(deployment.olds.get(urn));
    }
  }
  return needed;
}

/** Hooks around deletes are functions of the program: without it they would be left out in silence. */
function refuseHooks(deployment: Deployment): void {
  let found = false;
  for (const state of deployment.prev) {
    const names = [...(state.hooks.BeforeDelete ?? []), ...(state.hooks.AfterDelete ?? [])];
    if (names.length === 0) continue;
    found = true;
    const message = `Resource has delete hooks registered, but the program is not running. Hooks: ${names.join(", ")}`;
    deployment.events.diagnostic("error", message, state.urn);
  }
  if (found)
    throw new Error("You must run with the `--run-program` flag to use delete hooks during destroy.");
}

function warnOfPending(deployment: Deployment): void {
  const pending = deployment.operation.snapshot.earlier;
  if (pending.length === 0) return;
  const lines = pending.map(({ type, resource }) => `  * ${resource.urn}, interrupted while ${type}\n`);
  deployment.events.diagnostic(
    "warning",
    `Attempting to deploy or update resources with ${pending.length} pending operations from previous deployment.\n` +
      `${lines.join("")}These resources are in an unknown state because the Pulumi CLI was interrupted while waiting for ` +
      "changes to these resources to complete. You should confirm whether or not the operations listed completed " +
      "successfully by checking the state of the appropriate provider. For example, if you are using AWS, you can " +
      "confirm using the AWS Console.\n\nOnce you have confirmed the status of the interrupted operations, you can " +
      "repair your stack using `pulumi refresh` which will refresh the state from the provider you are using and " +
      "clear the pending operations if there are any.\n\nNote that `pulumi refresh` will need to be run interactively " +
      "to clear pending CREATE operations.",
  );
}
