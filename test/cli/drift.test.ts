import { describe, expect, test } from "vitest";
import { type Changed, compareRepositories, known } from "../../cli/drift/compare-repositories.ts";
import { rulesetDifferences } from "../../cli/drift/compare-settings.ts";
import type { DesiredFile } from "../../cli/drift/desired.ts";
import type { Drift, Findings } from "../../cli/drift/finding.ts";
import { optionsOf } from "../../cli/drift/repair.ts";
import { blobId, type RepositoryAnswer } from "../../cli/drift/repositories.ts";
import { type FleetState, instantOf, readState, type StateFile } from "../../cli/drift/state.ts";

const PATH = ".github/workflows/notify.yml";
const FILE: DesiredFile = { repository: "lib", path: PATH, content: "on: push\n", delivery: "commit" };
const RECORDED: StateFile = {
  urn: "urn:lib-workflow",
  repository: "lib",
  path: PATH,
  branch: "main",
  branchIsSet: false,
  repositoryId: 7,
};
const STATE: FleetState = {
  files: [RECORDED],
  secrets: [],
  minute: 7,
  repository: undefined,
  pages: undefined,
  environment: undefined,
  branchPolicy: undefined,
  ruleset: undefined,
  permissions: new Map(),
};

/** The repository as the fleet left it. */
const CLEAN = {
  status: "there",
  id: 7,
  owner: "acme",
  name: "lib",
  archived: false,
  defaultBranch: "main",
  objects: new Map([[`HEAD:${PATH}`, blobId(FILE.content)]]),
} as const satisfies RepositoryAnswer;

const COMPOSER: RepositoryAnswer = { ...CLEAN, id: 8, name: "composer", objects: new Map() };

function compare(
  answer: RepositoryAnswer,
  state: Partial<FleetState> = {},
  file: DesiredFile = FILE,
): Findings & { changed: readonly Changed[] } {
  const all = known({
    owner: "Acme",
    desired: { files: [file], secrets: [], organizationSecretFor: [] },
    state: { ...STATE, ...state },
    renames: new Map(),
    managed: ["composer", "lib"],
    made: "composer",
  });
  return compareRepositories(
    all,
    new Map([
      ["composer", COMPOSER],
      ["lib", answer],
    ]),
  );
}

describe("a repository and its files", () => {
  test("are clean as the fleet left them, in whatever letter case GitHub has their names", () => {
    expect(compare(CLEAN)).toEqual({ drift: [], unread: [], changed: [] });
    expect(compare({ ...CLEAN, owner: "ACME", name: "Lib" }).drift).toEqual([]);
  });

  test("name a file by git's own id of its text", () => {
    // git hash-object of the same bytes.
    expect(blobId("on: push\n")).toBe("b83836ed8c80558d4e40ea4ac5d69f4405334799");
  });

  test("are neither clean nor drifted where GitHub gave no answer", () => {
    const { drift, unread } = compare({ status: "unread", reason: "502 Bad Gateway" });
    expect(drift).toEqual([]);
    expect(unread).toEqual([{ repository: "Acme/lib", what: "repository", reason: "502 Bad Gateway" }]);
  });

  test("are deleted where the last update knew them, missing where it did not", () => {
    expect(compare({ status: "gone" }).drift).toMatchObject([{ kind: "repository deleted" }]);
    expect(compare({ status: "gone" }, { files: [] }).drift).toMatchObject([{ kind: "repository missing" }]);
  });

  test("of another owner are told, and their files left alone", () => {
    const { drift } = compare({ ...CLEAN, owner: "others", objects: new Map() });
    expect(drift.map(({ kind }) => kind)).toEqual(["repository transferred"]);
  });

  test("follow a moved default branch by a replacement only", () => {
    const moved = compare({ ...CLEAN, defaultBranch: "develop", objects: new Map() });
    expect(moved.drift).toMatchObject([{ kind: "file missing", urn: RECORDED.urn, replace: true }]);
    const same = compare({ ...CLEAN, objects: new Map() });
    expect(same.drift[0]).not.toHaveProperty("replace");
  });

  test("leave a file behind where the configuration names another branch than before", () => {
    const objects = new Map([
      [`develop:${PATH}`, blobId(FILE.content)],
      [`main:${PATH}`, blobId("whatever")],
    ]);
    const { drift } = compare({ ...CLEAN, objects }, {}, { ...FILE, branch: "develop" });
    expect(drift).toMatchObject([{ kind: "file left behind", detail: expect.stringMatching(/^on main/) }]);
  });
});

