import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";

/** One thing that an update is going to do. */
export interface Step {
  readonly urn: string;
  /** The engine's word, such as `create`, `update`, `delete-replaced`. */
  readonly op: string;
  readonly type: string;
  /** What a resource that cannot be made twice is going to be. */
  readonly goal?: Goal;
}

/** A resource as the program describes it; its inputs hold no secret. */
export interface Goal {
  readonly parent: string;
  readonly protect: boolean;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** What GitHub refuses to make a second time. */
const UNREPEATABLE = /^github:index\/(repository:|repositoryPages:|repositoryRuleset:)/;

/** What a preview said. */
export interface PreviewedChange {
  /** Everything but what stays as it is, in the engine's order. */
  readonly steps: readonly Step[];
  /** The program's warnings and the policies' words, each once. */
  readonly warnings: readonly string[];
}

/** Operations that change nothing on GitHub. */
const QUIET = new Set([
  "same",
  "read",
  "refresh",
  "read-discard",
  "discard-replaced",
  "remove-pending-replace",
]);

/** Reads a preview's events; give `onEvent` to the run and call `change` when it is over. */
export function collectSteps(): {
  readonly onEvent: (event: EngineEvent) => void;
  readonly change: () => PreviewedChange;
} {
  const steps: Step[] = [];
  const warnings = new Set<string>();
  return {
    onEvent: ({ resourcePreEvent, diagnosticEvent, policyEvent }) => {
      if (diagnosticEvent?.severity === "warning") warnings.add(bare(diagnosticEvent.message));
      if (policyEvent && policyEvent.enforcementLevel !== "mandatory")
        warnings.add(bare(policyEvent.message));
      if (!resourcePreEvent) return;
      const { urn, op, type, new: after } = resourcePreEvent.metadata;
      if (QUIET.has(op)) return;
      const { parent = "", protect = false, inputs = {} } = after ?? {};
      steps.push({
        urn,
        op,
        type,
        ...(UNREPEATABLE.test(type) ? { goal: { parent, protect, inputs } } : {}),
      });
    },
    change: () => ({ steps, warnings: [...warnings] }),
  };
}

/** A resource's logical name. */
export function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

/** The package that a step belongs to; `undefined` for the composer repository and everything shared. */
export function packageOf(urn: string): string | undefined {
  return urn.includes("satisfleet:index:PackageNotifier") ? repositoryOf(urn) : undefined;
}

/** The package repository or consumer that a step belongs to, `owner/repository`; `undefined` as in {@link packageOf}. */
export function repositoryOf(urn: string): string | undefined {
  const [, child] = /satisfleet:index:(?:PackageNotifier|ConsumerUpdater)(\$?)/.exec(urn) ?? [];
  if (child === undefined) return undefined;
  // What a repository holds is named after it, with a role or a path that may hold dashes of its own.
  return child === "" ? nameOf(urn) : nameOf(urn).replace(/-(?:\.github\/.*|[^-]*)$/, "");
}

/** Whether the step is one of a component, which is a name in the state and nothing on GitHub. */
export function isComponent({ type }: Step): boolean {
  return !/^(github|random):/.test(type);
}

/** Engines colour what they print for terminals, in marks of their own. */
function bare(message: string): string {
  return message.replaceAll(/<\{%[^%]*%\}>/g, "").trim();
}
