import { randomUUID, verify } from "node:crypto";
import { type Call, created, ok, type Route, route } from "../call.ts";
import { fail, found } from "../errors.ts";
import type { Json } from "../repository.ts";
import type { App, Token } from "../state.ts";

const partOf = (jwt: string, index: number): Json => {
  try {
    const part: unknown = JSON.parse(Buffer.from(jwt.split(".")[index] ?? "", "base64url").toString());
    return typeof part === "object" && part !== null ? (part as Json) : {};
  } catch {
    return {};
  }
};

interface SignedIn {
  readonly id: number;
  /** Undefined where no test has set up an App of this id. */
  readonly app: App | undefined;
}

/** Who has signed the request's JSON web token: the key has to be the App's. */
function signedIn(call: Call): SignedIn {
  const jwt = call.secret ?? "";
  const { iss, exp } = partOf(jwt, 1);
  const app = call.github.apps.get(Number(iss));
  if (app === undefined) return { id: Number(iss), app };
  const [head, payload, signature = ""] = jwt.split(".");
  const signed = Buffer.from(`${head}.${payload}`);
  const isOwn = verify("RSA-SHA256", signed, app.publicKey, Buffer.from(signature, "base64url"));
  if (!isOwn || !(Number(exp) * 1000 > Date.now())) fail(401, "A JSON web token could not be decoded");
  return { id: Number(iss), app };
}

function knownApp(call: Call): { readonly id: number; readonly app: App } {
  const { id, app } = signedIn(call);
  return { id, app: found(app, "Integration not found") };
}

/** An App has one installation at most, of its own id. */
function installation(call: Call, owner: string): Json {
  const { id, app } = knownApp(call);
  const isThere = app.owner?.toLowerCase() === owner.toLowerCase();
  const { permissions, repositories, suspended } = isThere ? app : fail(404, "Not Found");
  return {
    id,
    app_id: id,
    permissions,
    repository_selection: repositories === undefined ? "all" : "selected",
    suspended_at: suspended ? "2026-01-01T00:00:00Z" : null,
  };
}

/** A token of an hour; with the permissions that the request asks for, which have to be among the App's. */
function mint(call: Call) {
  const token = `sandbox-installation-${randomUUID()}`;
  const expires_at = new Date(Date.now() + 3_600_000).toISOString();
  const { id, app } = signedIn(call);
  if (app === undefined) return created({ token, expires_at });
  if (app.owner === undefined || call.id("id") !== id) fail(404, "Not Found");
  if (app.suspended) fail(403, "This installation has been suspended");
  const wanted = call.body.permissions as Token["permissions"];
  const isGranted = ([name, level]: [string, string]) =>
    app.permissions[name] === "write" || app.permissions[name] === level;
  if (wanted && !Object.entries(wanted).every(isGranted))
    fail(422, "The permissions requested are not granted to this installation.");
  const permissions = { metadata: "read" as const, ...(wanted ?? app.permissions) };
  const { repositories } = app;
  call.github.tokens.set(token, { app: id, permissions, ...(repositories ? { repositories } : {}) });
  return created({ token, expires_at, permissions });
}

/** GitHub Apps and their installations; an App that no test has set up may do everything, as any token may. */
export const appRoutes: readonly Route[] = [
  route("GET", "/app", "metadata", (call) => ok({ id: knownApp(call).id })),
  route("GET", "/orgs/:org/installation", "metadata", (call) => ok(installation(call, call.param("org")))),
  route("GET", "/users/:user/installation", "metadata", (call) => ok(installation(call, call.param("user")))),
  route("POST", "/app/installations/:id/access_tokens", "metadata", mint, { level: "read" }),
];
