/** A GitHub: github.com, one with data residency (ghe.com), or a GitHub Enterprise Server. */
export interface GitHubHost {
  /** Host of repository URLs, in lower case and without a port. */
  readonly host: string;
  /** Root of the REST API, without a trailing slash. */
  readonly apiUrl: string;
}

/** The GitHub that a provider without `baseUrl` talks to. */
export const GITHUB_COM: GitHubHost = { host: "github.com", apiUrl: "https://api.github.com" };

/**
 * Gives host and API of the GitHub behind the provider's `baseUrl`.
 *
 * The provider appends `/api/v3` unless the host is an API host already. A loopback address is a stand-in for github.com (a double, a
 * recording proxy): it serves no repositories of its own, so their URLs still name github.com.
 */
export function githubHost(baseUrl: URL): GitHubHost {
  const root = `${baseUrl.origin}${baseUrl.pathname}`.replace(/\/+$/, "");
  if (baseUrl.hostname === "api.github.com" || baseUrl.hostname === "github.com") return GITHUB_COM;
  if (/^api\.[a-z0-9-]+\.ghe\.com$/.test(baseUrl.hostname))
    return { host: baseUrl.hostname.slice("api.".length), apiUrl: root };
  const apiUrl = root.endsWith("/api/v3") ? root : `${root}/api/v3`;
  return { host: isLoopback(baseUrl.hostname) ? GITHUB_COM.host : baseUrl.hostname, apiUrl };
}

/** Addresses that never leave the machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
