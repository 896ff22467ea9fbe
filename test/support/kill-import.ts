import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { EngineName } from "../../cli/engine.ts";
import type { World } from "../../demo/world.ts";

/** Something whose creation cannot be repeated, and the import that takes it over after a killed one. */
export interface Import {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  /** By which a refresh finds it, on the engine that has no import command. */
  readonly found: Readonly<Record<string, string>>;
  /** What GitHub says to a second creation. */
  readonly refusal: RegExp;
}

const STACK = "urn:pulumi:dev::satis-fleet::";
const FLEET = "satisfleet:index:Fleet$satisfleet:index:ComposerRepository";
const PARENT = `${STACK}${FLEET}::composer`;
const PROVIDER = `${STACK}pulumi:providers:github::github`;

/** The composer repository and its site. */
export const IMPORTS: readonly Import[] = [
  {
    type: "github:index/repository:Repository",
    name: "composer-repository",
    id: "composer",
    found: { name: "composer" },
    refusal: /422 Repository creation failed.*name already exists on this account/,
  },
  {
    type: "github:index/repositoryPages:RepositoryPages",
    name: "composer-pages",
    id: "composer",
    found: { repository: "composer", buildType: "workflow" },
    refusal: /409 GitHub Pages is already enabled/,
  },
];

/** Takes over what a killed update made, the way a user would on this engine. */
export async function importExisting(world: World, engine: EngineName, one: Import): Promise<void> {
  await (engine === "pulumi" ? importByCommand(world, one) : importByState(world, one));
}

async function importByCommand({ settings }: World, { type, name, id }: Import): Promise<void> {
  const flags = ["--parent", `composer=${PARENT}`, "--provider", `github=${PROVIDER}`];
  const rest = ["--generate-code=false", "--yes", "--non-interactive", "--stack", settings.stack];
  await promisify(execFile)("pulumi", ["import", type, name, id, ...flags, ...rest], {
    cwd: settings.home,
    env: { ...process.env, ...settings.env },
  });
}

interface Resource {
  readonly urn: string;
  readonly id?: string;
}

/** The sandbox has no import command: an entry with its identity alone, which the next refresh completes. */
async function importByState({ stack }: World, { type, name, id, found }: Import): Promise<void> {
  const exported = await stack.exportStack();
  const resources: readonly Resource[] = exported.deployment.resources ?? [];
  const provider = resources.find(({ urn }) => urn === PROVIDER);
  const imported = {
    urn: `${STACK}${FLEET}$${type}::${name}`,
    custom: true,
    id,
    type,
    inputs: found,
    outputs: found,
    parent: PARENT,
    protect: true,
    provider: `${PROVIDER}::${provider?.id}`,
  };
  const deployment = { ...exported.deployment, resources: [...resources, imported] };
  await stack.importStack({ ...exported, deployment });
}
