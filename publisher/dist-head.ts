import type { RegistrySettings } from "../fleet/registry-settings.ts";
import type { Environment } from "./environment.ts";

const TIMEOUT_MS = 30_000;

/**
 * Asks for the headers of a dist as Composer would fetch it, without following where it leads: GitHub answers with a redirect.
 * The read token goes to the fleet's own API and to no other host.
 */
export function distHead(
  { readToken }: Pick<Environment, "readToken">,
  { apiUrl }: Pick<RegistrySettings, "apiUrl">,
): (url: string) => Promise<number> {
  const api = new URL(apiUrl);
  return async (url) => {
    const isApi = new URL(url).origin === api.origin;
    const authorization = isApi && readToken !== undefined ? { authorization: `Bearer ${readToken}` } : {};
    const { status, headers } = await fetch(url, {
      method: "HEAD",
      redirect: "manual",
      headers: { "user-agent": "satis-fleet", ...authorization },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    // A limit says nothing of the dist; told apart from a refusal by the status that means it.
    const limited = headers.has("retry-after") || headers.get("x-ratelimit-remaining") === "0";
    return status === 403 && limited ? 429 : status;
  };
}
