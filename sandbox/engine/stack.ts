/**
 * A stack of the sandbox's engine, driven like one of the Automation API.
 *
 * Runs the unchanged program without the Pulumi CLI. For trying and testing: its state marks secrets and does not
 * encrypt them, and what this program has no use for is refused by name.
 */
import { availableParallelism } from "node:os";
import type { OutputMap } from "@pulumi/pulumi/automation/stack.js";
import type { Deployment as ExportedDeployment } from "@pulumi/pulumi/automation/workspace.js";
import type { ProviderFactory } from "../provider/types.ts";
import { PlainDisplay } from "./display.ts";
import { type EngineEvent, Events, type OpMap } from "./events.ts";
import { lock, unlock } from "./lock.ts";
import { secretsProvider } from "./passphrase.ts";
import { type Kind, run } from "./run.ts";
import { readCheckpoint, Snapshot, writeCheckpoint } from "./snapshot.ts";
import { type Checkpoint, checkVersion, fromResource, makeCheckpoint } from "./state.ts";
import { STACK_TYPE } from "./urn.ts";
import { isSecret, plain } from "./values.ts";

export interface ConfigValue {
  readonly value: string;
  readonly secret?: boolean;
}

export interface StackOptions {
  readonly project: string;
  readonly stack: string;
  /** Absolute path of the program's entry, such as `/x/index.ts`. */
  readonly program: string;
  /** The checkpoint on disk, in the shape of `pulumi stack export`. @default kept in memory */
  readonly stateFile?: string;
  /** By full key (`github:owner`); one without a colon is the project's own. */
  readonly config: Readonly<Record<string, ConfigValue>>;
  /** Environment of the program, beside this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Steps side by side. @default four times the processors, as Pulumi's */
  readonly parallel?: number;
  /** Providers by package name. @default the sandbox's own */
  readonly providers?: Readonly<Record<string, ProviderFactory>>;
  /** Writes the state at the end of an update only; a kill loses what was done. @default false */
  readonly skipCheckpoints?: boolean;
}

export interface RunOptions {
  readonly onEvent?: (event: EngineEvent) => void;
  readonly onOutput?: (text: string) => void;
  readonly parallel?: number;
  /** Refreshes the state first. */
  readonly refresh?: boolean;
  /** URNs or patterns (`*`, `**`): nothing else is touched. */
  readonly target?: readonly string[];
  readonly targetDependents?: boolean;
  /** URNs or patterns to replace, whatever their difference. */
  readonly replace?: readonly string[];
  /** Fails with exit code 7 where anything changes; an update is made all the same. */
  readonly expectNoChanges?: boolean;
  readonly continueOnError?: boolean;
  readonly policyPacks?: readonly string[];
  /** Files of configuration (JSON), one for each pack, in their order. */
  readonly policyPackConfigs?: readonly string[];
  /** Runs the program in a destroy, for its hooks. */
  readonly runProgram?: boolean;
  /** A refresh that writes nothing. */
  readonly previewOnly?: boolean;
  /** A refresh forgets the creates that a killed update left pending. */
  readonly clearPendingCreates?: boolean;
  /** Cancels: what runs is finished and written down, nothing new starts. */
  readonly signal?: AbortSignal;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly summary: {
    readonly kind: string;
    readonly result: "succeeded";
    readonly resourceChanges: OpMap;
    readonly startTime: Date;
    readonly endTime: Date;
  };
}
export type UpResult = RunResult & { readonly outputs: OutputMap };
export interface PreviewResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly changeSummary: OpMap;
}

/** A run that failed. `exitCode` is the CLI's: 1, or 7 where changes were not expected. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  constructor(exitCode: number, stdout: string, stderr: string) {
    super(`code: ${exitCode}\n stdout: ${stdout}\n stderr: ${stderr}\n`);
    this.exitCode = exitCode;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

/** Opens a stack, new or with the state that its file has. @throws when the file is no checkpoint. */
export async function openStack(options: StackOptions): Promise<Stack> {
  const providers = options.providers ?? (await import("../provider/index.ts")).providers;
  return new Stack(options, providers);
}

export class Stack {
  readonly name: string;
  readonly #options: StackOptions;
  readonly #providers: Readonly<Record<string, ProviderFactory>>;
  readonly #config: Readonly<Record<string, string>>;
  readonly #secretKeys: readonly string[];
  #memory: Checkpoint = makeCheckpoint([], []);

  /** Use {@link openStack}. */
  constructor(options: StackOptions, providers: Readonly<Record<string, ProviderFactory>>) {
    this.name = options.stack;
    this.#options = options;
    this.#providers = providers;
    const entries = Object.entries(options.config).map(
      ([key, value]) => [key.includes(":") ? key : `${options.project}:${key}`, value] as const,
    );
    this.#config = Object.fromEntries(entries.map(([key, { value }]) => [key, value]));
    this.#secretKeys = entries.filter(([, { secret }]) => secret).map(([key]) => key);
    this.#read();
  }

  async preview(options: RunOptions = {}): Promise<PreviewResult> {
    const { stdout, changes } = await this.#run("update", "preview", true, options);
    return { stdout, stderr: "", changeSummary: changes };
  }

  /** Updates without a preview before it, as the Automation API does. */
  async up(options: RunOptions = {}): Promise<UpResult> {
    const result = await this.#change("update", "update", options);
    return { ...result, outputs: await this.outputs() };
  }

  refresh(options: RunOptions = {}): Promise<RunResult> {
    return this.#change("refresh", "refresh", options);
  }

  destroy(options: RunOptions = {}): Promise<RunResult> {
    return this.#change("destroy", "destroy", options);
  }

