import { readFileSync, statSync } from "node:fs";
import { findCredentials } from "./credentials.ts";
import { type Finding, hasFault, quoted } from "./findings.ts";
import { isPackageName } from "./grammar.ts";
import { type JsonDocument, type Position, parseJson } from "./json.ts";
import { isObject, type Places, placesIn, readEntries, type SatisEntry } from "./satis-entries.ts";

export type { SatisEntry } from "./satis-entries.ts";

import { SATIS_KEYS, type SatisDocument, satisSchema } from "./satis-schema.ts";
import { pathText, schemaFindings } from "./schema-findings.ts";
import { suggest } from "./suggest.ts";

/** GitHub's contents API answers a file's text only up to 1 MB, and the fleet's drift is read through it. */
export const SATIS_MAX_BYTES = 1_000_000;

/** A satis.json without a fault. */
export interface Satis {
  /** As the user named it, for findings. */
  readonly file: string;
  /** As read, without a byte order mark. */
  readonly text: string;
  readonly name: string;
  readonly homepage: string;
  readonly homepageAt: Position;
  readonly entries: readonly SatisEntry[];
  /** Vendors of the package names that the entries give, sorted, in lower case. */
  readonly vendors: readonly string[];
  /** What Satis selects: everything where `require-all` is true, and also where there is no `require`. */
  readonly requireAll: boolean;
  readonly document: SatisDocument;
}

/** The same result for texts and files: no satis where a finding is a fault. */
export interface SatisResult {
  readonly satis?: Satis;
  readonly findings: Finding[];
}

const REMEDIES = {
  name: 'write "name": "a title of your choice"',
  homepage:
    'write "homepage": "https://OWNER.github.io/REPOSITORY/", the address under which consumers will find the registry',
};

/** Reads satis.json from disk by the rules of {@link parseSatis}; whatever cannot be read is a fault, never an exception. */
export function readSatis(path: string, file: string = path): SatisResult {
  const failed = (message: string, remedy: string): SatisResult => ({
    findings: [{ severity: "fault", file, message, remedy }],
  });
  try {
    const stat = statSync(path);
    if (stat.isDirectory())
      return failed("is a directory", "name the file: pulumi config set satis-fleet:satisFile PATH");
    if (!stat.isFile())
      return failed("is not a regular file", "name the file: pulumi config set satis-fleet:satisFile PATH");
    if (stat.size > SATIS_MAX_BYTES) return failed(...tooLarge(stat.size));
    return parseSatis(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path)), {
      file,
    });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    if (code === "ENOENT") {
      return failed(
        "does not exist",
        "write it, or name another: pulumi config set satis-fleet:satisFile PATH",
      );
    }
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return failed("is not UTF-8 text", "save it as UTF-8");
    return failed(`cannot be read (${code})`, "check the path and its permissions");
  }
}

/**
 * Reads the configuration of Satis and gives every fault at once, with line, column and remedy.
 *
 * Only `name` and `homepage` are required. Entries that a fleet does not manage (foreign hosts, other types) are legal here. Literal
 * credentials are refused and never repeated in a finding: the file is committed where every consumer may read it.
 */
export function parseSatis(
  text: string,
  options: { readonly file: string; readonly githubHost?: string },
): SatisResult {
  const { file } = options;
  const failed = (message: string, remedy: string): SatisResult => ({
    findings: [{ severity: "fault", file, line: 1, column: 1, message, remedy }],
  });
  const bytes = Buffer.byteLength(text);
  if (bytes > SATIS_MAX_BYTES) return failed(...tooLarge(bytes));
  if (text.replace(/^\ufeff/, "").trim() === "")
    return failed("is empty", 'write {"name": ..., "homepage": ..., "repositories": [...]}');
  const { document, findings } = parseJson(text, { file });
  if (document === undefined) return { findings };
  if (isObject(document.value) && isOutput(document.value)) {
    return failed(
      "this is what Satis writes, not its configuration",
      "name the file that Satis reads, usually satis.json",
    );
  }
  const parsed = satisSchema.safeParse(document.value);
  const at = placesIn(document, file);
  findings.push(...credentialFindings(document, at));
  if (!parsed.success)
    findings.push(...schemaFindings(parsed.error.issues, document, { file, remedies: REMEDIES }));
  const { entries, findings: entryFindings } = readEntries(document, at, options.githubHost);
  findings.push(...topLevelFindings(document, at), ...entryFindings);
  findings.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  if (!parsed.success || hasFault(findings)) return { findings };
  const homepageAt = document.positionOf(["homepage"]);
  return {
    satis: { ...satisOf(text.replace(/^\ufeff/, ""), file, parsed.data, entries), homepageAt },
    findings,
  };
}

