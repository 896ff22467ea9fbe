import { SANDBOX_TOKENS } from "../../demo/world.ts";

/** The forms in which a token could turn up: as it is, base64 (at each of the three offsets), URL-encoded. */
export function formsOf(token: string): readonly string[] {
  const bare = (text: string) => Buffer.from(text).toString("base64").replace(/=+$/, "");
  // The first and last characters of a base64 run depend on the neighbours: compare the middle.
  const inside = ["", "x", "xx"].map((prefix) => bare(prefix + token).slice(prefix.length === 0 ? 0 : 4, -2));
  return [token, ...inside, encodeURIComponent(token)];
}

/** The names of the sandbox's tokens that `text` shows in any form. */
export function leaks(
  text: string,
  tokens: Readonly<Record<string, string>> = SANDBOX_TOKENS,
): readonly string[] {
  return Object.entries(tokens)
    .filter(([, token]) => formsOf(token).some((form) => text.includes(form)))
    .map(([name]) => name);
}
