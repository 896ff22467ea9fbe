import { join, resolve } from "node:path";
import { Command } from "commander";
import type { FleetConfig } from "../../fleet/config.ts";
import { deriveFleet } from "../../fleet/derive.ts";
import { FaultsError, type Finding, formatFinding, hasFault, safeText } from "../../fleet/findings.ts";
import { parseSatis, readSatis } from "../../fleet/satis.ts";
import { parseSubscriptions, readSubscriptions } from "../../fleet/subscriptions.ts";
import { EXIT, type Output, runAction, TERMINAL } from "../command.ts";
import { parseRawConfig, ROOT, subscriptionsFileOf } from "../context.ts";
import { type Base, readBase } from "../diff/base.ts";
import { compareFleets, isEmptyDiff, type Side } from "../diff/compare.ts";
import { type DiffReport, renderMarkdown, summary } from "../diff/markdown.ts";
import { readStackFile } from "../diff/stack-file.ts";
import { describeSubscriptions } from "../diff/subscriptions.ts";
import { stackFileOf } from "../engine.ts";

/** The command's options. */
export interface DiffOptions {
  readonly stack: string;
  /** Folder with Pulumi.<stack>.yaml. @default the repository */
  readonly cwd?: string;
  /** @default false */
  readonly json?: boolean;
  /** @default false */
  readonly markdown?: boolean;
}

/**
 * Says what a change of satis.json and subscriptions.json does to the fleet, from the files and the stack's plain configuration.
 *
 * No credential, no engine and no network: a pull request from a fork may run it. Gives 0 whether or not something changes, 1 where
 * one of them or the configuration has a fault.
 */
export async function diff(base: string, options: DiffOptions, output: Output): Promise<number> {
  const home = resolve(options.cwd ?? ROOT);
  const raw = readStackFile(join(home, stackFileOf(options.stack)));
  const { config, findings: configFindings } = parseRawConfig(raw);
  if (!config) throw new FaultsError(configFindings);
  const report = compare(
    config,
    configFindings,
    await readBase(base, resolve(ROOT, config.satisFile), subscriptionsFileOf(config)[0]),
  );
  if (options.json) output.out(JSON.stringify(jsonOf(report)));
  else if (options.markdown) output.out(renderMarkdown(report));
  else for (const line of describe(report)) output.out(safeText(line));
  return EXIT.ok;
}

function compare(config: FleetConfig, configFindings: readonly Finding[], base: Base): DiffReport {
  const file = config.satisFile;
  const { satis, findings } = readSatis(resolve(ROOT, file), file);
  const { subscriptions, findings: subscriptionFindings } = readSubscriptions(...subscriptionsFileOf(config));
  const derived = satis && subscriptions ? deriveFleet(satis, config, subscriptions) : { findings: [] };
  const all = [...configFindings, ...findings, ...subscriptionFindings, ...derived.findings];
  if (!(satis && derived.fleet) || hasFault(all)) throw new FaultsError(all);
  const before = base.text === undefined ? undefined : sideOf({ ...base, text: base.text }, config);
  const known = new Set(before?.findings.map(textOf));
  return {
    base: base.name,
    dispatches: config.notify === "dispatch",
    diff: compareFleets(before?.side, { satis, fleet: derived.fleet }),
    findings: all.filter((finding) => !known.has(textOf(finding))),
    notes: notesOn(base, before),
  };
}

/** What of the base is not compared, and what that makes of the result. */
function notesOn({ name, text }: Base, before: BaseSide | undefined): readonly string[] {
  const all = "every package and subscription counts as added.";
  if (text === undefined) return [`${name} has no satis.json: ${all}`];
  if (before?.side === undefined) return [`satis.json of ${name} has faults: ${all}`];
  return before.subscribed
    ? []
    : [`subscriptions.json of ${name} has faults: every subscription counts as added.`];
}

/** A finding is the same one wherever its line has moved to. */
function textOf({ message, remedy }: Finding): string {
  return `${message}\n${remedy}`;
}