function satisOf(
  text: string,
  file: string,
  document: SatisDocument,
  entries: readonly SatisEntry[],
): Omit<Satis, "homepageAt"> {
  const named = entries.flatMap(({ name }) =>
    name !== undefined && isPackageName(name) ? [name.toLowerCase()] : [],
  );
  return {
    file,
    text,
    name: document.name,
    homepage: document.homepage,
    entries,
    vendors: [...new Set(named.map((name) => name.slice(0, name.indexOf("/"))))].sort(),
    requireAll: document["require-all"] === true || document.require === undefined,
    document,
  };
}

function credentialFindings(document: JsonDocument, at: Places): Finding[] {
  return findCredentials(document.value).map(({ path, kind }) =>
    at.fault(
      path,
      `${pathText(path)} holds ${kind} in clear`,
      "take it out and revoke it; builds get theirs from: pulumi config set --secret satis-fleet:readToken",
    ),
  );
}

function topLevelFindings({ value }: JsonDocument, at: Places): Finding[] {
  if (!isObject(value)) return [];
  const findings = Object.keys(value)
    .filter((key) => !SATIS_KEYS.includes(key))
    .map((key) => {
      const meant = suggest(key, SATIS_KEYS);
      const remedy =
        meant === undefined ? "it is left out of what Satis gets" : `did you mean ${quoted(meant)}?`;
      return at.warning([key], `Satis knows no key ${quoted(key)}`, remedy);
    });
  if (value.archive !== undefined) {
    const message = "archive would publish the packages' source and is left out of what Satis gets";
    findings.push(
      at.warning(["archive"], message, "remove it: consumers download from GitHub with their own token"),
    );
  }
  if (typeof value.homepage === "string") findings.push(...homepageFindings(value.homepage, at));
  return findings;
}

function homepageFindings(homepage: string, at: Places): Finding[] {
  // It reaches consumers' shells and workflow files, so nothing that could act there is part of it.
  const url =
    URL.canParse(homepage) && !/[\s\p{C}"'`$;|&<>\\{}()*!^]/u.test(homepage) ? new URL(homepage) : undefined;
  const web = url?.protocol === "https:" || url?.protocol === "http:";
  if (!web || url?.search !== "" || url.hash !== "" || url.username !== "") {
    return [
      at.fault(["homepage"], `homepage ${quoted(homepage)} is no plain web address`, REMEDIES.homepage),
    ];
  }
  if (url.protocol === "https:") return [];
  const message = "homepage begins with http://, which Composer refuses unless secure-http is switched off";
  return [at.warning(["homepage"], message, "write https://")];
}

/** Output is told from configuration by its keys; one real configuration has a top-level `packages`. */
function isOutput(value: Record<string, unknown>): boolean {
  const written = ["metadata-url", "available-packages", "includes"].some((key) => Object.hasOwn(value, key));
  return written && value.repositories === undefined && value.homepage === undefined;
}

function tooLarge(bytes: number): [string, string] {
  return [
    `has ${bytes.toLocaleString("en")} bytes; GitHub's contents API answers files up to 1 MB`,
    "write URLs in one short form, without spaces between entries, or split the registry",
  ];
}