  /**
   * The checkpoint with its secrets in plain text, as `pulumi stack export --show-secrets` gives it.
   * Pulumi imports one with secrets only where it says how to encrypt them: give the stack's `passphrase` for that.
   */
  async exportStack(options: { readonly passphrase?: string } = {}): Promise<ExportedDeployment> {
    const checkpoint = structuredClone(this.#read());
    const { deployment } = checkpoint;
    if (options.passphrase === undefined) return { ...checkpoint, deployment };
    return {
      ...checkpoint,
      deployment: { ...deployment, secrets_providers: secretsProvider(options.passphrase) },
    };
  }

  /** Takes a checkpoint over, one of Pulumi's too. @throws for what this engine does not support, by name. */
  async importStack(deployment: ExportedDeployment): Promise<void> {
    const checkpoint = structuredClone(deployment) as Checkpoint;
    checkVersion(checkpoint);
    for (const resource of checkpoint.deployment.resources ?? []) fromResource(resource);
    this.#write(checkpoint);
  }

  async outputs(): Promise<OutputMap> {
    const root = this.#read().deployment.resources?.find(({ type }) => type === STACK_TYPE);
    const outputs = root ? (fromResource(root).outputs ?? {}) : {};
    return Object.fromEntries(
      Object.keys(outputs).map((key) => [
        key,
        { value: plain(outputs)[key], secret: isSecret(outputs[key]) },
      ]),
    );
  }

  /** Removes the lock that a killed update left behind. */
  async cancel(): Promise<void> {
    if (this.#options.stateFile !== undefined) unlock(this.#options.stateFile);
  }

  async #change(kind: Kind, name: string, options: RunOptions): Promise<RunResult> {
    const startTime = new Date();
    const { stdout, changes } = await this.#run(kind, name, options.previewOnly ?? false, options);
    const summary = {
      kind: name,
      result: "succeeded",
      resourceChanges: changes,
      startTime,
      endTime: new Date(),
    } as const;
    return { stdout, stderr: "", summary };
  }

  async #run(kind: Kind, name: string, dryRun: boolean, options: RunOptions) {
    const { stateFile } = this.#options;
    let stdout = "";
    const display = new PlainDisplay((line) => {
      stdout += `${line}\n`;
      options.onOutput?.(`${line}\n`);
    });
    const secrets = this.#secretKeys.flatMap((key) => this.#config[key] ?? []);
    const listeners = [(event: EngineEvent) => display.event(event), options.onEvent ?? (() => undefined)];
    const events = new Events(listeners, secrets, dryRun);
    if (!dryRun && stateFile !== undefined) {
      try {
        lock(stateFile);
      } catch (error) {
        throw new CommandError(1, stdout, `error: ${(error as Error).message}`);
      }
    }
    try {
      const succeeded = await this.#execute(kind, dryRun, options, events);
      if (!succeeded) throw new CommandError(1, stdout, "");
    } finally {
      if (!dryRun && stateFile !== undefined) unlock(stateFile);
    }
    const changed = Object.entries(events.changes).some(([op, count]) => op !== "same" && count > 0);
    if (options.expectNoChanges && changed) {
      const stderr = `error: no changes were expected for ${name} but changes were proposed`;
      throw new CommandError(7, stdout, stderr);
    }
    return { stdout, changes: events.changes };
  }

  async #execute(kind: Kind, dryRun: boolean, options: RunOptions, events: Events): Promise<boolean> {
    const { stateFile, skipCheckpoints, parallel } = this.#options;
    const started = performance.now();
    const snapshot = this.#snapshot(dryRun);
    if (options.clearPendingCreates) snapshot.clearPendingCreates();
    if (!dryRun && !skipCheckpoints && stateFile !== undefined) snapshot.open();
    const hidden = this.#secretKeys.map((key) => [key, "[secret]"]);
    events.prelude({ ...this.#config, ...Object.fromEntries(hidden) });
    let succeeded = false;
    try {
      succeeded = await run({
        ...this.#options,
        kind,
        dryRun,
        refresh: options.refresh ?? false,
        withProgram: kind === "update" || (kind === "destroy" && (options.runProgram ?? false)),
        continueOnError: options.continueOnError ?? false,
        parallel: options.parallel ?? parallel ?? 4 * availableParallelism(),
        selection: {
          target: options.target ?? [],
          targetDependents: options.targetDependents ?? false,
          replace: options.replace ?? [],
        },
        policyPacks: options.policyPacks ?? [],
        policyPackConfigs: options.policyPackConfigs ?? [],
        events,
        snapshot,
        providers: this.#providers,
        config: this.#config,
        secretKeys: this.#secretKeys,
        env: this.#options.env ?? {},
        signal: options.signal,
      });
    } finally {
      if (!dryRun) {
        snapshot.close();
        this.#memory = makeCheckpoint(snapshot.resources(), snapshot.pending());
      }
      events.summary((performance.now() - started) / 1000, !succeeded);
      events.cancel();
    }
    return succeeded;
  }

  #snapshot(dryRun: boolean): Snapshot {
    const { stateFile } = this.#options;
    const { deployment } = this.#read();
    const pending = deployment.pending_operations ?? [];
    return new Snapshot(
      (deployment.resources ?? []).map(fromResource),
      pending.map(({ type, resource }) => ({ type, resource: fromResource(resource) })),
      dryRun ? undefined : stateFile,
    );
  }

  /** What a killed update left in the journal is folded into the checkpoint first. */
  #read(): Checkpoint {
    const { stateFile } = this.#options;
    return stateFile === undefined ? this.#memory : readCheckpoint(stateFile);
  }

  #write(checkpoint: Checkpoint): void {
    const { stateFile } = this.#options;
    if (stateFile === undefined) this.#memory = checkpoint;
    else writeCheckpoint(stateFile, checkpoint);
  }
}
