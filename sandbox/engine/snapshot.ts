/**
 * The state during an update: what was there before, what is new, what is done with.
 *
 * Every step is written down before and after it runs, as one line of a journal beside the checkpoint, so that cost stays
 * linear; the end of an update folds the journal into a new checkpoint, and so does whoever opens it after a kill.
 */
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import {
  type Checkpoint,
  type CheckpointResource,
  fromResource,
  makeCheckpoint,
  type OperationType,
  type PendingOperation,
  type State,
  toResource,
} from "./state.ts";
import { parseUrn, qualifiedUrn, STACK_TYPE } from "./urn.ts";

type Entry =
  | readonly ["put", number, CheckpointResource, string]
  | readonly ["done", number]
  | readonly ["pending", number, OperationType, CheckpointResource]
  | readonly ["settled", number];

export class Snapshot {
  base: readonly State[];
  readonly #file: string | undefined;
  readonly #keys = new Map<State, number>();
  readonly #states = new Map<number, State>();
  readonly #fresh = new Set<number>();
  readonly #done = new Set<number>();
  readonly #pending = new Map<number, PendingOperation>();
  #earlier: readonly PendingOperation[];
  #journal: number | undefined;
  #next = 0;

  constructor(base: readonly State[], earlier: readonly PendingOperation[], file: string | undefined) {
    this.base = base;
    this.#earlier = earlier;
    this.#file = file;
    for (const state of base) this.#key(state);
  }

  /** Operations that an earlier update, killed, may have left half done. */
  get earlier(): readonly PendingOperation[] {
    return this.#earlier;
  }

