import { UPDATE_WORKFLOW_PATH } from "../fleet/announcement.ts";
import { resolveProject } from "./composer.ts";
import type { DemoRegistry } from "./registry.ts";
import { expectSuccess } from "./runs.ts";
import { StoryFailure } from "./story-failure.ts";
import { strangersApi, writeFile } from "./stranger.ts";
import type { World } from "./world.ts";

/** Name of the story's consumer, in the organization of the fleet, where no package has it already. */
export function consumerName(packages: readonly { readonly repository: string }[]): string {
  const taken = packages.some(({ repository }) => repository.toLowerCase() === "website");
  return taken ? "satis-fleet-website" : "website";
}

/** Text of a subscriptions.json with one consumer, which wants every package. */
export function consumerSubscriptions(owner: string, consumer: string): string {
  const subscription = { repository: `${owner}/${consumer}`, packages: ["*"], labels: ["dependencies"] };
  return `${JSON.stringify({ subscriptions: [subscription] }, null, 2)}\n`;
}

/** A pull request as the story shows it. */
export interface ShownPull {
  readonly number: number;
  readonly title: string;
  /** Lines of its table of versions. */
  readonly table: readonly string[];
}

/** Makes the consumer a project that requires a package, at the version that a real Composer finds now. */
export async function requirePackage(
  { github, home }: World,
  registry: Pick<DemoRegistry, "url">,
  consumer: string,
  name: string,
): Promise<void> {
  const composer = {
    name: `${github.owner.toLowerCase()}/${consumer}`,
    description: "A project that uses the fleet's packages",
    license: "proprietary",
    require: { [name]: "^1.0" },
  };
  const files = await resolveProject({
    composer,
    registryUrl: registry.url,
    options: ["--no-install"],
    home,
  });
  const api = strangersApi(github.url);
  for (const [path, text] of Object.entries(files)) {
    await writeFile(`${github.owner}/${consumer}`, path, text, `Add ${path}`)(api);
  }
}

/** Runs what the announcer started in the consumer, and gives the pull request that is open afterwards. */
export async function updateConsumer(
  { github }: World,
  registry: DemoRegistry,
  consumer: string,
): Promise<ShownPull> {
  const repository = `${github.owner}/${consumer}`;
  const runs = await registry.dispatched(repository);
  if (runs.length !== 1) throw new StoryFailure(`${runs.length} runs of ${UPDATE_WORKFLOW_PATH}, expected 1`);
  for (const run of runs) expectSuccess(run, "the consumer's update");
  const open = github.repository(repository).pulls.filter(({ state }) => state === "open");
  const [pull] = open;
  if (open.length !== 1 || pull === undefined) {
    throw new StoryFailure(`${open.length} pull requests are open in ${repository}, expected 1`);
  }
  const lines = String(pull.body).split("\n");
  const table = lines.filter((line) => line.startsWith("|"));
  return { number: Number(pull.number), title: String(pull.title), table };
}
