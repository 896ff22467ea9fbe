import { credentialInUrl } from "../../fleet/credentials.ts";
import { quoted } from "../../fleet/findings.ts";
import type { Fault } from "../fault.ts";
import { inParallel } from "../parallel.ts";
import type { Gate } from "./gate.ts";

const FILES_AT_ONCE = 4;
/** Anything shorter turns up by accident, and is no secret. */
const SHORTEST = 8;
/** Bytes that are searched at once, so that an include file of 100 MB does not become as many pieces of text. */
const WINDOW = 4 * 1024 * 1024;
/** Longer than what any shape needs to be recognised. */
const OVERLAP = 256;

/** No file, and no path, holds a credential; the fault says which file and what kind, never the value. */
export const noCredential: Gate = {
  name: "no-credential",
  guarantees:
    "no file holds a token by its shape, nor a secret of the environment: as it is, in base64, escaped for a URL or for JSON",
  async check({ tree, secrets = [] }) {
    const forms = [...new Set(secrets.filter(({ length }) => length >= SHORTEST).flatMap(formsOf))];
    const inPaths = credentialIn(Buffer.from(tree.files.join("\n")), forms);
    const found = await inParallel(tree.files, FILES_AT_ONCE, async (path): Promise<Fault | undefined> => {
      const kind = credentialIn(await tree.read(path), forms);
      return kind === undefined ? undefined : fault(`${quoted(path)} holds ${kind}`);
    });
    return [
      ...(inPaths === undefined ? [] : [fault(`the path of a file holds ${inPaths}`)]),
      ...found.filter((one) => one !== undefined),
    ];
  },
};

function fault(message: string): Fault {
  return {
    by: "no-credential",
    message,
    remedy:
      "revoke it first, then find out how it came there: composer.json of the package, or what a build wrote",
  };
}

function credentialIn(content: Buffer, forms: readonly string[]): string | undefined {
  if (forms.some((form) => content.includes(form))) return "a secret of this run's environment";
  for (let start = 0; start < content.length; start += WINDOW) {
    const text = content.toString("latin1", start, start + WINDOW + OVERLAP);
    // Between `@` and `=` only the shapes of tokens are left to find: a password in a URL is for sources-allowed, and an address of e-mail
    // in somebody's description would look like one.
    for (const piece of text.split(/[@=]/)) {
      const kind = credentialInUrl(piece);
      if (kind !== undefined) return kind;
    }
  }
  return undefined;
}

/** The forms in which a secret could have been written: as it is, in JSON, in a URL, and in base64 at each of the three offsets. */
export function formsOf(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const base64 = ["", "x", "xx"].map((before) => {
    const encoded = Buffer.from(before + secret)
      .toString("base64")
      .replace(/=+$/, "");
    // The first and the last characters depend on what stands beside it.
    return encoded.slice(before === "" ? 0 : 4, -2);
  });
  const written = [secret, json, ...base64, encodeURIComponent(secret)];
  const url = base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"));
  return [...written, ...written.map((text) => text.replaceAll("/", "\\/")), ...url].filter(
    ({ length }) => length >= SHORTEST,
  );
}
