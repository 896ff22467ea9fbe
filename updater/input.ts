import type * as z from "zod";
import { type Announcement, announcementSchema, MAX_ANNOUNCEMENT_BYTES } from "../fleet/announcement.ts";
import { quoted } from "../fleet/findings.ts";
import { isRepositoryId } from "../fleet/grammar.ts";
import { type UpdateSettings, updateSettingsSchema } from "../fleet/update-settings.ts";
import { type Environment, readEnvironment } from "../publisher/environment.ts";
import { type Fault, PublishError } from "../publisher/fault.ts";
import { connectGitHub, type GitHub } from "../publisher/github.ts";

/** Variables of the environment that hold secrets. */
export const TOKENS = {
  /** The job's own token, or, to publish, the one that opens pull requests. */
  job: "JOB_TOKEN",
  /** Reads the registry; needed where it is hosted privately. */
  registry: "COMPOSER_REGISTRY_TOKEN",
} as const;

/** What every command starts from. */
export interface Input {
  readonly announcement: Announcement;
  readonly settings: UpdateSettings;
  /** The consumer, `owner/repo`. */
  readonly repository: string;
  readonly owner: string;
  readonly defaultBranch: string;
  readonly environment: Environment;
  readonly jobToken: string | undefined;
  readonly registryToken: string | undefined;
  readonly github: GitHub;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads what the workflow gives: the announcement, which whoever may start the workflow can write, and the subscription's settings.
 *
 * @throws PublishError with every fault of both; nothing else has happened by then
 */
export function readInput(variables: Variables): Input {
  const faults: Fault[] = [];
  const announcement = read(announcementSchema, variables.ANNOUNCEMENT, {
    name: "announcement",
    remedy: "start the workflow through the registry, or copy an announcement from an earlier run",
    faults,
  });
  const settings = read(updateSettingsSchema, variables.SETTINGS, {
    name: "SETTINGS",
    remedy: "run: pulumi up of the fleet, which writes this workflow",
    faults,
  });
  const repository = variables.GITHUB_REPOSITORY ?? "";
  if (!isRepositoryId(repository)) {
    faults.push(
      fault(`GITHUB_REPOSITORY is ${quoted(repository)}`, "run this in a workflow of GitHub Actions"),
    );
  }
  if (announcement === undefined || settings === undefined || faults.length > 0)
    throw new PublishError(faults);
  const jobToken = variables[TOKENS.job] || undefined;
  const registryToken = variables[TOKENS.registry] || undefined;
  const apiUrl = (variables.GITHUB_API_URL || "https://api.github.com").replace(/\/+$/, "");
  const [owner = ""] = repository.split("/");
  return {
    announcement,
    settings,
    repository,
    owner,
    defaultBranch: variables.DEFAULT_BRANCH || "main",
    environment: readEnvironment(variables),
    jobToken,
    registryToken,
    github: connectGitHub(apiUrl, jobToken),
  };
}

/** The base branches that this consumer wants updates for. */
export function basesOf({
  settings,
  defaultBranch,
}: Pick<Input, "settings" | "defaultBranch">): readonly string[] {
  return settings.branches.length === 0 ? [defaultBranch] : settings.branches;
}

function fault(message: string, remedy: string): Fault {
  return { by: "input", message, remedy };
}

/** Not one character of a wrong text is repeated beyond its place: the announcement is not trusted. */
function read<T>(
  schema: z.ZodType<T>,
  text: string | undefined,
  { name, remedy, faults }: { name: string; remedy: string; faults: Fault[] },
): T | undefined {
  if (text === undefined || text === "") {
    faults.push(fault(`${name} is missing`, remedy));
    return undefined;
  }
  if (Buffer.byteLength(text) > MAX_ANNOUNCEMENT_BYTES * 2) {
    faults.push(fault(`${name} has more than ${MAX_ANNOUNCEMENT_BYTES * 2} bytes`, remedy));
    return undefined;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    faults.push(fault(`${name} is not JSON`, remedy));
    return undefined;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues.slice(0, 20)) {
    const place = path.length === 0 ? name : `${name}.${path.join(".")}`;
    faults.push(fault(`${place}: ${message}`, remedy));
  }
  return undefined;
}
