import { mkdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Output } from "../../cli/command.ts";
import { type Context, loadContext } from "../../cli/context.ts";
import type { EngineName } from "../../cli/engine.ts";
import { openWorld, type World, type WorldOptions } from "../../demo/world.ts";
import type { StoryWorld } from "./teller.ts";
import { satisOf } from "./teller.ts";

/** The engine that the test project names. */
export const ENGINE: EngineName = process.env.ENGINE === "pulumi" ? "pulumi" : "sandbox";

/** What a command said; everything of it is looked through for tokens. */
export class Said implements Output {
  readonly results: string[] = [];
  readonly notes: string[] = [];
  readonly out = (text: string): void => void this.results.push(text);
  readonly err = (text: string): void => void this.notes.push(text);

  /** Both streams. */
  get all(): string {
    return [...this.results, ...this.notes].join("\n");
  }

  /** The one JSON document on standard output. */
  get json(): Record<string, unknown> {
    return JSON.parse(this.results.join("\n")) as Record<string, unknown>;
  }
}

/** Opens a world for a command's test; close it at the end. */
export function openCommandWorld(world: StoryWorld = {}): Promise<World> {
  const repositories = [{ name: "lib" }, { name: "tool" }];
  return openWorld({ owner: "acme", satis: satisOf("lib", "tool"), repositories, ...world, engine: ENGINE });
}

/** Opens a world whose packages are all there is, one repository each; close it at the end. */
export function openPackages(names: readonly string[], more: Partial<WorldOptions> = {}): Promise<World> {
  const repositories = names.map((name) => ({ name }));
  return openWorld({ engine: ENGINE, owner: "acme", satis: satisOf(...names), repositories, ...more });
}

/** The context of a command on this world. */
export function contextOf({ settings }: World): Promise<Context> {
  const { stack, home, env = {} } = settings;
  return loadContext({ stack, cwd: home, engine: ENGINE, env });
}

/** Locks the world's stack as a living process of somebody's would; gives the lock's file. */
export async function holdLock({ home, settings }: World, engine: EngineName = ENGINE): Promise<string> {
  const folder =
    engine === "pulumi"
      ? join(home, "state", ".pulumi", "locks", "organization", "satis-fleet", "dev")
      : join(settings.home, ".satis-fleet");
  const file = join(folder, engine === "pulumi" ? "somebody.json" : "dev.json.lock");
  await mkdir(folder, { recursive: true });
  const holder = { pid: process.pid, username: "somebody", hostname: hostname() };
  await writeFile(file, JSON.stringify({ ...holder, timestamp: new Date().toISOString() }));
  return file;
}

/** The writes that GitHub saw, as `METHOD path`; GraphQL queries are none. */
export function writesOf({ github }: World): readonly string[] {
  return github.calls.log
    .filter(({ method, path }) => method !== "GET" && !path.includes("/graphql"))
    .map(({ method, path }) => `${method} ${decodeURIComponent(path)}`);
}
