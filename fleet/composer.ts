import { type FleetConfig, isRestricted } from "./config.ts";
import { setCommand } from "./config-reader.ts";
import { type Finding, quoted } from "./findings.ts";
import { isRepository } from "./grammar.ts";
import type { Satis } from "./satis.ts";

/** Orphan branch that holds the published tree; made by the first publish. */
export const REGISTRY_BRANCH = "registry";

/** The repository that builds and serves the registry. */
export interface ComposerRepositoryPlan {
  /** Host of the fleet's GitHub. */
  readonly githubHost: string;
  /** As written in the configuration. */
  readonly owner: string;
  readonly repository: string;
  /** Default branch. */
  readonly branch: string;
  /** Branch that holds the published tree. */
  readonly registryBranch: string;
  /** `homepage` of satis.json. */
  readonly homepage: string;
  readonly hosting: FleetConfig["hosting"];
  /** What consumers write as the repository's `url`. */
  readonly registryUrl: string;
  /** Where the published tree's `metadata-url` points; relative to scheme and host of `registryUrl`. */
  readonly metadataUrl: string;
  /** Domain of the Pages site itself: the homepage's, where it is its root and neither github.io nor a page of GitHub. */
  readonly customDomain?: string;
}

/** What GitHub's plan and the configuration let the composer repository have. */
export interface FleetFeatures {
  readonly ruleset: boolean;
  readonly environment: boolean;
  readonly organizationSecret: boolean;
  readonly pages: boolean;
}

/** Gives what is made and what the plan rules out; the warnings about it come from the configuration. */
export function deriveFeatures(config: FleetConfig): FleetFeatures {
  const allowed = !isRestricted(config);
  return {
    ruleset: allowed && config.manageRepository,
    environment: allowed,
    organizationSecret: allowed && config.secretScope === "organization" && config.notify === "dispatch",
    pages: allowed && config.hosting === "pages",
  };
}

/**
 * Gives the composer repository and the address of its registry.
 *
 * Its name comes from the configuration, else from a homepage `https://OWNER.github.io/NAME/` of this owner (without NAME it is the
 * repository `OWNER.github.io`, which is what GitHub serves there), else it is `composer`.
 */
export function deriveComposer(
  satis: Satis,
  config: FleetConfig,
): { composer: ComposerRepositoryPlan; findings: Finding[] } {
  const { owner } = config.github;
  const homepage = new URL(satis.homepage);
  const repository = config.composerRepository ?? repositoryOfPages(homepage, owner) ?? "composer";
  const isPages = config.hosting === "pages";
  const contents = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repository)}/contents`;
  const api = new URL(config.github.apiUrl);
  const ref = `?ref=${REGISTRY_BRANCH}`;
  const customDomain = isPages && homepage.pathname === "/" ? ownDomain(homepage, config) : undefined;
  const sitePath = homepage.pathname.replace(/\/+$/, "");
  return {
    composer: {
      githubHost: config.github.host,
      owner,
      repository,
      branch: config.composerBranch,
      registryBranch: REGISTRY_BRANCH,
      homepage: satis.homepage,
      hosting: config.hosting,
      registryUrl: isPages ? satis.homepage : `${config.github.apiUrl}${contents}/packages.json${ref}`,
      metadataUrl: isPages
        ? `${sitePath}/p2/%package%.json`
        : `${api.pathname.replace(/\/+$/, "")}${contents}/p2/%package%.json${ref}`,
      ...(customDomain === undefined ? {} : { customDomain }),
    },
    findings: isPages ? homepageFindings(satis, homepage, repository, config) : [],
  };
}

function repositoryOfPages(homepage: URL, owner: string): string | undefined {
  if (homepage.hostname !== pagesHost(owner)) return undefined;
  const [first = ""] = homepage.pathname.split("/").filter((part) => part !== "");
  if (first === "") return pagesHost(owner);
  return isRepository(first) ? first : undefined;
}

/** A homepage that GitHub Pages cannot serve this repository under is told, since Composer would look there in vain. */
function homepageFindings(satis: Satis, homepage: URL, repository: string, config: FleetConfig): Finding[] {
  // Where a GitHub Enterprise Server puts its pages is its administrator's choice.
  if (config.github.host !== "github.com") return [];
  const { owner } = config.github;
  const isRoot = repository.toLowerCase() === pagesHost(owner);
  const expected = `https://${pagesHost(owner)}/${isRoot ? "" : `${repository}/`}`;
  const bare = (url: string) =>
    url
      .toLowerCase()
      .replace(/^https?:/, "")
      .replace(/\/+$/, "");
  if (bare(homepage.href) === bare(expected)) return [];
  // A domain of its own serves the site at its root; under a domain of the whole organization it is the repository's name.
  const ownPath = bare(homepage.pathname);
  if (ownDomain(homepage, config) !== undefined && ["", `/${repository.toLowerCase()}`].includes(ownPath))
    return [];
  const message = `homepage ${quoted(satis.homepage)} is not where GitHub Pages serves ${owner}/${repository}`;
  const remedy = `write "homepage": "${expected}" in ${satis.file}, or ${setCommand("satis-fleet:hosting", "private")}`;
  return [{ severity: "warning", file: satis.file, ...satis.homepageAt, message, remedy }];
}

function ownDomain({ hostname }: URL, config: FleetConfig): string | undefined {
  const taken = ["github.io", "github.com", "example.com", "example.org", "example.net", config.github.host];
  return taken.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`)) ||
    !hostname.includes(".")
    ? undefined
    : hostname;
}

function pagesHost(owner: string): string {
  return `${owner.toLowerCase()}.github.io`;
}
