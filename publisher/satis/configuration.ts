import type { RegistrySettings } from "../../fleet/registry-settings.ts";
import { parseRepositoryUrl } from "../../fleet/repository-url.ts";
import type { Satis } from "../../fleet/satis.ts";
import { isObject } from "../../fleet/satis-entries.ts";
import { SATIS_KEYS } from "../../fleet/satis-schema.ts";
import { sourcesOf } from "../repositories.ts";

/** What a configuration is derived from. */
export interface ConfigurationInput {
  readonly satis: Satis;
  readonly settings: Pick<RegistrySettings, "githubHost" | "hosting" | "registryUrl">;
  /** Package name by repository id; an entry with refs whose repository is not here is left out. */
  readonly names: ReadonlyMap<string, string>;
  /** Whether entries without refs stay: only in a build of everything. */
  readonly whole: boolean;
  /** Read by git instead of GitHub's API. */
  readonly clones: boolean;
}

/**
 * Keys that are ours to set, or that have no place here: packages are linked and not uploaded, so there is no `archive`;
 * `providers` serve Composer 1 only, and the page is another one.
 */
const OURS = new Set([
  "$schema",
  "_comment",
  "homepage",
  "archive",
  "output-dir",
  "output-html",
  "twig-template",
  "includes",
  "include-filename",
  "providers",
  "providers-history-size",
  "repositories",
]);

/**
 * Gives the configuration that Satis gets: what the user selects and sets, every entry with its package's name, and an
 * absolute homepage, since Satis takes `metadata-url` from its path.
 */
export function deriveConfiguration(input: ConfigurationInput): Record<string, unknown> {
  const { satis, settings } = input;
  const document: Record<string, unknown> = satis.document;
  const kept = Object.entries(document).filter(([key]) => SATIS_KEYS.includes(key) && !OURS.has(key));
  return {
    ...Object.fromEntries(kept),
    ...enterprise(document.config, settings.githubHost),
    homepage: settings.hosting === "pages" ? settings.registryUrl : satis.homepage,
    includes: true,
    "output-html": false,
    repositories: derivedEntries(document.repositories, input),
  };
}

/** Composer asks the API of a GitHub that it is told of; github.com it knows. */
function enterprise(config: unknown, githubHost: string): Record<string, unknown> {
  if (githubHost === "github.com") return {};
  const given = isObject(config) ? config : {};
  const domains = Array.isArray(given["github-domains"]) ? given["github-domains"] : ["github.com"];
  return { config: { ...given, "github-domains": [...new Set([...domains, githubHost])] } };
}

function derivedEntries(repositories: unknown, input: ConfigurationInput): unknown {
  const withRefs = new Set(sourcesOf(input.satis, input.settings).repositories.map(({ id }) => id));
  const entries = Object.entries(repositories ?? {}).flatMap(([key, entry]): [string, unknown][] => {
    const id = idOf(entry, input.settings.githubHost);
    if (id === undefined || !withRefs.has(id)) return input.whole || isSwitch(entry) ? [[key, entry]] : [];
    const name = input.names.get(id);
    const isGitHub = id.startsWith(`${input.settings.githubHost}/`);
    const cloned = input.clones && isGitHub ? { "no-api": true } : {};
    return name === undefined ? [] : [[key, { ...(entry as object), name, ...cloned }]];
  });
  return Array.isArray(repositories) ? entries.map(([, entry]) => entry) : Object.fromEntries(entries);
}

/** `false`, or `{"packagist.org": false}`: no entry, but a repository that is switched off. */
function isSwitch(entry: unknown): boolean {
  return !isObject(entry) || entry.type === undefined;
}

function idOf(entry: unknown, githubHost: string): string | undefined {
  if (!isObject(entry) || typeof entry.url !== "string") return undefined;
  const { url } = parseRepositoryUrl(entry.url, githubHost);
  return url === undefined ? undefined : `${url.host}/${url.path}`;
}
