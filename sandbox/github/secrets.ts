import { hash } from "node:crypto";
import sodium from "libsodium-wrappers";
import { fail } from "./errors.ts";
import { isoSeconds } from "./git-objects.ts";

/** A secret as GitHub keeps it; `value` never leaves through HTTP. */
export interface Secret {
  readonly name: string;
  readonly value: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Organization secrets only: who sees it. */
  readonly visibility?: string;
  /** Organization secrets of visibility `selected`: repository ids. */
  readonly selected?: ReadonlySet<number>;
}

/** GitHub's limit for one secret, in bytes. */
export const MAX_SECRET_BYTES = 48 * 1024;

/** The secrets of one repository, environment or organization, and the key pair that they are sealed with. */
export class SecretStore {
  readonly secrets = new Map<string, Secret>();
  #pair: { publicKey: Uint8Array; privateKey: Uint8Array } | undefined;
  #seconds = 0;

  /** What `GET .../public-key` answers. The pair is made when first asked for. */
  get publicKey(): { key_id: string; key: string } {
    const { publicKey } = this.#keys();
    const id = BigInt(`0x${hash("sha1", publicKey).slice(0, 15)}`).toString();
    return { key_id: id, key: Buffer.from(publicKey).toString("base64") };
  }

  /** Names are compared without case, as GitHub does. */
  get(name: string): Secret | undefined {
    return this.secrets.get(name.toUpperCase());
  }

  delete(name: string): boolean {
    return this.secrets.delete(name.toUpperCase());
  }

  /** Opens the sealed box and keeps the value; says whether the secret is new. */
  put(
    name: string,
    body: Record<string, unknown>,
    extra: Pick<Secret, "visibility" | "selected"> = {},
  ): boolean {
    checkName(name);
    const value = this.#open(body);
    if (Buffer.byteLength(value) > MAX_SECRET_BYTES)
      fail(422, "Secret value is too large: the limit is 48 KB.");
    return this.set(name, value, extra);
  }

  /** Keeps a value that came by no sealed box. */
  set(name: string, value: string, extra: Pick<Secret, "visibility" | "selected"> = {}): boolean {
    const before = this.get(name);
    // Moves by a second at every write: an overwritten secret is known by its time alone.
    this.#seconds = Math.max(this.#seconds + 1, Math.floor(Date.now() / 1000));
    const updatedAt = isoSeconds(this.#seconds);
    const upper = name.toUpperCase();
    this.secrets.set(upper, {
      name: upper,
      value,
      createdAt: before?.createdAt ?? updatedAt,
      updatedAt,
      ...extra,
    });
    return before === undefined;
  }

  #keys() {
    this.#pair ??= sodium.crypto_box_keypair();
    return this.#pair;
  }

  #open(body: Record<string, unknown>): string {
    const { key_id: keyId, encrypted_value: sealed } = body;
    if (typeof keyId !== "string") return fail(422, 'Invalid request.\n\n"key_id" wasn\'t supplied.');
    if (typeof sealed !== "string")
      return fail(422, 'Invalid request.\n\n"encrypted_value" wasn\'t supplied.');
    const { publicKey, privateKey } = this.#keys();
    try {
      if (keyId !== this.publicKey.key_id) throw new Error("another key");
      const box = new Uint8Array(Buffer.from(sealed, "base64"));
      return Buffer.from(sodium.crypto_box_seal_open(box, publicKey, privateKey)).toString("utf8");
    } catch {
      return fail(422, "Bad request - validation failed due to an improperly encrypted secret");
    }
  }
}

/** The grammar of names of secrets and variables. */
export function checkName(name: string): void {
  if (/^GITHUB_/i.test(name)) fail(422, "Secret names must not start with GITHUB_.");
  if (!/^[A-Z_][A-Z0-9_]*$/i.test(name)) {
    const start = "must start with a letter ([a-z], [A-Z]) or underscore (_)";
    fail(422, `Secret names can only contain alphanumeric characters or underscores (_), and ${start}.`);
  }
}
