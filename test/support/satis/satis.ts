#!/usr/bin/env node
// A stand-in for composer/satis at commit 8f83d282b5c796f16c1e5762e1051c36cb8f121b, for machines without PHP 8.4:
// the same tree from the same repositories, the same words, the same silent losses.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { standInFaults } from "./faults.ts";
import { ComposerError, type Entry, inOrderOfKeys, readRepository, type Version } from "./repository.ts";
import { matches, normalizeVersion, stability, stabilityNamed } from "./versions.ts";

const COMMIT = "8f83d282b5c796f16c1e5762e1051c36cb8f121b";

interface Configuration {
  readonly name?: string;
  readonly homepage?: string;
  readonly repositories?: readonly Entry[] | Readonly<Record<string, Entry>>;
  readonly require?: Readonly<Record<string, string>>;
  readonly "require-all"?: boolean;
  readonly "minimum-stability"?: string;
  readonly blacklist?: Readonly<Record<string, string>>;
  readonly abandoned?: Readonly<Record<string, boolean | string>>;
  readonly "include-types"?: readonly string[] | null;
  readonly "exclude-types"?: readonly string[];
  readonly includes?: boolean;
  readonly providers?: boolean;
  readonly "include-filename"?: string;
  readonly "output-html"?: boolean;
  readonly "pretty-print"?: boolean;
  readonly "notify-batch"?: string;
}

const faults = standInFaults();
const verbose = process.argv.some((argument) => /^-v+$/.test(argument));
const say = (text: string) => process.stderr.write(`${text}\n`);
const print = (text: string) => process.stdout.write(`${text}\n`);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      version: { type: "boolean" },
      "no-interaction": { type: "boolean", short: "n" },
      "no-ansi": { type: "boolean" },
      verbose: { type: "boolean", short: "v", multiple: true },
    },
  });
  if (values.version) {
    print(`Satis 3.0.0-dev@${COMMIT} (stand-in)`);
    return 0;
  }
  const [command, file = "satis.json", out, ...filter] = positionals;
  if (command !== "build" || out === undefined)
    return thrown("Not enough arguments: build FILE OUTPUT-DIR [PACKAGES]");
  try {
    await build(JSON.parse(readFileSync(file, "utf8")), out, filter);
    return 0;
  } catch (error) {
    if (error instanceof ComposerError) return thrown(error.message);
    throw error;
  }
}

/** As Symfony's console shows an exception. */
function thrown(message: string): number {
  say(`\nIn Stand-in line 1:\n\n${message.replace(/^/gm, "  ")}\n\n`);
  return 1;
}

