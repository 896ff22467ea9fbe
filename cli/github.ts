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

/** What the stack's requests are made with; the values are secret. */
export type Credential =
  | { readonly key: "github:appAuth"; readonly app: string }
  | { readonly key: "github:token"; readonly token: string };

/**
 * Gives the stack's own App or token; without either, GITHUB_TOKEN, as the provider reads it; `undefined` where there is none at all.
 *
 * A key that is set to nothing counts as not set, as it does for the program.
 */
export function credentialOf(
  raw: Readonly<Record<string, ConfigEntry>>,
  env: NodeJS.ProcessEnv = process.env,
): Credential | undefined {
  const app = raw["github:appAuth"]?.value;
  if (app) return { key: "github:appAuth", app };
  const token = raw["github:token"]?.value || env.GITHUB_TOKEN;
  return token ? { key: "github:token", token } : undefined;
}

/** The token itself, from an App one that lives an hour; `undefined` where there is none. @throws Error where the App gives none */
export async function tokenOf(
  github: GitHub,
  raw: Readonly<Record<string, ConfigEntry>>,
): Promise<string | undefined> {
  const credential = credentialOf(raw);
  if (credential?.key !== "github:appAuth") return credential?.token;
  return ((await github.auth({ type: "installation" })) as { token: string }).token;
}

/**
 * Connects with what {@link credentialOf} gives.
 *
 * `onlyReads` is for commands that write nothing: their GraphQL queries go out as they come.
 */
export function connect(
  config: FleetConfig,
  raw: Readonly<Record<string, ConfigEntry>>,
  { onlyReads = false }: { readonly onlyReads?: boolean } = {},
): GitHub {
  const credential = credentialOf(raw);
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
    ...authOf(credential),
  });
}

function authOf(credential: Credential | undefined): object {
  if (credential === undefined) return {};
  if (credential.key === "github:token") return { auth: credential.token };
  return { authStrategy: createAppAuth, auth: appAuth(credential.app) };
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
