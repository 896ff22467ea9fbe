/** What the engine says of a run on standard output: plain lines, as Pulumi says them without a terminal. */
import type { EngineEvent, OpMap, OpType } from "./events.ts";
import { parseUrn, STACK_TYPE } from "./urn.ts";

/** Part of the URN of a stack, and of nothing else. */
const STACK = `::${STACK_TYPE}::`;

interface Words {
  readonly sign: string;
  readonly doing: string;
  readonly done: string;
  readonly planned: string;
}

const WORDS: Partial<Record<OpType, Words>> = {
  create: { sign: " + ", doing: "creating", done: "created", planned: "create" },
  update: { sign: " ~ ", doing: "updating", done: "updated", planned: "update" },
  delete: { sign: " - ", doing: "deleting", done: "deleted", planned: "delete" },
  replace: { sign: " +-", doing: "replacing", done: "replaced", planned: "replace" },
  "create-replacement": {
    sign: " ++",
    doing: "creating replacement",
    done: "created replacement",
    planned: "create replacement",
  },
  "delete-replaced": {
    sign: " --",
    doing: "deleting original",
    done: "deleted original",
    planned: "delete original",
  },
  refresh: { sign: " ~ ", doing: "refreshing", done: "refresh", planned: "refresh" },
  import: { sign: " = ", doing: "importing", done: "imported", planned: "import" },
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
  /** What has an error, each once however many it has; what is about nothing else is about the stack. */
  readonly #errored = new Set<string>();

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
    const component = !(step.new ?? step.old)?.custom && step.type !== STACK_TYPE;
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
    const key = event.urn ?? "";
    if (event.severity === "error") this.#errored.add(key.includes(STACK) ? "" : key);
    if (event.ephemeral || (event.severity as string) === "debug") return;
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
    for (const line of summaryLines(event.resourceChanges, this.#errored.size)) this.#write(`    ${line}`);
    this.#write(`Duration: ${event.durationSeconds}s`);
  }
}

function difference(step: Step): string {
  if (step.op === "delete" || step.op === "delete-replaced" || !step.diffs?.length) return "";
  return ` [diff: ${step.diffs.map((key) => `~${key}`).join(",")}]`;
}

function summaryLines(changes: OpMap, errored: number): string[] {
  const counted = COUNTED.flatMap((op) => {
    const count = changes[op] ?? 0;
    const words = WORDS[op];
    return count > 0 && words ? `${words.sign.trim()} ${count} ${words.done}` : [];
  });
  const same = changes.same ? [`${changes.same} unchanged`] : [];
  return [...counted, ...same, ...(errored > 0 ? [`${errored} errored`] : [])];
}
