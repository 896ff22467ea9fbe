import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseRepositoryUrl } from "../fleet/repository-url.ts";
import type { EmulatedGitHub } from "../sandbox/github/index.ts";
import { publisherVariables } from "../test/support/satis/index.ts";
import { WORKFLOW_PATHS } from "../workflows/composer.ts";
import { NOTIFY_PATH } from "../workflows/notify.ts";
import { runWorkflow, type StandIn, type WorkflowRun } from "./actions/runner.ts";
import { checkout, registryStandIns } from "./actions/stand-ins.ts";
import { serveFolder } from "./site.ts";

/** The composer repository as GitHub would run it: its workflows on this machine, its Pages site on a port of this machine. */
export interface DemoRegistry {
  /** What consumers write as `url`; hosting `pages` only. */
  readonly url: string;
  /** Runs the scheduled workflow. */
  build(event?: "push" | "schedule"): Promise<WorkflowRun>;
  /** Runs the notify workflow of a package repository, and then what it dispatched. */
  notify(repository: string): Promise<WorkflowRun>;
  /** Runs every dispatch of a repository that came since the last time, oldest first. @default the composer repository */
  dispatched(repository?: string): Promise<readonly WorkflowRun[]>;
  /** A file of the live site; `undefined` where it has none. */
  served(path: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/** What a registry is opened for. */
export interface RegistryOptions {
  readonly github: EmulatedGitHub;
  /** `owner/name`. */
  readonly repository: string;
  /** `homepage` of satis.json. */
  readonly homepage: string;
  /** Folder for the site, the cache and the consumer. */
  readonly home: string;
  /** Keeps only entries of these repositories, `owner/name`: others live on hosts that a sandbox does not reach. */
  readonly managed: ReadonlySet<string>;
  readonly onOutput?: (text: string) => void;
  readonly onDeploy?: () => Promise<void> | void;
  /** Over the runner's own variables. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Opens the registry of a composer repository that an update has made. */
export async function openRegistry(options: RegistryOptions): Promise<DemoRegistry> {
  const { github, repository, home } = options;
  const site = join(home, "site");
  const cache = join(home, "composer-cache");
  const path = new URL(options.homepage).pathname.replace(/\/+$/, "");
  const served = await serveFolder(site, path);
  const { origin } = served;
  const { SATIS_BIN = "", ...variables } = publisherVariables(github);
  const { READ_TOKEN: _, PUSH_TOKEN: __, PATH: ___, HOME: ____, ...environment } = variables;
  const standIns: Readonly<Record<string, StandIn>> = {
    ...registryStandIns({
      satis: SATIS_BIN,
      site,
      cache,
      ...(options.onDeploy ? { onDeploy: options.onDeploy } : {}),
    }),
    "actions/checkout": async (step) => {
      const outputs = await checkout(step);
      if (step.repository === repository) {
        await keepManaged(join(step.workspace, "satis.json"), options.managed);
      }
      return outputs;
    },
  };
  const start = (
    workflow: string,
    event: "push" | "schedule" | "workflow_dispatch",
    inputs: Readonly<Record<string, unknown>> = {},
    of = repository,
  ) =>
    runWorkflow({
      github,
      repository: of,
      workflow,
      event,
      inputs,
      standIns,
      environment: { ...environment, SITE_ORIGIN: origin, ...options.environment },
      ...(options.onOutput === undefined ? {} : { onOutput: options.onOutput }),
    });
  const seen = new Map<string, number>();
  return {
    url: `${origin}${path}`,
    build: (event = "schedule") => start(WORKFLOW_PATHS.build, event),
    notify: (of) => start(NOTIFY_PATH, "push", {}, of),
    async dispatched(of = repository) {
      const runs: WorkflowRun[] = [];
      const { dispatches } = github.repository(of);
      for (const { workflow, inputs } of dispatches.slice(seen.get(of) ?? 0)) {
        seen.set(of, (seen.get(of) ?? 0) + 1);
        runs.push(await start(workflow, "workflow_dispatch", inputs, of));
      }
      return runs;
    },
    served: (file) => readFile(join(site, file), "utf8").catch(() => undefined),
    close: served.close,
  };
}

/** Everything of managed entries is selected: names that the file gives may be of packages that are not here. */
async function keepManaged(file: string, managed: ReadonlySet<string>): Promise<void> {
  const { name, homepage, repositories } = JSON.parse(await readFile(file, "utf8")) as {
    name: string;
    homepage: string;
    repositories?: Record<string, { url?: unknown }>;
  };
  const kept = Object.values(repositories ?? {}).filter(({ url }) => {
    const parsed = typeof url === "string" ? parseRepositoryUrl(url).url : undefined;
    return parsed?.kind === "github" && managed.has(parsed.path);
  });
  await writeFile(
    file,
    `${JSON.stringify({ name, homepage, repositories: kept, "require-all": true }, null, 2)}\n`,
  );
}
