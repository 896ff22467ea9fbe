import { expect } from "vitest";
import { SANDBOX_TOKENS } from "../../demo/world.ts";
import { NOTIFY_PATH } from "../../workflows/notify.ts";
import { CONSUMER_STORIES } from "./consumer-stories.ts";
import { type Story, satisOf, type Teller } from "./teller.ts";

const SECRET = "COMPOSER_REPO_PAT";

/** What a package repository holds of the fleet. */
function held({ world }: Teller, name: string): { workflow: boolean; secret: string | undefined } {
  const repository = world.github.repository(name);
  return { workflow: NOTIFY_PATH in repository.files(), secret: repository.secretValue(SECRET) };
}

const MANAGED = { workflow: true, secret: SANDBOX_TOKENS.dispatch };
const FREE = { workflow: false, secret: undefined };

const commitCount = ({ world }: Teller, name: string) => world.github.repository(name).commits().length;

const urnOf = (name: string, type: "actionsSecret:ActionsSecret" | "repositoryFile:RepositoryFile") =>
  `urn:pulumi:dev::satis-fleet::satisfleet:index:Fleet$satisfleet:index:PackageNotifier$github:index/${type}::${name}`;

/** Takes a package out of the state, as `pulumi state delete --target-dependents` does. */
async function forget({ world }: Teller, id: string): Promise<void> {
  const exported = await world.stack.exportStack();
  const { resources, ...rest } = exported.deployment as { resources: { urn: string }[] };
  const kept = resources.filter(
    ({ urn }) => ![id, `${id}-token`, `${id}-workflow`].includes(urn.slice(urn.lastIndexOf("::") + 2)),
  );
  await world.stack.importStack({ ...exported, deployment: { ...rest, resources: kept } });
}

