import type { Deployment } from "@pulumi/pulumi/automation/index.js";
import type { Context } from "../context.ts";
import { pendingOf, resourcesOf } from "../up/overwritten.ts";
import { nameOf } from "../up/steps.ts";
import { type Check, note, ok, wrong } from "./check.ts";
import { listed } from "./repositories.ts";

/** What the stack's state says of updates before this one: its lock, and what a killed update was making. */
export async function checkState({ stack }: Context, deployment: Deployment): Promise<readonly Check[]> {
  const checks: Check[] = [];
  const locks = await stack.locks();
  if (locks === undefined) {
    checks.push(note("lock", "this backend tells of a lock only when an update starts"));
  } else if (locks.length === 0) {
    checks.push(ok("lock", "nobody holds it"));
  }
  for (const { holder, stale } of locks ?? []) {
    checks.push(
      stale
        ? wrong("lock", `left behind by ${holder}, which is dead`, "fleet up removes it")
        : wrong(
            "lock",
            `held by ${holder}`,
            "wait for it, or fleet up --unlock where you know that it is dead",
          ),
    );
  }
  const pending = pendingOf(deployment).map(({ resource }) => nameOf(resource.urn));
  if (pending.length > 0) {
    const message = `a killed update was making ${listed(pending)}`;
    checks.push(wrong("state", message, "fleet up takes over what was made and clears the rest"));
  }
  const count = resourcesOf(deployment).filter(({ type }) => type.startsWith("github:")).length;
  if (count === 0) checks.push(note("state", "is empty: the first fleet up makes everything"));
  else if (pending.length === 0) checks.push(ok("state", `has ${count} resources, nothing half done`));
  return checks;
}
