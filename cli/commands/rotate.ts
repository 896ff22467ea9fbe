import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment } from "@pulumi/pulumi/automation/index.js";
import { Command } from "commander";
import {
  EXIT,
  messageOf,
  type Output,
  runAction,
  type StackFlags,
  TERMINAL,
  withPolicies,
} from "../command.ts";
import { type Context, loadContext, requireToken } from "../context.ts";
import { type Prober, prober } from "../doctor/probe.ts";
import { checkDispatchToken } from "../doctor/tokens.ts";
import { tryDispatch } from "../rotate/canary.ts";
import { readToken, type TokenSource } from "../rotate/token.ts";
import { BATCH_SIZE, type Batch, totalSeconds } from "../up/batches.ts";
import { duration, type Pace, paceOf, totalCost } from "../up/estimate.ts";
import { unlocked } from "../up/leftovers.ts";
import { resourcesOf } from "../up/overwritten.ts";
import { runEngine } from "../up/run.ts";
import { isComponent, nameOf, packageOf, type Step } from "../up/steps.ts";
import { apply, previewed, type UpdateOptions } from "../up/update.ts";
import { positive } from "./up.ts";

/** The command's options. */
export interface RotateOptions extends Pick<UpdateOptions, "unlock" | "parallel" | "wait"> {
  /** Package repository that gets the new token first, `owner/repository`. @default the first one */
  readonly canary?: string;
  /** Machine-readable result. @default false */
  readonly json?: boolean;
}

const KEY = "satis-fleet:dispatchToken";

/** A secret of GitHub that holds the dispatch token. */
interface Holder {
  readonly urn: string;
  /** `undefined` for the organization's one. */
  readonly package?: string;
}

/**
 * Puts a new dispatch token everywhere the present one is.
 *
 * First the token is tried, then one repository gets it and a dispatch with it has to start a run; only then come the others.
 * Where that fails, configuration and repository get the present token back. A rotation that was stopped goes on when it is given
 * the same token again. Neither token is printed. Gives the exit code.
 */
export async function rotate(
  context: Context,
  token: string,
  options: RotateOptions,
  output: Output,
): Promise<number> {
  requireToken(context);
  const { config, rawConfig, stack } = context;
  if (config.notify !== "dispatch")
    throw new Error("nothing holds a dispatch token where satis-fleet:notify is poll");
  const holders = holdersOf(await stack.exportStack());
  const canary = pickCanary(holders, options.canary);
  const probe = await refuseBadToken(context, token);
  await unlocked(context, options.unlock ?? false, output, async () => undefined);
  const present = rawConfig[KEY]?.value;
  const resumed = present === token;
  if (resumed) output.err("the configuration holds this token already: going on with the repositories");
  let planned: readonly Step[];
  try {
    await stack.configure({ [KEY]: { value: token, secret: true } });
    planned = await plannedWrites(context, holders, output);
    await tryCanary(context, { canary, planned, probe }, options, output);
  } catch (error) {
    const undone = resumed || present === undefined ? "" : await putBack(context, present, canary, output);
    throw new Error(`${messageOf(error)}\n${undone}no other repository was given the new token`);
  }
  const rest = planned.filter(({ urn }) => urn !== canary.urn);
  await applyRest(context, rest, options, output);
  const { length: secrets } = holders;
  const result = { secrets, updated: planned.length, canary: nameOf(canary.urn) };
  const words = `done: ${secrets} ${secrets === 1 ? "secret holds" : "secrets hold"} the new token; revoke the old one`;
  output.out(options.json ? JSON.stringify(result) : words);
  return EXIT.ok;
}

/** The secrets of the state that hold the dispatch token. */
function holdersOf(deployment: Deployment): readonly Holder[] {
  const holders = resourcesOf(deployment).flatMap(({ urn, type }): Holder[] => {
    if (type.startsWith("github:index/actionsOrganizationSecret:")) return [{ urn }];
    const id = packageOf(urn);
    return id !== undefined && type.startsWith("github:index/actionsSecret:") ? [{ urn, package: id }] : [];
  });
  if (holders.length === 0) throw new Error("no secret holds a dispatch token yet: fleet up makes them");
  return holders.toSorted((one, other) => (one.urn < other.urn ? -1 : 1));
}

/** An organization's secret is one for all: there, the dispatch alone is tried first. */
function pickCanary(holders: readonly Holder[], wanted: string | undefined): Holder {
  const canary =
    wanted === undefined ? holders[0] : holders.find((holder) => holder.package === wanted.toLowerCase());
  if (canary) return canary;
  const known = holders.flatMap((holder) => holder.package ?? []);
  const example = known[0] === undefined ? "leave --canary out" : `such as ${known[0]}`;
  throw new Error(`--canary names no package repository with a secret of its own: ${example}`);
}

