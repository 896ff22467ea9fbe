import { text } from "node:stream/consumers";

/** GitHub takes secrets up to 48 kB (documentation of Actions secrets). */
const SECRET_LIMIT = 48 * 1024;

/** Where a new token comes from. */
export interface TokenSource {
  /** Environment variable that holds it. @default standard input */
  readonly tokenEnv?: string;
}

/**
 * Reads a token from standard input or the environment: arguments can be read by every process of the machine.
 *
 * @throws Error that says how to give one; the token is in no message.
 */
export async function readToken(
  { tokenEnv }: TokenSource,
  stdin: NodeJS.ReadStream = process.stdin,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  if (tokenEnv !== undefined) {
    const value = env[tokenEnv];
    if (!value) throw new Error("the variable that --token-env names is empty or not set");
    return checkedToken(value);
  }
  if (stdin.isTTY) {
    throw new Error(
      "give the new token on standard input (fleet rotate < file), or name a variable with --token-env",
    );
  }
  return checkedToken(await text(stdin));
}

/** The token without the line's end around it. @throws Error where it cannot be one. */
export function checkedToken(given: string): string {
  const token = given.trim();
  if (token === "")
    throw new Error("the new token is empty: give it on standard input, or with --token-env NAME");
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new Error("what was given is no token: it has spaces, lines or characters beyond ASCII");
  }
  if (token.length > SECRET_LIMIT)
    throw new Error("what was given is longer than the 48 kB that GitHub takes");
  return token;
}
