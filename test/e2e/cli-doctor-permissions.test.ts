import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { isHealthy } from "../../cli/doctor/check.ts";
import { checkProvider } from "../../cli/doctor/tokens.ts";
import type { ConfigEntry } from "../../cli/engine.ts";
import { SANDBOX_TOKENS, type World } from "../../demo/world.ts";
import { contextOf, openCommandWorld } from "../support/cli.ts";
import { subscriptionsOf } from "../support/consumer-stories.ts";
import { bad, diagnose, notes } from "../support/diagnosis.ts";
import { type StoryWorld, Teller } from "../support/teller.ts";

type Permissions = Readonly<Record<string, "read" | "write">>;

/** What the table in docs/security.md asks for `github:token`, in the API's words. */
const TABLE: Permissions = {
  metadata: "read",
  administration: "write",
  contents: "write",
  workflows: "write",
  secrets: "write",
  environments: "write",
  pages: "write",
  actions: "read",
};

const without = (name: string, permissions = TABLE): Permissions =>
  Object.fromEntries(Object.entries(permissions).filter(([one]) => one !== name));

const allow = (world: World, permissions: Permissions) =>
  world.github.setToken(SANDBOX_TOKENS.provider, { permissions });

const text = (value: string): ConfigEntry => ({ value });
const secret = (value: string): ConfigEntry => ({ value, secret: true });

/** Writes that GitHub took, of those that it was asked for since the last reset. */
const accepted = ({ github }: World) =>
  github.calls.log.filter(
    ({ method, path, status }) => method !== "GET" && path !== "/graphql" && Number(status) < 300,
  );

/** Tests on one world, each of which leaves the provider's token with the permissions of the table. */
function suite(name: string, options: StoryWorld, tests: (world: () => World) => void): void {
  describe(name, () => {
    let world: World;
    beforeAll(async () => {
      world = await openCommandWorld(options);
      allow(world, TABLE);
    });
    afterEach(() => allow(world, TABLE));
    afterAll(() => world.close());
    tests(() => world);
  });
}

/** Each of these permissions is named when the token lacks exactly it; of the doctor, only who looks at that token is asked. */
function namesEach(world: () => World, told: Readonly<Record<string, string>>, table = TABLE): void {
  test.each(Object.entries(told))("names %s where the token lacks that alone", async (missing, message) => {
    allow(world(), without(missing, table));
    const before = JSON.stringify(world().github.snapshot());
    const { checks } = await checkProvider(await contextOf(world()), false);
    expect(isHealthy(checks)).toBe(false);
    expect(bad({ checks }).join("\n")).toContain(`github:token: lacks ${message} (`);
    expect(JSON.stringify(world().github.snapshot())).toBe(before);
  });
}

const CI = { "README.md": "# lib\n", ".github/workflows/ci.yml": "on: push\njobs: {}\n" };

suite("before the first update, fleet doctor", {}, (world) => {
  test("finds nothing wrong with the permissions of the table, and lists what nothing shows yet", async () => {
    world().github.resetCalls();
    const diagnosis = await diagnose(world());
    expect(bad(diagnosis)).toEqual([]);
    expect(diagnosis.code).toBe(0);
    expect(notes(diagnosis)).toContain(
      "github:token: needs Workflows: write, Pages: write, Environments: write, too, which shows after the next update",
    );
    expect(accepted(world())).toEqual([]);
  });

  const instead = "on acme/lib, which stands for acme/composer";
  namesEach(world, {
    administration: "Administration: write on acme",
    contents: "Contents: write on acme/lib",
    secrets: "Secrets: write on acme/lib",
    pages: `Pages: read ${instead}`,
    environments: `Environments: write ${instead}`,
    actions: `Actions: read ${instead}`,
  });

  test("has only a note for what a repository of others would have to show", async () => {
    const open = await openCommandWorld({
      repositories: [
        { name: "lib", private: false },
        { name: "tool", readOnly: true },
      ],
      config: { "satis-fleet:notify": text("poll") },
    });
    try {
      const diagnosis = await diagnose(open);
      expect(bad(diagnosis)).toEqual([]);
      const [needs = ""] = notes(diagnosis).filter((note) => note.startsWith("github:token: needs"));
      for (const permission of ["Contents", "Workflows", "Pages", "Actions", "Environments"])
        expect(needs).toContain(`${permission}: `);
    } finally {
      await open.close();
    }
  });

  test("names a composer repository that no update makes and the token does not see", async () => {
    await world().configure({ "satis-fleet:manageRepository": text("false") });
    const diagnosis = await diagnose(world());
    await world().configure({ "satis-fleet:manageRepository": text("true") });
    expect(bad(diagnosis).join("\n")).toMatch(
      /^github:token: does not see acme\/composer, which the update does not make: give the token/m,
    );
  });
});

