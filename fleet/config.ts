import { CONFIG_KEYS } from "./config-keys.ts";
import {
  configFault as fault,
  type Reader,
  reader,
  setCommand,
  configWarning as warning,
} from "./config-reader.ts";
import { credentialInUrl } from "./credentials.ts";
import { type Finding, hasFault, quoted } from "./findings.ts";
import { GITHUB_COM, type GitHubHost, githubHost, isLoopback } from "./github-host.ts";
import {
  isBranch,
  isOwner,
  isRepository,
  isRepositoryId,
  isReviewer,
  isSecretName,
  isVendor,
} from "./grammar.ts";
import { suggest } from "./suggest.ts";

export { CONFIG_KEYS, type ConfigKey } from "./config-keys.ts";

export type Delivery = "commit" | "pull-request";

/** The stack's configuration, checked; keys of maps are `owner/repo` in lower case. Secrets are not in it. */
export interface FleetConfig {
  readonly github: GitHubHost & {
    /** As written. */
    readonly owner: string;
    readonly baseUrl?: string;
    readonly writeDelayMs: number;
    /** `environment`: neither key is set, the provider reads GITHUB_TOKEN. */
    readonly authentication: "token" | "app" | "environment";
  };
  readonly satisFile: string;
  /** `undefined`: subscriptions.json beside satis.json. */
  readonly subscriptionsFile?: string;
  readonly composerRepository?: string;
  readonly composerBranch: string;
  readonly manageRepository: boolean;
  readonly visibility: "private" | "internal" | "public";
  readonly plan: "free" | "team" | "enterprise";
  readonly hosting: "pages" | "private";
  readonly notify: "dispatch" | "poll";
  readonly secretScope: "repository" | "organization";
  /** In upper case, as GitHub keeps it. */
  readonly secretName: string;
  readonly delivery: { readonly default: Delivery; readonly byRepository: ReadonlyMap<string, Delivery> };
  readonly branches: ReadonlyMap<string, string>;
  /** Old name to new. */
  readonly renames: ReadonlyMap<string, string>;
  /** In lower case. */
  readonly vendors: readonly string[];
  /** 0 to 100. */
  readonly maxHeldPercent: number;
  /** 0 to 100. */
  readonly maxDeletedPercent: number;
  readonly reviewers: readonly string[];
  readonly commitSatis: boolean;
  /** App that reads the packages in builds; its key is a secret. */
  readonly readAppId?: string;
  /** Which of the secrets for consumers are set. */
  readonly consumerSecrets: {
    readonly announceToken: boolean;
    readonly registryToken: boolean;
    readonly consumerToken: boolean;
  };
}

/** Whether GitHub's plan withholds rulesets, environments, organization secrets and Pages from the composer repository. */
export function isRestricted(config: Pick<FleetConfig, "plan" | "visibility">): boolean {
  return config.plan === "free" && config.visibility !== "public";
}

/**
 * Checks the stack's configuration and gives every fault at once, each with the command that repairs it.
 *
 * @param values raw texts of the keys that are not secret, by full name; lists and objects as JSON
 * @param secrets full names of the secret keys that are set; their values are nobody's business here
 */
export function parseConfig(
  values: ReadonlyMap<string, string>,
  secrets: ReadonlySet<string>,
): { config?: FleetConfig; findings: Finding[] } {
  const findings: Finding[] = [...keyFindings(values, secrets)];
  const read = reader(values, findings);
  const config = readAll(read, secrets);
  findings.push(...crossFindings(config, secrets));
  return hasFault(findings) ? { findings } : { config, findings };
}