/** What a fleet lives through, each told on every engine. */
export const STORIES: readonly Story[] = [
  {
    name: "a first update makes the whole fleet, a second one changes nothing, a refresh finds nothing",
    tell: async (teller) => {
      await teller.run("preview");
      expect(teller.world.github.repositories).toEqual(["acme/lib", "acme/tool"]);
      await teller.run("up");
      await teller.quiet();
      await teller.quiet("preview", { refresh: true });
      const { github } = teller.world;
      for (const name of ["lib", "tool"]) expect(held(teller, name)).toEqual(MANAGED);
      const composer = github.repository("composer");
      expect(composer.private).toBe(true);
      expect(composer.pages).toMatchObject({ build_type: "workflow" });
      expect(Object.keys(composer.files())).toEqual(
        expect.arrayContaining([
          ".github/workflows/build.yml",
          ".github/workflows/partial-build.yml",
          ".github/workflows/registry.yml",
          "satis.json",
        ]),
      );
      expect(composer.commits()[0]?.message).toContain("satis.json");
      expect(composer.secretValue("REGISTRY_READ_TOKEN", "registry")).toBe(SANDBOX_TOKENS.read);
      expect(composer.secretNames).toEqual([]);
      expect([...(composer.environments.get("registry")?.policies.values() ?? [])]).toMatchObject([
        { name: "main" },
      ]);
      expect(composer.rulesets).toMatchObject([{ enforcement: "active" }]);
    },
  },
  {
    name: "no commit of the fleet carries a skip marker, which would swallow the next tag's workflows",
    tell: async (teller) => {
      await teller.run("up");
      const messages = ["lib", "tool", "composer"].flatMap((name) =>
        teller.world.github
          .repository(name)
          .commits()
          .map(({ message }) => message),
      );
      expect(
        messages.filter((message) =>
          /\[(skip ci|ci skip|no ci|skip actions|actions skip)\]|^skip-checks:/im.test(message),
        ),
      ).toEqual([]);
    },
  },
  {
    name: "a package that leaves satis.json loses its workflow and secret, and nothing else of its repository",
    world: {
      repositories: [
        { name: "lib" },
        {
          name: "tool",
          files: { "src/a.php": "<?php\n", ".github/workflows/tests.yml": "on: push\njobs: {}\n" },
        },
      ],
    },
    tell: async (teller) => {
      const tool = teller.world.github.repository("tool");
      tool.setSecret("THEIR_OWN", "theirs");
      await teller.run("up");
      await teller.world.writeSatis(satisOf("lib"));
      expect(await teller.run("up", { refresh: true })).toMatchObject({ delete: 3 });
      expect(held(teller, "tool")).toEqual(FREE);
      expect(held(teller, "lib")).toEqual(MANAGED);
      const after = teller.world.github.repository("tool");
      expect(Object.keys(after.files())).toEqual([".github/workflows/tests.yml", "src/a.php"]);
      expect(after.secretValue("THEIR_OWN")).toBe("theirs");
      await teller.quiet();
    },
  },
  {
    name: "order, format, URL form and letter case of entries change no resource",
    tell: async (teller) => {
      await teller.run("up");
      const other = JSON.parse(
        satisOf(
          { url: "git@github.com:ACME/Tool.git", type: "vcs" },
          { type: "vcs", url: "http://github.com/Acme/LIB/" },
        ),
      );
      await teller.world.writeSatis(JSON.stringify(other));
      await teller.quiet();
    },
  },
  {
    name: "a declared rename keeps secret and workflow and deletes nothing",
    tell: async (teller) => {
      await teller.run("up");
      teller.world.github.move("acme/tool", "acme/hammer");
      await teller.world.writeSatis(satisOf("lib", "hammer"));
      await teller.world.configure({
        "satis-fleet:renames": { value: JSON.stringify({ "acme/tool": "acme/hammer" }) },
      });
      expect(await teller.run("up")).not.toHaveProperty("delete");
      expect(held(teller, "hammer")).toEqual(MANAGED);
      await teller.quiet();
      // Once every stack has run, the declaration may go.
      await teller.world.configure({ "satis-fleet:renames": { value: "{}" } });
      await teller.quiet();
    },
  },
  {
    name: "a rename that nobody declared is refused again and again, with secret and workflow in place",
    races: true,
    tell: async (teller) => {
      await teller.run("up");
      teller.world.github.move("acme/tool", "acme/hammer");
      await teller.world.writeSatis(satisOf("lib", "hammer"));
      for (const options of [{}, { refresh: true }, { refresh: true }]) {
        const said = await teller.fails("up", options);
        expect(said).toMatch(/acme\/tool is called acme\/hammer on GitHub now/);
        expect(said).toContain("Fleet$satisfleet:index:PackageNotifier::acme/tool'");
        expect(held(teller, "hammer")).toEqual(MANAGED);
      }
      await forget(teller, "acme/tool");
      await teller.quiet("up", { refresh: true });
      expect(held(teller, "hammer")).toEqual(MANAGED);
    },
  },
  {
    name: "what strangers changed is found by a refresh and brought back",
    tell: async (teller) => {
      await teller.run("up");
      const { github } = teller.world;
      github.repository("lib").deleteSecret(SECRET);
      expect(await teller.run("preview", { refresh: true })).toMatchObject({ create: 1 });
      expect(await teller.run("up", { refresh: true })).toMatchObject({ create: 1 });
      expect(held(teller, "lib")).toEqual(MANAGED);
      await teller.quiet("preview", { refresh: true });
    },
  },
  {
    name: "an overwritten secret is seen by no refresh, and written again by a replacement",
    tell: async (teller) => {
      await teller.run("up");
      teller.world.github.repository("lib").setSecret(SECRET, "somebody else's");
      await teller.quiet("up", { refresh: true });
      expect(held(teller, "lib").secret).toBe("somebody else's");
      await teller.run("up", { replace: [urnOf("acme/lib-token", "actionsSecret:ActionsSecret")] });
      expect(held(teller, "lib")).toEqual(MANAGED);
    },
  },
  {
    name: "one organization secret serves all packages, and comes back with its list when somebody deletes it",
    world: { config: { "satis-fleet:secretScope": { value: "organization" } } },
    tell: async (teller) => {
      await teller.run("up");
      const { github } = teller.world;
      expect(github.organizationSecret(SECRET)).toBe(SANDBOX_TOKENS.dispatch);
      for (const name of ["lib", "tool"])
        expect(held(teller, name)).toEqual({ workflow: true, secret: undefined });
      const before = JSON.stringify(github.snapshot());
      const response = await fetch(`${github.url}orgs/acme/actions/secrets/${SECRET}`, {
        method: "DELETE",
        headers: { authorization: "Bearer stranger" },
      });
      expect(response.status).toBe(204);
      await teller.run("up", { refresh: true });
      expect(JSON.stringify(github.snapshot())).toBe(before);
      await teller.world.writeSatis(satisOf("lib"));
      expect(await teller.run("up")).toMatchObject({ delete: 2, update: 3 });
    },
  },
  {
    name: "polling needs neither secret nor workflow, and takes both away from a fleet that had them",
    tell: async (teller) => {
      await teller.run("up");
      await teller.world.configure({ "satis-fleet:notify": { value: "poll" } });
      expect(await teller.run("up")).toMatchObject({ delete: 6 });
      for (const name of ["lib", "tool"]) expect(held(teller, name)).toEqual(FREE);
      await teller.quiet();
    },
  },
  {
    name: "on the free plan a private composer repository does without environment, ruleset and Pages",
    world: { config: { "satis-fleet:plan": { value: "free" }, "satis-fleet:hosting": { value: "private" } } },
    tell: async (teller) => {
      await teller.run("up");
      const composer = teller.world.github.repository("composer");
      expect(composer.secretValue("REGISTRY_READ_TOKEN")).toBe(SANDBOX_TOKENS.read);
      expect([composer.environments.size, composer.rulesets.length, composer.pages]).toEqual([
        0,
        0,
        undefined,
      ]);
      await teller.quiet("preview", { refresh: true });
    },
  },
  {
    name: "a composer repository that exists stays as it is, but for what the fleet puts in it",
    world: {
      repositories: [
        { name: "lib" },
        { name: "tool" },
        { name: "composer", description: "Ours", files: { "NOTES.md": "keep\n", "satis.json": "{}\n" } },
      ],
      config: { "satis-fleet:manageRepository": { value: "false" } },
    },
    tell: async (teller) => {
      await teller.run("up");
      const composer = teller.world.github.repository("composer");
      expect(composer.settings).toMatchObject({ description: "Ours", has_wiki: true });
      expect(composer.files()["NOTES.md"]).toBe("keep\n");
      expect(composer.files()["satis.json"]).toContain("acme/lib");
      expect(composer.pages).toMatchObject({ build_type: "workflow" });
      await teller.quiet("preview", { refresh: true });
    },
  },
  {
    name: "satis.json of the composer repository is left alone where the program lives there",
    world: { config: { "satis-fleet:commitSatis": { value: "false" } } },
    tell: async (teller) => {
      await teller.run("up");
      expect(teller.world.github.repository("composer").files()).not.toHaveProperty(["satis.json"]);
      await teller.quiet();
    },
  },
  {
    name: "a protected package repository gets its secret only, its workflow comes by pull request",
    world: {
      repositories: [{ name: "lib" }, { name: "tool", protectedByPullRequest: true }],
      config: { "satis-fleet:delivery": { value: JSON.stringify({ "acme/tool": "pull-request" }) } },
    },
    tell: async (teller) => {
      await teller.run("up");
      expect(held(teller, "lib")).toEqual(MANAGED);
      expect(held(teller, "tool")).toEqual({ workflow: false, secret: SANDBOX_TOKENS.dispatch });
      await teller.quiet();
    },
  },
  {
    name: "a protected package repository that nobody declared stops with GitHub's words, and goes on once it is declared",
    world: { repositories: [{ name: "lib" }, { name: "tool", protectedByPullRequest: true }] },
    races: true,
    tell: async (teller) => {
      expect(await teller.fails("up")).toMatch(/409.*pull request/is);
      await teller.world.configure({
        "satis-fleet:delivery": { value: JSON.stringify({ "acme/tool": "pull-request" }) },
      });
      await teller.run("up");
      expect(held(teller, "lib")).toEqual(MANAGED);
      await teller.quiet();
    },
  },
  {
    name: "reviewers own the composer repository's files",
    world: { config: { "satis-fleet:reviewers": { value: JSON.stringify(["@acme/platform"]) } } },
    tell: async (teller) => {
      await teller.run("up");
      const composer = teller.world.github.repository("composer");
      expect(composer.files()[".github/CODEOWNERS"]).toBe("* @acme/platform\n");
      expect(JSON.stringify(composer.rulesets)).toContain('"require_code_owner_review":true');
      await teller.quiet();
    },
  },
  {
    name: "a reworded commit message never commits a file again",
    tell: async (teller) => {
      await teller.run("up");
      const before = commitCount(teller, "lib");
      const deployment = await teller.world.stack.exportStack();
      const text = JSON.stringify(deployment).replaceAll(
        /"commitMessage":"[^"]*"/g,
        '"commitMessage":"worded otherwise"',
      );
      await teller.world.stack.importStack(JSON.parse(text));
      await teller.quiet();
      expect(commitCount(teller, "lib")).toBe(before);
    },
  },
  {
    name: "a changed dispatch token is written everywhere, in place",
    tell: async (teller) => {
      await teller.run("up");
      await teller.world.configure({ "satis-fleet:dispatchToken": { value: "another-token", secret: true } });
      expect(await teller.run("up")).toMatchObject({ update: 2 });
      expect(held(teller, "lib").secret).toBe("another-token");
    },
  },
  {
    name: "destroy is refused while the composer repository and its site are protected",
    tell: async (teller) => {
      await teller.run("up");
      const before = JSON.stringify(teller.world.github.snapshot());
      expect(await teller.fails("destroy")).toMatch(/--run-program/);
      expect(JSON.stringify(teller.world.github.snapshot())).toBe(before);
    },
  },
  ...CONSUMER_STORIES,
];
