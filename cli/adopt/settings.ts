import type { FleetConfig } from "../../fleet/config.ts";
import { setCommand } from "../../fleet/config-reader.ts";
import { safeText } from "../../fleet/findings.ts";
import type { Read } from "../drift/reader.ts";
import { type Data, dataOf, textOf } from "../drift/state.ts";

/** A key of the stack's configuration that must say what GitHub has, or the first update would change it. */
export interface Setting {
  readonly key: string;
  readonly value: string;
  readonly why: string;
  readonly command: string;
}

/** What GitHub says of the composer repository, and of the organization's secret where that was asked. */
export interface ComposerFacts {
  /** Answer of `GET /repos/O/R`; none where there is no such repository. */
  readonly repository?: Data | undefined;
  /** Answer of `GET /repos/O/R/pages`; none where there is no site. */
  readonly pages?: Data | undefined;
  readonly organizationSecret: Read;
  /** Whether a package repository has a secret of its own. */
  readonly repositorySecrets: boolean;
}

/** The configuration to set so that the first update leaves the composer repository and the secrets where they are. */
export function settingsFor(
  config: FleetConfig,
  composerRepository: string,
  facts: ComposerFacts,
): readonly Setting[] {
  const settings: Setting[] = [];
  const want = (key: string, value: string | undefined, now: string, why: string) => {
    if (value === undefined || value === now) return;
    settings.push({ key, value, why: safeText(why), command: setCommand(key, value) });
  };
  const { repository } = facts;
  if (repository) {
    const { name, default_branch, visibility } = repository;
    const named = textOf(name);
    want(
      "satis-fleet:composerRepository",
      named,
      composerRepository,
      `GitHub writes the repository ${named}`,
    );
    const branch = textOf(default_branch);
    want("satis-fleet:composerBranch", branch, config.composerBranch, `its default branch is ${branch}`);
    if (config.manageRepository) {
      const shown = textOf(visibility);
      want("satis-fleet:visibility", shown, config.visibility, `it is ${shown}: an update would change that`);
    }
  }
  if (facts.organizationSecret.status === "there" && dependsOnOrganization(config, facts)) {
    const why = `${config.secretName} is a secret of the organization, and of no package repository`;
    want(SCOPE, "organization", config.secretScope, why);
  }
  return settings;
}

const SCOPE = "satis-fleet:secretScope";

/** Whether a secret of the organization would be the one that the packages use. */
function dependsOnOrganization(config: FleetConfig, { repositorySecrets }: ComposerFacts): boolean {
  return !repositorySecrets && config.notify === "dispatch";
}

/** What the first update may do beside a secret of the organization that the token does not see. */
export function secretNotes(config: FleetConfig, facts: ComposerFacts): readonly string[] {
  const { organizationSecret: read } = facts;
  if (read.status !== "unread" || !dependsOnOrganization(config, facts)) return [];
  return [
    `whether ${config.secretName} is a secret of the organization could not be read (${read.reason}): where it is, ` +
      `${setCommand(SCOPE, "organization")} first, or the first update gives every package repository one of its own`,
  ];
}

/** What the first update changes about a site that is there already; each with what to do. */
export function pagesNotes(config: FleetConfig, pages: Data | undefined): readonly string[] {
  if (!pages) return [];
  if (config.hosting !== "pages")
    return ["Pages is on and stays on, although hosting is private: switch it off by hand"];
  const { build_type, cname } = pages;
  if (build_type !== "legacy") return [];
  const { branch, path } = dataOf(pages.source);
  const notes = [
    `Pages serves ${safeText(`${String(path)} of branch ${String(branch)}`)}: the first update makes it serve what the workflow deploys, ` +
      "and the old files are served until the first build ends (docs/runbook.md)",
  ];
  // The provider sends an empty domain with every change of a site.
  if (textOf(cname))
    notes.push(
      `the site's domain ${safeText(String(cname))} is dropped by that change: set it again afterwards`,
    );
  return notes;
}