function readAll(read: Reader, secrets: ReadonlySet<string>): FleetConfig {
  const owner = read.text("github:owner", isOwner, "is no GitHub organization or user");
  const baseUrl = read.optional("github:baseUrl", isBaseUrl, "is no https address of a GitHub");
  const composerRepository = read.optional(
    "satis-fleet:composerRepository",
    isRepository,
    "is no repository name",
  );
  const readAppId = read.optional(
    "satis-fleet:readAppId",
    (text) => /^\d{1,12}$/.test(text),
    "is no App's id",
  );
  const isFileName = (text: string) => /^\P{C}+$/u.test(text);
  const subscriptionsFile = read.optional("satis-fleet:subscriptionsFile", isFileName, "is no file name");
  return {
    github: {
      owner,
      ...(baseUrl === undefined ? GITHUB_COM : { baseUrl, ...githubHost(new URL(baseUrl)) }),
      writeDelayMs: read.wholeNumber("github:writeDelayMs"),
      authentication: secrets.has("github:appAuth")
        ? "app"
        : secrets.has("github:token")
          ? "token"
          : "environment",
    },
    satisFile: read.text("satis-fleet:satisFile", isFileName, "is no file name"),
    ...(subscriptionsFile === undefined ? {} : { subscriptionsFile }),
    ...(composerRepository === undefined ? {} : { composerRepository }),
    composerBranch: read.text("satis-fleet:composerBranch", isBranch, "is no branch name"),
    manageRepository: read.flag("satis-fleet:manageRepository"),
    visibility: read.choice("satis-fleet:visibility", ["private", "internal", "public"]),
    plan: read.choice("satis-fleet:plan", ["free", "team", "enterprise"]),
    hosting: read.choice("satis-fleet:hosting", ["pages", "private"]),
    notify: read.choice("satis-fleet:notify", ["dispatch", "poll"]),
    secretScope: read.choice("satis-fleet:secretScope", ["repository", "organization"]),
    secretName: read
      .text(
        "satis-fleet:secretName",
        isSecretName,
        "is no secret name that GitHub takes (letters, digits, _; not GITHUB_...)",
      )
      .toUpperCase(),
    delivery: readDelivery(read),
    branches: read.map("satis-fleet:branches", isBranch, "is no branch name"),
    renames: lowerValues(read.map("satis-fleet:renames", isRepositoryId, "is no owner/repository")),
    vendors: read
      .list("satis-fleet:vendors", isVendor, "is no vendor of Composer packages", [owner])
      .map((vendor) => vendor.toLowerCase()),
    maxHeldPercent: read.percentage("satis-fleet:maxHeldPercent"),
    maxDeletedPercent: read.percentage("satis-fleet:maxDeletedPercent"),
    reviewers: read.list(
      "satis-fleet:reviewers",
      isReviewer,
      "is no @user, @organization/team or e-mail address",
      [],
    ),
    commitSatis: read.flag("satis-fleet:commitSatis"),
    ...(readAppId === undefined ? {} : { readAppId }),
    consumerSecrets: {
      announceToken: secrets.has("satis-fleet:announceToken"),
      registryToken: secrets.has("satis-fleet:registryToken"),
      consumerToken: secrets.has("satis-fleet:consumerToken"),
    },
  };
}

function readDelivery(read: Reader): FleetConfig["delivery"] {
  const name = "satis-fleet:delivery";
  if (!read.raw(name).trimStart().startsWith("{")) {
    return { default: read.choice(name, ["commit", "pull-request"]), byRepository: new Map() };
  }
  const isDelivery = (text: string): text is Delivery => text === "commit" || text === "pull-request";
  const all = read.map(name, isDelivery, "is neither commit nor pull-request", "*");
  const byRepository = new Map([...all].filter((entry): entry is [string, Delivery] => isDelivery(entry[1])));
  const fallback = byRepository.get("*") ?? "commit";
  byRepository.delete("*");
  return { default: fallback, byRepository };
}

/** Faults of the keys themselves: unknown ones, and secrets kept in clear. */
function keyFindings(values: ReadonlyMap<string, string>, secrets: ReadonlySet<string>): Finding[] {
  const known = new Map(CONFIG_KEYS.map((key) => [key.name, key]));
  return [...new Set([...values.keys(), ...secrets])].sort().flatMap((name): Finding[] => {
    const key = known.get(name);
    if (key?.secret && values.has(name)) return [fault(`${name} is not set as a secret`, setCommand(name))];
    if (key !== undefined) return [];
    if (name.startsWith("satis-fleet:")) {
      const own = [...known.keys()].filter((candidate) => candidate.startsWith("satis-fleet:"));
      const word = suggest(withoutNamespace(name), own.map(withoutNamespace));
      const meant = word === undefined ? undefined : `satis-fleet:${word}`;
      const hint = meant === undefined ? "" : `did you mean ${meant}? `;
      return [fault(`there is no key ${quoted(name)}`, `${hint}pulumi config rm ${shellWord(name)}`)];
    }
    if (!name.startsWith("github:")) return [];
    const message = `${quoted(name)} has no effect: the program makes its own provider`;
    return [warning(message, `pulumi config rm ${shellWord(name)}`)];
  });
}

