import { packageRepository } from "../../test/support/satis/index.ts";
import { type FaultStory, healthy, heldReason, must, serves, told } from "./story.ts";
import { type FaultWorld, OTHER_HOST } from "./world.ts";

/** Where git finds nothing: the name that stands for the other host leads nowhere. */
const UNREACHABLE = { GIT_CONFIG_VALUE_1: "https://nothing.invalid/" };

export const REFS: readonly FaultStory[] = [
  {
    fault: "a repository cannot be reached",
    changes: ["rocket"],
    async happen(world) {
      world.github.seed([{ owner: "elsewhere", name: "hammer", private: false, files: {} }]);
      const hammer = await packageRepository(world.github, "acme/hammer", { owner: "elsewhere" });
      await hammer.release("v1.0.0");
      world.satis.repositories.push({ type: "vcs", url: `${OTHER_HOST}hammer.git` });
      await healthy(world);
      await serves(world, "hammer", ["v1.0.0"]);
      await world.packages.rocket.release("v1.1.0");
      const report = await world.run({ variables: UNREACHABLE });
      must(report.exitCode === 2, told(report));
      await serves(world, "hammer", ["v1.0.0"]);
      await serves(world, "rocket", ["v1.0.0", "v1.1.0"]);
      return `acme/hammer is held (${heldReason(report, "acme/hammer")}), the others are published`;
    },
    async heal(world) {
      await healthy(world);
      return "the next run that reaches it";
    },
  },
  {
    fault: "a repository is deleted",
    changes: ["rocket"],
    async happen(world) {
      await world.packages.rocket.release("v1.1.0");
      await deleteRepository(world, "anvil");
      const report = await world.run();
      must(report.exitCode === 2, told(report));
      await serves(world, "anvil", ["v1.0.0"]);
      await serves(world, "rocket", ["v1.0.0", "v1.1.0"]);
      return `acme/anvil is held (${heldReason(report, "acme/anvil")}), the others are published`;
    },
    async heal(world) {
      world.satis.repositories = world.satis.repositories.filter(({ url }) => !String(url).includes("anvil"));
      await healthy(world);
      await serves(world, "anvil", []);
      return "a person takes it out of satis.json";
    },
  },
  {
    fault: "a tag is deleted",
    changes: ["anvil"],
    async happen(world) {
      await world.packages.anvil.release("v1.1.0");
      await healthy(world);
      await world.packages.anvil.deleteTag("v1.1.0");
      await healthy(world);
      await serves(world, "anvil", ["v1.0.0"]);
      return "the version goes with its tag, and no other";
    },
    heal: async () => "the same run",
  },
  {
    fault: "more tags are deleted than the budget allows",
    changes: ["anvil"],
    async happen(world) {
      for (const tag of ["v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0", "v1.5.0", "v1.6.0", "v1.7.0"]) {
        await world.packages.anvil.release(tag);
      }
      await healthy(world);
      for (const minor of [0, 1, 2, 3, 4, 5, 6]) await world.packages.anvil.deleteTag(`v1.${minor}.0`);
      const report = await world.run();
      must(report.exitCode === 1, told(report));
      must((await world.versions("acme/anvil")).length === 8, "versions are gone");
      return "nothing is published";
    },
    async heal(world) {
      Object.assign(world.settings, { maxDeletedPercent: 100 });
      await healthy(world);
      await serves(world, "anvil", ["v1.7.0"]);
      return "a person raises satis-fleet:maxDeletedPercent";
    },
  },
  {
    fault: "a tag is moved",
    changes: ["anvil"],
    async happen(world) {
      const { anvil } = world.packages;
      const commit = await anvil.commit({ files: { "src/B.php": "<?php\n" } });
      await anvil.tag("v1.0.0", { at: commit });
      await healthy(world);
      const served = JSON.stringify(await references(world, "acme/anvil"));
      must(served.includes(commit), `served is ${served}`);
      return "the version follows its tag";
    },
    heal: async () => "the same run",
  },
  {
    fault: "a branch is force-pushed",
    changes: ["anvil"],
    async happen(world) {
      const commit = await world.packages.anvil.commit({ orphan: true, message: "Begin again" });
      await healthy(world);
      must(JSON.stringify(await references(world, "acme/anvil", "~dev")).includes(commit), "dev-main is old");
      await serves(world, "anvil", ["v1.0.0"]);
      return "the branch's version follows, tags stay";
    },
    heal: async () => "the same run",
  },
  {
    fault: "the default branch is renamed",
    changes: ["anvil"],
    async happen(world) {
      const { anvil } = world.packages;
      await anvil.git("branch", "trunk", "main");
      await anvil.git("push", "-q", remoteOf(world, "anvil"), "refs/heads/trunk");
      await patch(world, "anvil", { default_branch: "trunk" });
      await anvil.deleteBranch("main");
      await healthy(world);
      const dev = JSON.stringify(await references(world, "acme/anvil", "~dev"));
      must(dev.includes("dev-trunk") && !dev.includes("dev-main"), dev);
      return "its version is renamed, tags stay";
    },
    heal: async () => "the same run",
  },
  {
    fault: "a package changes its name",
    async happen(world) {
      await world.packages.anvil.release("v2.0.0", { composer: { name: "acme/hammer" } });
      const report = await world.run();
      must(report.exitCode === 2, told(report));
      await serves(world, "hammer", []);
      await serves(world, "anvil", ["v1.0.0"]);
      const reason = heldReason(report, report.held["acme/anvil"] ? "acme/anvil" : "acme/hammer");
      return `it is held (${reason})`;
    },
    async heal(world) {
      const entry = world.satis.repositories.find(({ url }) => String(url).includes("anvil"));
      Object.assign(entry ?? {}, { name: "acme/hammer" });
      await healthy(world);
      must((await world.versions("acme/hammer")).includes("v2.0.0"), "acme/hammer is not served");
      return "a person writes the new name into satis.json";
    },
  },
  {
    fault: "two repositories swap their names",
    async happen(world) {
      const { anvil, rocket } = world.packages;
      await anvil.release("v9.0.0", { composer: { name: "acme/rocket" } });
      await rocket.release("v9.0.0", { composer: { name: "acme/anvil" } });
      const report = await world.run();
      must(report.exitCode === 2, told(report));
      await serves(world, "anvil", ["v1.0.0"]);
      await serves(world, "rocket", ["v1.0.0"]);
      return `both are held (${heldReason(report, "acme/anvil")})`;
    },
    async heal(world) {
      const { anvil, rocket } = world.packages;
      await anvil.release("v9.1.0", { composer: { name: "acme/anvil" } });
      await rocket.release("v9.1.0", { composer: { name: "acme/rocket" } });
      await healthy(world);
      must((await world.versions("acme/anvil")).includes("v9.1.0"), "acme/anvil is not served");
      return "the teams undo it";
    },
  },
  {
    fault: "a repository claims a name of a vendor not ours",
    async happen(world) {
      await world.packages.anvil.release("v9.0.0", { composer: { name: "symfony/http-kernel" } });
      const report = await world.run();
      must(report.exitCode === 2, told(report));
      must((await world.versions("symfony/http-kernel")).length === 0, "symfony/http-kernel is served");
      await serves(world, "anvil", ["v1.0.0"]);
      return `it is held (${Object.values(report.held)[0]?.reason})`;
    },
    async heal(world) {
      await world.packages.anvil.release("v9.1.0", { composer: { name: "acme/anvil" } });
      await healthy(world);
      return "the team undoes it";
    },
  },
];

async function references(world: FaultWorld, name: string, suffix = ""): Promise<unknown> {
  const response = await fetch(`${new URL(world.settings.registryUrl).href}/p2/${name}${suffix}.json`);
  const { packages } = (await response.json()) as {
    packages: Record<string, { version: string; source: { reference: string } }[]>;
  };
  return (packages[name] ?? []).map(({ version, source }) => `${version} ${source.reference}`);
}

function remoteOf({ github }: FaultWorld, name: string): string {
  return `${github.url.replace("://", "://x-access-token:somebody@")}acme/${name}.git`;
}

async function ask({ github }: FaultWorld, method: string, name: string, body?: unknown): Promise<void> {
  const response = await fetch(`${github.url}repos/acme/${name}`, {
    method,
    headers: { authorization: "Bearer somebody" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  must(response.ok, `${method} ${name} was answered ${response.status}`);
}

const patch = (world: FaultWorld, name: string, body: unknown) => ask(world, "PATCH", name, body);
const deleteRepository = (world: FaultWorld, name: string) => ask(world, "DELETE", name);
