/** The `github` provider's configuration: from the inputs of its resource to calls on one owner's GitHub. */
import { createPrivateKey, createSign } from "node:crypto";
import { type ClientOptions, createCall, isStatus, segment } from "./client.ts";
import { textAt } from "./json.ts";
import { type GitHub, messageOf } from "./resource.ts";
import { isList, isObject } from "./schema.ts";
import type { Properties, PropertyValue } from "./types.ts";

const RETRYABLE = [500, 502, 503, 504];
const ACCEPTED = new Set([
  ...["appAuth", "baseUrl", "cachePath", "legacyClient", "maxPerPage", "maxRetries", "organization", "owner"],
  ...[
    "parallelRequests",
    "readDelayMs",
    "retryDelayMs",
    "retryableErrors",
    "token",
    "version",
    "writeDelayMs",
  ],
  ...["insecure", "__internal"],
]);

/**
 * Asks for the owner, as the real provider does at every start.
 * @throws when GitHub cannot be reached or refuses the token.
 */
export async function configure(inputs: Properties, signal: AbortSignal): Promise<GitHub> {
  const unknown = Object.keys(inputs).find((name) => !ACCEPTED.has(name));
  if (unknown !== undefined) throw new Error(`the sandbox's provider does not take the setting '${unknown}'`);
  const base = baseUrl(text(inputs, "baseUrl"));
  const options: Omit<ClientOptions, "token"> = {
    baseUrl: base,
    writeDelay: number(inputs, "writeDelayMs", 1000),
    readDelay: number(inputs, "readDelayMs", 0),
    retryDelay: number(inputs, "retryDelayMs", 1000),
    maxRetries: number(inputs, "maxRetries", 3),
    retryable: retryable(inputs),
    parallel: parsed(inputs.parallelRequests) === true,
  };
  const token = (await appToken(inputs, options, signal)) ?? text(inputs, "token");
  const call = createCall({ ...options, token }, signal);
  const login = async () => textAt((await call("GET", "user")).body, "login");
  const owner = text(inputs, "organization") || text(inputs, "owner") || (token === "" ? "" : await login());
  return {
    call,
    owner,
    isOrganization: await isOrganization(call, owner),
    second: Math.min(1000, options.writeDelay),
    signal,
  };
}

async function isOrganization(call: GitHub["call"], owner: string): Promise<boolean> {
  if (owner === "") return false;
  try {
    await call("GET", `orgs/${segment(owner)}`);
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw new Error(`failed to lookup organization ${JSON.stringify(owner)}: ${messageOf(error)}`);
  }
}

/** With `/api/v3/`, as for GitHub Enterprise Server. A sandbox never speaks to github.com. */
function baseUrl(given: string): string {
  if (given === "") throw new Error("base url must not be empty");
  if (/^[^/]*:\d/.test(given)) {
    throw new Error(`parse ${JSON.stringify(given)}: first path segment in URL cannot contain colon`);
  }
  if (!URL.canParse(given)) throw new Error("base url must be absolute");
  const url = new URL(given);
  if (/(^|\.)(github\.com|ghe\.com)$/.test(url.hostname)) {
    throw new Error(`the sandbox's provider speaks to an emulated GitHub only, not to ${url.hostname}`);
  }
  const path = `${url.pathname.replace(/\/$/, "")}/`.replace(/api\/v3\/$/, "");
  return `${url.origin}${path}api/v3/`;
}

function retryable(inputs: Properties): readonly number[] {
  const given = parsed(inputs.retryableErrors);
  return isList(given) && given.length > 0 ? given.map(Number) : RETRYABLE;
}

/** Provider settings are texts; what is no text in the program arrives as JSON. */
function parsed(value: PropertyValue | undefined): PropertyValue {
  if (typeof value !== "string") return value ?? null;
  try {
    return JSON.parse(value) as PropertyValue;
  } catch {
    return value;
  }
}

function text(inputs: Properties, name: string): string {
  const value = inputs[name];
  return typeof value === "string" ? value : "";
}

function number(inputs: Properties, name: string, otherwise: number): number {
  const value = inputs[name] === undefined ? otherwise : Number(parsed(inputs[name]));
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} must be a whole number from 0`);
  return value;
}

/** A token of the App's installation, taken once at the start. */
async function appToken(
  inputs: Properties,
  options: Omit<ClientOptions, "token">,
  signal: AbortSignal,
): Promise<string | undefined> {
  const app = parsed(inputs.appAuth);
  if (!isObject(app)) return undefined;
  const { id, installationId, pemFile } = app;
  if (!id || !installationId || typeof pemFile !== "string" || pemFile === "") {
    throw new Error("app_auth block is set but required fields are missing or contains empty values");
  }
  if (text(inputs, "owner") === "") throw new Error("owner must be set for github app authentication");
  const token = appJwt(String(id), pemFile.replaceAll("\\n", "\n"));
  const call = createCall({ ...options, token, maxRetries: 0 }, signal);
  try {
    const path = `app/installations/${segment(String(installationId))}/access_tokens`;
    return textAt((await call("POST", path)).body, "token");
  } catch (error) {
    throw new Error(`failed to create OAuth token from GitHub App: ${messageOf(error)}`);
  }
}

/** A minute back for clocks that differ, five minutes ahead for it is used at once. */
function appJwt(issuer: string, pem: string): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const head = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iss: issuer, iat: now - 60, exp: now + 300 })}`;
  let key: ReturnType<typeof createPrivateKey>;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new Error("no decodeable PEM data found");
  }
  return `${head}.${createSign("RSA-SHA256").update(head).sign(key, "base64url")}`;
}
