import type { OpMap } from "@pulumi/pulumi/automation/index.js";
import type { RunOptions, RunResult } from "../cli/engine.ts";
import type { Progress } from "../cli/progress.ts";
import type { ManagedPackage } from "../fleet/derive.ts";
import { NOTIFY_PATH } from "../workflows/notify.ts";
import { openRegistry } from "./registry.ts";
import { publishFleet, release, update } from "./release.ts";
import { StoryFailure } from "./story-failure.ts";
import { type Change, tamper, targets, unrepaired } from "./tamper.ts";
import type { World } from "./world.ts";

/** Counts of one step, zero where nothing of the kind happened. */
export interface Operations {
  readonly create: number;
  readonly update: number;
  readonly replace: number;
  readonly delete: number;
  readonly same: number;
}

/** What one step of the story did. */
export interface Step {
  readonly name: string;
  readonly operations: Operations;
  /** Calls to GitHub. */
  readonly apiCalls: number;
  readonly seconds: number;
  readonly result?: unknown;
}

/** What the story is told about, and who listens. */
export interface StoryOptions {
  readonly world: World;
  readonly packages: readonly ManagedPackage[];
  /** satis.json after `edit`, and what that edit is. */
  readonly edit: { readonly satis: string; readonly removed?: string; readonly added: string };
  readonly composerRepository: string;
  /** `homepage` of satis.json. */
  readonly homepage: string;
  /** Repository that subscribes, without its owner. */
  readonly consumer: string;
  /** Leaves the site up. @default false */
  readonly keep?: boolean;
  readonly parallel: number;
  /** Called as a step begins: what listens to its engine events. */
  readonly onStep?: (name: string) => Progress;
  readonly onDone?: (step: Step) => void;
}

const NONE: Operations = { create: 0, update: 0, replace: 0, delete: 0, same: 0 };

/** Counts as the story shows them, whatever kinds the engine's summary has. */
export function operationsOf(changes: OpMap): Operations {
  return {
    create: changes.create ?? 0,
    update: changes.update ?? 0,
    replace: (changes.replace ?? 0) + (changes["create-replacement"] ?? 0),
    delete: changes.delete ?? 0,
    same: changes.same ?? 0,
  };
}

/**
 * Previews, creates, leaves alone, tampers with, detects, repairs and edits a fleet.
 *
 * @throws StoryFailure where a step does not end as it must; later steps are not begun.
 */
export async function tellStory(options: StoryOptions): Promise<readonly Step[]> {
  const { world } = options;
  const steps: Step[] = [];
  const step = async (name: string, act: (listen: RunOptions) => Promise<Told>): Promise<void> => {
    const progress = options.onStep?.(name);
    const before = world.github.calls.total;
    const start = performance.now();
    const run = { parallel: options.parallel, ...(progress ? { onEvent: progress.onEvent } : {}) };
    const told = await act(run).finally(() => progress?.end());
    const done: Step = {
      name,
      operations: told.operations ?? NONE,
      apiCalls: world.github.calls.total - before,
      seconds: Math.round((performance.now() - start) / 10) / 100,
      ...(told.result === undefined ? {} : { result: told.result }),
    };
    steps.push(done);
    options.onDone?.(done);
  };
  await step("preview", async (run) => counts(await world.stack.preview(run)));
  await step("create", async (run) => counts(await world.stack.up(run)));
  await step("settle", (run) => settle(world, run));
  const changes = targets(options.packages, world.github.owner, options.composerRepository);
  await step("tamper", async () => {
    await tamper(world.github, changes);
    return { result: { tampered: changes.map(({ repository, kind }) => ({ repository, kind })) } };
  });
  await step("detect", (run) => detect(world, run, changes));
  await step("repair", (run) => repair(world, run, changes));
  await step("edit", (run) => edit(options, run));
  await withRegistry(options, step);
  return steps;
}

