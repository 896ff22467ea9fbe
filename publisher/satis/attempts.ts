import { type Fault, PublishError } from "../fault.ts";
import { readOutput, type SatisSaid, type Target } from "./output.ts";
import type { SatisRun } from "./run.ts";

/** A run of Satis that ended well, and the packages that it was to build. */
export interface Built {
  readonly run: SatisRun;
  readonly targets: readonly Target[];
  readonly said: SatisSaid;
}

/** What came of building everything that is to be built. */
export interface Attempts {
  readonly built: readonly Built[];
  /** Of the packages that Satis cannot build, one each. */
  readonly faults: readonly Fault[];
}

/** What {@link attemptAll} is given. */
export interface AttemptInput {
  readonly targets: readonly Target[];
  readonly githubHost: string;
  /** Whether the targets may be built apart from each other. */
  readonly divisible: boolean;
  /** Runs Satis for some of the targets, in a place of its own each time. */
  readonly attempt: (targets: readonly Target[], count: number) => Promise<SatisRun>;
}

/** Runs of Satis that one build may take: enough to find two broken packages of a thousand that nothing names. */
const MAX_RUNS = 40;
/** After this many without a single success it is Satis that is broken, and no package. */
const MAX_FRUITLESS = 15;

/**
 * Builds all targets but those that make Satis fail.
 *
 * Satis ends at the first exception and writes nothing. Whom it names is left out and the others are built again; where it
 * names nobody, the halves are built apart, until the broken package stands alone. Repeating costs little, since Composer's
 * cache has what was read. When the runs are used up, everything that is not built by then is at fault.
 *
 * @throws PublishError where Satis cannot be run, or fails for all of several packages without naming one.
 */
export async function attemptAll(input: AttemptInput): Promise<Attempts> {
  const built: Built[] = [];
  const faults: Fault[] = [];
  const unnamed: Fault[] = [];
  const queue: (readonly Target[])[] = input.targets.length === 0 && input.divisible ? [] : [input.targets];
  for (let count = 0; queue.length > 0; count++) {
    const targets = queue.shift() ?? [];
    if (count >= MAX_RUNS) {
      unnamed.push(...targets.map((one) => failure(one, `Satis failed in ${MAX_RUNS} runs`)));
      continue;
    }
    const run = await input.attempt(targets, count);
    if (run.error?.includes("ENOENT") || run.error?.includes("EACCES")) throw notRun(run.error);
    const said = readOutput(run.output, targets, input.githubHost);
    if (run.ok) {
      built.push({ run, targets, said });
      continue;
    }
    const named = new Set(said.faults.map((fault) => fault.package));
    faults.push(...said.faults);
    const rest = targets.filter(({ packageName }) => !named.has(packageName));
    if (named.size > 0) {
      if (rest.length > 0 || !input.divisible) queue.push(rest);
      continue;
    }
    const reason = reasonOf(run, said);
    const isFruitless = built.length === 0 && count >= MAX_FRUITLESS;
    if (!input.divisible || isFruitless) throw failedForAll(reason);
    const middle = Math.ceil(rest.length / 2);
    if (rest.length > 1) queue.push(rest.slice(0, middle), rest.slice(middle));
    else unnamed.push(...rest.map((one) => failure(one, reason)));
  }
  const [first] = unnamed;
  if (built.length === 0 && unnamed.length > 1 && first !== undefined) throw failedForAll(first.message);
  return { built, faults: [...faults, ...unnamed] };
}

function reasonOf({ error }: SatisRun, { complaints }: SatisSaid): string {
  const last = complaints.at(-1);
  return `Satis failed${error === undefined ? "" : ` (${error})`}${last === undefined ? "" : `: ${last}`}`;
}

function failure({ packageName }: Target, message: string): Fault {
  const remedy = "see what Satis says in the run's log; run it by hand for this package";
  return { by: "satis", package: packageName, message, remedy };
}

function failedForAll(message: string): PublishError {
  const remedy = "see what Satis says in the run's log; nothing was published";
  return new PublishError([{ by: "satis", message: `it builds no package at all: ${message}`, remedy }]);
}

function notRun(error: string): PublishError {
  const remedy = "set SATIS_BIN to the path of Satis's executable";
  return new PublishError([{ by: "satis", message: `it could not be run: ${error}`, remedy }]);
}
