import { expect } from "vitest";
import { SANDBOX_TOKENS } from "../../demo/world.ts";
import { UPDATE_WORKFLOW_PATH, UPDATER_PATH } from "../../fleet/announcement.ts";
import { readSubscriptionsText, SUBSCRIPTIONS_PATH } from "../../fleet/subscriptions.ts";
import type { Story, Teller } from "./teller.ts";

const secret = (value: string) => ({ value, secret: true });
const ANNOUNCES = { "satis-fleet:announceToken": secret(SANDBOX_TOKENS.announce) };

/** subscriptions.json of acme with these subscriptions. */
export function subscriptionsOf(...subscriptions: readonly object[]): string {
  const list = subscriptions.map((one) => ({ repository: "acme/website", packages: ["acme/*"], ...one }));
  return `// who wants what\n${JSON.stringify({ subscriptions: list }, null, 2)}\n`;
}

/** What a consumer holds of the fleet. */
function held({ world }: Teller, name = "website") {
  const repository = world.github.repository(name);
  const files = Object.keys(repository.files());
  return {
    files: files.filter((path) => path.startsWith(".github/")).sort(),
    update: repository.secretValue("COMPOSER_UPDATE_TOKEN"),
    registry: repository.secretValue("COMPOSER_REGISTRY_TOKEN"),
    permissions: repository.workflowPermissions,
  };
}

const FILES = [UPDATER_PATH, UPDATE_WORKFLOW_PATH];
const ALLOWED = { default_workflow_permissions: "read", can_approve_pull_request_reviews: true };
const FREE = {
  files: [],
  update: undefined,
  registry: undefined,
  permissions: { default_workflow_permissions: "read", can_approve_pull_request_reviews: false },
};

