import { describe, expect, test } from "vitest";
import { composerNeeds, consumerNeeds, type Needy, packageNeeds, standIn } from "../../cli/doctor/needs.ts";
import type { Answer, Prober } from "../../cli/doctor/probe.ts";
import { providerProbes } from "../../cli/doctor/provider-probes.ts";
import type { SeenRepository, Sight } from "../../cli/doctor/repositories.ts";
import { parseConfig } from "../../fleet/config.ts";
import { deriveFleet } from "../../fleet/derive.ts";
import { parseSubscriptions } from "../../fleet/subscriptions.ts";
import { satisOf, satisText, vcs } from "../fleet/support.ts";

const SECRETS = ["dispatchToken", "readToken", "announceToken", "registryToken"].map(
  (name) => `satis-fleet:${name}`,
);

/** A fleet of two packages, `ucf/lib` and `ucf/tool`. */
function fleetOf(
  values: Readonly<Record<string, string>> = {},
  subscriptions: readonly object[] = [],
): Needy {
  const all = new Map(
    Object.entries({ "github:owner": "UCF", ...values }).map(([name, value]) => [
      name.includes(":") ? name : `satis-fleet:${name}`,
      value,
    ]),
  );
  const { config, findings } = parseConfig(all, new Set(SECRETS));
  const parsed = parseSubscriptions(JSON.stringify({ subscriptions }), { file: "subscriptions.json" });
  const satis = satisOf(
    satisText(["lib", "tool"].map((name) => vcs(`https://github.com/ucf/${name}`, { name: `ucf/${name}` }))),
  );
  const derived = config && deriveFleet(satis, config, parsed.subscriptions);
  if (!config || !derived?.fleet) throw new Error(JSON.stringify([findings, derived?.findings]));
  const rawConfig = Object.fromEntries(SECRETS.map((name) => [name, { value: "secret", secret: true }]));
  return { config, fleet: derived.fleet, rawConfig };
}

const ALL = new Set(["ucf/lib", "ucf/tool", "ucf/website"]);
const written = (needs: readonly { readonly permission: string; readonly id: string | undefined }[]) =>
  needs.map(({ permission, id }) => `${permission} on ${id}`);

describe("the permissions that packages need", () => {
  test("are those of a commit and a secret", () => {
    expect(written(packageNeeds(fleetOf(), ALL))).toEqual([
      "Secrets: write on ucf/lib",
      "Contents: write on ucf/lib",
      "Workflows: write on ucf/lib",
    ]);
  });

  test("hold pull requests where one is proposed", () => {
    const delivery = '{"ucf/tool": "pull-request"}';
    expect(written(packageNeeds(fleetOf({ delivery }), ALL))).toContain("Pull requests: write on ucf/tool");
  });

  test("hold the organization's secrets where one is for all, and a secret of its own where that does not reach", () => {
    const secretScope = "organization";
    expect(written(packageNeeds(fleetOf({ secretScope }), ALL))).toEqual([
      "Contents: write on ucf/lib",
      "Workflows: write on ucf/lib",
      "Organization secrets: write on UCF",
    ]);
    const delivery = '{"ucf/tool": "pull-request"}';
    expect(written(packageNeeds(fleetOf({ secretScope, delivery }), ALL))).toContain(
      "Secrets: write on ucf/tool",
    );
  });

  test("are none where a schedule finds changes", () => {
    expect(packageNeeds(fleetOf({ notify: "poll" }), ALL)).toEqual([]);
  });

  test("are needed although no repository can be asked", () => {
    expect(written(packageNeeds(fleetOf(), new Set()))).toContain("Contents: write on undefined");
  });
});

test("consumers need what their files, secrets and settings are written with", () => {
  const site = { repository: "ucf/website", packages: ["*"] };
  const need = (values: Readonly<Record<string, string>>) =>
    written(consumerNeeds(fleetOf(values, [site]), ALL));
  expect(need({})).toEqual([
    "Contents: write on ucf/website",
    "Workflows: write on ucf/website",
    "Administration: write on ucf/website",
  ]);
  expect(need({ hosting: "private", delivery: '{"ucf/website": "pull-request"}' })).toEqual([
    "Secrets: write on ucf/website",
    "Contents: write on ucf/website",
    "Workflows: write on ucf/website",
    "Pull requests: write on ucf/website",
    "Administration: write on ucf/website",
  ]);
});

