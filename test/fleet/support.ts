import { type FleetConfig, parseConfig } from "../../fleet/config.ts";
import type { Finding } from "../../fleet/findings.ts";
import { parseSatis, type Satis } from "../../fleet/satis.ts";

/** Configuration of the owner `ucf` with every default, but for what a test sets. */
export function configOf(values: Readonly<Record<string, string>> = {}): FleetConfig {
  const all = new Map(Object.entries({ "github:owner": "UCF", ...values }));
  const secrets = all.get("satis-fleet:notify") === "poll" ? [] : ["satis-fleet:dispatchToken"];
  const { config, findings } = parseConfig(all, new Set(secrets));
  if (config === undefined) throw new Error(JSON.stringify(findings));
  return config;
}

/** Text of a satis.json with these entries. */
export function satisText(repositories: unknown, rest: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify(
    { name: "UCF", homepage: "https://ucf.github.io/packages/", repositories, ...rest },
    null,
    2,
  );
}

/** A satis.json that must have no fault. */
export function satisOf(text: string): Satis {
  const { satis, findings } = parseSatis(text, { file: "satis.json" });
  if (satis === undefined) throw new Error(JSON.stringify(findings));
  return satis;
}

export function vcs(url: string, rest: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { type: "vcs", url, ...rest };
}

export function faults(findings: readonly Finding[]): string[] {
  return findings.filter(({ severity }) => severity === "fault").map(({ message }) => message);
}

export function warnings(findings: readonly Finding[]): string[] {
  return findings.filter(({ severity }) => severity === "warning").map(({ message }) => message);
}

/** A token of GitHub's shape, put together so that no scanner takes this file for a leak. */
export const TOKEN = ["ghp", "0123456789abcdefghijABCDEFGHIJ012345"].join("_");