/** What a fleet with subscriptions lives through. */
export const CONSUMER_STORIES: readonly Story[] = [
  {
    name: "a consumer gets its workflow, over what was there, and loses it with its subscription",
    world: {
      repositories: [
        { name: "lib" },
        { name: "tool" },
        {
          name: "website",
          files: { "composer.json": "{}\n", [UPDATE_WORKFLOW_PATH]: "on: push\njobs: {}\n" },
        },
      ],
      subscriptions: subscriptionsOf({}),
      config: ANNOUNCES,
    },
    tell: async (teller) => {
      await teller.run("preview");
      await teller.run("up");
      await teller.quiet();
      await teller.quiet("preview", { refresh: true });
      const website = teller.world.github.repository("website");
      expect(held(teller)).toEqual({ ...FREE, files: FILES, permissions: ALLOWED });
      expect(website.files()[UPDATE_WORKFLOW_PATH]).toMatch(/^# Managed by satis-fleet/);
      const composer = teller.world.github.repository("composer");
      expect(composer.secretValue("ANNOUNCE_TOKEN", "registry")).toBe(SANDBOX_TOKENS.announce);
      expect(readSubscriptionsText(composer.files()[SUBSCRIPTIONS_PATH] ?? "")).toMatchObject([
        { id: "acme/website", packages: ["acme/*"] },
      ]);
      website.setSecret("THEIR_OWN", "theirs");
      await teller.world.writeSubscriptions(subscriptionsOf());
      // The component, two files, the permissions; in the composer repository the list and the token.
      expect(await teller.run("up", { refresh: true })).toMatchObject({ delete: 6 });
      expect(held(teller)).toEqual(FREE);
      const after = teller.world.github.repository("website");
      expect([after.secretValue("THEIR_OWN"), after.files()["composer.json"]]).toEqual(["theirs", "{}\n"]);
      expect(composer.secretNames).toEqual([]);
      await teller.quiet();
    },
  },
  {
    name: "each consumer has the tokens that it needs, a token of its own in it alone, and a package may be one",
    world: {
      repositories: [
        { name: "lib" },
        { name: "tool" },
        { name: "website" },
        { name: "shop" },
        { name: "theirs" },
      ],
      subscriptions: subscriptionsOf(
        { token: true },
        { repository: "acme/lib", token: true },
        { repository: "acme/shop", directory: "apps/web", workflowPermissions: "write" },
        { repository: "acme/shop", directory: "apps/api", workflowPermissions: "write" },
        { repository: "acme/theirs", dispatch: { workflow: "own.yml" } },
      ),
      config: {
        ...ANNOUNCES,
        "satis-fleet:hosting": { value: "private" },
        "satis-fleet:registryToken": secret(SANDBOX_TOKENS.registry),
        "satis-fleet:consumerToken": secret(
          JSON.stringify({
            "acme/website": SANDBOX_TOKENS.consumer,
            "Acme/Lib": `${SANDBOX_TOKENS.consumer}-lib`,
          }),
        ),
      },
    },
    tell: async (teller) => {
      await teller.run("up");
      await teller.quiet("preview", { refresh: true });
      const registry = SANDBOX_TOKENS.registry;
      const { permissions } = FREE;
      expect(held(teller)).toEqual({ files: FILES, registry, update: SANDBOX_TOKENS.consumer, permissions });
      expect(held(teller, "lib")).toMatchObject({ registry, update: `${SANDBOX_TOKENS.consumer}-lib` });
      expect(held(teller, "lib").files).toEqual([
        UPDATER_PATH,
        ".github/workflows/notify-composer-update.yml",
        UPDATE_WORKFLOW_PATH,
      ]);
      const workflow = (suffix: string) => UPDATE_WORKFLOW_PATH.replace(".yml", `${suffix}.yml`);
      expect(held(teller, "shop")).toEqual({
        files: [UPDATER_PATH, workflow("-apps-api"), workflow("-apps-web")],
        registry,
        update: undefined,
        permissions: { default_workflow_permissions: "write", can_approve_pull_request_reviews: true },
      });
      expect(held(teller, "theirs")).toEqual(FREE);
      // What a team's workflows live from is not taken away with the subscription.
      await teller.world.writeSubscriptions(
        subscriptionsOf({ token: true }, { repository: "acme/lib", token: true }),
      );
      await teller.run("up", { refresh: true });
      expect(held(teller, "shop")).toMatchObject({
        files: [],
        permissions: { default_workflow_permissions: "write" },
      });
    },
  },
  {
    name: "a protected consumer gets its settings only, its files come by pull request",
    world: {
      repositories: [{ name: "lib" }, { name: "tool" }, { name: "website", protectedByPullRequest: true }],
      subscriptions: subscriptionsOf({}),
      config: {
        ...ANNOUNCES,
        "satis-fleet:delivery": { value: JSON.stringify({ "acme/website": "pull-request" }) },
      },
    },
    tell: async (teller) => {
      await teller.run("up");
      expect(held(teller)).toEqual({ ...FREE, permissions: ALLOWED });
      await teller.quiet();
    },
  },
  {
    name: "faults of subscriptions.json and of its tokens come all at once, and change nothing",
    world: {
      repositories: [{ name: "lib" }, { name: "tool" }, { name: "website" }],
      subscriptions: subscriptionsOf(
        { token: true },
        { repository: "other/site" },
        { repository: "acme/composer" },
      ),
    },
    tell: async (teller) => {
      const before = JSON.stringify(teller.world.github.snapshot());
      const said = await teller.fails("up");
      expect(said).toMatch(/subscriptions\.json:\d+:\d+: fault: other\/site does not belong to acme/);
      expect(said).toContain("acme/composer is the composer repository itself");
      expect(said).toContain("satis-fleet:announceToken is missing");
      expect(said).toContain("satis-fleet:consumerToken is missing");
      expect(JSON.stringify(teller.world.github.snapshot())).toBe(before);
      await teller.world.writeSubscriptions('{ "subscriptions": [ { "repositry": 1 }, ] }');
      expect(await teller.fails("up")).toContain('did you mean "repository"?');
    },
  },
];
