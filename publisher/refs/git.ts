import { setTimeout as pause } from "node:timers/promises";
import { safeText } from "../../fleet/findings.ts";
import { isLoopback } from "../../fleet/github-host.ts";
import type { RegistrySettings } from "../../fleet/registry-settings.ts";
import type { Environment } from "../environment.ts";
import { git, gitEnvironment } from "../git.ts";
import { inParallel } from "../parallel.ts";
import type { Finished } from "../process.ts";
import type { SourceRepository } from "../repositories.ts";
import type { RefSource, RefsResult } from "./source.ts";

/** Processes of git at once. */
export const GIT_AT_ONCE = 16;
/** What `git ls-remote` of one repository may take. */
const TIMEOUT_MS = 30_000;

/** Where git reaches the fleet's repositories, and who they are. */
export interface GitAccess {
  readonly environment: Environment;
  readonly settings: Pick<RegistrySettings, "githubHost">;
}

/** How one repository is reached: its URL for git, and git's environment, with the token for the fleet's GitHub only. */
export function gitAddress(
  repository: SourceRepository,
  access: GitAccess,
): { readonly url: string; readonly env: Record<string, string | undefined> } {
  const { environment } = access;
  // git's messages are read, so they must be in one language.
  const plain = { ...gitEnvironment(environment), LC_ALL: "C" };
  if (repository.kind === "git") return { url: repository.url, env: plain };
  const serverUrl = gitServer(access);
  const url = `${serverUrl}/${repository.owner}/${repository.name}.git`;
  const auth = { token: environment.readToken, serverUrl };
  return { url, env: { ...gitEnvironment(environment, auth), LC_ALL: "C" } };
}

/** The runner's own server where it is the fleet's GitHub, or stands in for it on this machine. */
export function gitServer({ environment, settings }: GitAccess): string {
  const { hostname } = new URL(environment.serverUrl);
  const isFleets = hostname === settings.githubHost || isLoopback(hostname);
  return isFleets ? environment.serverUrl : `https://${settings.githubHost}`;
}

/**
 * Reads refs by `git ls-remote`, {@link GIT_AT_ONCE} at once; tried twice, since networks lose packets, unless git said
 * nothing for too long.
 *
 * git tells no default branch without sending every other ref of the server too, so {@link Refs.head} is not set.
 */
export function gitRefs(
  access: GitAccess,
  {
    timeout = TIMEOUT_MS,
    sleep = pause,
  }: { readonly timeout?: number; readonly sleep?: (milliseconds: number) => Promise<unknown> } = {},
): RefSource {
  const read = async (repository: SourceRepository): Promise<RefsResult> => {
    const { url, env } = gitAddress(repository, access);
    const once = () => git(["ls-remote", "--heads", "--tags", "--", url], { env, timeout });
    const finished = await once();
    const first = resultOf(finished, access.environment);
    const mayPass = first.error?.kind === "unreachable" && finished.error === undefined;
    if (!mayPass) return first;
    await sleep(1000);
    return resultOf(await once(), access.environment);
  };
  return {
    read: async (repositories) =>
      new Map(await inParallel(repositories, GIT_AT_ONCE, async (one) => [one.id, await read(one)] as const)),
  };
}

function resultOf(finished: Finished, environment: Environment): RefsResult {
  if (finished.code !== 0) return { error: gitProblem(finished, environment) };
  const heads: [string, string][] = [];
  const tags: [string, string][] = [];
  for (const line of finished.stdout.split("\n")) {
    if (line === "") continue;
    const [, sha, kind, name] =
      /^([0-9a-f]{40}(?:[0-9a-f]{24})?)\trefs\/(heads|tags)\/(.+)$/.exec(line) ?? [];
    if (sha === undefined || name === undefined)
      return { error: { kind: "unreachable", message: "git listed its refs in a form that is not known" } };
    // What a tag points at; the tag itself is the line before.
    if (!name.endsWith("^{}")) (kind === "heads" ? heads : tags).push([name, sha]);
  }
  return { refs: { heads: Object.fromEntries(heads), tags: Object.fromEntries(tags) } };
}

/** Texts of git, curl, ssh and git servers when a repository is deleted, or there only for others. */
const GONE =
  /repository .*not found|does not exist|not appear to be a git repository|could not read (?:Username|Password)|Authentication failed|Permission denied|access denied|returned error: (?:401|403|404|410)/i;

/** Says what went wrong in git's own words, without credentials. */
export function gitProblem(
  { stderr, error }: Finished,
  { secrets }: Pick<Environment, "secrets">,
): NonNullable<RefsResult["error"]> {
  if (error !== undefined) return { kind: "unreachable", message: `git was ${safeText(error)}` };
  let said = stderr.trim();
  for (const secret of secrets) said = said.replaceAll(secret, "***");
  const lines = said.split("\n").filter((line) => !/^(?:warning|hint):/i.test(line));
  const line = lines.findLast((one) => /^(?:fatal|error|ERROR|remote):/.test(one)) ?? lines.at(-1) ?? "";
  const characters = [...safeText(line)].slice(0, 300).join("");
  const message = characters === "" ? "git gave no reason" : characters;
  return { kind: GONE.test(said) ? "gone" : "unreachable", message };
}
