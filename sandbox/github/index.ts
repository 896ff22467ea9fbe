import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sodium from "libsodium-wrappers";
import type { Route } from "./call.ts";
import { type Fault, primaryLimit, secondaryLimit } from "./faults.ts";
import { graphqlRoutes } from "./graphql.ts";
import { Desk, type LogEntry } from "./http.ts";
import { type Inspection, inspect } from "./inspect.ts";
import { actionRoutes } from "./routes/actions.ts";
import { appRoutes } from "./routes/apps.ts";
import { contentRoutes } from "./routes/contents.ts";
import { gitRoutes } from "./routes/git.ts";
import { issueRoutes } from "./routes/issues.ts";
import { pullRoutes } from "./routes/pulls.ts";
import { repositoryRoutes } from "./routes/repositories.ts";
import { secretRoutes } from "./routes/secrets.ts";
import { settingsRoutes } from "./routes/settings.ts";
import { transportRoutes } from "./routes/transport.ts";
import { type SeedRepository, seedRepository } from "./seed.ts";
import { listen } from "./server.ts";
import { type Snapshot, snapshot } from "./snapshot.ts";
import { type Account, type App, State, type Token } from "./state.ts";

export type { App, SeedRepository, Snapshot, Token };
export { type Fault, type Inspection, type LogEntry, primaryLimit, secondaryLimit };

/** How the emulated GitHub starts. */
export interface GitHubOptions {
  /** @default 0, a free one */
  readonly port?: number;
  /** The first organization. @default "acme" */
  readonly owner?: string;
  /** @default "Organization" */
  readonly ownerType?: Account["type"];
  /** More organizations. */
  readonly organizations?: readonly string[];
  /** What GitHub's price list allows. @default "team" */
  readonly plan?: "free" | "team" | "enterprise";
  readonly repositories?: readonly SeedRepository[];
  /** Tokens that may not do everything; any other one may. */
  readonly tokens?: Readonly<Record<string, Token>>;
  /** Requests an hour for each token. @default 1000000 */
  readonly rateLimit?: number;
}

/** Calls made so far. */
export interface Calls {
  /** In the order of arrival. */
  readonly log: readonly LogEntry[];
  /** How often each route was called, e.g. `GET /repos/:owner/:repo`. */
  readonly counts: Readonly<Record<string, number>>;
  readonly total: number;
}

/** A GitHub of one's own. */
export interface EmulatedGitHub {
  /** `http://127.0.0.1:PORT/`, for `github:baseUrl`; REST with and without `/api/v3`. */
  readonly url: string;
  readonly port: number;
  readonly owner: string;
  readonly calls: Calls;
  resetCalls(): void;
  /** Adds repositories, of the first organization unless they name another owner. */
  seed(repositories: readonly SeedRepository[]): void;
  /** What only a test may see; `name` alone means the first organization. Unknown names are an error. */
  repository(name: string): Inspection;
  /** The repositories of all owners, as `owner/name`. */
  readonly repositories: readonly string[];
  /** The value of an organization's secret. */
  organizationSecret(name: string, organization?: string): string | undefined;
  /** Sets what a token may do. */
  setToken(token: string, rights: Token): void;
  /** Sets up an App, or changes it; one that is not set up may do everything. */
  setApp(id: number, app: App): void;
  /** Renames or transfers by hand; the old address redirects. */
  move(from: string, to: string): void;
  inject(fault: Fault): void;
  clearFaults(): void;
  /** Everything as plain JSON without ids, shas and times, for comparing two of them. */
  snapshot(): Snapshot;
  /** Stops, and removes what was written to disk. */
  close(): Promise<void>;
}

const ROUTES: readonly Route[] = [
  ...appRoutes,
  ...repositoryRoutes,
  ...secretRoutes,
  ...contentRoutes,
  ...gitRoutes,
  ...settingsRoutes,
  ...actionRoutes,
  ...issueRoutes,
  ...pullRoutes,
  ...graphqlRoutes,
];

/** Starts an emulated GitHub on 127.0.0.1 that behaves as the real one does for the calls that are known. */
export async function startGitHub(options: GitHubOptions = {}): Promise<EmulatedGitHub> {
  await sodium.ready;
  const owner = options.owner ?? "acme";
  const state = new State(options.plan ?? "team");
  state.addAccount(owner, options.ownerType ?? "Organization");
  for (const name of options.organizations ?? []) state.addAccount(name, "Organization");
  for (const [token, rights] of Object.entries(options.tokens ?? {})) state.tokens.set(token, rights);
  seedAll(state, owner, options.repositories ?? []);
  const desk = new Desk(options.rateLimit ?? 1_000_000);
  let root: string | undefined;
  // Made when git first asks: a process that is killed before leaves nothing behind.
  const folder = () => {
    root ??= mkdtempSync(join(tmpdir(), "emulated-github-"));
    return root;
  };
  const server = await listen(state, desk, [...ROUTES, ...transportRoutes(folder)], options.port ?? 0);
  return facade(state, desk, owner, server.port, async () => {
    await server.close();
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
  });
}

function seedAll(state: State, owner: string, repositories: readonly SeedRepository[]): void {
  for (const one of repositories) {
    state.addAccount(one.owner ?? owner, "Organization");
    seedRepository(state, one, owner);
  }
}

function facade(
  state: State,
  desk: Desk,
  owner: string,
  port: number,
  close: () => Promise<void>,
): EmulatedGitHub {
  return {
    url: `http://127.0.0.1:${port}/`,
    port,
    owner,
    get calls() {
      return { log: desk.log, counts: count(desk.log), total: desk.log.length };
    },
    resetCalls: () => {
      desk.log = [];
    },
    seed: (repositories) => seedAll(state, owner, repositories),
    repository: (name) => inspect(need(state, owner, name)),
    get repositories() {
      return [...state.byId.values()].map((repo) => `${repo.owner}/${repo.name}`);
    },
    organizationSecret: (name, organization = owner) =>
      state.accounts.get(organization.toLowerCase())?.secrets.get(name)?.value,
    setToken: (token, rights) => void state.tokens.set(token, rights),
    setApp: (id, app) => void state.apps.set(id, app),
    move: (from, to) => {
      const repo = need(state, owner, from);
      const [left = repo.owner, right = left] = to.split("/");
      state.move(repo, to.includes("/") ? left : repo.owner, right);
    },
    inject: (fault) => desk.faults.inject(fault),
    clearFaults: () => desk.faults.clear(),
    snapshot: () => snapshot(state),
    close,
  };
}

function need(state: State, owner: string, path: string) {
  const [left = "", right = left] = path.split("/");
  const known = state.find(path.includes("/") ? left : owner, right);
  if (known === undefined) throw new Error(`the emulated GitHub has no repository ${path}`);
  return known.repo;
}

function count(log: readonly LogEntry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { route } of log) counts[route] = (counts[route] ?? 0) + 1;
  return counts;
}
