import * as pulumi from "@pulumi/pulumi";
import { consumerSnippet } from "../fleet/consumer-snippet.ts";
import { deriveFleet } from "../fleet/derive.ts";
import { type Finding, formatFinding } from "../fleet/findings.ts";
import { readPublisherBundle, readUpdaterBundle } from "../fleet/publisher-bundle.ts";
import { readSatis } from "../fleet/satis.ts";
import { readSubscriptions } from "../fleet/subscriptions.ts";
import { filesOf } from "../workflows/composer-files.ts";
import { PINS } from "../workflows/pins.ts";
import { Fleet } from "./fleet.ts";
import { readStackConfig } from "./stack-config.ts";

/**
 * Loads, derives and constructs the fleet, and returns the stack's outputs.
 *
 * @throws pulumi.RunError naming every fault of config, satis.json and subscriptions.json at once; nothing is registered then.
 */
export function deployFleet(): Record<string, unknown> {
  const { stack, satisFile, subscriptionsFile, findings: configFindings } = readStackConfig();
  const { satis, findings: satisFindings } = readSatis(satisFile);
  const { subscriptions, findings: subscriptionFindings } = readSubscriptions(subscriptionsFile);
  const { fleet: plan, findings: planFindings } =
    satis && stack && subscriptions
      ? deriveFleet(satis, stack.config, subscriptions)
      : { fleet: undefined, findings: [] };
  const { publisher, findings: bundleFindings } = readPublisherBundle();
  const { updater, findings: updaterFindings } = plan?.consumers.some(({ updated }) => updated.length > 0)
    ? readUpdaterBundle()
    : { updater: undefined, findings: [] };
  const { secrets, findings: secretFindings } = stack && plan ? stack.secretsFor(plan.consumers) : NO_SECRETS;
  report([
    ...configFindings,
    ...satisFindings,
    ...subscriptionFindings,
    ...planFindings,
    ...bundleFindings,
    ...updaterFindings,
    ...secretFindings,
  ]);
  if (!(stack && satis && plan && publisher && secrets)) throw new pulumi.RunError("nothing was changed");

  const { config, appId } = stack;
  new Fleet(
    "fleet",
    { plan, config, secrets, appId, files: filesOf({ plan, config, satis, publisher }), updater },
    { providers: { github: stack.provider() } },
  );
  return {
    registryUrl: plan.composer.registryUrl,
    composerRepository: `${plan.composer.owner}/${plan.composer.repository}`,
    managed: plan.packages.length,
    unmanaged: plan.unmanaged.length,
    ...(plan.consumers.length > 0 ? { consumers: plan.consumers.length } : {}),
    consumer: consumerSnippet(plan, config, PINS),
  };
}

const NO_SECRETS = { secrets: undefined, findings: [] };

/** Warnings go to the engine's log; faults end the program, all of them at once. */
function report(findings: readonly Finding[]): void {
  const faults = findings.filter(({ severity }) => severity === "fault");
  for (const finding of findings) {
    if (finding.severity === "warning") void pulumi.log.warn(formatFinding(finding));
  }
  if (faults.length === 0) return;
  throw new pulumi.RunError(["nothing was changed:", ...faults.map(formatFinding)].join("\n"));
}
