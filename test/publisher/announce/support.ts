import { createHash } from "node:crypto";
import { announcementSchema, UPDATE_WORKFLOW_PATH } from "../../../fleet/announcement.ts";
import { SUBSCRIPTION_DEFAULTS, type Subscription } from "../../../fleet/subscriptions.ts";
import { type AnnounceInput, announce } from "../../../publisher/announce/announce.ts";
import { ANNOUNCED_REF } from "../../../publisher/announce/store.ts";
import { openRegistry } from "../../../publisher/branch.ts";
import type { Clock } from "../../../publisher/confirm.ts";
import { readEnvironment } from "../../../publisher/environment.ts";
import { clearMarker, publish } from "../../../publisher/publish.ts";
import type { SeedRepository } from "../../../sandbox/github/index.ts";
import { type PublishWorld, publishWorld, stage } from "../publish-support.ts";

export const ANNOUNCE_TOKEN = "sandbox-token-of-the-announcer";

/** Versions of each package; a version `1.0.0@x` is 1.0.0 at another commit. */
export type Packages = Readonly<Record<string, readonly string[]>>;

export const reference = (name: string, version: string) =>
  createHash("sha1").update(`${name} ${version}`).digest("hex");

const WORKFLOW =
  "on:\n  workflow_dispatch:\n    inputs:\n      announcement:\n        required: true\njobs: {}\n";

/** A consumer's repository with its update workflow. */
export function consumer(name: string, more: Partial<SeedRepository> = {}): SeedRepository {
  return {
    name,
    files: { [UPDATE_WORKFLOW_PATH]: WORKFLOW, ".github/workflows/own.yml": WORKFLOW },
    ...more,
  };
}

export function subscription(repository: string, more: Partial<Subscription> = {}): Subscription {
  return {
    ...SUBSCRIPTION_DEFAULTS,
    id: repository,
    repository,
    directory: "",
    branches: [],
    packages: ["acme/*"],
    token: false,
    ...more,
  };
}

/** Time that passes only where somebody waits; who waits for the earliest time goes on first. */
export function fakeClock(
  start = Date.parse("2026-11-01T10:00:00Z"),
): Clock & { pass(minutes: number): void } {
  let time = start;
  let waiting: { readonly until: number; readonly resolve: () => void }[] = [];
  const wake = () => {
    const [first] = waiting.toSorted((a, b) => a.until - b.until);
    if (first === undefined) return;
    waiting = waiting.filter((one) => one !== first);
    time = Math.max(time, first.until);
    first.resolve();
  };
  return {
    now: () => time,
    sleep: (milliseconds) =>
      new Promise<void>((resolve) => {
        waiting.push({ until: time + milliseconds, resolve });
        setImmediate(wake);
      }),
    pass: (minutes) => {
      time += minutes * 60_000;
    },
  };
}

/** A published registry and its consumers. */
export interface AnnounceWorld extends PublishWorld {
  readonly clock: ReturnType<typeof fakeClock>;
  /** Publishes a tree; `confirmed: false` leaves its marker. */
  release(packages: Packages, options?: { confirmed?: boolean; number?: number }): Promise<string>;
  /** What a run of the announcer has as its input. */
  input(subscriptions: readonly Subscription[], more?: Partial<AnnounceInput>): Promise<AnnounceInput>;
  announce(
    subscriptions: readonly Subscription[],
    more?: Partial<AnnounceInput>,
  ): ReturnType<typeof announce>;
  /** What a consumer was told so far, each dispatch a list of `package version`. */
  told(repository: string): string[][];
  /** The files of the ref. */
  stored(): Promise<{ seen: Record<string, unknown>; pending: Record<string, unknown> }>;
  /** Writes other files there. */
  tamper(text: string): Promise<void>;
}

export async function announceWorld(consumers: readonly SeedRepository[]): Promise<AnnounceWorld> {
  const world = await publishWorld();
  world.github.seed(consumers);
  const clock = fakeClock();
  const variables = { ...world.variables, ANNOUNCE_TOKEN };
  const environment = readEnvironment(variables);
  const settings = { ...world.settings, apiUrl: `${world.github.url}api/v3` };
  const composer = () => world.github.repository("composer");
  let number = 0;
  const git = async (...args: string[]) => {
    const registry = await openRegistry(await world.work(), environment, settings);
    const fetched = await registry.git(["fetch", "--quiet", registry.url, ANNOUNCED_REF]);
    if (fetched.code !== 0) throw new Error(fetched.stderr);
    return (await registry.git(args)).stdout;
  };
  const self: AnnounceWorld = {
    ...world,
    variables,
    environment,
    clock,
    release: async (packages, { confirmed = true, number: given } = {}) => {
      number = given ?? number + 1;
      const work = await world.work();
      const outcome = await stage(work, {
        packages: Object.fromEntries(Object.keys(packages).map((name) => [name, "0"])),
        number,
        files: Object.fromEntries(
          Object.entries(packages).map(([name, versions]) => [`p2/${name}.json`, p2(name, versions)]),
        ),
      });
      const publishedCommit = composer().refs.get("refs/heads/registry");
      const { commit } = await publish({ work, environment, settings, outcome, publishedCommit });
      if (confirmed) await clearMarker(await openRegistry(work, environment, settings), commit);
      return commit;
    },
    input: async (subscriptions, more) => ({
      work: await world.work(),
      environment,
      settings,
      subscriptions,
      clock,
      ...more,
    }),
    announce: async (subscriptions, more) => announce(await self.input(subscriptions, more)),
    told: (repository) =>
      world.github
        .repository(repository)
        .dispatches.map(({ inputs }) =>
          announcementSchema
            .parse(JSON.parse(inputs.announcement ?? ""))
            .versions.map((one) => `${one.package} ${one.version}`),
        ),
    stored: async () => ({
      seen: JSON.parse(await git("show", "FETCH_HEAD:seen.json")),
      pending: JSON.parse(await git("show", "FETCH_HEAD:pending.json")),
    }),
    tamper: async (text) => {
      const registry = await openRegistry(await world.work(), environment, settings);
      const input = `100644 blob ${(await registry.git(["hash-object", "-w", "--stdin"], { input: text })).stdout.trim()}\tseen.json\n`;
      const tree = (await registry.git(["mktree"], { input })).stdout.trim();
      const who = ["-c", "user.name=x", "-c", "user.email=x@x.test"];
      const commit = await registry.git([...who, "commit-tree", tree, "-m", "x"]);
      await registry.git(["push", "-f", registry.url, `${commit.stdout.trim()}:${ANNOUNCED_REF}`]);
    },
  };
  return self;
}

function p2(name: string, versions: readonly string[]): string {
  const list = versions.map((text) => {
    const [version = ""] = text.split("@");
    const commit = reference(name, text);
    const source = { type: "git", url: `https://github.com/${name}.git`, reference: commit };
    return { name, version, source };
  });
  return JSON.stringify({ packages: { [name]: list } });
}

/** Runs a module of this folder in a process of its own and kills it as soon as it says `stopped`. */
export async function killWhenStopped(module: URL, order: object): Promise<void> {
  const { spawn } = await import("node:child_process");
  const child = spawn(process.execPath, [module.pathname], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(order));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (text: Buffer) => {
      if (text.toString().includes("stopped")) child.kill("SIGKILL");
    });
    child.on("close", (_, signal) =>
      signal === "SIGKILL" ? resolve() : reject(new Error("it was not stopped")),
    );
  });
}
