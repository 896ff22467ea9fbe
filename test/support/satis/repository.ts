import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { normalizeBranch, normalizeVersion } from "./versions.ts";

/** One version in the order and with the keys of Composer's ArrayDumper. */
export type Version = Record<string, unknown> & {
  name: string;
  version: string;
  version_normalized: string;
};

/** An entry of `repositories`. */
export interface Entry {
  readonly type?: string;
  readonly url?: string;
  readonly name?: string;
  readonly package?: unknown;
}

/** What Composer would throw, with the class that it would come from. */
export class ComposerError extends Error {}

interface Read {
  /** What ls-remote said: the same text means the same versions. */
  readonly remote: string;
  readonly versions: readonly Version[];
  /** What Composer says of refs with -vv. */
  readonly remarks: readonly string[];
}

/**
 * Reads the versions of one repository the way Composer's VcsRepository does, from a bare mirror in Composer's cache.
 *
 * A mirror that cannot be updated is used as it is, which Composer only remarks upon.
 */
export async function readRepository(url: string, cache: string, say: (text: string) => void): Promise<Read> {
  const mirror = join(cache, "vcs", url.replace(/[^a-z0-9.]/gi, "-"));
  const known = join(mirror, "stand-in.json");
  const remote = await git(["ls-remote", "--symref", "--", url], { url });
  const cached = existsSync(known) ? (JSON.parse(readFileSync(known, "utf8")) as Read) : undefined;
  if (remote.code !== 0) {
    if (cached === undefined) {
      const command = `git clone --mirror -- ${url} ${mirror}`;
      throw new ComposerError(`Failed to execute ${command}\n\n${remote.stderr.trim()}`);
    }
    say(`Failed to update ${url}, package information from this repository may be outdated`);
    return cached;
  }
  if (cached?.remote === remote.stdout) return cached;
  mkdirSync(mirror, { recursive: true });
  if (!existsSync(join(mirror, "HEAD"))) await git(["init", "-q", "--bare", mirror]);
  const specs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
  if (/refs\/(heads|tags)\//.test(remote.stdout)) {
    const fetched = await git(
      ["-C", mirror, "fetch", "-q", "--prune", "--no-write-fetch-head", url, ...specs],
      { url },
    );
    if (fetched.code !== 0)
      throw new ComposerError(`Failed to clone ${url} to read package information from it`);
  }
  const head = /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(remote.stdout)?.[1] ?? "master";
  const read = { remote: remote.stdout, ...(await versionsOf(mirror, url, head)) };
  writeFileSync(known, JSON.stringify(read));
  return read;
}

interface Ref {
  readonly kind: "tags" | "heads";
  readonly name: string;
  readonly sha: string;
}

async function versionsOf(mirror: string, url: string, head: string): Promise<Omit<Read, "remote">> {
  const format = "%(refname)%00%(objectname)%00%(*objectname)";
  const listed = await git(["-C", mirror, "for-each-ref", `--format=${format}`, "refs/tags", "refs/heads"]);
  const refs = listed.stdout
    .split("\n")
    .filter(Boolean)
    .map((line): Ref => {
      const [ref = "", sha = "", peeled = ""] = line.split("\0");
      const kind = ref.startsWith("refs/tags/") ? "tags" : "heads";
      return { kind, name: ref.slice(`refs/${kind}/`.length), sha: peeled === "" ? sha : peeled };
    });
  const files = await composerFiles(mirror, [...new Set(refs.map(({ sha }) => sha))]);
  const root = refs.find(({ kind, name }) => kind === "heads" && name === head);
  const name = root === undefined ? undefined : files.get(root.sha)?.json?.name;
  const versions = new Map<string, Version>();
  const remarks: string[] = [];
  const isRoot = (ref: Ref) => ref === root;
  const inOrder = [
    ...refs.filter(({ kind }) => kind === "tags"),
    ...refs.filter(isRoot),
    ...refs.filter((ref) => ref.kind === "heads" && !isRoot(ref)),
  ];
  for (const ref of inOrder) {
    remarks.push(`Reading composer.json of ${name ?? url} (${ref.name})`);
    const file = files.get(ref.sha);
    const made = versionAt(ref, file, versions);
    if (typeof made === "string") {
      remarks.push(`Skipped ${ref.kind === "tags" ? "tag" : "branch"} ${ref.name}, ${made}`);
      continue;
    }
    const version = dumped({ ...made, name: name ?? made.name }, ref, file?.time ?? "", url);
    if (isRoot(ref)) version["default-branch"] = true;
    versions.set(made.version_normalized, version);
  }
  return { versions: [...versions.values()].map(inOrderOfKeys), remarks };
}

interface ComposerFile {
  readonly json?: Record<string, string>;
  readonly error?: string;
  readonly time: string;
}

/** composer.json of every commit, and when it was committed, in two processes however many there are. */
async function composerFiles(mirror: string, shas: readonly string[]): Promise<Map<string, ComposerFile>> {
  const files = new Map<string, ComposerFile>();
  if (shas.length === 0) return files;
  const [dates, blobs] = await Promise.all([
    git(["-C", mirror, "log", "--no-walk=unsorted", "--format=%H %at", "--stdin"], {
      input: `${shas.join("\n")}\n`,
    }),
    git(["-C", mirror, "cat-file", "--batch"], {
      input: shas.map((sha) => `${sha}:composer.json\n`).join(""),
    }),
  ]);
  const times = new Map(dates.stdout.split("\n").map((line) => [line.slice(0, 40), Number(line.slice(41))]));
  let at = 0;
  const output = blobs.bytes;
  for (const sha of shas) {
    const end = output.indexOf(10, at);
    const header = output.subarray(at, end).toString();
    at = end + 1;
    const time = new Date((times.get(sha) ?? 0) * 1000).toISOString().replace(".000Z", "+00:00");
    const size = / blob (\d+)$/.exec(header)?.[1];
    if (size === undefined) {
      files.set(sha, { time });
      continue;
    }
    const text = output.subarray(at, at + Number(size)).toString("utf8");
    at += Number(size) + 1;
    try {
      files.set(sha, { json: JSON.parse(text), time });
    } catch {
      files.set(sha, { error: `"${sha}:composer.json" does not contain valid JSON`, time });
    }
  }
  return files;
}

