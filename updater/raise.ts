import { compareVersions, meets } from "../publisher/verify/constraint.ts";
import { normalize, stabilityOf } from "../publisher/verify/version.ts";
import type { ComposerJson, Lock } from "./lock.ts";
import type { Unit } from "./work.ts";

/** A constraint of composer.json that forbids a version, and what it becomes. */
export interface Raise {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** Whether it stands in `require-dev`. */
  readonly dev: boolean;
}

/**
 * Gives the constraints to raise: of packages that composer.json itself asks for, where the newest stable version that was announced,
 * or that the open pull request has, is newer than the locked one and forbidden.
 */
export function raisesFor(
  composer: ComposerJson,
  { wanted, pending }: Pick<Unit, "wanted" | "pending">,
  lock: Lock,
): Raise[] {
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(pending)])].sort();
  return names.flatMap((name) => {
    const dev = key(composer.require, name) === undefined;
    const written = key(dev ? composer.requireDev : composer.require, name);
    if (written === undefined) return [];
    const [spelled, from] = written;
    const offered = [...(wanted[name] ?? []).map(({ version }) => version), pending[name]];
    const newest = offered.flatMap(stable).sort((a, b) => compareVersions(b.normalized, a.normalized))[0];
    const locked = normalize(lock.get(name)?.version ?? "");
    if (newest === undefined || locked === undefined || meets(newest.normalized, from) !== false) return [];
    const isNewer = !locked.startsWith("dev-") && compareVersions(newest.normalized, locked) > 0;
    return isNewer ? [{ name: spelled, from, to: `^${newest.text}`, dev }] : [];
  });
}

function key(links: Readonly<Record<string, string>>, name: string): readonly [string, string] | undefined {
  return Object.entries(links).find(([one]) => one.toLowerCase() === name);
}

/** Only a version of digits and dots becomes a constraint: nothing else is written into composer.json. */
function stable(version: string | undefined): { text: string; normalized: string }[] {
  const [, text] = /^v?(\d+(?:\.\d+){0,3})$/.exec(version ?? "") ?? [];
  const normalized = text === undefined ? undefined : normalize(text);
  if (text === undefined || normalized === undefined || stabilityOf(normalized) !== "stable") return [];
  return [{ text, normalized }];
}
