import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { doctor } from "../../cli/commands/doctor.ts";
import type { Check } from "../../cli/doctor/check.ts";
import { SANDBOX_TOKENS, type World } from "../../demo/world.ts";
import { contextOf, openCommandWorld, Said } from "../support/cli.ts";
import { subscriptionsOf } from "../support/consumer-stories.ts";
import { leaks } from "../support/leaks.ts";
import { Teller } from "../support/teller.ts";

const secret = (value: string) => ({ value, secret: true });
const MANAGER = { authorization: "Bearer somebody", "content-type": "application/json" };

/** What is wrong or was not seen, of consumers alone. */
async function bad(world: World): Promise<readonly string[]> {
  const before = JSON.stringify(world.github.snapshot());
  const said = new Said();
  await doctor(await contextOf(world), { json: true }, said);
  expect(leaks(said.all)).toEqual([]);
  expect(JSON.stringify(world.github.snapshot())).toBe(before);
  const { checks } = said.json as unknown as { checks: readonly Check[] };
  return checks
    .filter(({ state }) => state === "wrong" || state === "unread")
    .map(({ name, message, remedy }) => `${name}: ${message}: ${remedy}`);
}

async function put({ github }: World, path: string, body: object): Promise<void> {
  const response = await fetch(`${github.url}${path}`, {
    method: "PUT",
    headers: MANAGER,
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(204);
}

describe("fleet doctor of a fleet with consumers", () => {
  let world: World;

  beforeAll(async () => {
    world = await openCommandWorld({
      repositories: [{ name: "lib" }, { name: "tool" }, { name: "website" }, { name: "shop" }],
      subscriptions: subscriptionsOf({}, { repository: "acme/shop", token: true }),
      config: {
        "satis-fleet:announceToken": secret(SANDBOX_TOKENS.announce),
        "satis-fleet:consumerToken": secret(SANDBOX_TOKENS.consumer),
      },
    });
  });

  afterEach(() => {
    for (const token of Object.values(SANDBOX_TOKENS)) world.github.setToken(token, {});
  });

  afterAll(() => world.close());

  test("names an organization that keeps Actions from opening pull requests, and so does the update", async () => {
    await put(world, "orgs/acme/actions/permissions/workflow", { can_approve_pull_request_reviews: false });
    expect(await bad(world)).toEqual([
      "pull requests: acme forbids Actions to open them, and the next update fails to allow it in acme/website: " +
        'allow it in the organization\'s settings of Actions, or write "token": true in these subscriptions and set satis-fleet:consumerToken',
    ]);
    expect(await new Teller(world).fails("up")).toMatch(/409.*does not allow GitHub Actions to create/s);
    await put(world, "orgs/acme/actions/permissions/workflow", { can_approve_pull_request_reviews: true });
    await new Teller(world).run("up");
    expect(await bad(world)).toEqual([]);
  });

  test("says so before an update takes a right away that other workflows may live from", async () => {
    await put(world, "repos/acme/website/actions/permissions/workflow", {
      default_workflow_permissions: "write",
    });
    const [said = ""] = await bad(world);
    expect(said).toContain(
      "workflows of acme/website may write by default, which the next update takes away",
    );
    await put(world, "repos/acme/website/actions/permissions/workflow", {
      default_workflow_permissions: "read",
    });
  });

  test("names what the announcing token and a consumer's own one lack", async () => {
    world.github.setToken(SANDBOX_TOKENS.announce, { permissions: { contents: "read" } });
    world.github.setToken(SANDBOX_TOKENS.consumer, { permissions: { contents: "write" } });
    expect(await bad(world)).toEqual([
      "satis-fleet:announceToken: lacks Actions: write on acme/shop (GitHub wants actions=write): give the token Actions: write",
      expect.stringContaining(
        "satis-fleet:consumerToken of acme/shop: lacks Pull requests: write on acme/shop",
      ),
    ]);
    world.github.setToken(SANDBOX_TOKENS.announce, { revoked: true });
    expect((await bad(world))[0]).toContain(
      "satis-fleet:announceToken: GitHub does not know the token (401)",
    );
  });

  test("names the settings of Actions that the provider's token may not write", async () => {
    const granted = ["metadata", "contents", "workflows", "secrets", "pages", "environments", "actions"];
    world.github.setToken(SANDBOX_TOKENS.provider, {
      permissions: Object.fromEntries(granted.map((name) => [name, "write" as const])),
    });
    expect((await bad(world)).join("\n")).toContain(
      "github:token: lacks Administration: write on acme/website",
    );
  });
});
