import type { WorkflowRun } from "./actions/runner.ts";
import { StoryFailure } from "./story-failure.ts";

/** What stood in for the parts of GitHub that the sandbox is not. */
export function standInsOf(runs: readonly WorkflowRun[]): readonly string[] {
  const steps = runs.flatMap(({ jobs }) => Object.values(jobs).flatMap((job) => job.steps));
  return [...new Set(steps.flatMap(({ standIn }) => (standIn === undefined ? [] : [standIn])))].sort();
}

/** Results of a called workflow's jobs by their name. */
export function resultsOf({ jobs }: WorkflowRun): Record<string, string> {
  const inner = Object.entries(jobs).filter(([name]) => name.includes(" / "));
  return Object.fromEntries(inner.map(([name, { result }]) => [name.replace(/^.* \/ /, ""), result]));
}

/** @throws StoryFailure with the last lines of each step that failed */
export function expectSuccess(run: WorkflowRun, what: string): WorkflowRun {
  if (run.conclusion === "success") return run;
  const failed = Object.values(run.jobs).flatMap((job) =>
    job.steps.filter(({ outcome }) => outcome === "failure"),
  );
  const said = failed.map(({ name, output }) => `${name}: ${output.trim().split("\n").slice(-5).join("\n")}`);
  throw new StoryFailure([`${what} failed`, ...said].join("\n"));
}