  /** Writes the state as it is and starts the journal; without this call nothing is written before {@link close}. */
  open(): void {
    if (this.#file === undefined) return;
    this.#save();
    this.#journal = openSync(journalOf(this.#file), "w", 0o600);
  }

  begin(type: OperationType, resource: State): void {
    this.#write(["pending", this.#key(resource), type, toResource(resource)]);
    this.#pending.set(this.#key(resource), { type, resource });
  }

  settle(resource: State): void {
    this.#write(["settled", this.#key(resource)]);
    this.#pending.delete(this.#key(resource));
  }

  /** Records a state that is new, or has changed in place. */
  put(state: State): void {
    const key = this.#key(state);
    if (key >= this.base.length) this.#fresh.add(key);
    this.#write(["put", key, toResource(state), state.alias]);
  }

  done(state: State): void {
    this.#done.add(this.#key(state));
    this.#write(["done", this.#key(state)]);
  }

  /** Puts refreshed states in the place of those before, at once. */
  rebase(base: readonly State[]): void {
    this.base = base;
    this.#keys.clear();
    this.#states.clear();
    this.#fresh.clear();
    this.#done.clear();
    this.#next = 0;
    for (const state of base) this.#key(state);
    if (this.#journal === undefined) return;
    closeSync(this.#journal);
    this.open();
  }

  clearPendingCreates(): void {
    this.#earlier = this.#earlier.filter(({ type }) => type !== "creating");
  }

  /** The state as it is now: what is new first, as Pulumi orders it, then what was not touched. */
  resources(): State[] {
    const kept = [...this.#fresh, ...this.base.map((state) => this.#key(state))];
    return withoutAliases(kept.filter((key) => !this.#done.has(key)).map((key) => this.#state(key)));
  }

  pending(): PendingOperation[] {
    const creates = this.#earlier.filter(({ type }) => type === "creating");
    return [...creates, ...this.#pending.values()];
  }

  /** Writes the checkpoint and ends the journal. */
  close(): void {
    if (this.#journal !== undefined) closeSync(this.#journal);
    this.#journal = undefined;
    this.#save();
  }

  #save(): void {
    if (this.#file === undefined) return;
    writeCheckpoint(this.#file, makeCheckpoint(this.resources(), this.pending()));
  }

  #state(key: number): State {
    const state = this.#states.get(key);
    if (state === undefined) throw new Error(`no state with key ${key}`);
    return state;
  }

  #key(state: State): number {
    const known = this.#keys.get(state);
    if (known !== undefined) return known;
    const key = this.#next++;
    this.#keys.set(state, key);
    this.#states.set(key, state);
    return key;
  }

  #write(entry: Entry): void {
    if (this.#journal !== undefined) writeSync(this.#journal, `${JSON.stringify(entry)}\n`);
  }
}

function journalOf(file: string): string {
  return `${file}.journal`;
}

/** Replaces the checkpoint in one operation, and the journal that led to it with it. */
export function writeCheckpoint(file: string, checkpoint: Checkpoint): void {
  const temporary = `${file}.new`;
  writeFileSync(temporary, `${JSON.stringify(checkpoint, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, file);
  rmSync(journalOf(file), { force: true });
}

/** Reads a checkpoint from disk, and what a killed update wrote down after it. A line cut short at the end counts as not written. */
export function readCheckpoint(file: string): Checkpoint {
  const checkpoint: Checkpoint = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as Checkpoint)
    : makeCheckpoint([], []);
  if (!existsSync(journalOf(file))) return checkpoint;
  return fold(checkpoint, readFileSync(journalOf(file), "utf8").split("\n").slice(0, -1));
}

function fold(checkpoint: Checkpoint, lines: readonly string[]): Checkpoint {
  const base = (checkpoint.deployment.resources ?? []).map(fromResource);
  const states = new Map<number, State>(base.entries());
  const done = new Set<number>();
  const fresh = new Set<number>();
  const pending = new Map<number, PendingOperation>();
  for (const line of lines) {
    const entry = JSON.parse(line) as Entry;
    if (entry[0] === "put") {
      if (entry[1] >= base.length) fresh.add(entry[1]);
      states.set(entry[1], { ...fromResource(entry[2]), alias: entry[3] });
    } else if (entry[0] === "done") done.add(entry[1]);
    else if (entry[0] === "settled") pending.delete(entry[1]);
    else pending.set(entry[1], { type: entry[2], resource: fromResource(entry[3]) });
  }
  const kept = [...fresh, ...base.keys()].filter((key) => !done.has(key));
  const resources = withoutAliases(kept.flatMap((key) => states.get(key) ?? []));
  const earlier = checkpoint.deployment.pending_operations ?? [];
  return makeCheckpoint(resources, [
    ...earlier
      .filter(({ type }) => type === "creating")
      .map(({ type, resource }) => ({ type, resource: fromResource(resource) })),
    ...pending.values(),
  ]);
}

/** Rewrites every reference to an earlier URN, so that aliases may leave the program after one update. */
function withoutAliases(states: readonly State[]): State[] {
  const renamed = new Map<string, string>();
  for (const state of states) {
    if (state.alias !== "") renamed.set(state.alias, state.urn);
    const parent = renamed.get(state.parent);
    if (parent === undefined || parseUrn(parent).type === STACK_TYPE) continue;
    const own = parseUrn(state.urn);
    const urn = qualifiedUrn(own.stack, own.project, parseUrn(parent).qualifiedType, own.type, own.name);
    if (urn !== state.urn) renamed.set(state.urn, urn);
  }
  if (renamed.size === 0) return [...states];
  const now = (urn: string) => renamed.get(urn) ?? urn;
  return states.map((state) => ({
    ...state,
    urn: now(state.urn),
    parent: now(state.parent),
    deletedWith: now(state.deletedWith),
    dependencies: state.dependencies.map(now),
    provider: state.provider.replace(/^(.*)(::[^:]*)$/s, (_, urn: string, id: string) => now(urn) + id),
    propertyDependencies: Object.fromEntries(
      Object.entries(state.propertyDependencies).map(([key, urns]) => [key, urns.map(now)]),
    ),
    alias: "",
  }));
}
