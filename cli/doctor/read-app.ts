import { createAppAuth } from "@octokit/auth-app";
import { setCommand } from "../../fleet/config-reader.ts";
import { type Check, note, ok, unread, wrong } from "./check.ts";
import { type Answer, messageIn, prober } from "./probe.ts";

const ID = "satis-fleet:readAppId";
const KEY = "satis-fleet:readAppKey";
const NEW_KEY = `make a new key in the App's settings: ${setCommand(KEY)} < key.pem`;

/** The App that mints the tokens of builds. */
export interface ReadApp {
  readonly id: string;
  /** PEM; it is in no message, and neither is what a library says of it. */
  readonly key: string;
  /** Where it has to be installed. */
  readonly owner: string;
}

/** A token as a build gets it; none where something stands in the way, which the checks name. */
export interface MintedToken {
  readonly checks: readonly Check[];
  readonly token?: string;
}

/**
 * Signs in as the App and mints a token that may read contents alone, as each build does.
 *
 * Such a token lives an hour and stays in this process; minting one changes nothing.
 *
 * @throws Error where GitHub does not answer
 */
export async function mintReadToken(apiUrl: string, app: ReadApp): Promise<MintedToken> {
  const { id, owner } = app;
  const jwt = await signedBy(app);
  if (jwt === undefined) return failed(KEY, "is no private key of an App", NEW_KEY);
  const probe = prober(apiUrl, jwt);
  const known = await probe("GET", "/app");
  // A claim of it is about time: the clock is wrong then, not the key.
  if (known.status === 401 && !/claim/.test(messageIn(known)))
    return failed(KEY, `is no key of the App ${id} (401)`, NEW_KEY);
  if (known.status === 404) return failed(ID, `GitHub has no App ${id}`, setCommand(ID));
  if (known.status !== 200) return unclear(known);
  // This address serves organizations, too.
  const place = await probe("GET", `/users/${encodeURIComponent(owner)}/installation`);
  if (place.status === 404)
    return failed(ID, `the App ${id} is not installed on ${owner}`, `install it on ${owner}`);
  if (place.status !== 200) return unclear(place);
  const installation = place.body as Installation;
  if (installation.suspended_at)
    return failed(ID, `the App ${id} is suspended on ${owner}`, `unsuspend it in the settings of ${owner}`);
  const path = `/app/installations/${encodeURIComponent(String(installation.id))}/access_tokens`;
  const minted = await probe("POST", path, { permissions: { contents: "read" } });
  if (minted.status === 422)
    return failed(
      ID,
      `the App ${id} lacks Contents: read on ${owner}`,
      "give the App Contents: read, and accept it where it is installed",
    );
  const { token } = (minted.body ?? {}) as { token?: unknown };
  if (minted.status !== 201 || typeof token !== "string") return unclear(minted);
  const excess =
    installation.permissions?.contents === "write"
      ? [note(ID, `the App ${id} may also write contents; it needs Contents: read alone`)]
      : [];
  return {
    token,
    checks: [ok(ID, `the App ${id} is installed on ${owner}, and its key is valid`), ...excess],
  };
}

interface Installation {
  readonly id?: number;
  readonly suspended_at?: string | null;
  readonly permissions?: { readonly contents?: string };
}

/** The App's JSON web token; `undefined` where the key is none that signs. */
async function signedBy({ id, key }: ReadApp): Promise<string | undefined> {
  try {
    return (await createAppAuth({ appId: id, privateKey: key })({ type: "app" })).token;
  } catch {
    return undefined;
  }
}

function failed(name: string, message: string, remedy: string): MintedToken {
  return { checks: [wrong(name, message, remedy)] };
}

function unclear(answer: Answer): MintedToken {
  return { checks: [unread(ID, `GitHub answers ${answer.status} ${messageIn(answer)}`.trim())] };
}
