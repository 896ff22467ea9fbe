import { styleText } from "node:util";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";

/** Shows how far a run is; `end` clears what it drew. */
export interface Progress {
  readonly onEvent: (event: EngineEvent) => void;
  readonly end: () => void;
}

type Colour = Parameters<typeof styleText>[0];

const SIGNS: Readonly<Record<string, { sign: string; colour: Colour }>> = {
  create: { sign: "+", colour: "green" },
  update: { sign: "~", colour: "yellow" },
  replace: { sign: "+-", colour: "magenta" },
  delete: { sign: "-", colour: "red" },
  same: { sign: "=", colour: "dim" },
};

/** Milliseconds between two looks of the line: often enough to seem alive, seldom enough to cost nothing. */
const FRAME = 100;
/** Milliseconds between two lines where nobody watches: a log wants to know that it goes on. */
const LINE = 10_000;
/** A terminal that does not tell its width. */
const COLUMNS = 80;

type Stream = Pick<NodeJS.WriteStream, "write"> & { readonly isTTY?: boolean; readonly columns?: number };

/**
 * Shows counts by operation, what is being worked on, and seconds: one line that keeps changing on a terminal, a plain line now
 * and then elsewhere. `NO_COLOR` is respected. Works on the events of either engine.
 */
export function startProgress(name: string, stream: Stream): Progress {
  const started = performance.now();
  const counts = new Map<string, number>();
  const running = new Map<string, string>();
  let frame = 0;
  const parts = (paint: boolean) =>
    [...counts].flatMap(([op, count]) => {
      const shown = SIGNS[op];
      if (!shown) return [];
      const text = `${shown.sign}${count}`;
      return [paint ? styleText(shown.colour, text) : text];
    });
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)}s`;
  const draw = () => {
    if (!stream.isTTY) {
      stream.write(`  ${name} ${seconds()} ${parts(false).join(" ")}\n`);
      return;
    }
    const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"[frame++ % 10] ?? "";
    const bare = `${spinner} ${name} ${seconds()} ${parts(false).join(" ")} `;
    const [first = "", ...others] = running.values();
    const current = `${first}${others.length > 0 ? ` and ${others.length} more` : ""}`;
    const room = Math.max(0, (stream.columns ?? COLUMNS) - bare.length - 1);
    const shown = [styleText("cyan", spinner), styleText("bold", name), seconds(), ...parts(true)];
    stream.write(`\r\u001b[2K${shown.join(" ")} ${styleText("dim", current.slice(0, room))}`);
  };
  const timer = setInterval(draw, stream.isTTY ? FRAME : LINE);
  timer.unref();
  return {
    onEvent: (event) => {
      const begun = event.resourcePreEvent?.metadata;
      if (begun && begun.op !== "same") running.set(begun.urn, nameOf(begun.urn));
      const done = event.resOutputsEvent?.metadata;
      if (done) counts.set(done.op, (counts.get(done.op) ?? 0) + 1);
      const ended = done ?? event.resOpFailedEvent?.metadata;
      if (ended) running.delete(ended.urn);
    },
    end: () => {
      clearInterval(timer);
      if (stream.isTTY) stream.write("\r\u001b[2K");
    },
  };
}

function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}