suite("before the first update of packages with workflows of their own, fleet doctor", {
  repositories: [{ name: "lib", files: CI }, { name: "tool" }],
}, (world) => {
  namesEach(world, { workflows: "Workflows: write on acme/lib" });
});

suite("after an update with the permissions of the table, fleet doctor", {}, (world) => {
  beforeAll(async () => {
    const { github } = world();
    github.setToken(SANDBOX_TOKENS.dispatch, {
      permissions: { metadata: "read", actions: "write" },
      repositories: ["composer"],
    });
    github.setToken(SANDBOX_TOKENS.read, {
      permissions: { metadata: "read", contents: "read" },
      repositories: ["lib", "tool"],
    });
    await new Teller(world()).run("up");
  });

  test("finds nothing wrong, and nothing that is too much or cannot be seen", async () => {
    const diagnosis = await diagnose(world());
    expect(bad(diagnosis)).toEqual([]);
    expect(diagnosis.code).toBe(0);
    expect(notes(diagnosis).filter((note) => /needs|may also/.test(note))).toEqual([]);
  });

  test("names the composer repository where the token does not see it any more", async () => {
    world().github.setToken(SANDBOX_TOKENS.provider, { permissions: TABLE, repositories: ["lib", "tool"] });
    expect(bad(await diagnose(world())).join("\n")).toMatch(
      /^github:token: does not see acme\/composer, which an update has made: give the token that repository/m,
    );
  });

  const there = "on acme/composer";
  namesEach(world, {
    contents: `Contents: write ${there}`,
    secrets: "Secrets: write on acme/lib",
    administration: `Administration: write ${there}`,
    pages: `Pages: write ${there}`,
    environments: `Environments: write ${there}`,
    actions: `Actions: read ${there}`,
    workflows: `Workflows: write ${there}`,
  });
});

suite("of a fleet on plan free that polls, fleet doctor", {
  config: {
    "satis-fleet:notify": text("poll"),
    "satis-fleet:plan": text("free"),
    "satis-fleet:hosting": text("private"),
    "satis-fleet:dispatchToken": secret(""),
  },
}, (world) => {
  const FEW = without("pages", without("environments", without("actions")));
  const stood = "on acme/lib, which stands for acme/composer";

  describe("before the first update", () => {
    namesEach(world, { secrets: `Secrets: write ${stood}`, contents: `Contents: write ${stood}` }, FEW);
  });

  describe("after it", () => {
    beforeAll(async () => {
      allow(world(), FEW);
      await new Teller(world()).run("up");
    });

    test("asks for nothing that such a fleet does not need", async () => {
      allow(world(), FEW);
      world().github.resetCalls();
      expect(bad(await diagnose(world()))).toEqual([]);
      expect(accepted(world())).toEqual([]);
    });

    namesEach(world, { secrets: "Secrets: write on acme/composer" }, FEW);

    test("ends with 2 where one is missing", async () => {
      allow(world(), without("secrets", FEW));
      expect((await diagnose(world())).code).toBe(2);
    });

    test("is right: without it a changed token stays unwritten", async () => {
      allow(world(), without("secrets", FEW));
      await world().configure({ "satis-fleet:readToken": secret(SANDBOX_TOKENS.announce) });
      expect(await new Teller(world()).fails("up")).toMatch(/403/);
      await world().configure({ "satis-fleet:readToken": secret(SANDBOX_TOKENS.read) });
    });
  });
});

suite("of a fleet that delivers by pull request, fleet doctor", {
  repositories: [{ name: "lib" }, { name: "tool" }, { name: "website" }],
  subscriptions: subscriptionsOf({}),
  config: {
    "satis-fleet:delivery": text(
      JSON.stringify({ "acme/tool": "pull-request", "acme/website": "pull-request" }),
    ),
    "satis-fleet:announceToken": secret(SANDBOX_TOKENS.announce),
  },
}, (world) => {
  const PROPOSES = { ...TABLE, pull_requests: "write" } as const;
  const NAMED = { pull_requests: "Pull requests: write on acme/tool" };

  const isRight = async () => {
    allow(world(), PROPOSES);
    world().github.resetCalls();
    expect(bad(await diagnose(world()))).toEqual([]);
    expect(accepted(world())).toEqual([]);
  };

  describe("before the first update", () => {
    test("finds nothing wrong where pull requests are allowed", isRight);
    namesEach(world, NAMED, PROPOSES);
  });

  describe("after it", () => {
    beforeAll(async () => {
      await new Teller(world()).run("up");
    });
    test("finds nothing wrong where pull requests are allowed", isRight);
    namesEach(world, NAMED, PROPOSES);

    test("names them for a consumer, too", async () => {
      await world().configure({ "satis-fleet:delivery": text('{"acme/website": "pull-request"}') });
      const [first = ""] = bad(await diagnose(world()));
      expect(first).toContain("lacks Pull requests: write on acme/website");
    });
  });
});
