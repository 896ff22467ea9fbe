import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runWorkflow, type StandIn, type WorkflowRun } from "../../demo/actions/runner.ts";
import { registryStandIns } from "../../demo/actions/stand-ins.ts";
import { type FaultWorld, openFaultWorld } from "../../demo/faults/world.ts";
import { strangersApi, writeFile } from "../../demo/stranger.ts";
import { readPublisherBundle } from "../../fleet/publisher-bundle.ts";
import { BUNDLE_PATH, SETTINGS_PATH, settingsText } from "../../fleet/registry-settings.ts";
import { composerWorkflows, WORKFLOW_PATHS } from "../../workflows/composer.ts";
import { publisherVariables, satisBin } from "../support/satis/index.ts";

const MINTED = "minted-for-this-run-51c02e";
let world: FaultWorld;
const mints: Record<string, string>[] = [];

/** Commits a file to the composer repository, whatever was there, as a person does. */
async function put(path: string, text: string): Promise<void> {
  const api = strangersApi(world.github.url);
  const known = await api("GET", `repos/acme/composer/contents/${path}`).catch(() => ({ sha: undefined }));
  const sha = known.sha === undefined ? undefined : String(known.sha);
  await writeFile("acme/composer", path, text, `Change ${path}`, sha)(api);
}

beforeAll(async () => {
  world = await openFaultWorld("private");
  const { publisher } = readPublisherBundle();
  if (publisher === undefined) throw new Error("npm run bundle comes first");
  const files = composerWorkflows({
    hosting: "private",
    cronMinute: 17,
    branch: "main",
    environment: undefined,
    readTokenSecret: "REGISTRY_READ_TOKEN",
    readApp: { id: "42", owner: "acme" },
    publisherSha256: publisher.sha256,
  });
  for (const key of ["registry", "partialBuild", "build"] as const)
    await put(WORKFLOW_PATHS[key], files[key]);
  await put(BUNDLE_PATH, publisher.text);
  await put(SETTINGS_PATH, settingsText(world.settings));
  await put("satis.json", JSON.stringify(world.satis));
  world.github.setToken(MINTED, { permissions: { metadata: "read", contents: "read" } });
});
afterAll(() => world.close());

async function build(inputs?: { package: string }): Promise<WorkflowRun> {
  const {
    READ_TOKEN: _,
    PUSH_TOKEN: __,
    PATH: ___,
    HOME: ____,
    ...environment
  } = publisherVariables(world.github);
  const mint: StandIn = async (step) => {
    mints.push({ ...step.with });
    return { token: MINTED };
  };
  return runWorkflow({
    github: world.github,
    repository: "acme/composer",
    workflow: inputs === undefined ? WORKFLOW_PATHS.build : WORKFLOW_PATHS.partialBuild,
    event: inputs === undefined ? "schedule" : "workflow_dispatch",
    ...(inputs === undefined ? {} : { inputs }),
    standIns: {
      ...registryStandIns({
        satis: satisBin(),
        site: join(world.home, "site"),
        cache: join(world.home, "cache"),
      }),
      "actions/create-github-app-token": mint,
    },
    environment,
  });
}

const results = ({ jobs }: WorkflowRun) =>
  ["build", "publish", "confirm"].map((job) => jobs[`registry / ${job}`]?.result).join(", ");
const openIssue = () => world.github.repository("composer").issues.find(({ state }) => state === "open");

it("reads the packages by a token that an App mints for this run, and may only read", async () => {
  const run = await build();
  expect(results(run), run.output).toBe("success, success, success");
  expect(mints).toEqual([
    { "app-id": "42", "private-key": "", owner: "acme", "permission-contents": "read" },
  ]);
});

it("costs one job where nothing is stale", async () => {
  expect(results(await build())).toBe("success, skipped, skipped");
});

it("builds what is stale, whatever the dispatch said", async () => {
  await world.packages.anvil.release("v1.1.0");
  const run = await build({ package: "a/b; touch hacked\n::error::x $(exit 1)" });
  expect(results(run), run.output).toBe("success, success, success");
  expect(run.output).not.toMatch(/^::error::x/m);
  const served = world.github.repository("composer").files("registry")["p2/acme/anvil.json"];
  expect(served).toContain("v1.1.0");
});

it("tells in the issue what ended the plan, a satis.json that nobody can read included, and closes it", async () => {
  await put("satis.json", "{");
  const broken = await build();
  expect(results(broken), broken.output).toBe("failure, skipped, failure");
  expect(openIssue()?.body).toContain("satis.json:1:2");
  expect(broken.summary).toContain("satis.json:1:2");

  await put("satis.json", JSON.stringify(world.satis));
  const healed = await build();
  expect(results(healed), healed.output).toBe("success, skipped, success");
  expect(openIssue()).toBeUndefined();
});

it("runs no publisher that somebody changed, and says so in no words of its own", async () => {
  await put(BUNDLE_PATH, 'console.log("hacked");\n');
  const run = await build();
  expect(results(run)).toBe("failure, skipped, failure");
  expect(run.output).toContain("run 'pulumi up' of the fleet");
  expect(run.output).not.toContain("hacked");
});
