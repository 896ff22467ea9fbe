import { describe, expect, test } from "vitest";
import { importDocument } from "../../cli/adopt/document.ts";
import { type Planned, TYPE, toPrepare } from "../../cli/adopt/planned.ts";
import { byHand } from "../../cli/adopt/report.ts";
import { pagesNotes, secretNotes, settingsFor } from "../../cli/adopt/settings.ts";
import { type FleetConfig, parseConfig } from "../../fleet/config.ts";

const urn = (types: string, name: string) => `urn:pulumi:dev::satis-fleet::${types}::${name}`;
const PROVIDER = urn(TYPE.provider, "github");
const FLEET = urn(TYPE.fleet, "fleet");
const NOTIFIER = "satisfleet:index:PackageNotifier";

function planned(type: string, name: string, parent = FLEET, more: Partial<Planned> = {}): Planned {
  const above = parent.split("::")[2] ?? "";
  const custom = !type.startsWith("satisfleet:");
  return {
    urn: urn(`${above}$${type}`, name),
    type,
    name,
    custom,
    parent,
    provider: custom ? PROVIDER : "",
    inputs: {},
    ...more,
  };
}

const fleet: Planned = { ...planned(TYPE.fleet, "fleet", ""), urn: FLEET };
const lib = planned(NOTIFIER, "acme/lib");
const token = planned(TYPE.secret, "acme/lib-token", lib.urn);
const file = planned(TYPE.file, "acme/lib-workflow", lib.urn);
const tool = planned(NOTIFIER, "acme/tool");

describe("the import document", () => {
  test("names parents before their children, what the state has by URN, and nothing that is not on GitHub", () => {
    const all = [fleet, lib, tool, token, file];
    const document = importDocument(all, new Map([[token.urn, "lib:NAME"]]), new Set([FLEET, PROVIDER]));
    expect(document).toEqual({
      nameTable: { fleet: FLEET, github: PROVIDER },
      resources: [
        { type: NOTIFIER, name: "acme/lib", component: true, parent: "fleet" },
        { type: TYPE.secret, name: "acme/lib-token", id: "lib:NAME", parent: "acme/lib", provider: "github" },
      ],
    });
  });

  test("a component is written once, and by URN where an earlier import made it", () => {
    const ids = new Map([
      [token.urn, "a"],
      [file.urn, "b"],
    ]);
    const both = importDocument([fleet, lib, token, file], ids, new Set([FLEET]));
    expect(both.resources.map(({ name }) => name)).toEqual([
      "acme/lib",
      "acme/lib-token",
      "acme/lib-workflow",
    ]);
    const later = importDocument([file], ids, new Set());
    expect(later.nameTable).toEqual({ "acme/lib": lib.urn, github: PROVIDER });
    expect(later.resources).toHaveLength(1);
  });

  test("is prepared by what is on GitHub nowhere: provider, components above, minute", () => {
    const minute = planned(TYPE.minute, "composer-minute");
    expect(toPrepare([fleet, lib, token, minute])).toEqual([FLEET, minute.urn]);

    expect(byHand({ prepare: [FLEET] }, "f.json", "dev")[0]).toContain(`--target '${FLEET}'`);
  });
});

function config(values: Readonly<Record<string, string>> = {}): FleetConfig {
  const all = new Map(Object.entries({ "github:owner": "acme", ...values }));
  const parsed = parseConfig(all, new Set(["satis-fleet:dispatchToken", "github:token"]));
  if (!parsed.config) throw new Error(JSON.stringify(parsed.findings));
  return parsed.config;
}

describe("the configuration to set", () => {
  const nothing = { organizationSecret: { status: "absent" }, repositorySecrets: true } as const;
  const repository = { name: "composer", default_branch: "main", visibility: "private" };

  test("is empty where GitHub has what the configuration says, and where there is no repository yet", () => {
    expect(settingsFor(config(), "composer", { ...nothing, repository })).toEqual([]);
    expect(settingsFor(config(), "composer", nothing)).toEqual([]);
  });

  test("keeps name, branch and visibility of the composer repository", () => {
    const other = { name: "Composer", default_branch: "master", visibility: "public" };
    const set = settingsFor(config(), "composer", { ...nothing, repository: other });
    expect(set.map(({ key, value }) => [key, value])).toEqual([
      ["satis-fleet:composerRepository", "Composer"],
      ["satis-fleet:composerBranch", "master"],
      ["satis-fleet:visibility", "public"],
    ]);
    const unmanaged = config({ "satis-fleet:manageRepository": "false" });
    const kept = settingsFor(unmanaged, "Composer", { ...nothing, repository: other });
    expect(kept.map(({ key }) => key)).toEqual(["satis-fleet:composerBranch"]);
  });

  test("is the organization's secret where that is all there is", () => {
    const facts = { organizationSecret: { status: "there", value: {} }, repositorySecrets: false } as const;
    expect(settingsFor(config(), "composer", facts)).toMatchObject([{ key: "satis-fleet:secretScope" }]);
    expect(settingsFor(config(), "composer", { ...facts, repositorySecrets: true })).toEqual([]);
    expect(secretNotes(config(), facts)).toEqual([]);
  });

  test("says what to set for an organization's secret that the token may not see, where no repository has its own", () => {
    const unread = { status: "unread", reason: "403 Resource not accessible" } as const;
    const facts = { organizationSecret: unread, repositorySecrets: false };
    expect(settingsFor(config(), "composer", facts)).toEqual([]);
    expect(secretNotes(config(), facts)).toEqual([
      "whether COMPOSER_REPO_PAT is a secret of the organization could not be read (403 Resource not accessible): " +
        "where it is, pulumi config set satis-fleet:secretScope organization first, or the first update gives every package " +
        "repository one of its own",
    ]);
    expect(secretNotes(config(), { ...facts, repositorySecrets: true })).toEqual([]);
    expect(secretNotes(config({ "satis-fleet:notify": "poll" }), facts)).toEqual([]);
  });
});

test("what happens to a site is told, its domain too", () => {
  const legacy = {
    build_type: "legacy",
    source: { branch: "gh-pages", path: "/docs" },
    cname: "packages.acme.org",
  };
  const [served, domain] = pagesNotes(config(), legacy);
  expect(served).toContain("/docs of branch gh-pages");
  expect(domain).toContain("packages.acme.org");
  expect(pagesNotes(config(), { build_type: "workflow" })).toEqual([]);
  expect(pagesNotes(config(), undefined)).toEqual([]);
  expect(pagesNotes(config({ "satis-fleet:hosting": "private" }), legacy)).toHaveLength(1);
});
