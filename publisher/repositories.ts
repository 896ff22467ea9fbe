import { safeText } from "../fleet/findings.ts";
import { isPackageName } from "../fleet/grammar.ts";
import type { RegistrySettings } from "../fleet/registry-settings.ts";
import { parseRepositoryUrl, type RepositoryUrl } from "../fleet/repository-url.ts";
import type { Satis, SatisEntry } from "../fleet/satis.ts";

/** A repository with refs that satis.json names: one for each, however often it is named. */
export interface SourceRepository {
  /** `host/path`, in lower case on the fleet's GitHub: the same for every way of writing its URL. */
  readonly id: string;
  /** As satis.json has it. */
  readonly url: string;
  /** `github`: on the fleet's GitHub, so read by its API; `git`: read by git itself. */
  readonly kind: "github" | "git";
  /** `owner` and `name` on the fleet's GitHub. */
  readonly owner?: string;
  readonly name?: string;
  /** Package name that the entry gives, in lower case. */
  readonly packageName?: string;
}

/** What satis.json has for the publisher. */
export interface Sources {
  /** Sorted by id. */
  readonly repositories: readonly SourceRepository[];
  /** Why this file can only be built as a whole, fit to print; empty where every entry can be built by name. */
  readonly wholeOnly: readonly string[];
}

/** Types of entries whose history git reads. */
const GIT_TYPES = new Set(["vcs", "git", "github", "gitlab", "git-bitbucket", "bitbucket", "forgejo"]);

/** Settings under which Satis takes in packages that no entry stands for; without `require-all` or beside it. */
const WHOLE_KEYS = ["require-dependencies", "require-dev-dependencies", "only-dependencies"] as const;

/**
 * Gives every repository with refs, and why a build by package name would miss something.
 *
 * Nothing depends on the order of entries but which of several URLs of one repository is kept. Only repositories that git reads
 * are listed: what changes in anything else cannot be seen from refs, so such a file is built as a whole.
 */
export function sourcesOf(satis: Satis, { githubHost }: Pick<RegistrySettings, "githubHost">): Sources {
  const repositories = new Map<string, SourceRepository>();
  const reasons = new Set<string>();
  for (const entry of satis.entries) {
    const { source, reason } = readSource(entry, githubHost);
    if (reason !== undefined) reasons.add(reason);
    if (source === undefined) continue;
    const known = repositories.get(source.id);
    repositories.set(source.id, known === undefined ? source : merged(known, source));
  }
  return {
    repositories: [...repositories.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    wholeOnly: [...reasons, ...selectionReasons(satis)],
  };
}

function readSource(
  entry: SatisEntry,
  githubHost: string,
): { readonly source?: SourceRepository; readonly reason?: string } {
  const type = safeText(entry.type);
  if (!GIT_TYPES.has(entry.type) || entry.url === undefined)
    return { reason: `it has entries of type ${type}` };
  const { url: parsed } = parseRepositoryUrl(entry.url, githubHost);
  // What is refused is a fault of satis.json, and preflight has said so.
  if (parsed === undefined) return {};
  if (parsed.kind === "local") return { reason: "it has an entry that is a path on the machine that builds" };
  if (/^svn\b/i.test(entry.url)) return { reason: "it has entries that Subversion reads" };
  return { source: sourceOf(entry, entry.url, parsed) };
}

function sourceOf({ name }: SatisEntry, url: string, { kind, host, path }: RepositoryUrl): SourceRepository {
  const [owner = "", repository = ""] = path.split("/");
  return {
    id: `${host}/${path}`,
    url,
    ...(kind === "github" ? { kind, owner, name: repository } : { kind: "git" }),
    ...(name !== undefined && isPackageName(name) ? { packageName: name.toLowerCase() } : {}),
  };
}

/** Of several names the first by alphabet is kept, as the control plane keeps it. */
function merged(known: SourceRepository, other: SourceRepository): SourceRepository {
  const [packageName] = [known.packageName, other.packageName].filter((name) => name !== undefined).sort();
  return packageName === undefined ? known : { ...known, packageName };
}

function selectionReasons({ document }: Satis): string[] {
  const set = WHOLE_KEYS.filter((key) => document[key] === true);
  const foreign = Object.keys(document["repositories-dep"] ?? {}).length > 0 ? ["repositories-dep"] : [];
  return [...set, ...foreign].map((key) => `it sets ${key}`);
}