async function build(config: Configuration, out: string, filter: readonly string[]): Promise<void> {
  if (config["require-all"] !== true && config.require === undefined) {
    print("No explicit requires defined, enabling require-all");
  }
  print("Scanning packages");
  let entries = Object.values(config.repositories ?? []).filter((entry) => entry.url ?? entry.package);
  if (filter.length > 0) {
    entries = entries.filter(({ name }) => name !== undefined && filter.includes(name));
    if (entries.length === 0) {
      const message = 'Could not find any repositories config with "name" matching your package(s) filter';
      throw new ComposerError(`${message}: ${filter.join(", ")}`);
    }
  }
  const found = (await readAll(entries)).filter(
    ({ name }) => filter.length === 0 || filter.includes(name.toLowerCase()),
  );
  const broken = faults.fail?.packages;
  if (faults.fail !== undefined && (broken?.some((name) => found.some((one) => one.name === name)) ?? true)) {
    throw new ComposerError(faults.fail.message);
  }
  const packages = new Map(selected(config, found, filter).map((one) => [keyOf(one), one]));
  if (filter.length > 0)
    for (const [key, one] of load(out, filter)) if (!packages.has(key)) packages.set(key, one);
  const all = [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  if (faults.killed === "before") process.kill(process.pid, "SIGKILL");
  dump(config, out, withFaults(all));
}

/** One after the other in the file's order, as far as anybody sees. */
async function readAll(entries: readonly Entry[]): Promise<Version[]> {
  const cache = process.env.COMPOSER_CACHE_DIR ?? join(process.env.COMPOSER_HOME ?? "/tmp", "cache");
  const results: (Version[] | ComposerError)[] = [];
  let next = 0;
  const worker = async () => {
    while (next < entries.length) {
      const at = next++;
      results[at] = await readEntry(entries[at] ?? {}, cache).catch((error: ComposerError) => error);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return results.flatMap((result) => {
    if (!Array.isArray(result)) throw result;
    return result;
  });
}

async function readEntry(entry: Entry, cache: string): Promise<Version[]> {
  const { type = "vcs", url = "" } = entry;
  if (type === "package") return [entry.package].flat().map((one) => inline(one as Version));
  if (!["vcs", "git", "github", "gitlab"].includes(type)) {
    throw new ComposerError(`The stand-in for Satis builds nothing of type ${type}`);
  }
  if (faults.skip?.includes(entry.name ?? url)) {
    say(`Skipping Exception 'The "${url}" file could not be downloaded (HTTP/2 503)'.`);
    return [];
  }
  const { versions, remarks } = await readRepository(url, cache, say);
  if (verbose) for (const remark of remarks) say(remark);
  if (versions.length === 0) {
    const where = `any branch or tag of ${url}`;
    throw new ComposerError(
      `No valid composer.json was found in ${where}, could not load a package from it.`,
    );
  }
  return [...versions];
}

function inline(one: Version): Version {
  const version_normalized = normalizeVersion(one.version) ?? one.version;
  return inOrderOfKeys({ type: "library", ...one, version_normalized });
}

function selected(config: Configuration, found: readonly Version[], filter: readonly string[]): Version[] {
  const allowed = stabilityNamed(config["minimum-stability"] ?? "dev");
  const said = (one: Version, what: string, why = "") => {
    if (verbose) print(`${what} ${one.name} (${one.version})${why}`);
    return false;
  };
  const stable = found.filter((one) => stability(one.version_normalized) <= allowed || said(one, "Skipped"));
  const wanted = Object.entries(config.require ?? {}).filter(
    ([name]) => filter.length === 0 || filter.includes(name),
  );
  const chosen = new Set<Version>();
  const all = config["require-all"] === true || config.require === undefined;
  if (all) for (const one of stable) chosen.add(one);
  for (const [name, constraint] of all ? [] : wanted) {
    const hits = stable.filter(
      (one) => one.name.toLowerCase() === name && matches(one.version_normalized, constraint),
    );
    if (hits.length === 0) print(`The ${name} ${constraint} requirement did not match any package`);
    for (const one of hits) chosen.add(one);
  }
  const unique = new Map<string, Version>();
  for (const one of chosen) if (!unique.has(keyOf(one))) unique.set(keyOf(one), one);
  const blacklist = Object.entries(config.blacklist ?? {});
  const { "include-types": included, "exclude-types": excluded, abandoned = {} } = config;
  const types = (list: string) => ` because library was ${list} the array of types`;
  return [...unique.values()]
    .filter(
      (one) =>
        !blacklist.some(
          ([name, text]) => name === one.name.toLowerCase() && matches(one.version_normalized, text),
        ) || said(one, "Blacklisted"),
    )
    .filter((one) => (included?.includes(String(one.type)) ?? true) || said(one, "Excluded", types("not in")))
    .filter((one) => !excluded?.includes(String(one.type)) || said(one, "Excluded", types("in")))
    .map((one) => {
      const replacement = abandoned[one.name.toLowerCase()];
      return replacement === undefined ? one : { ...one, abandoned: replacement };
    });
}

const keyOf = (one: Version) => `${one.name.toLowerCase()}-${one.version_normalized}`;

/** What a partial build knows of the other packages: what packages.json includes, and nothing else. */
function load(out: string, filter: readonly string[]): Map<string, Version> {
  const known = new Map<string, Version>();
  const root = join(out, "packages.json");
  if (!existsSync(root)) return known;
  for (const file of Object.keys(JSON.parse(readFileSync(root, "utf8")).includes ?? {})) {
    if (!existsSync(join(out, file))) {
      print(`File '${join(out, file)}' does not exist, defined in "includes" in '${root}'`);
      continue;
    }
    const { packages = {} } = JSON.parse(readFileSync(join(out, file), "utf8"));
    for (const versions of Object.values(packages) as Record<string, Version>[]) {
      for (const one of Object.values(versions)) if (!filter.includes(one.name)) known.set(keyOf(one), one);
    }
  }
  return known;
}

function withFaults(all: readonly Version[]): Version[] {
  const lost = new Set([...(faults.drop ?? []), ...(faults.unmatched ?? [])]);
  for (const name of faults.unmatched ?? []) print(`The ${name} * requirement did not match any package`);
  const shrunk = new Set<string>();
  return all
    .filter(({ name }) => !lost.has(name))
    .flatMap((one) => {
      if (faults.leak?.package === one.name) return [{ ...one, description: faults.leak.text }];
      if (!faults.shrink?.includes(one.name)) return [one];
      if (shrunk.has(one.name)) return [];
      shrunk.add(one.name);
      return [one];
    });
}

function dump(config: Configuration, out: string, all: readonly Version[]): void {
  const packages: Record<string, Record<string, Version>> = {};
  const extra =
    faults.add === undefined ? [] : all.slice(0, 1).map((one) => ({ ...one, name: faults.add ?? "" }));
  for (const one of [...all, ...extra]) {
    const versions = packages[one.name.toLowerCase()] ?? {};
    versions[one.version] = one;
    packages[one.name.toLowerCase()] = versions;
  }
  const text = (value: unknown) => phpText(value, config["pretty-print"] ?? true);
  const root: Record<string, unknown> = { packages: [] };
  const base =
    config.homepage === undefined ? "" : `${new URL(config.homepage).pathname.replace(/\/+$/, "")}/`;
  if (config.providers === true) root["providers-url"] = `${base}p/%package%$%hash%.json`;
  const write = (path: string, content: string) => writeInto(out, path, content);
  if (config.includes ?? true) {
    const content = text({ packages });
    const hash = createHash("sha1").update(content).digest("hex");
    const path = (config["include-filename"] ?? "include/all$%hash%.json").replace("%hash%", hash);
    if (faults.leftovers) write(`include/all$${"0".repeat(40)}.json`, text({ packages: {} }));
    if (!faults.noIncludes) root.includes = { [path]: { sha1: hash } };
    write(path, content);
  }
  if (faults.killed === "middle") process.kill(process.pid, "SIGKILL");
  root["metadata-url"] = `${base}p2/%package%.json`;
  root["available-packages"] = Object.keys(packages);
  for (const [name, versions] of Object.entries(packages)) {
    const list = Object.values(versions);
    write(
      `p2/${name}.json`,
      text({ packages: { [name]: list.filter((one) => stability(one.version) < 4) } }),
    );
    write(
      `p2/${name}~dev.json`,
      text({ packages: { [name]: list.filter((one) => stability(one.version) === 4) } }),
    );
  }
  if (faults.leftovers) write("p2/gone/gone.json", text({ packages: { "gone/gone": [] } }));
  if (config["notify-batch"] !== undefined) root["notify-batch"] = config["notify-batch"];
  print("Writing packages.json");
  write("packages.json", phpText(root, true));
  print("Pruning include directories");
  if (config["output-html"] ?? true) write("index.html", `<!DOCTYPE html>\n<title>${config.name}</title>\n`);
  for (const path of faults.garbage ?? []) write(path, '{"packages": {"');
}

function writeInto(out: string, path: string, content: string): void {
  const file = join(out, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  print(`Wrote packages to ${file}`);
}

/** As PHP encodes with slashes and Unicode unescaped. */
function phpText(value: unknown, pretty: boolean): string {
  const text = JSON.stringify(value, null, pretty ? 4 : 0);
  return `${text.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029")}\n`;
}

process.exitCode = await main();