interface BaseSide {
  /** `undefined` where satis.json has faults. */
  readonly side?: Side;
  /** Whether its subscriptions are in it: faulty ones count as none. */
  readonly subscribed: boolean;
  readonly findings: readonly Finding[];
}

/** The fleet before the change, under the configuration of today; renames concern today's names only. */
function sideOf(base: Base & { readonly text: string }, config: FleetConfig): BaseSide {
  const [, file] = subscriptionsFileOf(config);
  const { satis, findings } = parseSatis(base.text, { file: config.satisFile });
  const { subscriptions, findings: subscriptionFindings } =
    base.subscriptions === undefined
      ? { subscriptions: { file, list: [] }, findings: [] }
      : parseSubscriptions(base.subscriptions, { file });
  const all = [...findings, ...subscriptionFindings];
  if (!satis) return { subscribed: false, findings: all };
  // Tokens of today's subscriptions say nothing of those before.
  const consumerSecrets = { announceToken: true, registryToken: true, consumerToken: true };
  const then = { ...config, renames: new Map(), consumerSecrets };
  const whole = subscriptions ? deriveFleet(satis, then, subscriptions) : undefined;
  const derived = whole?.fleet ? whole : deriveFleet(satis, then);
  const { fleet } = derived;
  return {
    ...(fleet ? { side: { satis, fleet } } : {}),
    subscribed: whole?.fleet !== undefined,
    findings: [...all, ...(whole ?? derived).findings],
  };
}

function jsonOf({ base, diff: found, findings, notes }: DiffReport) {
  return {
    base,
    empty: isEmptyDiff(found),
    ...found,
    findings: findings.map((finding) => ({ severity: finding.severity, text: formatFinding(finding) })),
    notes,
  };
}

function describe({ base, diff: found, findings, notes }: DiffReport): readonly string[] {
  const { added, removed, renamed, changed, unmanaged, settings, composer } = found;
  return [
    ...added.map((id) => `+ ${id}`),
    ...removed.map((id) => `- ${id}`),
    ...renamed.map(({ from, to }) => `> ${from} is ${to} now`),
    ...changed.map(({ id, dispatches: [was, is] }) => `~ ${id}: tells of ${is}, and not of ${was} any more`),
    ...unmanaged.added.map(({ url, type, reason }) => `+ ${url ?? type}, not managed: ${reason}`),
    ...unmanaged.removed.map(({ url, type }) => `- ${url ?? type}, not managed`),
    ...(settings.length > 0 ? [`~ settings of Satis: ${settings.join(", ")}; everything is built`] : []),
    ...describeSubscriptions(found.subscriptions),
    ...(composer ? [`> the composer repository ${composer.from} is ${composer.to} now`] : []),
    ...findings.map(formatFinding),
    ...notes,
    `${summary(found)}; ${found.packages} packages afterwards, compared with ${base}`,
  ];
}

const EXAMPLES = `
Examples:
  fleet diff origin/main                a branch against main
  fleet diff origin/main --markdown     as a comment of a pull request
  fleet diff old-satis.json --json      two files

Reads satis.json, subscriptions.json and Pulumi.<stack>.yaml, secrets left aside: no credential, no engine, no network.

Exit codes: 0 compared, 1 an error, or a fault in one of the files.`;

/** `fleet diff`. */
export function diffCommand(output: Output = TERMINAL): Command {
  return new Command("diff")
    .description(
      "say what a change of satis.json and subscriptions.json does to the fleet: packages and subscriptions added, removed, changed",
    )
    .argument("<base>", "git revision or file to compare with")
    .option("-s, --stack <name>", "stack whose configuration counts", process.env.PULUMI_STACK ?? "dev")
    .option("-C, --cwd <folder>", "folder with Pulumi.<stack>.yaml")
    .option("--json", "one JSON object on standard output")
    .option("--markdown", "a comment for a pull request")
    .addHelpText("after", EXAMPLES)
    .action((base: string, options: DiffOptions) => runAction(() => diff(base, options, output), output));
}
