import { styleText } from "node:util";
import { KILLED } from "./faults/killed.ts";
import { LIVE } from "./faults/live.ts";
import { REFS } from "./faults/refs.ts";
import { SATIS } from "./faults/satis.ts";
import { type FaultResult, tellFault } from "./faults/story.ts";
import { parseOptions } from "./options.ts";

const HELP = `npm run demo:faults [-- --json] [-- --only TEXT]

Brings about every fault that the publisher is made for, each in a registry of its own on an emulated GitHub, and shows what
happened, whether the site stayed whole, and what healed it.

  --only TEXT   the faults whose name has TEXT in it
  --json        {faults: [{fault, happened, siteIntact, healedBy}]} on standard output and nothing else there

Exit codes: 0 every fault was survived, 1 one was not.`;

/** Every fault, in the order in which a run meets them. */
export const FAULTS = [...KILLED, ...SATIS, ...REFS, ...LIVE];

/** Stories side by side; each waits for git most of its time. */
const AT_ONCE = 2;

async function main(): Promise<void> {
  const values = parseOptions({
    only: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return console.log(HELP);
  const wanted = FAULTS.filter(({ fault }) => fault.includes(values.only ?? ""));
  const results: FaultResult[] = [];
  const waiting = [...wanted];
  const worker = async () => {
    for (let story = waiting.shift(); story !== undefined; story = waiting.shift()) {
      const result = await tellFault(story).catch((error: unknown): FaultResult => {
        const message = error instanceof Error ? error.message : String(error);
        return { fault: story.fault, happened: message, siteIntact: false, healedBy: "not healed" };
      });
      results.push(result);
      if (!values.json) show(result);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const order = wanted.map(({ fault }) => fault);
  const faults = results.sort((a, b) => order.indexOf(a.fault) - order.indexOf(b.fault));
  const survived = faults.filter(isSurvived);
  if (values.json) console.log(JSON.stringify({ faults }, null, 2));
  else console.log(`\n${survived.length} of ${faults.length} faults survived.`);
  if (survived.length < faults.length) process.exitCode = 1;
}

function isSurvived({ siteIntact, healedBy }: FaultResult): boolean {
  return siteIntact && healedBy !== "not healed";
}

function show(result: FaultResult): void {
  const mark = isSurvived(result) ? styleText("green", "✓") : styleText("red", "✗");
  console.log(`${mark} ${styleText("bold", result.fault)}`);
  console.log(`  happened   ${result.happened}`);
  console.log(`  site       ${result.siteIntact ? "intact" : "BROKEN"}`);
  console.log(`  healed by  ${result.healedBy}`);
}

if (import.meta.main) await main();