describe("the state", () => {
  test("of a stack that was never deployed is none", () => {
    expect(readState({})).toBeUndefined();
    expect(readState({ resources: [] })).toBeUndefined();
    expect(readState(undefined)).toBeUndefined();
  });

  test("leaves out what waits for its deletion", () => {
    const file = {
      urn: "u",
      id: "i",
      type: "github:index/repositoryFile:RepositoryFile",
      inputs: { repository: "lib", file: PATH },
      outputs: { branch: "main", repositoryId: 7 },
    };
    expect(readState({ resources: [file, { ...file, urn: "v", delete: true }] })?.files).toEqual([
      { ...RECORDED, urn: "u" },
    ]);
  });

  test("tells times as the provider writes them and as GitHub does", () => {
    expect(instantOf("2026-11-22 02:04:42 +0000 UTC")).toBe(Date.UTC(2026, 10, 22, 2, 4, 42));
    expect(instantOf("2026-11-22T02:04:42Z")).toBe(Date.UTC(2026, 10, 22, 2, 4, 42));
    expect(instantOf("yesterday")).toBeUndefined();
  });
});

describe("a ruleset", () => {
  const inputs = {
    name: "ours",
    target: "branch",
    enforcement: "active",
    conditions: { refName: { includes: ["~DEFAULT_BRANCH"], excludes: [] } },
    bypassActors: [{ __defaults: [], actorId: 5, actorType: "RepositoryRole", bypassMode: "always" }],
    rules: { __defaults: [], deletion: true, pullRequest: { requiredApprovingReviewCount: 1 } },
  };
  const actual = {
    name: "ours",
    target: "branch",
    enforcement: "active",
    conditions: { ref_name: { include: ["~DEFAULT_BRANCH"], exclude: [] } },
    bypass_actors: [{ actor_id: 5, actor_type: "RepositoryRole", bypass_mode: "always" }],
    rules: [
      { type: "deletion" },
      {
        type: "pull_request",
        parameters: {
          required_approving_review_count: 1,
          require_code_owner_review: false,
          allowed_merge_methods: ["merge"],
        },
      },
    ],
  };
  const parameters = { required_approving_review_count: 0 };

  test("as the program set it differs in nothing", () => {
    expect(rulesetDifferences(inputs, actual)).toEqual([]);
  });

  test.each([
    ["enforcement", { enforcement: "evaluate" }, "enforcement is evaluate, not active"],
    ["branches", { conditions: { ref_name: { include: [], exclude: [] } } }, "covers [] without []"],
    ["bypass", { bypass_actors: [] }, 'is bypassed by [], not ["RepositoryRole 5 (always)"]'],
    ["a rule less", { rules: actual.rules.slice(1) }, "lacks the rule deletion"],
    ["a rule more", { rules: [...actual.rules, { type: "update" }] }, "has the rule update"],
    [
      "a parameter",
      { rules: [actual.rules[0], { type: "pull_request", parameters }] },
      "pull_request.required_approving_review_count is 0, not 1",
    ],
  ])("that differs in its %s is told", (_, change, said) => {
    expect(rulesetDifferences(inputs, { ...actual, ...change })).toEqual([said]);
  });
});

describe("a repair", () => {
  const secret: Drift = {
    repository: "acme/lib",
    kind: "secret overwritten",
    detail: "",
    urn: "urn:secret",
    replace: true,
  };
  const file: Drift = { repository: "acme/tool", kind: "file changed", detail: "", urn: "urn:file" };
  const archived: Drift = {
    repository: "acme/old",
    kind: "repository archived",
    detail: "",
    remedy: "unarchive it",
    blocks: true,
  };

  test("replaces only what no refresh sees", () => {
    expect(optionsOf([secret, file])).toMatchObject({ refresh: true, replace: ["urn:secret"] });
    expect(optionsOf([secret, file])).not.toHaveProperty("target");
  });

  test("keeps to what can be repaired where a repository takes no changes", () => {
    const lost: Drift = { repository: "acme/old", kind: "file missing", detail: "", urn: "urn:old" };
    expect(optionsOf([secret, file, archived, lost])).toMatchObject({
      replace: ["urn:secret"],
      target: ["urn:secret", "urn:file"],
    });
  });

  test("is none where only people can help", () => {
    expect(optionsOf([archived])).toBeUndefined();
  });
});
