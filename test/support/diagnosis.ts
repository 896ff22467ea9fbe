import { expect } from "vitest";
import { doctor } from "../../cli/commands/doctor.ts";
import { loadContext } from "../../cli/context.ts";
import type { Check } from "../../cli/doctor/check.ts";
import type { World } from "../../demo/world.ts";
import { ENGINE, Said } from "./cli.ts";
import { leaks } from "./leaks.ts";

/** What `fleet doctor` found. */
export interface Diagnosis {
  /** 1 where it could not run. */
  readonly code: number;
  readonly checks: readonly Check[];
  readonly budget: { readonly calls?: number; readonly writes?: number };
  /** Everything that it said. */
  readonly text: string;
  /** Why it could not run. */
  readonly error: string;
}

/** Runs `fleet doctor --json` in this process; fails where it changes anything or shows a token. */
export async function diagnose(world: World, stack = "dev"): Promise<Diagnosis> {
  const said = new Said();
  const { home, env = {} } = world.settings;
  const before = JSON.stringify(world.github.snapshot());
  let code = 1;
  let error = "";
  try {
    const context = await loadContext({ stack, cwd: home, engine: ENGINE, env });
    code = await doctor(context, { json: true }, said);
  } catch (failure) {
    error = failure instanceof Error ? failure.message : String(failure);
  }
  const text = `${said.all}\n${error}`;
  expect(leaks(text)).toEqual([]);
  expect(JSON.stringify(world.github.snapshot())).toBe(before);
  const result = error === "" ? said.json : { checks: [], budget: {} };
  return { code, error, text, ...(result as unknown as Pick<Diagnosis, "checks" | "budget">) };
}

/** What is wrong or was not seen, as `name: message: remedy`. */
export function bad({ checks }: Pick<Diagnosis, "checks">): readonly string[] {
  return checks
    .filter(({ state }) => state === "wrong" || state === "unread")
    .map(({ name, message, remedy }) => `${name}: ${message}: ${remedy}`);
}

/** What is worth knowing, and right. */
export function notes({ checks }: Pick<Diagnosis, "checks">): readonly string[] {
  return checks.filter(({ state }) => state === "note").map(({ name, message }) => `${name}: ${message}`);
}
