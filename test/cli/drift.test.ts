import { describe, expect, test } from "vitest";
import { type Changed, compareRepositories } from "../../cli/drift/compare-repositories.ts";
import { rulesetDifferences } from "../../cli/drift/compare-settings.ts";
import type { DesiredFile } from "../../cli/drift/desired.ts";
import type { Drift, Findings } from "../../cli/drift/finding.ts";
import { known } from "../../cli/drift/known.ts";
import { keptTo } from "../../cli/drift/repair.ts";
import { blobId, type RepositoryAnswer } from "../../cli/drift/repositories.ts";
import {
  type FleetState,
  instantOf,
  readState,
  type StateFile,
  type StateSecret,
} from "../../cli/drift/state.ts";

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
  texts: new Map(),
} as const satisfies RepositoryAnswer;

const COMPOSER: RepositoryAnswer = { ...CLEAN, id: 8, name: "composer", objects: new Map() };

interface More {
  /** Answers for repositories that the fleet does not manage, or in place of the usual ones. */
  readonly others?: Readonly<Record<string, RepositoryAnswer>>;
  readonly sourceOf?: (repository: string) => string;
}

function compare(
  answer: RepositoryAnswer,
  state: Partial<FleetState> = {},
  file: DesiredFile = FILE,
  { others = {}, sourceOf = () => "satis.json" }: More = {},
): Findings & { changed: readonly Changed[] } {
  const all = known({
    owner: "Acme",
    desired: { files: [file], secrets: [], organizationSecretFor: [] },
    state: { ...STATE, ...state },
    renames: new Map(),
    managed: ["composer", "lib"],
    made: "composer",
    sourceOf,
  });
  const found = { composer: COMPOSER, lib: answer, ...others };
  return compareRepositories(all, new Map(Object.entries(found)));
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

describe("a repository that the fleet no longer asks for", () => {
  const left: StateFile = { ...RECORDED, urn: "urn:old-workflow", repository: "old", repositoryId: 9 };
  const secret: StateSecret = {
    urn: "urn:old-token",
    place: { scope: "repository", repository: "old", name: "TOKEN" },
    writtenAt: 1,
    repositoryId: 9,
  };
  const state = { files: [RECORDED, left], secrets: [secret] };
  const of = (old: RepositoryAnswer) => compare(CLEAN, state, FILE, { others: { old } });

  test("is not clean where it could not be read: the last update's secret may be in it", () => {
    expect(of({ status: "unread", reason: "403 Forbidden" })).toMatchObject({
      drift: [],
      unread: [{ repository: "Acme/old", what: "repository", reason: "403 Forbidden" }],
    });
  });

  test("is told where nobody sees it any more, and left to an update to forget", () => {
    const { drift } = of({ status: "gone" });
    expect(drift).toMatchObject([{ repository: "Acme/old", kind: "repository deleted" }]);
    expect(drift[0]?.detail).toContain("the fleet left 2 things in it, which an update forgets");
    expect(drift[0]).not.toHaveProperty("remedy");
  });

  test("is told where a stranger has it now, with what an update must not delete there", () => {
    const { drift } = of({ ...CLEAN, id: 9, owner: "others", name: "old" });
    expect(drift).toMatchObject([{ repository: "Acme/old", kind: "repository transferred", blocks: true }]);
    expect(drift[0]?.remedy).toBe(
      "revoke the token that it holds, and let the stack forget it: " +
        "pulumi state delete 'urn:old-workflow'; pulumi state delete 'urn:old-token'",
    );
  });
});

describe("what somebody has to do", () => {
  test("names the file that lists the repository", () => {
    const sourceOf = () => "subscriptions.json";
    const renamed = compare({ ...CLEAN, name: "bib" }, {}, FILE, { sourceOf });
    expect(renamed.drift[0]?.remedy).toMatch(/^name acme\/bib in subscriptions\.json, and: pulumi config/);
    const moved = compare({ ...CLEAN, owner: "others" }, {}, FILE, { sourceOf });
    expect(moved.drift[0]?.remedy).toMatch(/^take it out of subscriptions\.json/);
    const before = { ...RECORDED, repository: "bib" };
    const followed = compare(CLEAN, { files: [before] }, FILE, { sourceOf, others: { bib: CLEAN } });
    expect(followed.drift[0]).toMatchObject({ detail: "is called Acme/lib in subscriptions.json now" });
    expect(followed.drift[0]?.remedy).toMatch(/^name Acme\/lib in subscriptions\.json/);
  });

  test("never takes the composer repository out of satis.json, which does not list it", () => {
    const { drift } = compare(CLEAN, {}, FILE, { others: { composer: { ...COMPOSER, owner: "others" } } });
    expect(drift).toMatchObject([{ repository: "Acme/composer", kind: "repository transferred" }]);
    expect(drift[0]?.remedy).toBe("have it transferred back to Acme, and revoke the tokens that it holds");
  });
});

describe("a branch's name, which is whoever's,", () => {
  test.each(["file missing", "file left behind"])("is safe to print: %s", (kind) => {
    const branch = "x\u009b2J\u202etxt";
    const answer = { ...CLEAN, defaultBranch: branch, objects: new Map([[`${branch}:old.yml`, "oid"]]) };
    const { drift } = compare(answer, { files: [{ ...RECORDED, path: "old.yml", branch }] });
    const detail = drift.find((one) => one.kind === kind)?.detail;
    expect(detail).toMatch(/^on x\\u\{9b\}2J\\u\{202e\}txt/);
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

  const kept = (drift: readonly Drift[]) => keptTo({ drift, unread: [] });

  test("replaces only what no refresh sees", () => {
    expect(kept([secret, file])).toEqual({ replace: ["urn:secret"], target: [] });
  });

  test("keeps to what can be repaired where a repository takes no changes", () => {
    const lost: Drift = { repository: "acme/old", kind: "file missing", detail: "", urn: "urn:old" };
    expect(kept([secret, file, archived, lost])).toEqual({
      replace: ["urn:secret"],
      target: ["urn:secret", "urn:file"],
    });
  });

  test("leaves alone what could not be read", () => {
    const unread = [{ repository: "acme/tool", what: "secret TOKEN", reason: "403" }];
    expect(keptTo({ drift: [secret, file], unread })).toEqual({
      replace: ["urn:secret"],
      target: ["urn:secret"],
    });
  });

  test("is none where only people can help", () => {
    expect(kept([archived])).toBeUndefined();
  });
});
