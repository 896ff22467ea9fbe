import { isLoopback } from "../fleet/github-host.ts";

/** Variables of the environment that hold secrets, by what they are for. */
const SECRET_VARIABLES = {
  /** Reads the package repositories. */
  read: "READ_TOKEN",
  /** Pushes the registry's branch; the job's own token. */
  push: "PUSH_TOKEN",
  /** Dispatches the consumers' workflows. */
  announce: "ANNOUNCE_TOKEN",
} as const;

/** What the publisher takes from GitHub's runner; on one machine it may be set by hand. */
export interface Environment {
  /** Where git finds repositories: `https://github.com`. */
  readonly serverUrl: string;
  readonly readToken?: string;
  readonly pushToken?: string;
  readonly announceToken?: string;
  /** Scheme and host at which to look for the live site, where that is not where consumers find it: behind a proxy, before DNS is set. */
  readonly siteOrigin?: string;
  /** Every secret value, for redaction and for the gate that looks for them. */
  readonly secrets: readonly string[];
  readonly variables: Readonly<Record<string, string | undefined>>;
}

export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const value = (name: string) => (variables[name] === "" ? undefined : variables[name]);
  const readToken = value(SECRET_VARIABLES.read);
  const pushToken = value(SECRET_VARIABLES.push);
  const announceToken = value(SECRET_VARIABLES.announce);
  const siteOrigin = value("SITE_ORIGIN");
  return {
    serverUrl: (value("GITHUB_SERVER_URL") ?? "https://github.com").replace(/\/+$/, ""),
    ...(readToken === undefined ? {} : { readToken }),
    ...(pushToken === undefined ? {} : { pushToken }),
    ...(announceToken === undefined ? {} : { announceToken }),
    ...(siteOrigin === undefined ? {} : { siteOrigin }),
    secrets: [readToken, pushToken, announceToken].filter((secret) => secret !== undefined),
    variables,
  };
}

/** Where a live registry's address is looked for; GitHub's API, which serves a private one, is where it is. */
export function liveAddress(
  { siteOrigin }: Pick<Environment, "siteOrigin">,
  hosting: "pages" | "private",
  address: URL,
): URL {
  if (siteOrigin === undefined || hosting === "private") return address;
  return new URL(`${address.pathname}${address.search}`, siteOrigin);
}

/** Transports that git may use: a URL from a file must not reach `ext::` or `file:`. Plain http only where the server itself is on this machine. */
export function allowedProtocols({ serverUrl }: Pick<Environment, "serverUrl">): string {
  const { protocol, hostname } = new URL(serverUrl);
  return protocol === "http:" && isLoopback(hostname) ? "https:ssh:http" : "https:ssh";
}
