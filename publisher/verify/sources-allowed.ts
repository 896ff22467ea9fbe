import { credentialInUrl } from "../../fleet/credentials.ts";
import { quoted } from "../../fleet/findings.ts";
import { isLoopback } from "../../fleet/github-host.ts";
import type { RegistrySettings } from "../../fleet/registry-settings.ts";
import { parseRepositoryUrl } from "../../fleet/repository-url.ts";
import type { Satis } from "../../fleet/satis.ts";
import type { Fault } from "../fault.ts";
import { packageFault, repositoryFinder } from "./context.ts";
import type { Candidate, Gate } from "./gate.ts";
import { type Place, readMetadata, type VersionFacts } from "./metadata.ts";

const BY = "sources-allowed";

/**
 * Every package is downloaded from its own repository.
 *
 * A composer.json may name a `dist` or `source` of its own, and Composer takes it: without this gate, whoever writes one package
 * repository could serve consumers code from anywhere, or under another repository's name.
 */
export const sourcesAllowed: Gate = {
  name: BY,
  guarantees:
    "every source and dist is reached by https or ssh, without credentials, on the fleet's GitHub or a host that satis.json names, and on GitHub in the package's own repository",
  async check(candidate) {
    const { tree, satis, settings } = candidate;
    if (settings === undefined || satis === undefined) return [];
    const { packages } = await readMetadata(tree);
    const repositoryOf = repositoryFinder(candidate);
    const places = allowedPlaces(satis, settings, candidate);
    return [...packages].flatMap(([name, versions]): Fault[] => {
      const own = repositoryOf(name) ?? recorded(candidate, name);
      const wrong = firstWrong(versions, places, own);
      if (wrong === undefined) return [];
      const remedy =
        "take source and dist out of its composer.json; if it is right, name the repository in satis.json as GitHub has it";
      return [packageFault(BY, name, wrong, remedy)];
    });
  },
};

interface Places {
  readonly githubHost: string;
  readonly api: URL;
  /** Ids of the repositories on the fleet's GitHub. */
  readonly repositories: ReadonlySet<string>;
  readonly hosts: ReadonlySet<string>;
  /** satis.json names another registry, whose packages may be anywhere. */
  readonly elsewhere: boolean;
}

function recorded({ record }: Candidate, name: string): { readonly id: string } | undefined {
  const id =
    record !== undefined && Object.hasOwn(record.packages, name)
      ? record.packages[name]?.repository
      : undefined;
  return id === undefined ? undefined : { id };
}

function allowedPlaces(satis: Satis, { githubHost, apiUrl }: RegistrySettings, { plan }: Candidate): Places {
  const urls = textsWithHosts(satis.document.repositories ?? {});
  const parsed = urls.flatMap((text) => parseRepositoryUrl(text, githubHost).url ?? []);
  return {
    githubHost: githubHost.toLowerCase(),
    api: new URL(apiUrl),
    repositories: new Set([
      ...parsed.filter(({ kind }) => kind === "github").map(({ host, path }) => `${host}/${path}`),
      ...(plan?.repositories ?? []).filter(({ kind }) => kind === "github").map(({ id }) => id),
    ]),
    hosts: new Set(parsed.filter(({ kind }) => kind === "other").map(({ host }) => host)),
    elsewhere: satis.entries.some(({ type }) => type === "composer"),
  };
}

/** Every text of the entries that could be a URL: entries of type `package` carry theirs inside. */
function textsWithHosts(value: unknown): string[] {
  if (typeof value === "string") return /:\/\/|^[^@/\s]+@[^:\s]+:/.test(value) ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsWithHosts) : [];
}

function firstWrong(
  versions: readonly VersionFacts[],
  places: Places,
  own: { readonly id: string } | undefined,
): string | undefined {
  // The versions of one package differ in little more than the commit, so few places are read.
  const seen = new Map<string, string | undefined>();
  for (const { version, source, dist } of versions) {
    for (const [kind, place] of [
      ["source", source],
      ["dist", dist],
    ] as const) {
      if (place === undefined) continue;
      const key = `${place.mirrored} ${withoutCommit(place)}`;
      if (!seen.has(key)) seen.set(key, problemOf(place, places, own));
      const problem = seen.get(key);
      if (problem !== undefined) return `${kind} of ${quoted(version)} ${problem}`;
    }
  }
  return undefined;
}

/** Only a commit is left out: any other reference could hold the steps that lead to another repository. */
function withoutCommit({ url, reference = "" }: Place): string {
  return /^[0-9a-f]{40,64}$/.test(reference) ? url.replaceAll(reference, "COMMIT") : url;
}

function problemOf(
  { url, mirrored }: Place,
  places: Places,
  own: { readonly id: string } | undefined,
): string | undefined {
  if (mirrored) return "names mirrors, which Composer would ask first";
  const credential = credentialInUrl(url);
  if (credential !== undefined) return `carries ${credential}`;
  const at = addressOf(url);
  if (at === undefined) return `is at ${quoted(url)}, which is no https or ssh address`;
  const onGitHub = repositoryOnGitHub(at, places);
  if (onGitHub !== undefined)
    return isOwn(onGitHub, places, own)
      ? undefined
      : `leads to ${quoted(onGitHub || url)}, which is not its repository`;
  if (places.hosts.has(at.hostname) || (places.elsewhere && own === undefined)) return undefined;
  return `is on ${quoted(at.hostname)}, a host that satis.json does not name`;
}

/** Addresses that reach a repository in a safe way; http on this machine only. */
function addressOf(text: string): URL | undefined {
  const scp = /^[\w.-]+@([a-z0-9.-]+):(?!\/\/)(.*)$/i.exec(text);
  const url = scp === null ? text : `ssh://${scp[1]}/${scp[2]}`;
  if (!URL.canParse(url)) return undefined;
  const at = new URL(url);
  // Of schemes it does not know, `URL` keeps the host's letter case.
  at.hostname = at.hostname.toLowerCase();
  const safe = at.protocol === "https:" || at.protocol === "ssh:";
  return safe || (at.protocol === "http:" && isLoopback(at.hostname)) ? at : undefined;
}

/** Id of the repository that an address on the fleet's GitHub is in, empty where it is in none; `undefined` on any other host. */
function repositoryOnGitHub(at: URL, { githubHost, api }: Places): string | undefined {
  const { hostname, pathname } = at;
  const root = api.pathname.replace(/\/+$/, "");
  const isApi = at.host === api.host && pathname.startsWith(`${root}/repos/`);
  const web = [githubHost, `www.${githubHost}`, `ssh.${githubHost}`, `codeload.${githubHost}`];
  if (!isApi && !web.includes(hostname))
    return at.host === api.host && !isLoopback(hostname) ? "" : undefined;
  const path = isApi ? pathname.slice(`${root}/repos`.length) : pathname;
  const [, owner = "", repository = ""] = path.toLowerCase().split("/");
  // A bare name with a step upwards or an escape is none of GitHub's.
  return /^[\w.-]+$/.test(owner) && /^[\w.-]+$/.test(repository)
    ? `${githubHost}/${owner}/${repository.replace(/\.git$/, "")}`
    : "";
}

function isOwn(id: string, { repositories }: Places, own: { readonly id: string } | undefined): boolean {
  return own === undefined ? repositories.has(id) : own.id.toLowerCase() === id;
}
