/** Shows a run: one line that keeps changing on a terminal, plain lines elsewhere. For the events of either engine. */
import { styleText } from "node:util";
import type { EngineEvent, OpMap, OpType } from "./events.ts";
import { parseUrn } from "./urn.ts";

interface Words {
  readonly sign: string;
  readonly doing: string;
  readonly done: string;
  readonly planned: string;
  readonly colour: Parameters<typeof styleText>[0];
}

const WORDS: Partial<Record<OpType, Words>> = {
  create: { sign: " + ", doing: "creating", done: "created", planned: "create", colour: "green" },
  update: { sign: " ~ ", doing: "updating", done: "updated", planned: "update", colour: "yellow" },
  delete: { sign: " - ", doing: "deleting", done: "deleted", planned: "delete", colour: "red" },
  replace: { sign: " +-", doing: "replacing", done: "replaced", planned: "replace", colour: "magenta" },
  "create-replacement": {
    sign: " ++",
    doing: "creating replacement",
    done: "created replacement",
    planned: "create replacement",
    colour: "green",
  },
  "delete-replaced": {
    sign: " --",
    doing: "deleting original",
    done: "deleted original",
    planned: "delete original",
    colour: "red",
  },
  refresh: { sign: " ~ ", doing: "refreshing", done: "refresh", planned: "refresh", colour: "dim" },
  import: { sign: " = ", doing: "importing", done: "imported", planned: "import", colour: "cyan" },
};

/** Operations in the order in which a summary names them. */
const COUNTED: readonly OpType[] = ["create", "import", "update", "replace", "delete"];

type Step = NonNullable<EngineEvent["resourcePreEvent"]>["metadata"];

/** The name of a resource as people read it: `github:index:RepositoryFile lib-notify`. */
export function resourceName(urn: string): string {
  const { type, name } = parseUrn(urn);
  const [pkg = "", module = "", short = ""] = type.split(":");
  return `${pkg}:${module.split("/")[0]}:${short} ${name}`;
}

function isInternal(step: Step): boolean {
  return step.type.startsWith("pulumi:providers:") && /::default(_[^:]*)?$/.test(step.urn);
}

/** One line for everything that happens; no colour, no cursor: for logs and tests. */
export class PlainDisplay {
  readonly #write: (line: string) => void;
  readonly #diagnostics = new Map<string, string[]>();
  readonly #open = new Map<string, OpType>();
  #errors = 0;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  event(event: EngineEvent): void {
    if (event.resourcePreEvent) {
      this.#begun(event.resourcePreEvent.metadata, event.resourcePreEvent.planning ?? false);
    } else if (event.resOutputsEvent) this.#done(event.resOutputsEvent.metadata);
    else if (event.resOpFailedEvent) this.#failed(event.resOpFailedEvent.metadata);
    else if (event.diagnosticEvent) this.#diagnostic(event.diagnosticEvent);
    else if (event.policyEvent) this.#policy(event.policyEvent);
    else if (event.summaryEvent) this.#summary(event.summaryEvent);
  }

  /** A preview has said all with its first event; a refresh, only with its last. */
  #begun(step: Step, planning: boolean): void {
    const planned = planning && step.op !== "refresh";
    this.#line(step, planned ? WORDS[step.op]?.planned : WORDS[step.op]?.doing);
    if (!planned) this.#open.set(step.urn, step.op);
  }

  /** A component's end says nothing new, for it is done when its children are; but a deletion or refresh of one is over now. */
  #done(step: Step): void {
    const begun = this.#open.get(step.urn);
    this.#open.delete(step.urn);
    const component = !(step.new ?? step.old)?.custom && step.type !== "pulumi:pulumi:Stack";
    if (begun === undefined || (component && begun === step.op)) return;
    this.#line(step, WORDS[step.op]?.done);
  }

  #line(step: Step, word: string | undefined): void {
    const words = WORDS[step.op];
    if (!words || !word || isInternal(step)) return;
    const retained = step.old?.retainOnDelete && step.op.startsWith("delete") ? "[retain]" : "";
    this.#write(`${words.sign} ${resourceName(step.urn)} ${word}${retained}${difference(step)}`);
  }

  #failed(step: Step): void {
    const words = WORDS[step.op];
    if (words) this.#write(`${words.sign} ${resourceName(step.urn)} **${words.doing} failed**`);
  }

  #diagnostic(event: NonNullable<EngineEvent["diagnosticEvent"]>): void {
    if (event.severity === "error") this.#errors += 1;
    if (event.ephemeral || (event.severity as string) === "debug") return;
    const key = event.urn ?? "";
    const text = `${event.prefix ?? ""}${event.message}`.trimEnd();
    const all = this.#diagnostics.get(key);
    if (all) all.push(text);
    else this.#diagnostics.set(key, [text]);
  }

  #policy(event: NonNullable<EngineEvent["policyEvent"]>): void {
    const about = event.resourceUrn ? `  (${resourceName(event.resourceUrn).replace(" ", ": ")})` : "";
    const text = `[${event.enforcementLevel}]  ${event.policyPackName} ${event.policyName}${about}\n${event.message}`;
    this.#diagnostics.set("policies", [...(this.#diagnostics.get("policies") ?? []), text.trimEnd()]);
  }

  #summary(event: NonNullable<EngineEvent["summaryEvent"]>): void {
    for (const [urn, texts] of this.#diagnostics) {
      const name = urn.startsWith("urn:") ? resourceName(urn).replace(/ (.*)$/, " ($1)") : urn || "engine";
      this.#write(`${name}:`);
      for (const text of texts) this.#write(text.replace(/^/gm, "    "));
    }
    this.#write("Resources:");
    for (const line of summaryLines(event.resourceChanges, this.#errors)) this.#write(`    ${line}`);
    this.#write(`Duration: ${event.durationSeconds}s`);
  }
}

