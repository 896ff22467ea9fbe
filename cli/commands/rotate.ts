import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment } from "@pulumi/pulumi/automation/index.js";
import { Command } from "commander";
import { safeText } from "../../fleet/findings.ts";
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
import { stackFileOf } from "../engine.ts";
import { tokenOf } from "../github.ts";
import { tryDispatch, tryNotifier } from "../rotate/canary.ts";
import { readToken, type TokenSource } from "../rotate/token.ts";
import { conclusion, standing, unfinished, untouched } from "../rotate/words.ts";
import { BATCH_SIZE, type Batch, totalSeconds } from "../up/batches.ts";
import { duration, type Pace, paceOf, totalCost } from "../up/estimate.ts";
import { unlocked } from "../up/leftovers.ts";
import { resourcesOf } from "../up/overwritten.ts";
import { LockedError, runEngine } from "../up/run.ts";
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
 * First the token is tried, then one repository gets it, a dispatch with it has to start a run, and that repository's own workflow is
 * run where it can be; only then come the others. Where that fails, configuration and repository get the present token back. A rotation
 * that was stopped goes on when it is given the same token again. Neither token is printed. Gives the exit code.
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
  const known = holdersOf(await stack.exportStack());
  pickCanary(known, options.canary);
  const probe = await refuseBadToken(context, token);
  await unlocked(context, options.unlock ?? false, output, async () => undefined);
  // Where the backend tells of a lock, that was the one to remove: whoever holds it from now on came later.
  let unlock = (options.unlock ?? false) && (await stack.locks()) === undefined;
  const present = rawConfig[KEY]?.value;
  const resumed = present === token;
  let plan: Plan | undefined;
  let written = false;
  try {
    await stack.configure({ [KEY]: { value: token, secret: true } });
    plan = await planOf(context, known, options.canary, output);
    if (resumed) {
      const now = standing(plan.holders.length, plan.writes.length);
      output.err(`the configuration holds this token already: ${now}`);
    }
    if (isAmong(plan.writes, plan.canary)) {
      await writeOne(context, plan.canary, unlock, output);
      written = true;
      // That run has held the lock.
      unlock = false;
    }
    await proveCanary(context, plan.canary, probe, options, output);
  } catch (error) {
    const end =
      resumed || present === undefined
        ? unfinished(known.length, plan && plan.writes.length - (written ? 1 : 0))
        : await putBack(context, present, error instanceof LockedError ? undefined : plan, unlock, output);
    throw new Error(`${messageOf(error)}\n${end}`);
  }
  const { holders, writes, canary } = plan;
  const rest = writes.filter(({ urn }) => urn !== canary.urn);
  await applyRest(context, rest, { ...options, unlock }, output);
  const configFile = stackFileOf(context.settings.stack);
  const result = {
    secrets: holders.length,
    updated: writes.length,
    canary: nameOf(canary.urn),
    configFile,
  };
  output.out(options.json ? JSON.stringify(result) : conclusion({ ...result, resumed }));
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
  const said = bad.map(({ name, message, remedy }) =>
    safeText([name, message, remedy].filter((part) => part !== undefined).join(": ")),
  );
  throw new Error([...said, "nothing was changed"].join("\n"));
}

/** What a rotation does. */
interface Plan {
  /** All secrets that hold the token afterwards. */
  readonly holders: readonly Holder[];
  /** Of those the ones that do not hold it yet. */
  readonly writes: readonly Step[];
  readonly canary: Holder;
}

/**
 * Plans by a preview of the whole program with its policies.
 *
 * A secret that the next update deletes, of a package that left, gets no token any more; and it proves nothing as a canary.
 */
async function planOf(
  context: Context,
  known: readonly Holder[],
  wanted: string | undefined,
  output: Output,
): Promise<Plan> {
  const urns = new Set(known.map(({ urn }) => urn));
  const { steps } = await previewed(context, [], output);
  const own = steps.filter(({ urn }) => urns.has(urn));
  const leaving = own.filter(({ op }) => op === "delete");
  const others = steps.filter((step) => !urns.has(step.urn) && !isComponent(step)).length + leaving.length;
  if (others > 0) output.err(`${others} other changes are planned; they are left to fleet up`);
  const holders = known.filter((one) => !isAmong(leaving, one));
  if (holders.length === 0) throw new Error("the next update deletes every secret with the token: fleet up");
  const writes = own.filter(({ op }) => op !== "delete");
  return { holders, writes, canary: pickCanary(holders, wanted) };
}

function isAmong(steps: readonly Step[], { urn }: Holder): boolean {
  return steps.some((step) => step.urn === urn);
}

/** Updates one secret. Backends that do not tell of a lock beforehand refuse the run itself. */
async function writeOne(context: Context, { urn }: Holder, unlock: boolean, output: Output): Promise<void> {
  const options = { target: [urn] };
  await unlocked(context, unlock, output, () =>
    runEngine(context, { command: "up", name: nameOf(urn), options }, output),
  );
}

/** Sees that the token starts a run, sent from here, and from the canary itself where its workflow can be started. */
async function proveCanary(
  context: Context,
  canary: Holder,
  probe: Prober,
  { wait = sleep }: RotateOptions,
  output: Output,
): Promise<void> {
  const { config, fleet, github, rawConfig } = context;
  const sender = fleet.packages.find(({ id }) => id === canary.package) ?? fleet.packages[0];
  if (!sender) throw new Error("satis.json names no package repository to send a notification for");
  await tryDispatch(probe, { composer: fleet.composer, dispatchName: sender.dispatchName }, wait);
  output.err(`${nameOf(canary.urn)} has the new token, and a dispatch with it started a run`);
  const own = prober(config.github.apiUrl, await tokenOf(github, rawConfig));
  const trial = await tryNotifier(own, sender, wait);
  if (trial.outcome === "failure")
    throw new Error(`the notify workflow of ${sender.id} failed with the new token: ${trial.url}`);
  output.err(
    trial.outcome === "untried"
      ? `not tried from ${sender.id} itself: ${trial.reason}`
      : `the notify workflow of ${sender.id} succeeded with it: ${trial.url}`,
  );
}

/** Gives configuration and canary the present token back; says what became of it. @param plan `undefined` where nothing was written */
async function putBack(
  context: Context,
  present: string,
  plan: Plan | undefined,
  unlock: boolean,
  output: Output,
): Promise<string> {
  await context.stack.configure({ [KEY]: { value: present, secret: true } });
  if (plan === undefined)
    return "the configuration has the old token again; no repository was given the new one";
  const { holders, writes, canary } = plan;
  const name = nameOf(canary.urn);
  const holding = holders.filter((one) => one !== canary && !isAmong(writes, one)).length;
  const others = untouched(holders.length - 1, holding);
  try {
    await writeOne(context, canary, unlock, output);
    return `the configuration and ${name} have the old token again; ${others}`;
  } catch (error) {
    return `the configuration has the old token again, ${name} may not (run fleet up): ${messageOf(error)}\n${others}`;
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
The new token is in Pulumi.<stack>.yaml afterwards: commit it before you revoke the old one, for an update from the committed file
writes the old one back. With Actions: write on the first repository, the stack's token also runs its own notify workflow.

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
