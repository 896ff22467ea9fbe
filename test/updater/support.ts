import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { runWorkflow, type StandIn, type WorkflowRun } from "../../demo/actions/runner.ts";
import { registryStandIns } from "../../demo/actions/stand-ins.ts";
import { type Announcement, UPDATE_WORKFLOW_PATH, UPDATER_PATH } from "../../fleet/announcement.ts";
import { type EmulatedGitHub, type Inspection, startGitHub } from "../../sandbox/github/index.ts";
import { type UpdateOptions, updateWorkflow } from "../../workflows/update.ts";
import { type PackageRepository, packageRepository, removeCopies } from "../support/satis/index.ts";

import { type LoopbackRegistry, startRegistry } from "./registry.ts";

const exec = promisify(execFile);

/** Why tests with a real Composer are skipped; empty where there is one. */
export const NO_COMPOSER = await exec("composer", ["--version"]).then(
  () => "",
  () => "there is no composer on the PATH",
);

/** A consumer, the packages that it uses and their registry. */
export interface World {
  readonly github: EmulatedGitHub;
  readonly registry: LoopbackRegistry;
  readonly consumer: Inspection;
  /** Makes or finds a package's repository. */
  package(name: string): Promise<PackageRepository>;
  /** Releases a package, builds the registry and gives the announcement. */
  release(name: string, version: string, composer?: Readonly<Record<string, unknown>>): Promise<Announcement>;
  /** Lets Composer write composer.lock for a composer.json. */
  lock(composer: Readonly<Record<string, unknown>>, files?: Files): Promise<Files>;
  /** Seeds the consumer. */
  consume(composer: Readonly<Record<string, unknown>>, options?: ConsumeOptions): Promise<void>;
  /** Commits to the consumer as a person. */
  commit(path: string, text: string, branch: string): Promise<void>;
  api(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  /** Dispatches the update workflow, and runs it as the runner would. */
  update(announcement: unknown, standIns?: Readonly<Record<string, StandIn>>): Promise<WorkflowRun>;
  /** The open pull requests, oldest first. */
  pulls(): readonly OpenPull[];
  /** Bodies of the comments of a pull request. */
  comments(number: number): Promise<readonly string[]>;
  /** Version of a package in the composer.lock of a branch. */
  locked(branch: string, name: string, directory?: string): string | undefined;
  close(): Promise<void>;
}

/** A pull request as tests look at it. */
export interface OpenPull {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly head: string;
  readonly base: string;
  readonly labels: readonly string[];
}

type Files = Readonly<Record<string, string>>;

export interface ConsumeOptions {
  readonly name?: string;
  readonly files?: Files;
  readonly subscription?: Partial<UpdateOptions["subscription"]>;
  readonly branches?: readonly string[];
  readonly archived?: boolean;
  /** Whether the repository lets Actions open pull requests. @default true */
  readonly mayOpen?: boolean;
}

let bundle: Promise<string> | undefined;

/** The updater as it is committed to consumers. */
export function updaterText(): Promise<string> {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  bundle ??= exec(process.execPath, ["bundle.ts", "updater"], { cwd: root }).then(() =>
    readFile(join(root, "updater/dist/updater.mjs"), "utf8"),
  );
  return bundle;
}

export async function startWorld(): Promise<World> {
  const github = await startGitHub();
  const folder = await mkdtemp(join(tmpdir(), "updater-"));
  const packages = new Map<string, PackageRepository>();
  const { registry, server } = await startRegistry(github, folder, packages);
  const open = async (name: string) => {
    const found = packages.get(name) ?? (await packageRepository(github, name));
    packages.set(name, found);
    return found;
  };
  const api = async (method: string, path: string, body?: unknown) => {
    const headers = { authorization: "Bearer person", "content-type": "application/json" };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(`${github.url}${path}`, init);
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
  };
  let consumer = "acme/website";
  const world: World = {
    github,
    registry,
    api,
    get consumer() {
      return github.repository(consumer);
    },
    package: open,
    release: async (name, version, composer = {}) => {
      const reference = await (await open(name)).release(version, { composer });
      const build = await registry.build();
      return { schema: 1, build, versions: [{ package: name, version, reference }] };
    },
    lock: (composer, files = {}) => lockFiles(folder, composer, files),
    consume: async (composer, options = {}) => {
      consumer = `acme/${options.name ?? "website"}`;
      const [, name = ""] = consumer.split("/");
      const { directory = "" } = options.subscription ?? {};
      const locked = await lockFiles(folder, composer, options.files ?? {});
      const inDirectory = Object.entries(locked).map(([path, text]) => [join(directory, path), text]);
      const files = { ...Object.fromEntries(inDirectory), ...(await managedFiles(registry.url, options)) };
      github.seed([{ name, files, branches: options.branches ?? [], archived: options.archived ?? false }]);
      if (options.mayOpen !== false) {
        const settings = { can_approve_pull_request_reviews: true };
        await api("PUT", `repos/${consumer}/actions/permissions/workflow`, settings);
      }
    },
    commit: async (path, text, branch) => {
      const at = `repos/${consumer}/contents/${path}`;
      const { body } = await api("GET", `${at}?ref=${encodeURIComponent(branch)}`);
      const sha = (body as { sha?: string }).sha;
      const content = Buffer.from(text).toString("base64");
      const done = await api("PUT", at, {
        message: `Change ${path}`,
        content,
        branch,
        ...(sha ? { sha } : {}),
      });
      if (done.status >= 300) throw new Error(JSON.stringify(done.body));
    },
    pulls: () =>
      world.consumer.pulls
        .filter(({ state }) => state === "open")
        .map(({ number, title, body, head, base, labels }) => ({
          number: Number(number),
          title: String(title),
          body: String(body),
          head: (head as { ref: string }).ref,
          base: (base as { ref: string }).ref,
          labels: (labels as { name: string }[]).map(({ name }) => name),
        })),
    comments: async (number) => {
      const { body } = await api("GET", `repos/${consumer}/issues/${number}/comments`);
      return (body as { body: string }[]).map((one) => one.body);
    },
    locked: (branch, name, directory = "") => {
      const text = world.consumer.files(branch)[join(directory, "composer.lock")] ?? "{}";
      const { packages = [], "packages-dev": dev = [] } = JSON.parse(text);
      return [...packages, ...dev].find((one: { name: string }) => one.name === name)?.version;
    },
    update: (announcement, standIns = {}) =>
      runWorkflow({
        github,
        repository: consumer,
        workflow: UPDATE_WORKFLOW_PATH,
        event: "workflow_dispatch",
        inputs: {
          announcement: typeof announcement === "string" ? announcement : JSON.stringify(announcement),
        },
        standIns: { ...registryStandIns({ satis: "", site: "", cache: "" }), ...standIns },
        environment: { GIT_CONFIG_GLOBAL: "/dev/null", COMPOSER_CACHE_DIR: join(folder, "cache") },
      }),
    close: async () => {
      server.close();
      server.closeAllConnections();
      await github.close();
      await removeCopies(github);
      await rm(folder, { recursive: true, force: true });
    },
  };
  return world;
}

async function managedFiles(registryUrl: string, { subscription }: ConsumeOptions): Promise<Files> {
  const text = await updaterText();
  const workflow = updateWorkflow({
    subscription: { ...SUBSCRIPTION, ...subscription },
    composer: { owner: "acme", repository: "composer", registryUrl, hosting: "pages" },
    updaterSha256: createHash("sha256").update(text).digest("hex"),
  });
  return { [UPDATER_PATH]: text, [UPDATE_WORKFLOW_PATH]: workflow };
}

export const SUBSCRIPTION: UpdateOptions["subscription"] = {
  branches: [],
  directory: "",
  php: "8.4",
  batching: "all",
  strategy: "within-constraint",
  notify: [],
  labels: [],
  plugins: false,
  token: false,
};

/** A composer.json that reads the registry alone, over plain http, which Composer has to be told. */
export function composerJson(
  registry: LoopbackRegistry,
  require: Readonly<Record<string, string>>,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const {
    repositories = [],
    config = {},
    ...rest
  } = more as {
    repositories?: readonly unknown[];
    config?: Readonly<Record<string, unknown>>;
  };
  return {
    name: "acme/website",
    description: "The website",
    license: "MIT",
    require,
    repositories: [{ type: "composer", url: registry.url }, ...repositories, { "packagist.org": false }],
    config: { "secure-http": false, ...config },
    ...rest,
  };
}

/** Two packages at 1.0.0, and a consumer that asks for both. */
export async function consumeBoth(world: World, options: ConsumeOptions = {}): Promise<void> {
  await world.release("acme/rope", "1.0.0");
  await world.release("acme/anvil", "1.0.0");
  await world.consume(composerJson(world.registry, { "acme/anvil": "^1.0", "acme/rope": "^1.0" }), options);
}

async function lockFiles(
  folder: string,
  composer: Readonly<Record<string, unknown>>,
  files: Files,
): Promise<Files> {
  const root = await mkdtemp(join(folder, "consumer-"));
  const all = { ...files, "composer.json": `${JSON.stringify(composer, null, 4)}\n` };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), text);
  }
  // Composer takes the versions of path repositories from the branch.
  const git = (...args: string[]) =>
    exec("git", ["-C", root, "-c", "user.name=Ann", "-c", "user.email=ann@acme.example", ...args]);
  await git("init", "-q", "-b", "main");
  await git("add", ".");
  await git("commit", "-q", "-m", "Files");
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: root,
    COMPOSER_HOME: join(root, ".composer"),
    COMPOSER_CACHE_DIR: "/dev/null",
    COMPOSER_ALLOW_SUPERUSER: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
  };
  const options = ["--no-install", "--no-interaction", "--no-audit", "--no-plugins", "--no-scripts"];
  await exec("composer", ["update", ...options], { cwd: root, env });
  return { ...all, "composer.lock": await readFile(join(root, "composer.lock"), "utf8") };
}
