import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Finding } from "./findings.ts";

/** A program as one file, for the repository that runs it. */
export interface Bundle {
  readonly text: string;
  /** Of the text as UTF-8, in hexadecimal. */
  readonly sha256: string;
}

export type PublisherBundle = Bundle;

/** Where `npm ci` builds them, below this repository. */
const PUBLISHER = "publisher/dist/publisher.mjs";
const UPDATER = "updater/dist/updater.mjs";

/** The publisher, for the composer repository; where it was never built, a fault says how to build it. */
export function readPublisherBundle(): { publisher?: PublisherBundle; findings: Finding[] } {
  const { bundle, findings } = readBundle(PUBLISHER);
  return { ...(bundle === undefined ? {} : { publisher: bundle }), findings };
}

/** The same for the updater, which runs in consumers. */
export function readUpdaterBundle(): { updater?: Bundle; findings: Finding[] } {
  const { bundle, findings } = readBundle(UPDATER);
  return { ...(bundle === undefined ? {} : { updater: bundle }), findings };
}

function readBundle(file: string): { bundle?: Bundle; findings: Finding[] } {
  try {
    const text = readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
    return { bundle: { text, sha256: createHash("sha256").update(text).digest("hex") }, findings: [] };
  } catch {
    const remedy = "run npm ci, or npm run bundle";
    return { findings: [{ severity: "fault", file, message: "is not built", remedy }] };
  }
}
