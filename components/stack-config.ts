import { dirname, join } from "node:path";
import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import * as z from "zod";
import { CONFIG_KEYS, type FleetConfig, parseConfig } from "../fleet/config.ts";
import { configFault, setCommand } from "../fleet/config-reader.ts";
import { type Consumer, consumerTokens } from "../fleet/consumers.ts";
import { type Finding, hasFault } from "../fleet/findings.ts";
import type { FleetSecrets } from "./fleet.ts";

const DEFAULT_SATIS_FILE = "satis.json";

/** GitHub takes secrets up to 48 kB (documentation of Actions secrets). */
const SECRET_LIMIT = 48 * 1024;

/** The stack's configuration as the program uses it. */
export interface StackConfig {
  readonly config: FleetConfig;
  /** Secret values, those of consumers for these alone; none where a token of theirs is at fault. */
  secretsFor(consumers: readonly Consumer[]): {
    readonly secrets?: FleetSecrets;
    readonly findings: readonly Finding[];
  };
  readonly appId?: number;
  /** The one provider of all resources. */
  provider(): github.Provider;
}

/**
 * Reads the stack's configuration; the one place that does.
 *
 * Secret values leave it as secret outputs only. Returns no config where a finding is a fault.
 */
export function readStackConfig(): {
  stack?: StackConfig;
  /** Known even where the rest has faults, so that the file's are told with them. */
  satisFile: string;
  subscriptionsFile: string;
  findings: readonly Finding[];
} {
  const all = pulumi.runtime.allConfig();
  const satisFile = all["satis-fleet:satisFile"] || DEFAULT_SATIS_FILE;
  const subscriptionsFile =
    all["satis-fleet:subscriptionsFile"] || join(dirname(satisFile), "subscriptions.json");
  const secretKeys = new Set(CONFIG_KEYS.filter((key) => key.secret).map((key) => key.name));
  const plain = new Map(Object.entries(all).filter(([name]) => !secretKeys.has(name)));
  const present = new Set([...secretKeys].filter((name) => all[name] !== undefined && all[name] !== ""));
  const parsed = parseConfig(plain, present);
  const findings = [...parsed.findings];
  for (const name of [...secretKeys].filter((key) => key.startsWith("satis-fleet:"))) {
    if (Buffer.byteLength(all[name] ?? "") > SECRET_LIMIT) {
      findings.push(
        configFault(
          `${name} is longer than the 48 kB that GitHub takes for a secret`,
          `set the token itself: ${setCommand(name)}`,
        ),
      );
    }
  }
  const app = present.has(APP) ? readApp(all[APP] ?? "") : undefined;
  if (present.has(APP) && !app) {
    findings.push(configFault(`${APP} lacks id, installationId or pemFile`, setCommand(APP)));
  }
  const { config } = parsed;
  if (!config || hasFault(findings)) return { satisFile, subscriptionsFile, findings };
  const secret = (name: string) => (present.has(name) ? requireSecret(name) : undefined);
  return {
    satisFile,
    subscriptionsFile,
    findings,
    stack: {
      config,
      secretsFor: (consumers) => {
        const { tokens, findings: tokenFindings } = consumerTokens(all[CONSUMER_TOKEN], consumers);
        const own = secret(CONSUMER_TOKEN);
        if (hasFault(tokenFindings)) return { findings: tokenFindings };
        const tokenOf = (id: string) =>
          own?.apply((value) => consumerTokens(value, consumers).tokens.get(id) ?? "");
        return {
          findings: tokenFindings,
          secrets: {
            dispatchToken: secret("satis-fleet:dispatchToken"),
            readToken: secret("satis-fleet:readToken"),
            readAppKey: secret("satis-fleet:readAppKey"),
            announceToken: secret("satis-fleet:announceToken"),
            registryToken: secret("satis-fleet:registryToken"),
            consumerTokens: new Map(
              [...tokens.keys()].flatMap((id) => {
                const token = tokenOf(id);
                return token === undefined ? [] : [[id, token] as const];
              }),
            ),
          },
        };
      },
      ...(app ? { appId: Number(app.id) } : {}),
      provider: () => provider(config, secret("github:token"), app),
    },
  };
}

const APP = "github:appAuth";
const CONSUMER_TOKEN = "satis-fleet:consumerToken";

function requireSecret(name: string): pulumi.Output<string> {
  const [namespace, key = ""] = name.split(":");
  return new pulumi.Config(namespace).requireSecret(key);
}

/** The App's three parts, `undefined` where one is missing; its text is a secret and in no message. */
function readApp(text: string): AppAuth | undefined {
  const parsed = appSchema.safeParse(jsonOf(text));
  return parsed.success ? parsed.data : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const idSchema = z.union([z.string().regex(/^\d+$/), z.number().int().positive()]).transform(String);
const appSchema = z.object({ id: idSchema, installationId: idSchema, pemFile: z.string().min(1) });

type AppAuth = z.infer<typeof appSchema>;

function provider(
  config: FleetConfig,
  token: pulumi.Output<string> | undefined,
  app: AppAuth | undefined,
): github.Provider {
  return new github.Provider("github", {
    owner: config.github.owner,
    ...(config.github.baseUrl === undefined ? {} : { baseUrl: config.github.baseUrl }),
    ...(token === undefined ? {} : { token }),
    ...(app === undefined ? {} : { appAuth: { ...app, pemFile: pulumi.secret(app.pemFile) } }),
    writeDelayMs: config.github.writeDelayMs,
    // The other client leaks a semaphore slot a package and stops at the hundredth (measured, provider 6.15).
    legacyClient: true,
    // Writes to one repository are kept in sequence by dependsOn.
    parallelRequests: true,
  });
}