/** Rules between keys. */
function crossFindings(config: FleetConfig, secrets: ReadonlySet<string>): Finding[] {
  const findings: Finding[] = [];
  if (secrets.has("github:token") && secrets.has("github:appAuth")) {
    findings.push(fault("github:token and github:appAuth are both set", "pulumi config rm github:token"));
  }
  findings.push(...readerFindings(config, secrets));
  if (config.notify === "dispatch" && !secrets.has("satis-fleet:dispatchToken")) {
    const remedy = `${setCommand("satis-fleet:dispatchToken")}, or ${setCommand("satis-fleet:notify", "poll")}`;
    findings.push(fault("satis-fleet:dispatchToken is missing, and notify is dispatch", remedy));
  }
  if (config.notify === "poll" && secrets.has("satis-fleet:dispatchToken")) {
    findings.push(
      warning(
        "satis-fleet:dispatchToken is not used where notify is poll",
        "pulumi config rm satis-fleet:dispatchToken",
      ),
    );
  }
  if (config.visibility === "internal" && config.plan !== "enterprise") {
    const remedy = `${setCommand("satis-fleet:visibility", "private")}, or ${setCommand("satis-fleet:plan", "enterprise")}`;
    findings.push(fault(`internal repositories need plan enterprise, and plan is ${config.plan}`, remedy));
  }
  if (isRestricted(config)) findings.push(...restrictions(config));
  return findings;
}

/** Builds read the packages with one thing or the other. */
function readerFindings({ readAppId }: FleetConfig, secrets: ReadonlySet<string>): Finding[] {
  const hasKey = secrets.has("satis-fleet:readAppKey");
  if (readAppId !== undefined && !hasKey) {
    return [fault("satis-fleet:readAppId has no key", setCommand("satis-fleet:readAppKey"))];
  }
  if (readAppId === undefined && hasKey) {
    return [fault("satis-fleet:readAppKey is of no App", setCommand("satis-fleet:readAppId"))];
  }
  if (readAppId !== undefined && secrets.has("satis-fleet:readToken")) {
    const message = "satis-fleet:readToken and satis-fleet:readAppId are both set";
    return [fault(message, "pulumi config rm satis-fleet:readToken")];
  }
  return [];
}

/** What plan free withholds from private repositories (docs.github.com, "GitHub's plans"). */
function restrictions(config: FleetConfig): Finding[] {
  const findings: Finding[] = [];
  if (config.hosting === "pages") {
    const remedy = `${setCommand("satis-fleet:hosting", "private")}, or ${setCommand("satis-fleet:visibility", "public")}`;
    findings.push(fault("plan free has no Pages for a private repository", remedy));
  }
  const scope =
    config.secretScope === "organization" ? ", and each package repository gets a secret of its own" : "";
  const message = `plan free has no ruleset, environment and organization secret for private repositories: they are left out${scope}`;
  findings.push(warning(message, `${setCommand("satis-fleet:plan", "team")} where the plan is a paid one`));
  return findings;
}

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text) || /[\s\p{C}\\]/u.test(text) || credentialInUrl(text) !== undefined) return false;
  const { protocol, hostname, username, search, hash } = new URL(text);
  // Over http the token could be read on its way.
  const safe = protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
  return safe && username === "" && search === "" && hash === "";
}

function lowerValues(map: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...map].map(([key, value]) => [key, value.toLowerCase()]));
}

function withoutNamespace(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

/** Names of keys are the user's text, and remedies are pasted into shells. */
function shellWord(name: string): string {
  return /^[\w:.-]+$/.test(name) ? name : "KEY";
}
