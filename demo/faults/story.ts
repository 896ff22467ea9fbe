import type { Report } from "../../publisher/commands/confirm.ts";
import { type FaultWorld, openFaultWorld, type Site } from "./world.ts";

/** One fault, what it does, and what ends it. */
export interface FaultStory {
  readonly fault: string;
  /** Packages whose files may change although something is wrong; none is ever lost. */
  readonly changes?: readonly string[];
  /** Brings the fault about, runs the publisher into it, and says what happened. */
  happen(world: FaultWorld): Promise<string>;
  /** Lets the next run heal it, or does what only a person can do, and says which. */
  heal(world: FaultWorld): Promise<string>;
}

/** What came of one story. */
export interface FaultResult {
  readonly fault: string;
  readonly happened: string;
  readonly siteIntact: boolean;
  readonly healedBy: string;
}

/** What does not go as it must ends the story. */
export function must(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** The reason for which a package is held. */
export function heldReason({ held }: Report, name: string): string {
  const reason = held[name]?.reason;
  must(reason !== undefined, `${name} is not held; held: ${JSON.stringify(held)}`);
  return reason;
}

/** A run that publishes everything it found, and nothing is wrong. */
export async function healthy(world: FaultWorld): Promise<Report> {
  const report = await world.run();
  must(report.exitCode === 0, `the run ended with ${report.exitCode}: ${told(report)}`);
  const problems = await world.problems();
  must(problems.length === 0, `the site has faults: ${JSON.stringify(problems)}`);
  return report;
}

export function told({ faults, held }: Report): string {
  return JSON.stringify({ faults, held });
}

/** Asserts what a package is served as. */
export async function serves(world: FaultWorld, name: string, versions: readonly string[]): Promise<void> {
  const found = await world.versions(`acme/${name}`);
  must(
    found.join() === [...versions].sort().join(),
    `${name} is served as ${found.join(", ") || "nothing"}, expected ${versions.join(", ")}`,
  );
}

/** Tells one story in a world of its own. */
export async function tellFault(story: FaultStory): Promise<FaultResult> {
  const world = await openFaultWorld();
  try {
    const before = await world.site();
    const happened = await story.happen(world);
    const siteIntact =
      (await world.problems()).length === 0 && keeps(before, await world.site(), story.changes);
    const healedBy = await story.heal(world);
    must((await world.problems()).length === 0, "the healed site has faults");
    return { fault: story.fault, happened, siteIntact, healedBy };
  } finally {
    await world.close();
  }
}

/** Every package's file is still there, byte for byte unless it may have changed. */
function keeps(before: Site, after: Site, changes: readonly string[] = []): boolean {
  return [...before]
    .filter(([path]) => path.startsWith("p2/"))
    .every(([path, digest]) => {
      const may = changes.some((name) => path.startsWith(`p2/acme/${name}`));
      return may ? after.has(path) : after.get(path) === digest;
    });
}
