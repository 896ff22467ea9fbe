import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/core";
import { retry } from "@octokit/plugin-retry";
import { throttling } from "@octokit/plugin-throttling";
import type { FleetConfig } from "../fleet/config.ts";
import type { ConfigEntry } from "./engine.ts";

const Client = Octokit.plugin(retry, throttling);

/** GitHub as the commands talk to it: paced and retried by Octokit, REST by `request`, batches by `graphql`. */
export type GitHub = InstanceType<typeof Client>;

/** Waits of GitHub's limits that a command sits out by itself; a longer one is told. */
const PATIENCE_SECONDS = 120;

/** Where the client paces writes. */
type Pace = NonNullable<NonNullable<ConstructorParameters<typeof Client>[0]>["throttle"]>["write"];

/** No pace: the client takes every GraphQL query for a write and waits a second before each. */
const UNPACED = { key: () => ({ schedule: (_: object, job: () => unknown) => job() }) } as unknown as Pace;

/**
 * Connects with the stack's own token or App; without either, with GITHUB_TOKEN.
 *
 * `onlyReads` is for commands that write nothing: their GraphQL queries go out as they come.
 */
export function connect(
  config: FleetConfig,
  raw: Readonly<Record<string, ConfigEntry>>,
  { onlyReads = false }: { readonly onlyReads?: boolean } = {},
): GitHub {
  const app = raw["github:appAuth"]?.value;
  const token = raw["github:token"]?.value ?? process.env.GITHUB_TOKEN;
  const patient = (retryAfter: number, _options: object, _octokit: unknown, retries: number) =>
    retryAfter <= PATIENCE_SECONDS && retries < 3;
  return new Client({
    baseUrl: config.github.apiUrl,
    userAgent: "satis-fleet",
    // Its warnings name URLs and are nobody's business; what fails is thrown.
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    throttle: {
      onRateLimit: patient,
      onSecondaryRateLimit: patient,
      ...(onlyReads && UNPACED ? { write: UNPACED } : {}),
    },
    ...(app === undefined
      ? token === undefined
        ? {}
        : { auth: token }
      : { authStrategy: createAppAuth, auth: appAuth(app) }),
  });
}

/** @throws Error without a word of the text, which holds a key. */
function appAuth(text: string): { appId: string; installationId: string; privateKey: string } {
  const { id, installationId, pemFile } = appFields(text);
  if (!(id && installationId && pemFile))
    throw new Error("github:appAuth is no object with id, installationId and pemFile: set it again");
  return { appId: String(id), installationId: String(installationId), privateKey: String(pemFile) };
}

function appFields(text: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}
