import type { EngineEvent, OpMap } from "@pulumi/pulumi/automation/index.js";
import { expect } from "vitest";
import { type EngineName, RunFailure, type RunOptions } from "../../cli/engine.ts";
import { openWorld, SANDBOX_TOKENS, type World, type WorldOptions } from "../../demo/world.ts";
import { leaks } from "./leaks.ts";

/** One run of the engine, as both engines must tell it. */
export interface Told {
  readonly command: string;
  readonly ok: boolean;
  readonly operations: OpMap;
  /** Calls to GitHub by route. */
  readonly calls: Readonly<Record<string, number>>;
}

type Command = "preview" | "up" | "refresh" | "destroy";

/** Runs commands on a world, writes down what each did, and looks for tokens in everything that was said. */
export class Teller {
  readonly world: World;
  readonly trace: Told[] = [];
  #said = "";

  constructor(world: World) {
    this.world = world;
  }

  /** Runs a command that must succeed; gives its operations. */
  async run(command: Command, options: RunOptions = {}): Promise<OpMap> {
    const { told, message } = await this.#run(command, options);
    if (!told.ok) throw new Error(`${command} failed: ${message}`);
    return told.operations;
  }

  /** Runs a command that must fail; gives what it said. */
  async fails(command: Command, options: RunOptions = {}): Promise<string> {
    const { told, message } = await this.#run(command, options);
    expect(told.ok, `${command} was expected to fail`).toBe(false);
    return message;
  }

  /** Runs a command that must change nothing. */
  async quiet(command: "preview" | "up" = "up", options: RunOptions = {}): Promise<void> {
    const operations = await this.run(command, options);
    expect(Object.keys(operations).filter((kind) => kind !== "same")).toEqual([]);
  }

  /** Fails where anything said so far, or the state, shows a token. */
  async nothingLeaked(): Promise<void> {
    expect(leaks(this.#said)).toEqual([]);
    expect(leaks(JSON.stringify(await this.world.stack.outputs()))).toEqual([]);
    // A commit or an issue would be public to all who may read the repository.
    expect(leaks(JSON.stringify(this.world.github.snapshot()), SANDBOX_TOKENS)).toEqual([]);
  }

  async #run(command: Command, options: RunOptions): Promise<{ told: Told; message: string }> {
    const { github, stack } = this.world;
    github.resetCalls();
    const onEvent = (event: EngineEvent) => {
      this.#said += JSON.stringify(event);
      options.onEvent?.(event);
    };
    let message = "";
    let operations: OpMap = {};
    let ok = true;
    try {
      ({ operations } = await stack[command]({ parallel: 16, ...options, onEvent }));
    } catch (error) {
      if (!(error instanceof RunFailure)) throw error;
      ({ message, operations } = error);
      ok = false;
    }
    this.#said += message;
    const told = { command: describe(command, options), ok, operations, calls: github.calls.counts };
    this.trace.push(told);
    return { told, message };
  }
}

function describe(command: Command, { refresh, replace, target }: RunOptions): string {
  return [command, refresh && "--refresh", replace && "--replace", target && "--target"]
    .filter(Boolean)
    .join(" ");
}

/** What a story needs of the world; the rest is the default. */
export type StoryWorld = Partial<Omit<WorldOptions, "engine">>;

/** Something that happens to a fleet, with what must come of it. */
export interface Story {
  readonly name: string;
  readonly world?: StoryWorld;
  readonly tell: (teller: Teller) => Promise<void>;
  /** Independent steps race when one of them fails: only the end is compared between engines, not each run. */
  readonly races?: boolean;
}

/** Tells a story on an engine; gives what two engines are compared by. */
export async function tell(
  story: Story,
  engine: EngineName,
  look?: (teller: Teller) => Promise<void>,
): Promise<{ trace: readonly Told[]; github: unknown }> {
  const world = await openWorld({
    owner: "acme",
    satis: satisOf("lib", "tool"),
    repositories: [{ name: "lib" }, { name: "tool" }],
    ...story.world,
    engine,
  });
  try {
    const teller = new Teller(world);
    await story.tell(teller);
    await teller.nothingLeaked();
    const told = { trace: [...teller.trace], github: comparable(world.github.snapshot()) };
    await look?.(teller);
    return told;
  } finally {
    await world.close();
  }
}

/** GitHub's state without what is drawn by chance: the minute and the port. */
function comparable(snapshot: unknown): unknown {
  return JSON.parse(
    JSON.stringify(snapshot)
      .replaceAll(/(cron: \\?"?)\d+ \*/g, "$1M *")
      .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT"),
  );
}

/** A satis.json of acme with these repositories, or entries as they stand. */
export function satisOf(...entries: readonly (string | object)[]): string {
  const repositories = entries.map((entry) =>
    typeof entry === "string" ? { type: "vcs", url: `https://github.com/acme/${entry}` } : entry,
  );
  return `${JSON.stringify(
    {
      name: "acme/composer",
      homepage: "https://acme.github.io/composer/",
      repositories,
      "require-all": true,
    },
    null,
    2,
  )}\n`;
}
