import { rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../publisher/process.ts";
import { type FaultStory, healthy, heldReason, must, serves, told } from "./story.ts";
import type { FaultWorld } from "./world.ts";

/** Both packages are released; one of them meets the fault. */
async function releaseBoth({ packages }: FaultWorld): Promise<void> {
  await packages.anvil.release("v1.1.0");
  await packages.rocket.release("v1.1.0");
}

async function healsAlone(world: FaultWorld): Promise<string> {
  await healthy(world);
  await serves(world, "anvil", ["v1.0.0", "v1.1.0"]);
  await serves(world, "rocket", ["v1.0.0", "v1.1.0"]);
  return "the next run";
}

export const SATIS: readonly FaultStory[] = [
  {
    fault: "Satis fails on one package",
    changes: ["rocket"],
    async happen(world) {
      await releaseBoth(world);
      const report = await world.run({
        satis: { fail: { message: "Segmentation fault", packages: ["acme/anvil"] } },
      });
      must(report.exitCode === 2, told(report));
      await serves(world, "rocket", ["v1.0.0", "v1.1.0"]);
      return `acme/anvil is held (${heldReason(report, "acme/anvil")}), the other is published`;
    },
    heal: healsAlone,
  },
  {
    fault: "Satis fails on everything",
    async happen(world) {
      await releaseBoth(world);
      const report = await world.run({
        satis: { fail: { message: "PHP Fatal error: Allowed memory size exhausted" } },
        full: true,
      });
      must(report.exitCode === 1, told(report));
      return "nothing is published, the run says why";
    },
    heal: healsAlone,
  },
  {
    fault: "Satis silently drops a package",
    changes: ["rocket"],
    async happen(world) {
      await releaseBoth(world);
      const report = await world.run({ satis: { drop: ["acme/anvil"] } });
      must(report.exitCode === 2, told(report));
      return `acme/anvil is held (${heldReason(report, "acme/anvil")})`;
    },
    heal: healsAlone,
  },
  {
    fault: "Satis silently loses versions of a package",
    changes: ["anvil", "rocket"],
    async happen(world) {
      await releaseBoth(world);
      await healthy(world);
      await world.packages.anvil.release("v1.2.0");
      const report = await world.run({ satis: { shrink: ["acme/anvil"] } });
      must(report.exitCode === 2, told(report));
      await serves(world, "anvil", ["v1.0.0", "v1.1.0"]);
      return `acme/anvil is held (${heldReason(report, "acme/anvil")})`;
    },
    async heal(world) {
      await healthy(world);
      await serves(world, "anvil", ["v1.0.0", "v1.1.0", "v1.2.0"]);
      return "the next run";
    },
  },
  {
    fault: "the previous include file is missing",
    changes: ["anvil"],
    async happen(world) {
      await world.packages.anvil.release("v1.1.0");
      await pushToBranch(world, (folder) => rm(join(folder, "include"), { recursive: true }));
      const report = await world.run();
      must(report.exitCode === 0, told(report));
      await serves(world, "anvil", ["v1.0.0", "v1.1.0"]);
      return "the published tree does not verify, so everything is built: no package is lost";
    },
    heal: async () => "the same run",
  },
  ...(
    [
      ["includes: false", { includes: false }],
      ["providers: true", { providers: true }],
    ] as const
  ).map(
    ([fault, extra]): FaultStory => ({
      fault,
      changes: ["anvil"],
      async happen(world) {
        Object.assign(world.satis, extra);
        await healthy(world);
        await world.packages.anvil.release("v1.1.0");
        await healthy(world);
        await serves(world, "anvil", ["v1.0.0", "v1.1.0"]);
        await serves(world, "spring", ["v1.0.0"]);
        return "a partial build keeps all other packages: Satis does not get the setting";
      },
      heal: async () => "nothing was to be healed",
    }),
  ),
  {
    fault: "a token leaks into a package's metadata",
    async happen(world) {
      const secret = "sandbox-secret-that-must-stay-one";
      await releaseBoth(world);
      const report = await world.run({
        satis: { leak: { package: "acme/anvil", text: `see ${secret}` } },
        variables: { READ_TOKEN: secret },
      });
      must(report.exitCode === 1, told(report));
      must(!told(report).includes(secret), "the report prints the token");
      return "nothing is published, and no message repeats the token";
    },
    heal: healsAlone,
  },
];

/** Somebody edits the registry's branch by hand. */
async function pushToBranch(world: FaultWorld, edit: (folder: string) => Promise<unknown>): Promise<void> {
  const folder = join(world.home, "by-hand");
  const url = `${world.github.url.replace("://", "://x-access-token:somebody@")}acme/composer.git`;
  const env = { PATH: process.env.PATH, HOME: world.home, GIT_CONFIG_NOSYSTEM: "1" };
  const git = async (...args: string[]) => {
    const { code, stderr } = await run("git", args, { env, ...(args[0] === "clone" ? {} : { cwd: folder }) });
    must(code === 0, stderr);
  };
  await git("clone", "-q", "--branch", "registry", url, folder);
  await edit(folder);
  await git("add", "--all");
  await git("-c", "user.name=Ann", "-c", "user.email=ann@acme.example", "commit", "-q", "-m", "Tidy up");
  await git("push", "-q");
}
