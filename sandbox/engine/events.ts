/** Engine events in the Automation API's shape, so that one display and one set of tests serve both engines. */
import type { EngineEvent, PropertyDiff, StepEventStateMetadata } from "@pulumi/pulumi/automation/events.js";
import type { OpMap, OpType } from "@pulumi/pulumi/automation/stack.js";
import type { State } from "./state.ts";
import { isProviderType, parseUrn } from "./urn.ts";
import { redact } from "./values.ts";

export type { EngineEvent, OpMap, OpType };
export type Severity = "info" | "info#err" | "warning" | "error";

/** What an event says of a step. */
export interface StepInfo {
  readonly op: OpType;
  readonly old: State | undefined;
  readonly new: State | undefined;
  /** False for the parts of a replacement that are not counted. */
  readonly logical: boolean;
  readonly keys?: readonly string[] | undefined;
  readonly diffs?: readonly string[] | undefined;
}

export class Events {
  /** Steps done, by operation; the engine's own default providers are not counted. */
  readonly changes: OpMap = {};
  readonly #listeners: readonly ((event: EngineEvent) => void)[];
  readonly #secrets: readonly string[];
  readonly #planning: boolean;
  #sequence = 0;
  #steps = 0;

  constructor(
    listeners: readonly ((event: EngineEvent) => void)[],
    secrets: readonly string[],
    planning: boolean,
  ) {
    this.#listeners = listeners;
    // Pulumi masks no secret of fewer than three characters: that would tear up every other text.
    this.#secrets = secrets.filter((secret) => secret.length > 2).sort((a, b) => b.length - a.length);
    this.#planning = planning;
  }

  prelude(config: Readonly<Record<string, string>>): void {
    this.#emit({ preludeEvent: { config: { ...config } } });
  }

  pre(step: StepInfo): void {
    this.#emit({ resourcePreEvent: { metadata: metadata(step, step.op), ...this.#plan() } });
  }

  outputs(step: StepInfo, op: OpType = step.op): void {
    this.#emit({ resOutputsEvent: { metadata: metadata(step, op), ...this.#plan() } });
  }

  failed(step: StepInfo): void {
    this.#emit({ resOpFailedEvent: { metadata: metadata(step, step.op), status: 0, steps: this.#steps } });
  }

  count(op: OpType): void {
    this.#steps += 1;
    this.changes[op] = (this.changes[op] ?? 0) + 1;
  }

  /** Every secret of the configuration is masked in the message, wherever it came from. */
  diagnostic(severity: Severity, message: string, urn = ""): void {
    const prefix = severity.startsWith("info") ? "" : `${severity}: `;
    this.#emit({
      diagnosticEvent: {
        ...(urn !== "" && { urn }),
        ...(prefix !== "" && { prefix }),
        message: `${this.mask(message).replace(/\n+$/, "")}\n`,
        color: "never",
        severity,
      },
    });
  }

  mask(text: string): string {
    return this.#secrets.reduce((masked, secret) => masked.replaceAll(secret, "[secret]"), text);
  }

  summary(seconds: number, failed: boolean): void {
    const summary = {
      maybeCorrupt: false,
      durationSeconds: Math.round(seconds),
      resourceChanges: { ...this.changes },
      PolicyPacks: {},
      isPreview: this.#planning,
      result: failed ? "failed" : "succeeded",
    };
    // The Automation API's types say `policyPacks`; what travels is `PolicyPacks`.
    this.#emit({ summaryEvent: summary as unknown as NonNullable<EngineEvent["summaryEvent"]> });
  }

  policy(event: Omit<NonNullable<EngineEvent["policyEvent"]>, "color">): void {
    this.#emit({ policyEvent: { ...event, message: this.mask(event.message), color: "never" } });
  }

  cancel(): void {
    this.#emit({ cancelEvent: {} });
  }

  #plan(): { planning?: boolean } {
    return this.#planning ? { planning: true } : {};
  }

  #emit(event: Omit<EngineEvent, "sequence" | "timestamp">): void {
    if (this.#listeners.length === 0) return;
    const whole = { sequence: this.#sequence++, timestamp: Math.floor(Date.now() / 1000), ...event };
    for (const listener of this.#listeners) listener(whole);
  }
}

/** Whether a resource is a provider that the engine made by itself. */
export function isInternal(state: State): boolean {
  return isProviderType(state.type) && /^default(_|$)/.test(parseUrn(state.urn).name);
}

type Metadata = NonNullable<EngineEvent["resourcePreEvent"]>["metadata"];

function metadata(step: StepInfo, op: OpType): Metadata {
  const state = step.new ?? step.old;
  if (state === undefined) throw new Error("a step has an old or a new state");
  return {
    op,
    urn: state.urn,
    type: state.type,
    ...(step.old && { old: describe(step.old) }),
    ...(step.new && { new: describe(step.new) }),
    ...(step.keys?.length && { keys: [...step.keys] }),
    ...(step.diffs?.length && { diffs: topLevel(step.diffs), detailedDiff: detailed(step) }),
    ...(step.logical && { logical: true }),
    provider: state.provider,
  };
}

function describe(state: State): StepEventStateMetadata {
  return {
    type: state.type,
    urn: state.urn,
    ...(state.custom && { custom: true }),
    ...(state.delete && { delete: true }),
    id: state.id,
    parent: state.parent,
    ...(state.protect && { protect: true }),
    ...(state.retainOnDelete && { retainOnDelete: true }),
    inputs: redact(state.inputs),
    outputs: redact(state.outputs ?? {}),
    provider: state.provider,
    ...(state.initErrors.length > 0 && { initErrors: [...state.initErrors] }),
  };
}

function topLevel(paths: readonly string[]): string[] {
  return [...new Set(paths.map((path) => path.split(/[.[]/)[0] ?? path))];
}

function detailed(step: StepInfo): Record<string, PropertyDiff> {
  const entries = (step.diffs ?? []).map((path): [string, PropertyDiff] => {
    const top = path.split(/[.[]/)[0] ?? path;
    const before = step.old && (top in step.old.inputs || top in (step.old.outputs ?? {}));
    const kind = !before ? "add" : step.new && !(top in step.new.inputs) ? "delete" : "update";
    const diffKind = step.keys?.includes(path) || step.keys?.includes(top) ? `${kind}-replace` : kind;
    return [path, { diffKind: diffKind as PropertyDiff["diffKind"], inputDiff: false }];
  });
  return Object.fromEntries(entries);
}
