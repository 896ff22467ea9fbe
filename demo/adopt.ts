import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { styleText } from "node:util";
import type { Output } from "../cli/command.ts";
import { adopt } from "../cli/commands/adopt.ts";
import { loadContext } from "../cli/context.ts";
import type { EngineName, RunResult } from "../cli/engine.ts";
import { NOTIFY_PATH, notifyWorkflow } from "../workflows/notify.ts";
import { chooseEngine, DEMO_OPTIONS, parseOptions } from "./options.ts";
import { EDIT, strangersApi, writeFile } from "./stranger.ts";
import { syntheticSatis } from "./synthetic.ts";
import { openWorld, type World } from "./world.ts";

/** What adopting a fleet came to. */
export interface AdoptStory {
  readonly engine: EngineName;
  /** Deletes of the import and of every update after it, on GitHub or in the state. */
  readonly deletes: number;
  /** Commits to files whose content was right before; 0 is the point of it. */
  readonly fileCommitsOfEqualContent: number;
  /** By the first update; one for each secret. */
  readonly secretWrites: number;
  /** How many secrets there were. */
  readonly secrets: number;
  /** Files of another content that the first update brought to the declared one, as `owner/repository path`. */
  readonly updated: readonly string[];
  /** Whether the last update changed nothing. */
  readonly settled: boolean;
}

const OWNER = "acme";
const PACKAGES = 12;
/** Packages whose workflow somebody changed since the script ran. */
const EDITED = 3;
const SECRET = "COMPOSER_REPO_PAT";

/** Makes a fleet the way the article's script does (secret and workflow in each repository, no state), adopts it, and counts. */
export async function tellAdoption(engine: EngineName, say: (text: string) => void): Promise<AdoptStory> {
  const satis = syntheticSatis(OWNER, PACKAGES);
  const names = Array.from(
    { length: PACKAGES },
    (_, index) => `package-${String(index + 1).padStart(2, "0")}`,
  );
  const world = await openWorld({
    engine,
    owner: OWNER,
    satis,
    repositories: [
      ...names.map((name) => ({ name })),
      { name: "composer", private: true, files: { "satis.json": satis } },
    ],
  });
  const folder = await mkdtemp(join(tmpdir(), "satis-fleet-adopt-"));
  try {
    await runScript(world, names);
    say(
      `a script made it: ${PACKAGES} packages with secret and workflow, ${EDITED} workflows edited since, no state`,
    );
    const equal = names.slice(EDITED);
    const before = equal.map((name) => world.github.repository(name).commits().length);
    world.github.resetCalls();
    await importFleet(world, engine, join(folder, "import.json"), say);
    const imported = changes(world);
    say(step("adopt", `${imported.length} writes to GitHub`));
    const first = await world.stack.up({ refresh: true });
    const written = changes(world);
    const secretWrites = written.filter((call) => call === "PUT secret").length;
    const updated = updatedFiles(world, names.slice(0, EDITED));
    say(
      step(
        "update",
        `${secretWrites} secrets written, ${updated.length} differing files brought to what is declared`,
      ),
    );
    const last = await world.stack.up({ refresh: true });
    const after = equal.map((name) => world.github.repository(name).commits().length);
    const commits = after.reduce((sum, count, index) => sum + count - (before[index] ?? 0), 0);
    const settled = Object.keys(last.operations).every((kind) => kind === "same");
    say(step("settle", settled ? "a last update changes nothing" : "the last update changed something"));
    return {
      engine,
      deletes:
        deletesOf(first) +
        deletesOf(last) +
        changes(world).filter((call) => call.startsWith("DELETE")).length,
      fileCommitsOfEqualContent: commits,
      secretWrites,
      // The composer repository's read token is one more.
      secrets: PACKAGES + 1,
      updated,
      settled,
    };
  } finally {
    await world.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the article's script leaves behind: a secret and a workflow file, commit messages of its own. */
async function runScript({ github }: World, names: readonly string[]): Promise<void> {
  const api = strangersApi(github.url);
  for (const [index, name] of names.entries()) {
    github.repository(name).setSecret(SECRET, "what-the-script-was-given");
    const id = `${OWNER}/${name}`;
    const composer = { owner: OWNER, repository: "composer", branch: "main" };
    const declared = notifyWorkflow({ repository: id, dispatchName: id, composer, secretName: SECRET });
    const content = index < EDITED ? `${declared}${EDIT}` : declared;
    await writeFile(id, NOTIFY_PATH, content, "Add the notify workflow")(api);
  }
}

async function importFleet(
  world: World,
  engine: EngineName,
  out: string,
  say: (text: string) => void,
): Promise<void> {
  const { stack, home, env = {} } = world.settings;
  const context = await loadContext({ stack, cwd: home, engine, env });
  const said: string[] = [];
  const output: Output = { out: (text) => said.push(text), err: (text) => said.push(text) };
  const code = await adopt(context, { out, configure: true, import: true }, output);
  if (code !== 0) throw new Error(`fleet adopt gave ${code}:\n${said.join("\n")}`);
  // Whole diffs are for `fleet adopt` itself.
  for (const line of said.filter((text) => !text.startsWith("    "))) say(`  ${line}`);
}

/** Writes to GitHub so far, secrets by their kind. */
function changes({ github }: World): readonly string[] {
  return github.calls.log
    .filter(({ method, path }) => method !== "GET" && !path.startsWith("/graphql"))
    .map(({ method, path }) => (/\/secrets\/[^/]+$/.test(path) ? `${method} secret` : `${method} ${path}`));
}

function updatedFiles({ github }: World, edited: readonly string[]): readonly string[] {
  return edited
    .filter((name) => !github.repository(name).files()[NOTIFY_PATH]?.includes(EDIT))
    .map((name) => `${OWNER}/${name} ${NOTIFY_PATH}`);
}

function deletesOf({ operations }: RunResult): number {
  return (operations.delete ?? 0) + (operations["delete-replaced"] ?? 0) + (operations.replace ?? 0);
}

function step(name: string, text: string): string {
  return `${styleText("green", "✓")} ${styleText("bold", name.padEnd(7))} ${text}`;
}

const HELP = `npm run demo:adopt [-- OPTIONS]

A fleet that the article's script made is adopted, on an emulated GitHub: nothing is deleted, no equal file is committed again.

  --engine sandbox|pulumi   which engine runs the program (default: pulumi where one is on the PATH)
  --json                    one document on standard output and nothing else there

Exit codes: 0 it ended as it must, 1 it did not.`;

async function main(): Promise<void> {
  const values = parseOptions(DEMO_OPTIONS);
  if (values.help) return console.log(HELP);
  const { engine } = await chooseEngine(values.engine);
  const story = await tellAdoption(engine, values.json ? () => undefined : (text) => console.log(text));
  if (values.json) console.log(JSON.stringify(story, null, 2));
  const { deletes, fileCommitsOfEqualContent: commits, secretWrites, secrets, updated, settled } = story;
  const good = deletes === 0 && commits === 0 && secretWrites === secrets && settled;
  if (!good || updated.length !== EDITED) process.exitCode = 1;
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
