import { authCommand, repositoryEntry } from "../../fleet/consumer-snippet.ts";
import { isPackageName, isRepositoryId } from "../../fleet/grammar.ts";
import type { RegistrySettings } from "../../fleet/registry-settings.ts";
import { block, code, link, table, text } from "../markdown.ts";
import type { BuildRecord } from "../record.ts";
import { packageFiles, type Tree, type Version } from "../tree.ts";

/** GitHub shows no README beyond 512 kB. */
export const README_MAX_BYTES = 500_000;

/** One package, as the fleet's page tells of it. */
export interface PackageSummary {
  readonly name: string;
  readonly description: string;
  /** Newest first. */
  readonly versions: readonly { readonly version: string; readonly reference: string }[];
}

export interface ReadmeInput {
  /** satis.json's `name`. */
  readonly title: string;
  readonly record: BuildRecord;
  readonly settings: Pick<RegistrySettings, "registryUrl" | "hosting" | "vendors" | "githubHost">;
  readonly packages: readonly PackageSummary[];
}

/** How much of each package is told; the next one where the page would become too large. */
const DETAILS = [
  { description: 120, versions: 3 },
  { description: 60, versions: 1 },
  { description: 0, versions: 1 },
] as const;

type Detail = (typeof DETAILS)[number];

/** What a tree says of every package of the record, in the order of their names; a package whose files do not parse has no versions. */
export async function summarise(tree: Tree, { packages }: BuildRecord): Promise<PackageSummary[]> {
  const names = Object.keys(packages).sort();
  const summaries: PackageSummary[] = [];
  for (const name of names) {
    const [tags, branches] = await Promise.all(
      packageFiles(name).map((path) => versionsIn(tree, path, name)),
    );
    const all = [...(tags ?? []), ...(branches ?? [])];
    const description = all.find((one) => typeof one.description === "string")?.description ?? "";
    const versions = all.map(({ version, source, dist }) => ({
      version: String(version),
      reference: String(source?.reference ?? dist?.reference ?? ""),
    }));
    summaries.push({ name, description, versions });
  }
  return summaries;
}

/** Versions of one file, newest first; a minified file leaves out what is as in the version before. */
async function versionsIn(tree: Tree, path: string, name: string): Promise<Version[]> {
  if (!tree.has(path)) return [];
  try {
    const document = JSON.parse((await tree.read(path)).toString("utf8"));
    const list: unknown = document?.packages?.[name];
    const versions = Array.isArray(list) ? list : Object.values(list ?? {});
    const objects = versions.filter((one): one is Version => typeof one === "object" && one !== null);
    return objects.toSorted((a, b) => newer(a, b));
  } catch {
    return [];
  }
}

/** By Composer's normalised form, whose numbers compare one by one; a stable version comes before its own pre-releases. */
function newer(a: Version, b: Version): number {
  const [left, right] = [a, b].map(({ version_normalized, version }) =>
    String(version_normalized ?? version).split("-"),
  );
  const byNumber = compare(right?.[0] ?? "", left?.[0] ?? "");
  if (byNumber !== 0) return byNumber;
  const [pre, otherPre] = [left?.[1] ?? "", right?.[1] ?? ""];
  if (pre === "" || otherPre === "") return pre.length - otherPre.length;
  return compare(otherPre, pre);
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/**
 * README.md of the branch: the fleet's page for everybody who may read the repository.
 *
 * Never above {@link README_MAX_BYTES}: a large fleet is told with fewer words, one that is larger still without the packages that do
 * not fit, and the page says so.
 */
export function readmeText(input: ReadmeInput): string {
  const { record, packages } = input;
  const before = [head(input), heldSection(record), consumerSection(input)].filter((part) => part !== "");
  for (const detail of DETAILS) {
    const page = [...before, packageSection(input, packages, detail)].join("\n\n");
    if (Buffer.byteLength(page) < README_MAX_BYTES) return `${page}\n`;
  }
  const detail = DETAILS[2];
  const size = (count: number) =>
    Buffer.byteLength([...before, packageSection(input, packages.slice(0, count), detail)].join("\n\n"));
  let [fits, tooMany] = [0, packages.length];
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (size(middle) < README_MAX_BYTES - 200) fits = middle;
    else tooMany = middle;
  }
  const rest = `${packages.length - fits} more packages do not fit on this page; packages.json has them all.`;
  return `${[...before, packageSection(input, packages.slice(0, fits), detail), rest].join("\n\n")}\n`;
}

function head({ title, record, packages }: ReadmeInput): string {
  const versions = packages.reduce((sum, one) => sum + one.versions.length, 0);
  return [
    `# ${text(title, 100)}`,
    "",
    `${packages.length} packages with ${versions} versions, built ${record.builtAt} as ${code(record.build)} (${record.kind}).`,
    "Written by the publisher with every build: changes made here by hand are lost.",
  ].join("\n");
}

/** Holds that are listed; the rest is counted, since a page of nothing else serves nobody. */
const LISTED = 200;

function heldSection({ held }: BuildRecord): string {
  const entries = Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return "";
  const rows = entries
    .slice(0, LISTED)
    .map(([name, one]) => [
      code(name, 210),
      one.published ? "older files" : "not published",
      `${text(one.reason, 300)}. ${text(one.remedy, 300)}`,
      one.since,
    ]);
  const more = entries.length > LISTED ? `\n\n${entries.length - LISTED} more are held.` : "";
  return `## Held\n\n${table(["Package", "Published", "Why, and what to do", "Since"], rows)}${more}`;
}

function consumerSection({ settings, packages }: ReadmeInput): string {
  const name = packages.find((one) => isPackageName(one.name))?.name ?? "vendor/package";
  return [
    "## Install",
    "",
    "Add to the project's composer.json:",
    "",
    block("json", repositoryEntry(settings, settings.vendors)),
    "",
    "Once on each machine, with a token that may read the packages' repositories in `COMPOSER_TOKEN`:",
    "",
    block("sh", authCommand(settings.githubHost)),
    "",
    "Then, for example:",
    "",
    block("sh", `composer require ${name}`),
  ].join("\n");
}

function packageSection(input: ReadmeInput, packages: readonly PackageSummary[], detail: Detail): string {
  if (packages.length === 0) return "## Packages\n\nNone yet.";
  const rows = packages.map((one) => row(input, one, detail));
  return `## Packages\n\n${table(["Package", "Description", "Versions", "Built", "Repository"], rows)}`;
}

function row({ record, settings }: ReadmeInput, one: PackageSummary, detail: Detail): string[] {
  const id = record.packages[one.name]?.repository;
  const repository = id === undefined ? undefined : record.repositories[id];
  const shown = one.versions.slice(0, detail.versions).map(({ version, reference }) => {
    const from = /^[0-9a-f]{7,64}$/.test(reference) ? ` (${code(reference.slice(0, 7))})` : "";
    return `${code(version, 60)}${from}`;
  });
  const rest = one.versions.length - shown.length;
  return [
    `${code(one.name)}${record.held[one.name] === undefined ? "" : " (held)"}`,
    detail.description === 0 ? "" : text(one.description, detail.description),
    `${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`,
    repository?.builtAt?.slice(0, 16).replace("T", " ") ?? "",
    id === undefined ? "" : repositoryLink(id, settings.githubHost),
  ];
}

/** Only a repository on the fleet's own GitHub becomes a link. */
function repositoryLink(id: string, host: string): string {
  const path = id.startsWith(`${host}/`) ? id.slice(host.length + 1) : undefined;
  return path !== undefined && isRepositoryId(path)
    ? link(path, `https://${host}`, path.split("/"))
    : code(id, 100);
}
