import * as z from "zod";
import type { ComposerRepositoryPlan } from "./composer.ts";
import type { FleetConfig } from "./config.ts";
import type { Satis } from "./satis.ts";

/** Where the composer repository keeps what the publisher reads besides satis.json. */
export const PUBLISHER_FOLDER = ".github/satis-fleet";
export const SETTINGS_PATH = `${PUBLISHER_FOLDER}/settings.json`;
export const BUNDLE_PATH = `${PUBLISHER_FOLDER}/publisher.mjs`;

/** A GitHub App whose tokens read the package repositories; its key is a secret and not here. */
export interface ReadApp {
  readonly id: string;
  /** Owner of the installation. */
  readonly owner: string;
}

/** What the control plane tells the publisher; committed as {@link SETTINGS_PATH}. */
export const registrySettingsSchema = z.strictObject({
  owner: z.string(),
  /** The composer repository, without its owner. */
  repository: z.string(),
  /** Its default branch. */
  branch: z.string(),
  /** Orphan branch of the published tree. */
  registryBranch: z.string(),
  hosting: z.enum(["pages", "private"]),
  /** What consumers write as `url`. */
  registryUrl: z.url(),
  /** `metadata-url` of packages.json: a path on the registry's host, with `%package%`. */
  metadataUrl: z.string().startsWith("/"),
  /** Host of the fleet's repositories, such as `github.com`. */
  githubHost: z.string(),
  /** Root of its REST API, without a trailing slash. */
  apiUrl: z.url(),
  /** Vendors that this fleet may publish, in lower case; a name that satis.json gives is allowed besides. */
  vendors: z.array(z.string()),
  /** More packages held than this percentage stop the publish. */
  maxHeldPercent: z.number().min(0).max(100),
  /** More versions lost than this percentage stop the publish. */
  maxDeletedPercent: z.number().min(0).max(100),
});

export type RegistrySettings = z.infer<typeof registrySettingsSchema>;

/** Gives the settings of a fleet; nothing in them is secret. */
export function registrySettings(
  composer: ComposerRepositoryPlan,
  config: FleetConfig,
  satis: Pick<Satis, "vendors">,
): RegistrySettings {
  const { owner, repository, branch, registryBranch, hosting, registryUrl, metadataUrl } = composer;
  return {
    owner,
    repository,
    branch,
    registryBranch,
    hosting,
    registryUrl,
    metadataUrl,
    githubHost: config.github.host,
    apiUrl: config.github.apiUrl,
    vendors: [...new Set([...config.vendors, ...satis.vendors])].sort(),
    maxHeldPercent: config.maxHeldPercent,
    maxDeletedPercent: config.maxDeletedPercent,
  };
}

/** The file's text; deterministic, since a change of it rebuilds the registry. */
export function settingsText(settings: RegistrySettings): string {
  return `${JSON.stringify(settings, null, 2)}\n`;
}
