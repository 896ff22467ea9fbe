/** What a checkpoint says of its encryption, so that Pulumi can import it: it encrypts the secrets anew on the way in. */
import { createCipheriv, pbkdf2Sync, randomBytes } from "node:crypto";

/**
 * The `secrets_providers` of a stack with this passphrase: a salt, and the word by which Pulumi knows the right passphrase.
 * PBKDF2 with a million rounds and AES-256-GCM, as in `sdk/go/common/resource/config/crypt.go` of pulumi/pulumi; half a second.
 */
export function secretsProvider(passphrase: string): object {
  const salt = randomBytes(8);
  const nonce = randomBytes(12);
  const key = pbkdf2Sync(passphrase, salt, 1_000_000, 32, "sha256");
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([cipher.update("pulumi"), cipher.final(), cipher.getAuthTag()]);
  const state = `v1:${salt.toString("base64")}:v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
  return { type: "passphrase", state: { salt: state } };
}
