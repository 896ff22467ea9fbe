import { describe, expect, test } from "vitest";
import { outdated } from "../../cli/commands/outdated.ts";
import { SANDBOX_TOKENS, type World } from "../../demo/world.ts";
import { contextOf, openCommandWorld, Said, writesOf } from "../support/cli.ts";
import { subscriptionsOf } from "../support/consumer-stories.ts";
import { leaks } from "../support/leaks.ts";

const INCLUDE = `include/all$${"0".repeat(40)}.json`;

/** A composer repository whose branch `registry` serves these versions. */
function published(versions: Readonly<Record<string, readonly string[]>>) {
  const packages = Object.fromEntries(
    Object.entries(versions).map(([name, all]) => [
      name,
      Object.fromEntries(all.map((version) => [version, { name, version }])),
    ]),
  );
  return {
    name: "composer",
    branches: ["registry"],
    files: {
      "packages.json": JSON.stringify({ packages: [], includes: { [INCLUDE]: { sha1: "x" } } }),
      [INCLUDE]: JSON.stringify({ packages }),
    },
  };
}

function consumer(name: string, version: string, folder = "") {
  return {
    name,
    branches: ["next"],
    files: {
      [`${folder}composer.json`]: JSON.stringify({ require: { "acme/lib": "^1.0" } }),
      [`${folder}composer.lock`]: JSON.stringify({ packages: [{ name: "acme/lib", version }] }),
    },
  };
}

const CONFIG = { "satis-fleet:announceToken": { value: SANDBOX_TOKENS.announce, secret: true } };
const LIB = published({ "acme/lib": ["1.0.0", "1.1.0", "2.0.0"] });

async function opened<T>(
  repositories: readonly { name: string }[],
  subscriptions: string,
  act: (world: World) => Promise<T>,
): Promise<T> {
  const all = [{ name: "lib" }, { name: "tool" }, ...repositories];
  const world = await openCommandWorld({ repositories: all, subscriptions, config: CONFIG });
  try {
    return await act(world);
  } finally {
    await world.close();
  }
}

async function run(world: World, json = true) {
  const said = new Said();
  const exit = await outdated(await contextOf(world), { json }, said);
  expect(leaks(said.all)).toEqual([]);
  return { exit, said };
}

/** Opens a pull request as the updater does. */
async function pull({ github }: World, name: string, head: string): Promise<void> {
  const at = `${github.url}repos/acme/${name}`;
  const headers = { authorization: "Bearer updater", "content-type": "application/json" };
  const post = (path: string, body: object) =>
    fetch(`${at}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const sha = github.repository(name).refs.get("refs/heads/main");
  expect((await post("/git/refs", { ref: `refs/heads/${head}`, sha })).status).toBe(201);
  // A pull request needs a commit of its own.
  const put = { message: "x", content: "", branch: head };
  await fetch(`${at}/contents/${encodeURIComponent(head)}`, {
    method: "PUT",
    headers,
    body: JSON.stringify(put),
  });
  expect((await post("/pulls", { title: `Update (${head})`, head, base: "main" })).status).toBe(201);
}

describe("fleet outdated", () => {
  test("says who is behind on which branch and folder, and which pull request is open, and writes nothing", () =>
    opened(
      [LIB, consumer("website", "1.0.0"), consumer("shop", "2.0.0", "apps/web/")],
      subscriptionsOf({ branches: ["main", "next"] }, { repository: "acme/shop", directory: "apps/web" }),
      async (world) => {
        await pull(world, "website", "satis-fleet/composer-updates");
        await pull(world, "website", "satis-fleet/composer-updates-other");
        world.github.resetCalls();
        const { exit, said } = await run(world);
        expect(writesOf(world)).toEqual([]);
        expect(exit).toBe(2);
        const behind = [
          {
            package: "acme/lib",
            locked: "1.0.0",
            newest: "2.0.0",
            withinConstraint: "1.1.0",
            constraint: "^1.0",
          },
        ];
        expect(said.json).toMatchObject({
          behind: 2,
          complete: true,
          consumers: [
            { id: "acme/shop/apps/web", branch: "main", packages: 1, behind: [], pulls: [] },
            { id: "acme/website", behind, pulls: [{ title: "Update (satis-fleet/composer-updates)" }] },
            { id: "acme/website", branch: "next", behind, pulls: [] },
          ],
        });
        const { said: text } = await run(world, false);
        expect(text.all).toContain("acme/lib  1.0.0 -> 2.0.0 (^1.0 lets in 1.1.0)");
        expect(text.all).toContain("no pull request is open");
        expect(text.results.at(-1)).toBe("2 of 3 behind");
      },
    ));

  test("gives 0 where nobody is behind, and 1 where something could not be read, which it names", () =>
    opened([LIB, consumer("website", "2.0.0"), { name: "bare" }], subscriptionsOf({}), async (world) => {
      expect((await run(world, false)).exit).toBe(0);
      await world.writeSubscriptions(
        subscriptionsOf({}, { repository: "acme/bare" }, { repository: "acme/gone" }),
      );
      const { exit, said } = await run(world);
      expect(exit).toBe(1);
      expect(said.json).toMatchObject({
        complete: false,
        unread: [
          { id: "acme/bare", branch: "main", reason: "has no composer.lock there" },
          { id: "acme/gone", reason: "is not there, or the token does not see it" },
        ],
      });
    }));

  test("says the same although every third request is dropped, and why where a file's text does not come", () =>
    opened([LIB, consumer("website", "1.0.0")], subscriptionsOf({}), async (world) => {
      const whole = (await run(world)).said.json;
      for (let skip = 2; skip < 30; skip += 3) world.github.inject({ drop: true, skip });
      expect((await run(world)).said.json).toEqual(whole);
      world.github.clearFaults();
      const nothing = { data: { r0: null, r1: null }, errors: [{ path: ["r0"], message: "Timeout" }] };
      world.github.inject({ path: "/graphql", skip: 1, status: 200, body: nothing });
      expect((await run(world)).said.json).toEqual(whole);
      world.github.inject({ path: "/graphql", skip: 1, status: 200, body: nothing });
      world.github.inject({ path: /contents\/composer\.lock/, status: 403, body: { message: "No" } });
      const { exit, said } = await run(world);
      expect(exit).toBe(1);
      expect(said.json.unread).toEqual([
        { id: "acme/website", branch: "main", reason: "its composer.lock could not be read: 403 No" },
      ]);
    }));

  test("says that nothing is published yet", () =>
    opened([consumer("website", "1.0.0")], subscriptionsOf({}), async (world) => {
      await expect(run(world)).rejects.toThrow("there is no packages.json on the branch registry");
    }));
});