/** The registry's own half: built, published and released by the workflows that the fleet put there. */
async function withRegistry(
  options: StoryOptions,
  step: (name: string, act: () => Promise<Told>) => Promise<void>,
): Promise<void> {
  const { world, composerRepository } = options;
  const { added, removed } = options.edit;
  const packages = options.packages.map(({ id }) => id).filter((id) => id !== removed);
  const registry = await openRegistry({
    github: world.github,
    repository: `${world.github.owner}/${composerRepository}`,
    homepage: options.homepage,
    home: world.home,
    managed: new Set([...packages, added]),
  });
  const released = { id: added, consumer: options.consumer };
  try {
    await step("publish", async () => ({ result: await publishFleet(registry, packages.length + 1) }));
    await step("release", async () => ({ result: await release(world, registry, released) }));
    await step("update", async () => ({ result: await update(world, registry, released) }));
  } finally {
    if (options.keep !== true) await registry.close();
  }
}

interface Told {
  readonly operations?: Operations;
  readonly result?: unknown;
}

function counts(run: RunResult): Told {
  return { operations: operationsOf(run.operations) };
}

/** A second update changes nothing. */
async function settle(world: World, run: RunOptions): Promise<Told> {
  const told = counts(await world.stack.up(run));
  expectOnly(told.operations, {}, "a second update changes nothing");
  return told;
}

/** A preview with refresh finds exactly what was tampered with. */
async function detect(world: World, run: RunOptions, changes: readonly Change[]): Promise<Told> {
  const found: { resource: string; operation: string }[] = [];
  const result = await world.stack.preview({
    ...run,
    refresh: true,
    onEvent: (event) => {
      run.onEvent?.(event);
      const step = event.resourcePreEvent?.metadata;
      if (!step || ["same", "refresh", "read"].includes(step.op)) return;
      found.push({ resource: step.urn.slice(step.urn.lastIndexOf("::") + 2), operation: step.op });
    },
  });
  const expected = changes.map(({ resource, operation }) => ({ resource, operation }));
  const sorted = (list: typeof found) =>
    JSON.stringify(list.map((c) => `${c.resource} ${c.operation}`).sort());
  if (sorted(found) !== sorted(expected)) {
    throw new StoryFailure(`detect found ${sorted(found)}, expected ${sorted(expected)}`);
  }
  return { ...counts(result), result: { found } };
}

/** An update with refresh brings exactly that back, on GitHub. */
async function repair(world: World, run: RunOptions, changes: readonly Change[]): Promise<Told> {
  const told = counts(await world.stack.up({ ...run, refresh: true }));
  const by = (operation: string) => changes.filter((change) => change.operation === operation).length;
  expectOnly(told.operations, { create: by("create"), update: by("update") }, "repair undoes the tampering");
  const missing = await unrepaired(world.github, changes);
  if (missing.length > 0) throw new StoryFailure(`not repaired on GitHub: ${missing.join(", ")}`);
  return { ...told, result: { repaired: changes.map(({ resource }) => resource) } };
}

/** A package removed from satis.json loses its workflow and secret, one added gets them. */
async function edit(options: StoryOptions, run: RunOptions): Promise<Told> {
  const { world } = options;
  const { satis, removed, added } = options.edit;
  await world.writeSatis(satis);
  // The Automation API's update skips the preview, and only a preview checks protection before the first delete.
  await world.stack.preview({ parallel: options.parallel, refresh: true });
  const told = counts(await world.stack.up({ ...run, refresh: true }));
  for (const [id, managed] of [
    [removed, false],
    [added, true],
  ] as const) {
    if (id === undefined) continue;
    const repository = world.github.repository(id);
    const file = NOTIFY_PATH in repository.files();
    const secret = repository.secretNames.length > 0;
    if (file !== managed || secret !== managed) {
      throw new StoryFailure(
        `${id}: workflow ${file ? "there" : "missing"}, secret ${secret ? "there" : "missing"}`,
      );
    }
  }
  return { ...told, result: { ...(removed === undefined ? {} : { removed }), added } };
}

function expectOnly(actual: Operations | undefined, expected: Partial<Operations>, rule: string): void {
  for (const kind of ["create", "update", "replace", "delete"] as const) {
    if ((actual?.[kind] ?? 0) !== (expected[kind] ?? 0)) {
      throw new StoryFailure(`${rule}: expected ${expected[kind] ?? 0} ${kind}, got ${actual?.[kind] ?? 0}`);
    }
  }
}