/** The version that a ref makes, or why it makes none, in Composer's words. */
function versionAt(
  ref: Ref,
  file: ComposerFile | undefined,
  known: ReadonlyMap<string, Version>,
): Version | string {
  const isTag = ref.kind === "tags";
  const tag = ref.name.replaceAll("release-", "");
  const parsed = isTag ? normalizeVersion(tag) : normalizeBranch(ref.name);
  if (parsed === undefined || (!isTag && /[\s,|<>!]/.test(ref.name)))
    return `invalid ${isTag ? "tag " : ""}name`;
  if (file?.error !== undefined) return file.error;
  if (file?.json === undefined) return "no composer file";
  const { json } = file;
  if (!isTag) {
    const prefix = ref.name.startsWith("v") ? "v" : "";
    const version = parsed.startsWith("dev-")
      ? `dev-${ref.name}`
      : `${prefix}${parsed.replace(/(\.9{7})+/, ".x")}`;
    return { ...json, name: String(json.name), version, version_normalized: parsed };
  }
  const own = json.version === undefined ? parsed : normalizeVersion(json.version);
  if (own === undefined) return `Invalid version string "${json.version}"`;
  const normalized = own.replace(/^dev-|[.-]?dev$/i, "");
  if (normalized !== parsed) return `tag (${parsed}) does not match version (${normalized}) in composer.json`;
  const twin = known.get(parsed);
  if (twin !== undefined) {
    return `it conflicts with an another tag (${twin.version}) as both resolve to ${parsed} internally`;
  }
  const version = (json.version ?? tag).replace(/[.-]?dev$/i, "");
  return { ...json, name: String(json.name), version, version_normalized: parsed };
}

/** With what the GitHub driver adds. */
function dumped(json: Version, ref: Ref, time: string, url: string): Version {
  const [, host, path] = /^(?:https?:\/\/|git@)([^/:]+)[/:](.+?)(?:\.git)?\/?$/.exec(url) ?? [];
  const api = process.env.GITHUB_API_URL ?? "https://api.github.com";
  const onGitHub =
    host === "github.com" ||
    api.includes(`//${host}`) ||
    process.env.GITHUB_SERVER_URL?.includes(`//${host}`);
  const page = `https://${host}/${path}`;
  return {
    time,
    type: "library",
    ...json,
    source: json.source ?? { type: "git", url: onGitHub ? `${page}.git` : url, reference: ref.sha },
    ...(onGitHub
      ? {
          dist: json.dist ?? {
            type: "zip",
            url: `${api}/repos/${path}/zipball/${ref.sha}`,
            reference: ref.sha,
            shasum: "",
          },
          support: {
            source: `${page}/tree/${ref.name}`,
            issues: `${page}/issues`,
            ...(json.support as object),
          },
        }
      : {}),
    ...(typeof json.license === "string" ? { license: [json.license] } : {}),
  };
}

const KEYS =
  "name version version_normalized target-dir source dist require conflict provide replace require-dev suggest time default-branch bin type extra autoload autoload-dev include-path archive scripts license authors description homepage keywords support funding abandoned".split(
    " ",
  );

/** What Composer dumps, in its order; links and keywords sorted, empty lists left out. */
export function inOrderOfKeys(version: Record<string, unknown>): Version {
  const sorted = (key: string, value: unknown): unknown => {
    if (Array.isArray(value)) return key === "keywords" ? value.toSorted() : value;
    if (!/^(?:require|require-dev|conflict|provide|replace|suggest)$/.test(key)) return value;
    return Object.fromEntries(Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  const isEmpty = (value: unknown) =>
    value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
  const kept = KEYS.filter((key) => !isEmpty(version[key])).map((key) => [key, sorted(key, version[key])]);
  return Object.fromEntries(kept) as Version;
}

/** Runs git with the token that COMPOSER_AUTH has for the URL's host. */
async function git(args: readonly string[], options: { url?: string; input?: string } = {}) {
  const child = spawn("git", args, { env: { ...process.env, ...authorization(options.url) } });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  const bytes = Buffer.concat(out);
  return { code, bytes, stdout: bytes.toString("utf8"), stderr: Buffer.concat(err).toString("utf8") };
}

function authorization(url: string | undefined): Record<string, string> {
  const tokens = JSON.parse(process.env.COMPOSER_AUTH ?? "{}")["github-oauth"] ?? {};
  const token = url === undefined ? undefined : tokens[/^https?:\/\/([^/]+)\//.exec(url)?.[1] ?? ""];
  if (token === undefined) return {};
  const count = Number(process.env.GIT_CONFIG_COUNT ?? 0);
  return {
    GIT_CONFIG_COUNT: String(count + 1),
    [`GIT_CONFIG_KEY_${count}`]: "http.extraHeader",
    [`GIT_CONFIG_VALUE_${count}`]: `Authorization: Basic ${Buffer.from(`${token}:x-oauth-basic`).toString("base64")}`,
  };
}
