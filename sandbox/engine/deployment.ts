/** One run of the engine: what was in the state, what the program has registered so far, what was decided about it. */
import type { Events } from "./events.ts";
import { dependenciesOf, type State } from "./state.ts";
import type { Operation } from "./steps.ts";
import { matches } from "./urn.ts";

/** The user was told what is wrong; the run ends without another word. */
export class Bail extends Error {}

export interface Selection {
  readonly target: readonly string[];
  readonly targetDependents: boolean;
  readonly replace: readonly string[];
}

export class Deployment {
  readonly operation: Operation;
  readonly stack: string;
  readonly project: string;
  readonly selection: Selection;
  /** `destroy` with the program: what it registers is kept as it is, and deleted at the end. */
  readonly destroying: boolean;
  prev: readonly State[] = [];
  readonly olds = new Map<string, State>();
  readonly urns = new Set<string>();
  /** Earlier URN to the one that took it over, and back. */
  readonly aliased = new Map<string, string>();
  readonly renamed = new Map<string, string>();
  /** URNs that need no delete, for a step of theirs was made. */
  readonly operated = new Set<string>();
  readonly creates = new Set<string>();
  readonly skippedCreates = new Set<string>();
  readonly deletes: Set<string>;
  /** Old states deleted before their replacement. */
  readonly pendingDeletes = new Set<State>();
  readonly replacedFor = new Map<string, readonly string[]>();
  readonly toDelete: State[] = [];
  readonly #targeted: Set<string>;
  #dependents: Map<string, State[]> | undefined;
  /** Something is wrong, and more was looked at so that all of it is told at once. */
  errored = false;

  constructor(
    operation: Operation,
    deletes: Set<string>,
    names: { readonly stack: string; readonly project: string },
    selection: Selection,
    destroying: boolean,
  ) {
    this.operation = operation;
    this.deletes = deletes;
    this.stack = names.stack;
    this.project = names.project;
    this.selection = selection;
    this.destroying = destroying;
    this.#targeted = new Set();
    this.rebase(operation.snapshot.base);
  }

  get events(): Events {
    return this.operation.events;
  }

  rebase(prev: readonly State[]): void {
    this.prev = prev;
    this.olds.clear();
    for (const state of prev) if (!state.delete) this.olds.set(state.urn, state);
    this.#dependents = undefined;
  }

  /** Tells an error and ends the run. */
  bail(message: string, urn = ""): never {
    this.events.diagnostic("error", message, urn);
    throw new Bail(message);
  }

  get constrained(): boolean {
    return this.selection.target.length > 0;
  }

  isTarget(urn: string): boolean {
    return !this.constrained || this.selection.target.some((pattern) => matches(pattern, urn));
  }

  /** Whether an update touches this resource; with `targetDependents`, also because of what it depends on. */
  isTargeted(state: State): boolean {
    if (!this.constrained) return true;
    const targeted =
      this.isTarget(state.urn) ||
      (this.selection.targetDependents && [...dependenciesOf(state)].some((urn) => this.#targeted.has(urn)));
    if (targeted) this.#targeted.add(state.urn);
    return targeted;
  }

  isReplaceTarget(urn: string): boolean {
    return this.selection.replace.some((pattern) => matches(pattern, urn));
  }

  /** @throws Bail when a URN names nothing; patterns may match nothing. */
  checkExist(patterns: readonly string[]): void {
    const missing = patterns.filter(
      (urn) => !urn.includes("*") && !this.urns.has(urn) && !this.prev.some((state) => state.urn === urn),
    );
    for (const urn of missing) {
      const hint = urn.includes("$") ? "" : " Did you forget to escape $ in your shell?";
      this.events.diagnostic("error", `Target '${urn}' could not be found in the stack.${hint}`);
    }
    if (missing.length > 0) throw new Bail("one or more targets could not be found in the stack");
  }

  /** Everything in the old state that cannot be without this one, itself left out, in the state's order. */
  dependents(root: State, withChildren: boolean, ignore: (urn: string) => boolean): State[] {
    const found = new Set<State>();
    const next = [root.urn];
    for (let urn = next.pop(); urn !== undefined; urn = next.pop()) {
      for (const state of this.#direct(urn)) {
        const asChild = state.parent === urn && !needs(state, urn);
        if (found.has(state) || state === root || ignore(state.urn) || (asChild && !withChildren)) continue;
        found.add(state);
        next.push(state.urn);
      }
    }
    return this.prev.filter((state) => found.has(state));
  }

  #direct(urn: string): readonly State[] {
    if (this.#dependents === undefined) {
      this.#dependents = new Map();
      for (const state of this.prev) {
        for (const on of dependenciesOf(state)) {
          const all = this.#dependents.get(on);
          if (all) all.push(state);
          else this.#dependents.set(on, [state]);
        }
      }
    }
    return this.#dependents.get(urn) ?? [];
  }
}

/** Whether a resource depends on another in another way than as its child. */
function needs(state: State, urn: string): boolean {
  return dependenciesOf({ ...state, parent: "" }).has(urn);
}