/** A token that GitHub does not know, or that may not dispatch, goes nowhere. */
async function refuseBadToken({ config, fleet }: Context, token: string): Promise<Prober> {
  const probe = prober(config.github.apiUrl, token);
  const checks = await checkDispatchToken("the new token", probe, fleet.composer, true);
  const bad = checks.filter(({ state }) => state === "wrong" || state === "unread");
  if (bad.length === 0) return probe;
  const said = bad.map(({ name, message, remedy }) => `${name}: ${message}: ${remedy}`);
  throw new Error([...said, "nothing was changed"].join("\n"));
}

/** The secrets that do not hold the new token yet, by a preview of the whole program with its policies. */
async function plannedWrites(
  context: Context,
  holders: readonly Holder[],
  output: Output,
): Promise<readonly Step[]> {
  const urns = new Set(holders.map(({ urn }) => urn));
  const { steps } = await previewed(context, [], output);
  const others = steps.filter((step) => !urns.has(step.urn) && !isComponent(step));
  if (others.length > 0) output.err(`${others.length} other changes are planned; they are left to fleet up`);
  return steps.filter(({ urn }) => urns.has(urn));
}

interface CanaryRun {
  readonly canary: Holder;
  readonly planned: readonly Step[];
  readonly probe: Prober;
}

async function tryCanary(
  context: Context,
  { canary, planned, probe }: CanaryRun,
  options: RotateOptions,
  output: Output,
): Promise<void> {
  const name = nameOf(canary.urn);
  if (planned.some(({ urn }) => urn === canary.urn)) {
    await runEngine(context, { command: "up", name, options: { target: [canary.urn] } }, output);
  }
  const { fleet } = context;
  const sender = fleet.packages.find(({ id }) => id === canary.package) ?? fleet.packages[0];
  if (!sender) throw new Error("satis.json names no package repository to send a notification for");
  const notification = { composer: fleet.composer, dispatchName: sender.dispatchName };
  await tryDispatch(probe, notification, options.wait ?? sleep);
  output.err(`${name} has the new token, and a dispatch with it started a run`);
}

/** Gives configuration and canary the present token back; says what became of it. */
async function putBack(context: Context, present: string, canary: Holder, output: Output): Promise<string> {
  const name = nameOf(canary.urn);
  await context.stack.configure({ [KEY]: { value: present, secret: true } });
  try {
    await runEngine(context, { command: "up", name, options: { target: [canary.urn] } }, output);
    return `the configuration and ${name} have the old token again; `;
  } catch (error) {
    return `the configuration has the old token again, ${name} may not (run fleet up): ${messageOf(error)}\n`;
  }
}

/** Writes the others; one that fails does not stop the rest. */
async function applyRest(
  context: Context,
  steps: readonly Step[],
  options: RotateOptions,
  output: Output,
): Promise<void> {
  if (steps.length === 0) return;
  const pace = paceOf(context.config.github.writeDelayMs, options.parallel);
  const batches = secretBatches(steps, pace);
  const time = duration(totalSeconds(batches, pace));
  output.err(`writing ${steps.length} more secrets, ${time}`);
  await apply(context, { batches, pace }, { ...options, continueOnError: true }, output);
}

/** Batches that fit into GitHub's hour; all of them are targeted, so that nothing else changes. */
function secretBatches(steps: readonly Step[], pace: Pace): readonly Batch[] {
  const batches: Step[][] = [];
  for (const step of steps) {
    const current = batches.at(-1);
    if (current && totalCost([...current, step], pace).calls <= BATCH_SIZE.calls) current.push(step);
    else batches.push([step]);
  }
  return batches.map((batch) => ({
    target: batch.map(({ urn }) => urn),
    replace: [],
    cost: totalCost(batch, pace),
  }));
}

type Flags = StackFlags & RotateOptions & TokenSource;

const EXAMPLES = `
Examples:
  fleet rotate < new-token        the new token on standard input; the file is yours to delete
  pass show composer-pat | fleet rotate --canary my-organization/tool
  fleet rotate --token-env NEW_TOKEN

No token is ever an argument, and none is printed. A rotation that was stopped goes on with the same command.
Exit codes: 0 every secret holds the new token, 1 an error: what holds which token is said.`;

/** `fleet rotate`. */
export function rotateCommand(output: Output = TERMINAL): Command {
  return withPolicies(new Command("rotate"))
    .description("put a new dispatch token everywhere: one repository first, then the rest")
    .option("--token-env <name>", "environment variable with the new token (default: standard input)")
    .option("--canary <owner/repository>", "package repository that gets it first (default: the first one)")
    .option("--unlock", "remove the stack's lock whoever holds it")
    .option("--parallel <number>", "operations side by side (default: 1 on github.com, else 16)", positive)
    .option("--json", "one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action((flags: Flags) =>
      runAction(async () => {
        const token = await readToken(flags);
        return rotate(await loadContext(flags), token, flags, output);
      }, output),
    );
}
