import * as pulumi from "@pulumi/pulumi";
import { canonicalSatis } from "../fleet/canonical-satis.ts";
import { consumerSnippet } from "../fleet/consumer-snippet.ts";
import { deriveFleet } from "../fleet/derive.ts";
import { type Finding, formatFinding } from "../fleet/findings.ts";
import { readSatis } from "../fleet/satis.ts";
import { PINS } from "../workflows/pins.ts";
import { Fleet } from "./fleet.ts";
import { readStackConfig } from "./stack-config.ts";

/**
 * Loads, derives and constructs the fleet, and returns the stack's outputs.
 *
 * @throws pulumi.RunError naming every fault of config and satis.json at once; nothing is registered then.
 */
export function deployFleet(): Record<string, unknown> {
  const { stack, satisFile, findings: configFindings } = readStackConfig();
  const { satis, findings: satisFindings } = readSatis(satisFile);
  const { fleet: plan, findings: planFindings } =
    satis && stack ? deriveFleet(satis, stack.config) : { fleet: undefined, findings: [] };
  report([...configFindings, ...satisFindings, ...planFindings]);
  if (!(stack && satis && plan)) throw new pulumi.RunError("nothing was changed");

  const { config, secrets, appId } = stack;
  new Fleet(
    "fleet",
    { plan, config, secrets, appId, satis: canonicalSatis(satis, plan, config.github.host) },
    { providers: { github: stack.provider() } },
  );
  return {
    registryUrl: plan.composer.registryUrl,
    composerRepository: `${plan.composer.owner}/${plan.composer.repository}`,
    managed: plan.packages.length,
    unmanaged: plan.unmanaged.length,
    consumer: consumerSnippet(plan, config, PINS),
  };
}

/** Warnings go to the engine's log; faults end the program, all of them at once. */
function report(findings: readonly Finding[]): void {
  const faults = findings.filter(({ severity }) => severity === "fault");
  for (const finding of findings) {
    if (finding.severity === "warning") void pulumi.log.warn(formatFinding(finding));
  }
  if (faults.length === 0) return;
  throw new pulumi.RunError(["nothing was changed:", ...faults.map(formatFinding)].join("\n"));
}