function difference(step: Step): string {
  if (step.op === "delete" || step.op === "delete-replaced" || !step.diffs?.length) return "";
  return ` [diff: ${step.diffs.map((key) => `~${key}`).join(",")}]`;
}

function summaryLines(changes: OpMap, errors: number): string[] {
  const counted = COUNTED.flatMap((op) => {
    const count = changes[op] ?? 0;
    const words = WORDS[op];
    return count > 0 && words ? `${words.sign.trim()} ${count} ${words.done}` : [];
  });
  const same = changes.same ? [`${changes.same} unchanged`] : [];
  return [...counted, ...same, ...(errors > 0 ? [`${errors} errored`] : [])];
}

export interface Progress {
  event(event: EngineEvent): void;
  /** Clears the changing line; call it before anything else is written. */
  end(): void;
}

type Stream = Pick<NodeJS.WriteStream, "write"> & { readonly isTTY?: boolean; readonly columns?: number };

/** Milliseconds between two looks of the line: often enough to seem alive, seldom enough to cost nothing. */
const FRAME = 100;

/**
 * Shows how far a run is: counts by operation, what is being worked on, seconds.
 *
 * Where `stream` is no terminal, each finished change is a line of its own instead. `NO_COLOR` is respected.
 */
export function createProgress(stream: Stream): Progress {
  if (!stream.isTTY) {
    const display = new PlainDisplay((line) => stream.write(`${line}\n`));
    return { event: (event) => display.event(event), end: () => undefined };
  }
  return new Line(stream);
}

class Line implements Progress {
  readonly #stream: Stream;
  readonly #started = performance.now();
  readonly #counts = new Map<OpType, number>();
  readonly #running = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;
  #errors = 0;
  #frame = 0;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.#timer = setInterval(() => this.#draw(), FRAME);
    this.#timer.unref();
  }

  event(event: EngineEvent): void {
    const begun = event.resourcePreEvent?.metadata;
    const done = (event.resOutputsEvent ?? event.resOpFailedEvent)?.metadata;
    if (begun && !isInternal(begun) && begun.op !== "same" && begun.new?.custom !== false) {
      this.#running.set(begun.urn, resourceName(begun.urn));
    }
    if (done && !isInternal(done)) {
      this.#running.delete(done.urn);
      if (event.resOutputsEvent) this.#counts.set(done.op, (this.#counts.get(done.op) ?? 0) + 1);
    }
    const diagnostic = event.diagnosticEvent;
    if (diagnostic?.severity === "error" || diagnostic?.severity === "warning") this.#tell(diagnostic);
    if (event.summaryEvent) this.end();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#clear();
  }

  #tell(diagnostic: NonNullable<EngineEvent["diagnosticEvent"]>): void {
    if (diagnostic.severity === "error") this.#errors += 1;
    const colour = diagnostic.severity === "error" ? "red" : "yellow";
    const about = diagnostic.urn ? `${resourceName(diagnostic.urn)}: ` : "";
    this.#clear();
    this.#stream.write(
      `${paint(colour, `${diagnostic.severity}:`)} ${about}${diagnostic.message.trimEnd()}\n`,
    );
  }

  #clear(): void {
    this.#stream.write("\r\u001b[2K");
  }

  #draw(): void {
    const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"[this.#frame++ % 10] ?? "";
    const seconds = `${((performance.now() - this.#started) / 1000).toFixed(1)}s`;
    const counts = [...this.#counts].flatMap(([op, count]) => {
      const words = WORDS[op];
      if (words) return [{ text: `${words.sign.trim()}${count}`, colour: words.colour }];
      return op === "same" ? [{ text: `=${count}`, colour: "dim" as const }] : [];
    });
    const errors = this.#errors > 0 ? [{ text: `!${this.#errors}`, colour: "red" as const }] : [];
    const parts = [{ text: seconds, colour: "dim" as const }, ...counts, ...errors];
    const used = parts.reduce((length, { text }) => length + text.length + 1, 2);
    const room = Math.max(0, (this.#stream.columns ?? 80) - used - 2);
    const [first = "", ...others] = this.#running.values();
    const current = `${first}${others.length > 0 ? ` and ${others.length} more` : ""}`.slice(0, room);
    const shown = parts.map(({ text, colour }) => paint(colour, text)).join(" ");
    this.#clear();
    this.#stream.write(`${paint("cyan", spinner)} ${shown} ${current}`);
  }
}

/** `styleText` asks the terminal and NO_COLOR itself. */
function paint(colour: Parameters<typeof styleText>[0], text: string): string {
  return styleText(colour, text);
}
