import { setTimeout as sleep } from "node:timers/promises";
import { styleText } from "node:util";
import sodium from "libsodium-wrappers";
import { loadContext } from "../cli/context.ts";
import type { Kind } from "../cli/drift/finding.ts";
import { type Look, look } from "../cli/drift/look.ts";
import { repair } from "../cli/drift/repair.ts";
import { asText, repairText } from "../cli/drift/report.ts";
import type { EngineName } from "../cli/engine.ts";
import { startProgress } from "../cli/progress.ts";
import { NOTIFY_PATH } from "../workflows/notify.ts";
import { chooseEngine, DEMO_OPTIONS, parseOptions } from "./options.ts";
import { loadPlan } from "./plan.ts";
import { say } from "./report.ts";
import { type Act, type Api, deleteFile, editFile, strangersApi } from "./stranger.ts";
import { syntheticSatis } from "./synthetic.ts";
import { openWorld, type World } from "./world.ts";

const HELP = `npm run demo:drift [-- OPTIONS]

Makes a fleet of 100 packages on an emulated GitHub, tampers with 12 things in 8 different ways over HTTP, and shows what
fleet drift finds, what fleet drift --repair brings back, and that a second look is clean.

  --engine sandbox|pulumi   which engine runs the program (default: pulumi where one is on the PATH)
  --json                    one document on standard output and nothing else there
                            (npm run --silent demo:drift -- --json)

Exit codes: 0 found exactly what was tampered with and repaired it, 1 not.`;

const OWNER = "acme";
const PACKAGES = 100;
const PARALLEL = 64;

/** Something that a stranger does, and what drift has to call it. */
export interface Tampering {
  readonly repository: string;
  readonly kind: Kind;
  readonly act: Act;
}

/** The twelve things, in eight ways. */
export function tamperings(owner: string, packages: readonly string[], composer: string): Tampering[] {
  const at = (index: number) => `${owner}/${packages[index]}`;
  const repository = `${owner}/${composer}`;
  return [
    { repository: at(0), kind: "file changed", act: editFile(at(0), NOTIFY_PATH) },
    { repository: at(1), kind: "file changed", act: editFile(at(1), NOTIFY_PATH) },
    { repository, kind: "file changed", act: editFile(repository, "satis.json") },
    { repository: at(2), kind: "file missing", act: deleteFile(at(2), NOTIFY_PATH) },
    { repository: at(3), kind: "file missing", act: deleteFile(at(3), NOTIFY_PATH) },
    { repository: at(4), kind: "secret missing", act: deleteSecret(at(4)) },
    { repository: at(5), kind: "secret overwritten", act: overwriteSecret(at(5)) },
    { repository: at(6), kind: "secret overwritten", act: overwriteSecret(at(6)) },
    { repository, kind: "Pages off", act: (api) => api("DELETE", `repos/${repository}/pages`) },
    { repository, kind: "ruleset changed", act: disableRuleset(repository) },
    { repository, kind: "environment changed", act: admitBranch(repository) },
    {
      repository,
      kind: "repository changed",
      act: (api) => api("PATCH", `repos/${repository}`, { visibility: "public" }),
    },
  ];
}

const SECRET = "actions/secrets/COMPOSER_REPO_PAT";

const deleteSecret = (repository: string) => (api: Api) => api("DELETE", `repos/${repository}/${SECRET}`);

const overwriteSecret = (repository: string) => async (api: Api) => {
  await sodium.ready;
  const { key, key_id } = await api("GET", `repos/${repository}/actions/secrets/public-key`);
  const sealed = sodium.crypto_box_seal("somebody else's", Buffer.from(String(key), "base64"));
  const encrypted_value = Buffer.from(sealed).toString("base64");
  return api("PUT", `repos/${repository}/${SECRET}`, { encrypted_value, key_id });
};

const disableRuleset = (repository: string) => async (api: Api) => {
  const [first] = Object.values(await api("GET", `repos/${repository}/rulesets`));
  const { id, name } = first as { id: number; name: string };
  return api("PUT", `repos/${repository}/rulesets/${id}`, { name, enforcement: "disabled" });
};

const admitBranch = (repository: string) => (api: Api) =>
  api("POST", `repos/${repository}/environments/registry/deployment-branch-policies`, { name: "*" });

/** What the demonstration shows. */
export interface DriftStory {
  readonly expected: readonly Pick<Tampering, "repository" | "kind">[];
  readonly first: Look;
  readonly repaired: boolean;
  readonly second: Look;
}

/** Makes a fleet, tampers with it, finds it, repairs it. */
async function tell(world: World, engine: EngineName, log: (text: string) => void): Promise<DriftStory> {
  const { settings } = world;
  const progress = startProgress("up", process.stderr);
  await world.stack.up({ parallel: PARALLEL, onEvent: progress.onEvent }).finally(() => progress.end());
  log(`${PACKAGES} packages are made. A stranger tampers with 12 things ...`);
  // GitHub tells times in whole seconds: an overwriting in the second of the first writing has the same.
  await sleep(1100);
  const context = await loadContext({
    stack: settings.stack,
    cwd: settings.home,
    engine,
    ...(settings.env ? { env: settings.env } : {}),
  });
  const packages = context.fleet.packages.map(({ repository }) => repository);
  const all = tamperings(OWNER, packages, context.fleet.composer.repository);
  const api = strangersApi(world.github.url);
  for (const { act } of all) await act(api);
  const first = await look(context);
  log(`\n${asText({ stack: settings.stack, first })}\n`);
  const repaired = await repair(context, first);
  log(repairText(repaired));
  const second = await look(context);
  log(asText({ stack: settings.stack, first: second }));
  const expected = all.map(({ repository, kind }) => ({ repository, kind }));
  return { expected, first, repaired: repaired.error === undefined, second };
}

function named(some: DriftStory["expected"]): string[] {
  return some.map(({ repository, kind }) => `${repository} ${kind}`).sort();
}

async function main(): Promise<void> {
  const values = parseOptions(DEMO_OPTIONS);
  if (values.help) return console.log(HELP);
  const { engine, name } = await chooseEngine(values.engine);
  const log = values.json ? () => undefined : say;
  log(`Engine: ${name}. GitHub: emulated, on this machine.`);
  const satis = syntheticSatis(OWNER, PACKAGES);
  const { repositories } = loadPlan(satis, { owner: OWNER });
  const world = await openWorld({ engine, owner: OWNER, satis, repositories, skipCheckpoints: true });
  try {
    const { expected, first, repaired, second } = await tell(world, engine, log);
    const found = first.drift.map(({ repository, kind }) => ({ repository, kind }));
    const clean = second.drift.length === 0 && second.unread.length === 0;
    const exact = JSON.stringify(named(found)) === JSON.stringify(named(expected));
    const { apiCalls } = first;
    if (values.json) console.log(JSON.stringify({ found, expected, repaired, clean, apiCalls }, null, 2));
    else if (exact && clean)
      say(styleText("green", "✓ found exactly what was tampered with, and brought it back"));
    else say(styleText("red", `not as it must be: expected ${named(expected).join(", ")}`));
    if (!(exact && repaired && clean)) process.exitCode = 1;
  } finally {
    await world.close();
  }
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
