import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { redactCredentials } from "../fleet/credentials.ts";
import { safeText } from "../fleet/findings.ts";
import { PublishError } from "../publisher/fault.ts";
import { gitEnvironment } from "../publisher/git.ts";
import { type Finished, run } from "../publisher/process.ts";
import type { Teller } from "../publisher/runner.ts";
import type { Input } from "./input.ts";
import type { Work } from "./work.ts";

/** Runs a command of Composer, without scripts and, unless the subscription allows them, without plugins; gives how it ended. */
export type Composer = (...args: readonly string[]) => Promise<Finished>;

/**
 * Sets Composer up for the consumer in `folder`: asked nothing, with a home of its own, and with no token but the registry's.
 *
 * The consumer's own configuration counts: `platform`, repositories and the rest of its composer.json.
 */
export async function composerIn(folder: string, input: Input, work: Work, tell: Teller): Promise<Composer> {
  const { environment, registryToken, settings } = input;
  const host = new URL(environment.serverUrl).host;
  await mkdir(work.composer, { recursive: true });
  const config = {
    config: {
      // Composer takes github.com alone for a GitHub unless told.
      "github-domains": [...new Set(["github.com", host])],
      // Known vulnerabilities are told in the pull request and keep nothing back, unless the consumer's composer.json says otherwise.
      audit: { "block-insecure": false },
    },
  };
  await writeFile(join(work.composer, "config.json"), JSON.stringify(config));
  const env = {
    ...gitEnvironment(environment),
    COMPOSER_HOME: resolve(work.composer),
    COMPOSER_CACHE_DIR: environment.variables.COMPOSER_CACHE_DIR,
    COMPOSER_NO_INTERACTION: "1",
    COMPOSER_ALLOW_SUPERUSER: "1",
    COMPOSER_NO_AUDIT: "1",
    COMPOSER_AUTH:
      registryToken === undefined ? undefined : composerAuth([host, settings.registryUrl], registryToken),
    COLUMNS: "200",
  };
  const fixed = [
    "--no-interaction",
    "--no-ansi",
    "--no-scripts",
    ...(settings.plugins ? [] : ["--no-plugins"]),
  ];
  const hide = (text: string) =>
    redactCredentials(registryToken === undefined ? text : text.replaceAll(registryToken, "***"));
  return async (...args) => {
    tell.say(`composer ${args.join(" ")}`);
    const done = await run("composer", [...args, ...fixed], { cwd: folder, env, timeout: 15 * 60_000 });
    const hidden = { ...done, stdout: hide(done.stdout), stderr: hide(done.stderr) };
    for (const line of hidden.stderr.trimEnd().split("\n")) if (line !== "") tell.say(`| ${line}`);
    return hidden;
  };
}

/**
 * `COMPOSER_AUTH` with the token for the hosts alone. Composer takes api.github.com for github.com, and every other host by its name:
 * with data residency the API has one of its own.
 */
export function composerAuth(
  [host, registryUrl]: readonly [host: string, registryUrl: string],
  token: string,
): string {
  const registry = new URL(registryUrl).host;
  const hosts = new Set([host, registry === "api.github.com" ? "github.com" : registry]);
  return JSON.stringify({ "github-oauth": Object.fromEntries([...hosts].map((one) => [one, token])) });
}

/** What Composer said, short and fit to print, as the reason why a command failed. */
export function composerFault(
  command: string,
  { stderr, stdout, error }: Finished,
  remedy: string,
): PublishError {
  const said = `${stderr}\n${stdout}`
    .split("\n")
    .map((line) => line.trim())
    .filter(
      (line) => line !== "" && !/^(?:Loading|Updating|Running|Lock file|\.\/composer\.json)/.test(line),
    );
  const reason = error ?? safeText(said.join(" ").slice(0, 1500));
  return new PublishError([{ by: "composer", message: `composer ${command} failed: ${reason}`, remedy }]);
}
