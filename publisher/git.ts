import { allowedProtocols, type Environment } from "./environment.ts";
import { type Finished, type RunOptions, run } from "./process.ts";

/** Variables that reach git from the runner; everything else of the environment stays away. */
const INHERITED = [
  "PATH",
  "HOME",
  "TMPDIR",
  "LANG",
  "SSH_AUTH_SOCK",
  "SSL_CERT_FILE",
  "GIT_SSL_CAINFO",
  "HTTPS_PROXY",
  "https_proxy",
  "HTTP_PROXY",
  "http_proxy",
  "NO_PROXY",
  "no_proxy",
];

/**
 * Environment for git: no prompt, no configuration of the machine, only safe transports, and `token` only for `host`.
 *
 * The token reaches git through variables: in no command line, no file and no URL. Configuration that the caller put into
 * `GIT_CONFIG_COUNT` stays.
 */
export function gitEnvironment(
  environment: Environment,
  auth?: { readonly token: string | undefined; readonly serverUrl: string },
): Record<string, string | undefined> {
  const { variables } = environment;
  const inherited = Object.fromEntries(INHERITED.map((name) => [name, variables[name]]));
  const given = Object.fromEntries(
    Object.entries(variables).filter(([name]) => name.startsWith("GIT_CONFIG_")),
  );
  const count = Number(variables.GIT_CONFIG_COUNT ?? 0);
  const header =
    auth?.token === undefined
      ? {}
      : {
          GIT_CONFIG_COUNT: String(count + 1),
          [`GIT_CONFIG_KEY_${count}`]: `http.${auth.serverUrl}/.extraHeader`,
          [`GIT_CONFIG_VALUE_${count}`]: `Authorization: Basic ${Buffer.from(`x-access-token:${auth.token}`).toString("base64")}`,
        };
  return {
    ...inherited,
    ...given,
    ...header,
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: variables.GIT_CONFIG_GLOBAL ?? "/dev/null",
    GIT_ALLOW_PROTOCOL: allowedProtocols(environment),
    GIT_SSH_COMMAND: "ssh -oBatchMode=yes",
  };
}

/** Runs git; see {@link run}. */
export function git(args: readonly string[], options: RunOptions): Promise<Finished> {
  return run("git", args, options);
}
