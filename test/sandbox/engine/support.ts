/** A stack of the test program on the sandbox's engine, over a world of things. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { EngineEvent } from "../../../sandbox/engine/events.ts";
import {
  CommandError,
  openStack,
  type RunOptions,
  type StackOptions,
} from "../../../sandbox/engine/stack.ts";
import { World } from "./fake-provider.ts";
import type { ThingSpec } from "./programs/spec.ts";

export const PROGRAM = fileURLToPath(new URL("./programs/things.ts", import.meta.url));
export const SECRET = "hunter22-the-secret";

export function urn(name: string, group = ""): string {
  return `urn:pulumi:dev::gen::${group ? "acme:index:Group$" : ""}fake:index:Thing::${name}`;
}

export interface Bench {
  readonly world: World;
  readonly stateFile: string;
  /** Names of things by step, such as `create a`, in the order begun, the unchanged left out. */
  readonly steps: string[];
  /** Errors and warnings. */
  readonly told: string[];
  readonly events: EngineEvent[];
  open(things: readonly ThingSpec[], more?: Partial<StackOptions>): ReturnType<typeof openStack>;
  /** Runs with fresh records. */
  up(
    things: readonly ThingSpec[],
    options?: RunOptions,
    config?: Record<string, string>,
  ): Promise<Record<string, number>>;
  preview(
    things: readonly ThingSpec[],
    options?: RunOptions,
    config?: Record<string, string>,
  ): Promise<Record<string, number>>;
  destroy(
    options?: RunOptions,
    things?: readonly ThingSpec[],
    config?: Record<string, string>,
  ): Promise<Record<string, number>>;
  refresh(options?: RunOptions): Promise<Record<string, number>>;
  state(name: string): Promise<Record<string, unknown> | undefined>;
}

export function bench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), "engine-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const world = new World();
  const stateFile = join(folder, "dev.json");
  const steps: string[] = [];
  const told: string[] = [];
  const events: EngineEvent[] = [];
  const open: Bench["open"] = (things, more) =>
    openStack({
      project: "gen",
      stack: "dev",
      program: PROGRAM,
      stateFile,
      config: { things: { value: JSON.stringify(things) }, secret: { value: SECRET, secret: true } },
      providers: { fake: world.provider },
      parallel: 4,
      // Halves the start of every program.
      env: { NODE_COMPILE_CACHE: join(tmpdir(), "satis-fleet-compile-cache") },
      ...more,
    });
  const onEvent = (event: EngineEvent) => {
    events.push(event);
    const begun = event.resourcePreEvent?.metadata;
    if (begun && begun.op !== "same" && !begun.type.startsWith("pulumi:")) {
      steps.push(`${begun.op} ${begun.urn.split("::").at(-1)}`);
    }
    const said = event.diagnosticEvent;
    if (said && !said.severity.startsWith("info")) told.push(`${said.prefix}${said.message}`.trimEnd());
  };
  const record = (options: RunOptions = {}): RunOptions => {
    for (const list of [steps, told, events, world.calls]) list.length = 0;
    return { ...options, onEvent };
  };
  const config = (things: readonly ThingSpec[], more: Record<string, string> = {}) => ({
    config: {
      things: { value: JSON.stringify(things) },
      secret: { value: SECRET, secret: true },
      ...Object.fromEntries(Object.entries(more).map(([key, value]) => [key, { value }])),
    },
  });
  return {
    world,
    stateFile,
    steps,
    told,
    events,
    open,
    up: async (things, options, more) => ({
      ...(await (await open(things, config(things, more))).up(record(options))).summary.resourceChanges,
    }),
    preview: async (things, options, more) => ({
      ...(await (await open(things, config(things, more))).preview(record(options))).changeSummary,
    }),
    destroy: async (options, things = [], more) => ({
      ...(await (await open(things, config(things, more))).destroy(record(options))).summary.resourceChanges,
    }),
    refresh: async (options) => ({
      ...(await (await open([])).refresh(record(options))).summary.resourceChanges,
    }),
    state: async (name) => {
      const { deployment } = await (await open([])).exportStack();
      return deployment.resources.find((resource: { urn: string }) => resource.urn.endsWith(`::${name}`));
    },
  };
}

/** The failure of a run. */
export async function failure(run: Promise<unknown>): Promise<CommandError> {
  try {
    await run;
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
  throw new Error("the run should have failed");
}
