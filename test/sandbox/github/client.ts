import sodium from "libsodium-wrappers";
import { type EmulatedGitHub, type GitHubOptions, startGitHub } from "../../../sandbox/github/index.ts";

/** What came back; `body` is parsed JSON where it is JSON. */
export interface Reply {
  readonly status: number;
  // Tests reach into answers of every shape and assert what they find there.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly body: any;
  readonly headers: Headers;
}

export type Api = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Reply>;

/** Speaks to one GitHub over HTTP, as the holder of a token. Redirects are shown, not followed. */
export function apiOf(github: EmulatedGitHub, token = "sandbox"): Api {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(`${github.url}${path.replace(/^\//, "")}`, {
      method,
      redirect: "manual",
      headers: { ...(token === "" ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get("content-type")?.includes("json") && text !== "";
    return { status: response.status, body: json ? JSON.parse(text) : text, headers: response.headers };
  };
}

/** Starts a GitHub with one private repository, `lib`, unless the options say otherwise. */
export async function started(options: GitHubOptions = {}): Promise<{ github: EmulatedGitHub; api: Api }> {
  const github = await startGitHub({ repositories: [{ name: "lib" }], ...options });
  return { github, api: apiOf(github) };
}

export const base64 = (text: string) => Buffer.from(text).toString("base64");

/** Seals a value as every client of GitHub does. */
export async function sealed(key: { key_id: string; key: string }, value: string) {
  await sodium.ready;
  const box = sodium.crypto_box_seal(value, new Uint8Array(Buffer.from(key.key, "base64")));
  return { key_id: key.key_id, encrypted_value: Buffer.from(box).toString("base64") };
}

/** Writes a secret below an address, e.g. `/repos/acme/lib/actions`. */
export async function putSecret(api: Api, place: string, name: string, value: string, extra = {}) {
  const { body: key } = await api("GET", `${place}/secrets/public-key`);
  return api("PUT", `${place}/secrets/${name}`, { ...(await sealed(key, value)), ...extra });
}