describe("the permissions that the composer repository needs", () => {
  const FILES = ["Contents: write", "Workflows: write"];
  const SECURED = ["Administration: write", "Actions: read", "Environments: write"];

  test("follow its hosting, and where its secrets are", () => {
    expect(composerNeeds(fleetOf()).toSorted()).toEqual([...FILES, ...SECURED, "Pages: write"].toSorted());
    expect(composerNeeds(fleetOf({ hosting: "private" })).toSorted()).toEqual(
      [...FILES, ...SECURED].toSorted(),
    );
    expect(composerNeeds(fleetOf({ hosting: "private", plan: "free" })).toSorted()).toEqual(
      [...FILES, "Administration: write", "Secrets: write"].toSorted(),
    );
  });

  test("hold none for secrets that there are not", () => {
    const bare = { ...fleetOf(), rawConfig: { "satis-fleet:readToken": { value: "", secret: true } } };
    expect(composerNeeds(bare)).not.toContain("Environments: write");
  });

  test("are few where it is left as it is", () => {
    const needs = composerNeeds(fleetOf({ manageRepository: "false", hosting: "private", plan: "free" }));
    expect(needs).toEqual([...FILES, "Secrets: write"]);
  });
});

const seen = (id: string, rest: Partial<SeenRepository> = {}): SeenRepository => ({
  id,
  isArchived: false,
  isPrivate: true,
  viewerPermission: "ADMIN",
  ...rest,
});
const sight = (...all: readonly SeenRepository[]): Sight => ({ seen: all, missing: [], unknown: [] });

describe("what stands for a composer repository that is not there", () => {
  const chosen = (values: Readonly<Record<string, string>>, ...all: readonly SeenRepository[]) =>
    standIn(fleetOf(values), { packages: sight(...all), consumers: sight() })?.id;

  test("is a repository where only the token's permissions can be in the way", () => {
    const lesser = seen("ucf/lib", { viewerPermission: "WRITE" });
    const archived = seen("ucf/old", { isArchived: true });
    expect(chosen({}, lesser, archived)).toBeUndefined();
    expect(chosen({}, lesser, archived, seen("ucf/tool"))).toBe("ucf/tool");
    // An App has no role.
    expect(chosen({}, lesser, seen("ucf/tool", { viewerPermission: null }))).toBe("ucf/tool");
  });

  test("is a private one rather than one that everybody sees, which nothing else says that the token reaches", () => {
    const open = seen("ucf/lib", { isPrivate: false });
    expect(chosen({}, open, seen("ucf/tool"))).toBe("ucf/tool");
    expect(chosen({}, open)).toBe("ucf/lib");
    expect(chosen({ notify: "poll" }, open)).toBeUndefined();
    expect(chosen({ notify: "poll" }, open, seen("ucf/tool"))).toBe("ucf/tool");
  });
});

describe("before the composer repository is there", () => {
  const answer = (status: number, message = ""): Answer => ({
    status,
    body: { message },
    headers: new Headers(),
  });

  /** What is asked of one package, and what is left to a note. */
  async function asked(one: SeenRepository, answers: Readonly<Record<string, Answer>>) {
    const probe: Prober = async (_, path) => {
      const [, given] = Object.entries(answers).find(([part]) => path.endsWith(part)) ?? [];
      return given ?? answer(422);
    };
    const known = { packages: sight(one), consumers: sight(), composerExists: false, ownedByUser: false };
    const { probes, unseen } = await providerProbes(fleetOf(), probe, known);
    return { asked: written(probes.map(({ permission, where }) => ({ permission, id: where }))), unseen };
  }

  const instead = "on ucf/lib, which stands for UCF/packages";

  test("another repository is asked for what only that one needs", async () => {
    expect(await asked(seen("ucf/lib"), {})).toEqual({
      asked: [
        "Secrets: write on ucf/lib",
        "Contents: write on ucf/lib",
        "Administration: write on UCF",
        `Pages: read ${instead}`,
        `Actions: read ${instead}`,
        `Environments: write ${instead}`,
      ],
      unseen: ["Workflows: write", "Pages: write"],
    });
  });

  test("what is not there, or withheld by a plan, shows nothing", async () => {
    const upgrade = answer(
      403,
      "Upgrade to GitHub Pro or make this repository public to enable this feature.",
    );
    const { asked: shown, unseen } = await asked(seen("ucf/lib"), {
      "/environments": upgrade,
      "/environments/registry/secrets/GITHUB_": answer(404),
    });
    expect(shown).toContain(`Pages: read ${instead}`);
    expect(unseen).toEqual(["Workflows: write", "Pages: write", "Actions: read", "Environments: write"]);
  });

  test("what everybody may read shows nothing", async () => {
    const { unseen } = await asked(seen("ucf/lib", { isPrivate: false }), {});
    expect(unseen).toEqual(["Workflows: write", "Pages: write", "Actions: read"]);
  });
});
