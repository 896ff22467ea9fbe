import { applyEdits, modify } from "jsonc-parser";
import { parseConfig } from "../fleet/config.ts";
import { deriveFleet, type Fleet, type ManagedPackage } from "../fleet/derive.ts";
import { type Finding, formatFinding } from "../fleet/findings.ts";
import { isPackageName } from "../fleet/grammar.ts";
import { parseRepositoryUrl } from "../fleet/repository-url.ts";
import { parseSatis, readSatis, type Satis } from "../fleet/satis.ts";
import type { SeedRepository } from "../sandbox/github/index.ts";

/** A fleet as the sandbox needs it: what to seed, and what to expect. */
export interface Plan {
  readonly owner: string;
  readonly packages: readonly ManagedPackage[];
  readonly composerRepository: string;
  readonly homepage: string;
  readonly unmanaged: number;
  readonly warnings: number;
  /** The package repositories, before the fleet touches them. */
  readonly repositories: readonly SeedRepository[];
}

/** Reads a satis.json as text; @throws an Error naming every fault where there is one. */
export function readPlanFile(path: string): string {
  const { satis, findings } = readSatis(path);
  if (!satis) throw new Error(faultsOf(findings));
  return satis.text;
}

/**
 * Derives the fleet that `npm start` plays: of the named owner, else of the owner that most entries share.
 *
 * @throws an Error naming every fault of the file.
 */
export function loadPlan(text: string, options: { readonly owner?: string | undefined } = {}): Plan {
  const { satis, findings } = parseSatis(text, { file: "satis.json" });
  if (!satis) throw new Error(faultsOf(findings));
  const owner = options.owner ?? commonOwner(satis) ?? "acme";
  const { fleet, findings: all } = derive(satis, owner);
  const told = [...findings, ...all];
  if (!fleet) throw new Error(faultsOf(told));
  return {
    owner,
    packages: fleet.packages,
    composerRepository: fleet.composer.repository,
    homepage: fleet.composer.homepage,
    unmanaged: fleet.unmanaged.length,
    warnings: told.filter(({ severity }) => severity === "warning").length,
    repositories: fleet.packages.map(seedOf),
  };
}

/** An edit of satis.json: the last package leaves, a new one joins; formatting stays. */
export function deriveEdit(
  text: string,
  plan: Plan,
): { satis: string; removed?: string; added: string; addedRepository: SeedRepository } {
  const removed = plan.packages.at(-1)?.id;
  const addedRepository = "satis-fleet-newcomer";
  const document = JSON.parse(text) as { repositories?: unknown };
  const entries = Object.values(document.repositories ?? []) as { url?: unknown }[];
  const kept = entries.filter(({ url }) => typeof url !== "string" || idOf(url) !== removed);
  const added = { type: "vcs", url: `https://github.com/${plan.owner}/${addedRepository}` };
  const edits = modify(text, ["repositories"], [...kept, added], {
    formattingOptions: { insertSpaces: true, tabSize: 2 },
  });
  return {
    satis: applyEdits(text, edits),
    ...(removed === undefined ? {} : { removed }),
    added: `${plan.owner}/${addedRepository}`.toLowerCase(),
    addedRepository: seedOf({
      id: `${plan.owner}/${addedRepository}`.toLowerCase(),
      repository: addedRepository,
    }),
  };
}

function derive(satis: Satis, owner: string): { fleet?: Fleet; findings: readonly Finding[] } {
  const config = parseConfig(
    new Map([["github:owner", owner]]),
    new Set(["github:token", "satis-fleet:dispatchToken", "satis-fleet:readToken"]),
  );
  if (!config.config) return { findings: config.findings };
  const derived = deriveFleet(satis, config.config);
  return { ...derived, findings: [...config.findings, ...derived.findings] };
}

function commonOwner(satis: Satis): string | undefined {
  const counts = new Map<string, number>();
  for (const { url } of satis.entries) {
    const id = url === undefined ? undefined : idOf(url);
    const owner = id?.split("/")[0];
    if (owner) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

function idOf(url: string): string | undefined {
  const parsed = parseRepositoryUrl(url).url;
  return parsed?.kind === "github" ? parsed.path : undefined;
}

/** A package's repository as a team would have it; one that satis.json does not name is called after its repository. */
function seedOf({
  id,
  repository,
  name,
}: Pick<ManagedPackage, "id" | "repository" | "name">): SeedRepository {
  const composer = {
    name: name ?? packageNameOf(id),
    description: `The ${repository} package`,
    type: "library",
  };
  return {
    name: repository,
    files: { "composer.json": `${JSON.stringify(composer, null, 2)}\n`, "README.md": `# ${repository}\n` },
    tags: ["v1.0.0"],
  };
}

function packageNameOf(id: string): string {
  if (isPackageName(id)) return id;
  const part = (text: string) => text.replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "package";
  return id.split("/").map(part).join("/");
}

function faultsOf(findings: readonly Finding[]): string {
  return findings
    .filter(({ severity }) => severity === "fault")
    .map(formatFinding)
    .join("\n");
}
