import { option, type ResourceRule } from "../rule.ts";
import { shown } from "../secrets.ts";
import { jobsOf, mapping, type PlacedStep, soundWorkflow, stepsOf } from "../workflow.ts";

const NAME = "workflow-runs-no-untrusted-input";

/** Values that GitHub makes itself and that hold neither a quote nor a space. */
const TRUSTED = [
  "github.api_url",
  "github.event_name",
  "github.job",
  "github.repository_id",
  "github.repository_owner_id",
  "github.run_attempt",
  "github.run_id",
  "github.run_number",
  "github.server_url",
  "github.sha",
  "runner.arch",
  "runner.os",
];

export const workflowRunsNoUntrustedInput: ResourceRule<{ readonly trusted: readonly string[] }> = {
  kind: "resource",
  name: NAME,
  description: "No script is put together from values that somebody else may choose.",
  reason:
    "GitHub replaces an expression before the shell starts: a branch, a title or an input named `$(command)` would be run with the job's secrets.",
  options: {
    trusted: {
      type: "array",
      items: { type: "string" },
      description: "Expressions that may stand in a script; all others reach it by its environment.",
      default: TRUSTED,
    },
  },
  check(resource, { trusted }) {
    const file = soundWorkflow(resource);
    if (!file) return [];
    const harmless = new Set(trusted.map((expression) => expression.toLowerCase()));
    return jobsOf(file)
      .flatMap(([name, job]) => stepsOf(name, job))
      .flatMap((placed) => scripts(placed))
      .flatMap(({ place, script }) =>
        expressions(script)
          .filter((expression) => !harmless.has(expression.toLowerCase()))
          .map(
            (expression) =>
              `${shown(file.path)}, ${shown(place)}: the script holds \${{ ${shown(expression)} }}: pass it by env and use the variable, or call it harmless with ${option(NAME, "trusted", [shown(expression)])}`,
          ),
      );
  },
};

/** What a step runs as code: its shell script, and the one of actions/github-script. */
function scripts({
  place,
  step,
}: PlacedStep): readonly { readonly place: string; readonly script: string }[] {
  const script = /^actions\/github-script@/i.test(String(step.uses)) ? mapping(step.with).script : undefined;
  return [step.run, script].flatMap((code) => (typeof code === "string" ? [{ place, script: code }] : []));
}

/** The insides of a script's expressions; one that is not closed counts to its end. */
function expressions(script: string): readonly string[] {
  return script
    .split("${{")
    .slice(1)
    .map((rest) => (rest.split("}}")[0] ?? "").trim());
}
