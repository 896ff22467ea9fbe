import { describe, expect, test } from "vitest";
import { drift } from "../../cli/commands/drift.ts";
import { propose } from "../../cli/commands/propose.ts";
import { CONSUMER_PROPOSAL_BRANCH } from "../../cli/propose/wanted.ts";
import { SANDBOX_TOKENS, type World } from "../../demo/world.ts";
import { UPDATE_WORKFLOW_PATH, UPDATER_PATH } from "../../fleet/announcement.ts";
import { contextOf, openCommandWorld, Said, writesOf } from "../support/cli.ts";
import { subscriptionsOf } from "../support/consumer-stories.ts";
import { leaks } from "../support/leaks.ts";

const secret = (value: string) => ({ value, secret: true });
const TOKENS = {
  "satis-fleet:announceToken": secret(SANDBOX_TOKENS.announce),
  "satis-fleet:consumerToken": secret(SANDBOX_TOKENS.consumer),
};
const STRANGER = { authorization: "Bearer stranger", "content-type": "application/json" };

function opened(config: Parameters<typeof openCommandWorld>[0] = {}): Promise<World> {
  return openCommandWorld({
    repositories: [{ name: "lib" }, { name: "tool" }, { name: "website" }, { name: "shop" }],
    subscriptions: subscriptionsOf({}, { repository: "acme/shop", token: true }),
    ...config,
    config: { ...TOKENS, ...config.config },
  });
}

async function drifted(world: World, options: { repair?: boolean } = {}) {
  const said = new Said();
  const exit = await drift(await contextOf(world), { json: true, ...options }, said);
  expect(leaks(said.all)).toEqual([]);
  const { drift: found, complete } = said.json as {
    drift: { repository: string; kind: string; name?: string; detail: string; remedy?: string }[];
    complete: boolean;
  };
  expect(complete).toBe(true);
  return {
    exit,
    found: found.map(({ repository, kind, name }) => [repository, kind, name ?? ""].join(" ").trim()).sort(),
  };
}

describe("consumers", () => {
  test("drift of their files, secrets and settings is found, and repaired", async () => {
    const world = await opened();
    try {
      await world.stack.up({ parallel: 16 });
      expect(await drifted(world)).toEqual({ exit: 0, found: [] });
      const { github } = world;
      const shop = github.repository("shop");
      shop.deleteSecret("COMPOSER_UPDATE_TOKEN");
      const at = `${github.url}repos/acme/website`;
      await fetch(`${at}/actions/permissions/workflow`, {
        method: "PUT",
        headers: STRANGER,
        body: JSON.stringify({ can_approve_pull_request_reviews: false }),
      });
      const { sha } = (await (
        await fetch(`${at}/contents/${UPDATER_PATH}`, { headers: STRANGER })
      ).json()) as { sha: string };
      await fetch(`${at}/contents/${UPDATER_PATH}`, {
        method: "PUT",
        headers: STRANGER,
        body: JSON.stringify({ message: "x", content: Buffer.from("evil();\n").toString("base64"), sha }),
      });
      const expected = [
        "acme/shop secret missing COMPOSER_UPDATE_TOKEN",
        `acme/website file changed ${UPDATER_PATH}`,
        "acme/website workflow permissions changed",
      ];
      expect(await drifted(world)).toEqual({ exit: 2, found: expected });
      expect(await drifted(world, { repair: true })).toEqual({ exit: 0, found: [] });
      expect(github.repository("website").files()[UPDATER_PATH]).toMatch(/^\/\/ The updater of satis-fleet/);
      github.repository("website").archive();
      expect((await drifted(world)).found).toEqual(["acme/website repository archived"]);
    } finally {
      await world.close();
    }
  });

  test("one that takes pull requests only gets its files in one, and another takes them away", async () => {
    const world = await opened({
      repositories: [{ name: "lib" }, { name: "tool" }, { name: "website", protectedByPullRequest: true }],
      subscriptions: subscriptionsOf({}),
      config: {
        "satis-fleet:delivery": { value: JSON.stringify({ "acme/website": "pull-request" }) },
      },
    });
    const proposed = async (repository: readonly string[] = []) => {
      world.github.resetCalls();
      const said = new Said();
      await propose(await contextOf(world), { json: true, repository }, said);
      expect(leaks(said.all)).toEqual([]);
      return said.json.proposals as { id: string; outcome: string; removal: boolean }[];
    };
    const merge = async () => {
      const number = world.github.repository("website").pulls.find(({ state }) => state === "open")?.number;
      const url = `${world.github.url}repos/acme/website/pulls/${String(number)}/merge`;
      expect(
        (await fetch(url, { method: "PUT", headers: STRANGER, body: '{"merge_method": "squash"}' })).ok,
      ).toBe(true);
    };
    try {
      await world.stack.up({ parallel: 16 });
      expect(await proposed()).toEqual([
        { id: "acme/website", role: "update", outcome: "opened", removal: false, url: expect.any(String) },
      ]);
      const website = () => world.github.repository("website");
      expect(Object.keys(website().files(CONSUMER_PROPOSAL_BRANCH))).toEqual(
        expect.arrayContaining([UPDATER_PATH, UPDATE_WORKFLOW_PATH]),
      );
      expect((await proposed())[0]?.outcome).toBe("open");
      expect(writesOf(world)).toEqual([]);
      await merge();
      expect((await proposed())[0]?.outcome).toBe("up to date");
      expect(await drifted(world)).toEqual({ exit: 0, found: [] });
      await world.writeSubscriptions(subscriptionsOf());
      expect(await proposed()).toMatchObject([{ id: "acme/website", outcome: "opened", removal: true }]);
      // By name it is the same: what it has is known from the state.
      expect(await proposed(["acme/website"])).toMatchObject([{ role: "update", outcome: "open" }]);
      await merge();
      expect(Object.keys(website().files())).toEqual(["README.md"]);
    } finally {
      await world.close();
    }
  });
});
