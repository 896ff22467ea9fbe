import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

const SUBJECTS: readonly (readonly [string, string])[] = [
  ["http-client", "Sends requests with retries, timeouts and a circuit breaker"],
  ["event-bus", "Carries domain events between modules, in process or over a queue"],
  ["money", "Amounts and currencies that never lose a cent"],
  ["feature-flags", "Turns features on for some before they are on for all"],
  ["audit-log", "Records who changed what, and when, in a log that cannot be rewritten"],
  ["invoice-pdf", "Renders invoices as PDF/A with attached XML (ZUGFeRD, Factur-X)"],
  ["identity", "Signs people in by OpenID Connect and keeps their sessions"],
  ["mailer", "Templates for mail, in every language of the shop, and their delivery"],
  ["search", "Indexes products and pages, and finds them with typing errors too"],
  ["storage", "One interface for files on disk, in S3 and in Azure"],
  ["calendar", "Working days, public holidays and opening hours"],
  ["address", "Reads, checks and formats postal addresses of 60 countries"],
  ["barcode", "Draws and reads EAN, Code 128 and QR codes"],
  ["ledger", "Double-entry bookkeeping for orders, refunds and fees"],
];
const AREAS = ["", "symfony-", "laravel-", "legacy-", "shop-", "cms-"];
const LICENSES = ["proprietary", "MIT", "proprietary", "Apache-2.0"];

/** One version as Satis writes it into a p2 file. */
type Written = Record<string, unknown>;

/** Packages of a registry that nobody built, the same for the same numbers; names and texts are believable, commits are not. */
export function syntheticPackages(owner: string, count: number, versions: number): Map<string, Written[]> {
  const names = Array.from({ length: count }, (_, index) => nameAt(owner, index));
  return new Map(
    names.map((name, index) => [
      name,
      Array.from({ length: versions }, (_, step) => versionOf(names, index, versions - step - 1)),
    ]),
  );
}

function nameAt(owner: string, index: number): string {
  const [subject = ""] = SUBJECTS[index % SUBJECTS.length] ?? [];
  const round = Math.floor(index / SUBJECTS.length);
  const area = AREAS[round % AREAS.length] ?? "";
  const series = Math.floor(round / AREAS.length);
  return `${owner}/${area}${subject}${series === 0 ? "" : `-${series + 1}`}`;
}

function versionOf(names: readonly string[], index: number, step: number): Written {
  const name = names[index] ?? "";
  const major = 1 + Math.floor(step / 12);
  const version = `${major}.${step % 12}.${(index + step) % 4}`;
  const reference = createHash("sha1").update(`${name}@${version}`).digest("hex");
  const path = name.replace("/", "/php-");
  const other = names[(index * 7 + 3) % names.length] ?? name;
  const time = new Date(Date.UTC(2024, 0, 8 + (index % 23) + step * 47, 9, (index * 7) % 60));
  return {
    name,
    version,
    version_normalized: `${version}.0`,
    source: { type: "git", url: `https://github.com/${path}.git`, reference },
    dist: {
      type: "zip",
      url: `https://api.github.com/repos/${path}/zipball/${reference}`,
      reference,
      shasum: "",
    },
    require: {
      php: major > 1 ? "^8.2" : "^8.1",
      "ext-json": "*",
      ...(other === name ? {} : { [other]: "^1.4" }),
      "psr/log": "^2.0 || ^3.0",
    },
    time: time.toISOString().replace(".000Z", "+00:00"),
    type: "library",
    license: [LICENSES[index % LICENSES.length]],
    description: SUBJECTS[index % SUBJECTS.length]?.[1],
    ...(name.includes("legacy-") ? { abandoned: name.replace("legacy-", "") } : {}),
  };
}

/** Writes such packages as the tree that a build leaves. */
export async function writeSyntheticTree(
  root: string,
  packages: ReadonlyMap<string, readonly Written[]>,
): Promise<void> {
  for (const [name, versions] of packages) {
    const file = join(root, "p2", `${name}.json`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify({ packages: { [name]: versions } }));
  }
}
